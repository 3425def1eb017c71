//! The parameters of a model: collected, compared with those of a checkpoint, and given its values.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId, Parameter};
use burn::tensor::kind::Basic;
use burn::tensor::quantization::quantized_data_len;
use burn::tensor::{Bool, Bytes, DType, Device, Int, Tensor, TensorData};
use burn_pack::Tensor as PackTensor;

use super::error::Mismatch;

/// Type and shape in a few words: `F32[10, 1]`.
pub(super) fn show(dtype: DType, shape: &[usize]) -> String {
    format!("{dtype:?}{shape:?}")
}

/// Whether two are the same parameter. Backends differ in the size of their integers and in how they store
/// booleans; neither makes another parameter.
fn are_alike(one: &PackTensor, other: &PackTensor) -> bool {
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
pub(super) fn differences(saved: &[PackTensor], module: &impl Module) -> Vec<Mismatch> {
    let assumed = compare(saved, &Collector::of(module, false).parameters);
    match assumed.is_empty() {
        true => assumed,
        false => compare(saved, &Collector::of(module, true).parameters),
    }
}

fn compare(saved: &[PackTensor], given: &[PackTensor]) -> Vec<Mismatch> {
    let (saved, given) = (by_path(saved), by_path(given));
    let missing = given.keys().filter(|path| !saved.contains_key(*path));
    let missing = missing.map(|path| Mismatch::Missing {
        path: path.to_string(),
    });
    let others = saved.iter().filter_map(|(path, saved)| {
        let path = path.to_string();
        let Some(given) = given.get(path.as_str()) else {
            return Some(Mismatch::Unexpected { path });
        };
        (!are_alike(saved, given)).then(|| Mismatch::Different {
            path,
            saved: show(saved.dtype, &saved.shape),
            given: show(given.dtype, &given.shape),
        })
    });
    missing.chain(others).collect()
}

fn by_path(parameters: &[PackTensor]) -> BTreeMap<&str, &PackTensor> {
    let parameters = parameters.iter();
    parameters
        .map(|parameter| (parameter.name.as_str(), parameter))
        .collect()
}

// The number types that parameters have on a device, unless they are made of another one.

fn float_dtype(device: &Device) -> DType {
    device.settings().float_dtype.into()
}

fn int_dtype(device: &Device) -> DType {
    device.settings().int_dtype.into()
}

fn bool_dtype(device: &Device) -> DType {
    device.settings().bool_dtype.into()
}

/// The parameters of a module in the form that they are saved in: a `Linear` of column layout is saved transposed.
/// Nothing is read from a device before it is asked for.
pub(super) struct Collector {
    path: Vec<String>,
    /// Whether those that have not been initialized are made to be; else they have no values.
    initialize: bool,
    pub parameters: Vec<PackTensor>,
    /// The devices that they are on.
    pub devices: Vec<Device>,
}

impl Collector {
    pub fn of(module: &impl Module, initialize: bool) -> Self {
        let mut collector = Self {
            path: vec![],
            initialize,
            parameters: vec![],
            devices: vec![],
        };
        module.visit(&mut collector);
        collector
    }

    fn add<const D: usize, K: Basic + 'static>(
        &mut self,
        param: &Param<Tensor<D, K>>,
        default: impl FnOnce(&Device) -> DType,
    ) where
        Tensor<D, K>: Parameter,
    {
        let (path, id) = (self.path.join("."), Some(param.id.val()));
        if !self.initialize && !param.is_initialized() {
            let (dtype, shape) = (default(&param.lazy_device()), param.lazy_shape());
            let values = Bytes::from_bytes_vec(vec![]);
            let parameter = PackTensor::new(path, dtype, shape, id, values);
            return self.parameters.push(parameter);
        }
        let tensor = param.transform_for_save().val();
        let device = tensor.device();
        if !self.devices.contains(&device) {
            self.devices.push(device);
        }
        let (dtype, shape) = (tensor.dtype(), tensor.shape());
        let size = match &dtype {
            DType::QFloat(scheme) => quantized_data_len(scheme, &shape),
            dtype => shape.num_elements() * dtype.size(),
        };
        let name = path.clone();
        let values = move || {
            let data = tensor.clone().try_into_data().map_err(|error| {
                let reason = format!("can't read `{name}` from its device: {error}");
                burn_pack::Error::IoError(reason)
            })?;
            Ok(data.into_parts().0)
        };
        let parameter = PackTensor::deferred(path, dtype, shape, id, size, values);
        self.parameters.push(parameter);
    }
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param, float_dtype);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param, int_dtype);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param, bool_dtype);
    }
}

/// `module` with the values and ids of `saved`, where the two have the same parameters; what has
/// none there stays as it is.
pub(super) fn load<M: Module>(module: M, saved: Vec<PackTensor>) -> Result<M, burn_pack::Error> {
    let saved = saved.into_iter().map(|saved| (saved.name.clone(), saved));
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
    saved: BTreeMap<String, PackTensor>,
    failed: Option<burn_pack::Error>,
}

impl Loader {
    /// `param` with the saved values and id, on its device and of its number type.
    fn load<const D: usize, K: Basic>(
        &mut self,
        param: Param<Tensor<D, K>>,
        default: impl FnOnce(&Device) -> DType,
    ) -> Param<Tensor<D, K>>
    where
        Tensor<D, K>: Parameter,
    {
        let Some(saved) = self.saved.remove(&self.path.join(".")) else {
            return param;
        };
        let device = param.lazy_device();
        let dtype = match param.is_initialized() {
            true => param.val().dtype(),
            false => default(&device),
        };
        match saved.into_parts() {
            Ok((_, of, shape, id, values)) => {
                let data = TensorData::from_bytes(values, shape, of);
                let id = id.map_or_else(ParamId::new, ParamId::from);
                param.transform_for_load(Tensor::from_data(data, (&device, dtype)), id)
            }
            Err(error) => {
                self.failed = Some(error);
                param
            }
        }
    }
}

impl ModuleMapper for Loader {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.load(param, float_dtype)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.load(param, int_dtype)
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        self.load(param, bool_dtype)
    }
}
