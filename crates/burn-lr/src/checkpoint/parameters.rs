//! The parameters of a model: how they differ from those of a checkpoint, and how they get its values.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};
use lr_checkpoint::{Parameter, SavedParameter};

use super::error::{CheckpointError, Mismatch};
use super::run_state::{self, Parameters};

/// Whether two are the same parameter. Backends differ in the size of their integers and in how they store
/// booleans; neither makes another parameter.
fn are_alike(one: &Parameter, other: &Parameter) -> bool {
    let kind = |dtype: DType| (dtype.is_int() || dtype.is_uint(), dtype.is_bool());
    let alike = match kind(one.dtype) {
        (false, false) => one.dtype == other.dtype,
        kind_here => kind_here == kind(other.dtype),
    };
    alike && one.shape == other.shape
}

/// The differences between a module's parameters and those of a checkpoint.
///
/// Parameters that have not been initialized are not made to be, where they need not: they are taken
/// to be of their device's number type, and looked at only if those of the checkpoint aren't.
pub(super) fn differences(saved: &[SavedParameter], module: &impl Module) -> Vec<Mismatch> {
    let saved = run_state::parameters(saved);
    let assumed = compare(&saved, &of_module(module, false));
    match assumed.is_empty() {
        true => assumed,
        false => compare(&saved, &of_module(module, true)),
    }
}

fn of_module(module: &impl Module, initialize: bool) -> Parameters {
    let mut collector = Collector {
        path: vec![],
        initialize,
        parameters: Parameters::new(),
    };
    module.visit(&mut collector);
    collector.parameters
}

/// The number type of a parameter, which is not initialized for that.
macro_rules! dtype_of {
    ($param:expr, $default:ident) => {
        match $param.is_initialized() {
            true => $param.val().dtype(),
            false => $param.lazy_device().settings().$default.into(),
        }
    };
}

/// The differences between the two.
fn compare(saved: &Parameters, given: &Parameters) -> Vec<Mismatch> {
    let missing = given.keys().filter(|path| !saved.contains_key(*path));
    let missing = missing.map(|path| Mismatch::Missing { path: path.clone() });
    let others = saved.iter().filter_map(|(path, saved)| {
        let path = path.clone();
        let Some(given) = given.get(&path) else {
            return Some(Mismatch::Unexpected { path });
        };
        (!are_alike(saved, given)).then(|| Mismatch::Different {
            path,
            saved: saved.show(),
            given: given.show(),
        })
    });
    missing.chain(others).collect()
}

struct Collector {
    path: Vec<String>,
    initialize: bool,
    parameters: Parameters,
}

macro_rules! collect_kind {
    ($method:ident, $settings:ident $(, $kind:ty)?) => {
        fn $method<const D: usize>(&mut self, param: &Param<Tensor<D $(, $kind)?>>) {
            let dtype = match self.initialize {
                true => param.val().dtype(),
                false => dtype_of!(param, $settings),
            };
            // The shape that it is saved in: a `Linear` of column layout is saved transposed.
            let shape = match param.is_initialized() {
                true => param.transform_for_save().shape(),
                false => param.lazy_shape(),
            };
            let (shape, id) = (shape.to_vec(), None);
            let parameter = Parameter { dtype, shape, id };
            self.parameters.insert(self.path.join("."), parameter);
        }
    };
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    collect_kind!(visit_float, float_dtype);
    collect_kind!(visit_int, int_dtype, Int);
    collect_kind!(visit_bool, bool_dtype, Bool);
}

/// `module` with the values and ids of `saved`, where the two have the same parameters; what has
/// none there stays as it is.
pub(super) fn load<M: Module>(module: M, saved: Vec<SavedParameter>) -> Result<M, CheckpointError> {
    let saved = saved.into_iter().map(|saved| (saved.path.clone(), saved));
    let mut loader = Loader {
        path: vec![],
        saved: saved.collect(),
        failed: None,
    };
    let module = module.map(&mut loader);
    loader.failed.map_or(Ok(module), Err)
}

struct Loader {
    path: Vec<String>,
    saved: BTreeMap<String, SavedParameter>,
    failed: Option<CheckpointError>,
}

impl Loader {
    /// The saved values of the parameter that is visited, on its device and of its number type,
    /// and its id.
    fn take<const D: usize, K: Basic>(
        &mut self,
        device: &Device,
        dtype: DType,
    ) -> Option<(Tensor<D, K>, ParamId)> {
        let saved = self.saved.remove(&self.path.join("."))?;
        let id = saved.parameter.id.map_or_else(ParamId::new, ParamId::from);
        let Parameter {
            shape, dtype: of, ..
        } = saved.parameter;
        match saved.values.into_bytes() {
            Ok(bytes) => {
                let data = TensorData::from_bytes(bytes, shape, of);
                Some((Tensor::from_data(data, (device, dtype)), id))
            }
            Err(error) => {
                self.failed = Some(CheckpointError::Device(error));
                None
            }
        }
    }
}

macro_rules! load_kind {
    ($method:ident, $settings:ident $(, $kind:ty)?) => {
        fn $method<const D: usize>(
            &mut self,
            param: Param<Tensor<D $(, $kind)?>>,
        ) -> Param<Tensor<D $(, $kind)?>> {
            let dtype = dtype_of!(param, $settings);
            match self.take(&param.lazy_device(), dtype) {
                Some((tensor, id)) => param.transform_for_load(tensor, id),
                None => param,
            }
        }
    };
}

impl ModuleMapper for Loader {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    load_kind!(map_float, float_dtype);
    load_kind!(map_int, int_dtype, Int);
    load_kind!(map_bool, bool_dtype, Bool);
}
