//! The parameters of a module, and how PyTorch and burn-store name and lay them out.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::store::{
    BurnToPyTorchAdapter, ModuleAdapter, ModuleContext, PyTorchToBurnAdapter, bridge,
};
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, BoolStore, Bytes, DType, Int, Tensor, TensorData};
use burn_pack::Tensor as PackTensor;
use lr_torch::{Dtype, Tensor as TorchTensor, TorchError};

use super::error::TorchLoadError;

/// A parameter or a buffer of a module.
#[derive(Debug)]
pub(super) struct Parameter {
    pub id: ParamId,
    /// Its path, by which Burn's optimizers find it.
    pub path: String,
    /// Its key in burn-store: its path without the names of enum variants.
    pub key: String,
    /// The types of the modules that it is in.
    containers: Vec<String>,
    pub dtype: DType,
    /// Its values', which optimizers see. (In a `Linear` of column layout, it is saved transposed.)
    pub shape: Vec<usize>,
    pub role: Role,
}

/// The use of a parameter or a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An optimizer trains it.
    Trained,
    /// A parameter that asks for no gradients.
    Frozen,
    /// None of a model's parameters: the running statistics of a batch norm, integers, booleans.
    Buffer,
}

impl Parameter {
    fn context(&self) -> ModuleContext<'_> {
        ModuleContext::new(&self.containers)
    }

    /// Its name in PyTorch, where burn-store knows it under another name than Burn's.
    fn torch_key(&self) -> Option<String> {
        let (parent, name) = match self.key.rsplit_once('.') {
            Some((parent, name)) => (format!("{parent}."), name),
            None => (String::new(), self.key.as_str()),
        };
        let module = self.context().module_type()?;
        let name = PyTorchToBurnAdapter.get_alternative_param_name(name, module)?;
        Some(parent + &name)
    }

    /// The shape in PyTorch, by burn-store, of such a parameter of the given shape.
    fn shape_in_torch(&self, shape: &[usize]) -> Vec<usize> {
        let described = described(&self.key, shape.to_vec());
        let adapted = BurnToPyTorchAdapter.adapt(described, self.context());
        adapted.shape.to_vec()
    }

    /// The shape that it has in PyTorch.
    pub fn torch_shape(&self) -> Vec<usize> {
        self.shape_in_torch(&self.shape)
    }

    /// Whether PyTorch has its rows where Burn has its columns.
    pub fn is_transposed(&self) -> bool {
        self.shape.len() == 2 && self.shape_in_torch(&[1, 2]) == [2, 1]
    }

    /// A tensor of PyTorch's that goes with this parameter, as Burn has it: laid out by what
    /// burn-store makes of a parameter of this module, and of this one's number type.
    ///
    /// Its shape must be `expected`.
    pub fn adapt(
        &self,
        tensor: &TorchTensor<'_>,
        expected: &[usize],
    ) -> Result<TensorData, TorchLoadError> {
        let place = tensor.place().to_string();
        let unfit = |must: String, found: String| {
            let path = self.path.clone();
            Err(TorchLoadError::Tensor {
                place,
                path,
                must,
                found,
            })
        };
        if tensor.shape() != expected {
            let must = format!("have the shape {expected:?}");
            return unfit(must, format!("has {:?}", tensor.shape()));
        }
        let dtype = dtype(tensor)?;
        let is_kind = |kind: fn(&DType) -> bool| kind(&dtype) && kind(&self.dtype);
        let is_whole = |dtype: &DType| dtype.is_int() || dtype.is_uint();
        if !is_kind(DType::is_float) && !is_kind(is_whole) && !is_kind(DType::is_bool) {
            let must = format!("be of the kind of {:?}", self.dtype);
            return unfit(must, format!("is {dtype:?}"));
        }
        let tensor = PackTensor::new(
            self.key.clone(),
            dtype,
            tensor.shape().to_vec(),
            None,
            Bytes::from_bytes_vec(tensor.bytes()?),
        );
        let tensor = PyTorchToBurnAdapter.adapt(tensor, self.context());
        let data = bridge::into_data(tensor)?;
        if data.dtype() == self.dtype || self.dtype.is_bool() {
            return Ok(data);
        }
        if self.dtype.is_float() {
            return Ok(data.convert_dtype(self.dtype));
        }
        let room = room(self.dtype);
        let outside = data.iter::<i64>().find(|number| !room.contains(number));
        match outside {
            None => Ok(data.convert_dtype(self.dtype)),
            Some(number) => {
                let must = format!("have numbers of {:?}", self.dtype);
                unfit(must, format!("has {number}"))
            }
        }
    }
}

/// A tensor as burn-store renames and lays it out, without the values, which it doesn't read for that.
pub(super) fn described(name: &str, shape: Vec<usize>) -> PackTensor {
    let none = Bytes::from_bytes_vec(vec![]);
    PackTensor::new(name.to_string(), DType::F32, shape, None, none)
}

/// The whole numbers that a type can hold. (Burn panics at others.)
fn room(dtype: DType) -> RangeInclusive<i64> {
    let unused = 64 - 8 * dtype.size();
    match dtype.is_uint() {
        true => 0..=i64::try_from(u64::MAX >> unused).unwrap_or(i64::MAX),
        false => i64::MIN >> unused..=i64::MAX >> unused,
    }
}

