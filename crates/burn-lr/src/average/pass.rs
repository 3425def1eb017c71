//! One pass over two modules of the same form.

use std::any::Any;
use std::collections::HashMap;
use std::vec::IntoIter;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId, ParameterValue};
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, DType, Int, Tensor};

/// Whether each tensor of fractions is a running state, such as a batch norm's statistics, rather than a
/// parameter, frozen or not; in the order of a visit.
///
/// A visitor sees a running state as a parameter without gradients. But Burn's traits let nothing make it
/// require any, so that it is told from a frozen parameter by trying.
pub(super) fn are_buffers(module: &impl Module) -> Vec<bool> {
    #[derive(Default)]
    struct Buffers(Vec<bool>);

    impl ModuleVisitor for Buffers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(!param.is_require_grad());
        }
    }

    let mut buffers = Buffers::default();
    let trained = module.valid().train().set_require_grad(true);
    trained.visit(&mut buffers);
    buffers.0
}

/// `average` with each tensor moved by its weight towards that of `model`, and those without fractions copied;
/// and by what the two modules differ, if they do.
pub(super) fn mix<M: Module>(average: M, model: &M, weights: Vec<f64>) -> (M, Option<String>) {
    let mut reader = Reader::default();
    model.valid().visit(&mut reader); // without a graph, and with running states up to date
    let mut mixer = Mixer {
        path: vec![],
        current: reader.tensors.into_iter(),
        weights: weights.into_iter(),
        done: HashMap::new(),
        failed: None,
    };
    let average = average.map(&mut mixer);
    let more = mixer.current.next();
    let more = more.map(|_| "has parameters that the average has not".to_string());
    (average, mixer.failed.or(more))
}

/// A tensor whose rank and kind are known where it is used.
type AnyTensor = Box<dyn Any>;

#[derive(Default)]
struct Reader {
    tensors: Vec<AnyTensor>,
}

macro_rules! visit_kind {
    ($method:ident $(, $kind:ty)?) => {
        fn $method<const D: usize>(&mut self, param: &Param<Tensor<D $(, $kind)?>>) {
            self.tensors.push(Box::new(param.val()));
        }
    };
}

impl ModuleVisitor for Reader {
    visit_kind!(visit_float);
    visit_kind!(visit_int, Int);
    visit_kind!(visit_bool, Bool);
}

struct Mixer {
    path: Vec<String>,
    current: IntoIter<AnyTensor>,
    weights: IntoIter<f64>,
    /// New values by id, since a parameter that is shared comes more than once.
    done: HashMap<ParamId, AnyTensor>,
    failed: Option<String>,
}

impl Mixer {
    /// The parameter with what `mix` makes of its tensor and the model's.
    fn mix<const D: usize, K: Basic + 'static>(
        &mut self,
        param: Param<Tensor<D, K>>,
        mix: impl FnOnce(Tensor<D, K>, Tensor<D, K>) -> Tensor<D, K>,
    ) -> Param<Tensor<D, K>>
    where
        Tensor<D, K>: ParameterValue,
    {
        let current = self.current.next();
        if self.failed.is_some() {
            return param;
        }
        let current = current.and_then(|tensor| tensor.downcast::<Tensor<D, K>>().ok());
        let like = |tensor: &Tensor<D, K>| {
            (tensor.shape(), tensor.dtype()) == (param.shape(), param.dtype())
        };
        let Some(current) = current.filter(|tensor| like(tensor)) else {
            let path = self.path.join(".");
            self.failed = Some(format!("has another `{path}` than the average, or none"));
            return param;
        };
        let id = param.id;
        let known = self.done.get(&id);
        if let Some(known) = known.and_then(|known| known.downcast_ref::<Tensor<D, K>>()) {
            let known = known.clone();
            return param.map(|_| known);
        }
        let param = param.map(|average| {
            let device = average.device();
            mix(average, current.to_device(&device))
        });
        self.done.insert(id, Box::new(param.base()));
        param
    }
}

impl ModuleMapper for Mixer {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let weight = self.weights.next().unwrap_or(1.0);
        self.mix(param, |average, current| {
            match weight == 1.0 || matches!(average.dtype(), DType::QFloat(_)) {
                true => current,
                false => {
                    // In place, and equal values stay as they are, to the bit.
                    let distance = (average - current.clone()).mul_scalar(1.0 - weight);
                    distance.add(current)
                }
            }
        })
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.mix(param, |_, current| current)
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        self.mix(param, |_, current| current)
    }
}