/// Burn's name of a number type.
fn dtype(tensor: &TorchTensor<'_>) -> Result<DType, TorchError> {
    Ok(match tensor.dtype() {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U8 => DType::U8,
        Dtype::Bool => DType::Bool(BoolStore::Native),
        other => {
            let why = format!("is of {other:?}, which Burn has none of");
            return Err(TorchError::unsupported(tensor.place(), why));
        }
    })
}

/// A module's parameters and buffers, in the order of its declaration.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub all: Vec<Parameter>,
    /// The index of each, by any of the names that it has.
    names: HashMap<String, usize>,
}

impl Parameters {
    pub fn of(module: &impl Module) -> Self {
        let mut collector = Collector::default();
        module.visit(&mut collector);
        let mut parameters = Self::default();
        let mut first = HashMap::new();
        let mut others = vec![];
        for parameter in collector.found {
            let index = *first.entry(parameter.id).or_insert(parameters.all.len());
            others.extend([
                (parameter.path.clone(), index),
                (parameter.torch_key().unwrap_or_default(), index),
            ]);
            parameters.names.insert(parameter.key.clone(), index);
            if index == parameters.all.len() {
                parameters.all.push(parameter);
            }
        }
        // The order is that in which burn-store looks for them.
        for (name, index) in others {
            parameters.names.entry(name).or_insert(index);
        }
        parameters.names.remove("");
        parameters
    }

    /// The number of the one with that name: its path in Burn, or what PyTorch would call it there.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The numbers of those with one of these roles.
    pub fn with_role(&self, roles: &[Role]) -> Vec<usize> {
        let numbered = self.all.iter().enumerate();
        let found = numbered.filter(|(_, parameter)| roles.contains(&parameter.role));
        found.map(|(index, _)| index).collect()
    }

    /// The paths of those with these numbers.
    pub fn paths(&self, indices: impl IntoIterator<Item = usize>) -> Vec<String> {
        let paths = indices
            .into_iter()
            .map(|index| self.all[index].path.clone());
        paths.collect()
    }
}

#[derive(Default)]
struct Collector {
    path: Vec<String>,
    containers: Vec<String>,
    found: Vec<Parameter>,
}

impl Collector {
    fn add<const D: usize, K: Basic>(&mut self, id: ParamId, value: &Tensor<D, K>, role: Role) {
        let path = self.path.iter().zip(&self.containers);
        let key = path.filter(|(_, container)| !container.starts_with("Enum:"));
        let key: Vec<&str> = key.map(|(name, _)| name.as_str()).collect();
        self.found.push(Parameter {
            id,
            path: self.path.join("."),
            key: key.join("."),
            containers: self.containers.clone(),
            dtype: value.dtype(),
            shape: value.shape().to_vec(),
            role,
        });
    }

    /// Whether what is visited are the running statistics of a batch norm.
    fn is_running(&self) -> bool {
        let context = ModuleContext::new(&self.containers);
        let name = self.path.last().map(String::as_str);
        context.module_type() == Some("Struct:BatchNorm")
            && matches!(name, Some("running_mean" | "running_var"))
    }
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push(name.to_string());
        self.containers.push(container_type.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
        self.containers.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let role = match (self.is_running(), value.is_require_grad()) {
            (true, _) => Role::Buffer,
            (false, true) => Role::Trained,
            (false, false) => Role::Frozen,
        };
        self.add(param.id, &value, role);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.id, &param.val(), Role::Buffer);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.id, &param.val(), Role::Buffer);
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
    use burn::tensor::Device;

    use super::*;

    #[derive(Module, Debug)]
    enum Layer {
        Dense(Linear),
    }

    #[derive(Module, Debug)]
    struct Model {
        layer: Layer,
        norms: Vec<LayerNorm>,
        tied: Linear,
    }

    #[test]
    fn parameters_have_the_names_of_burn_and_of_pytorch() {
        let device = Device::flex().autodiff();
        let linear = LinearConfig::new(3, 3).with_bias(false).init(&device);
        let model = Model {
            layer: Layer::Dense(linear.clone()),
            norms: vec![LayerNormConfig::new(3).init(&device)],
            tied: linear,
        };
        let parameters = Parameters::of(&model);
        let all = [0, 1, 2];
        assert_eq!(parameters.with_role(&[Role::Trained]), all);
        assert_eq!(
            parameters.paths(all),
            ["layer.Dense.weight", "norms.0.gamma", "norms.0.beta"]
        );
        for (name, index) in [
            ("layer.Dense.weight", 0),
            ("layer.weight", 0),
            ("tied.weight", 0),
            ("norms.0.gamma", 1),
            ("norms.0.weight", 1),
            ("norms.0.bias", 2),
        ] {
            assert_eq!(parameters.find(name), Some(index), "{name}");
        }
        assert_eq!(parameters.find("layer.bias"), None);
        assert_eq!(parameters.all.len(), 3);

        // by the module that it is in, since its shape doesn't tell
        assert!(parameters.all[0].is_transposed());
        assert!(!parameters.all[1].is_transposed());
    }
}
