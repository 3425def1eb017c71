//! What parameters a model has, and what parameters a record is of.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Bytes, DType, Int, Shape, Tensor};
use burn_pack::Reader;

use super::error::{CheckpointError, Mismatch};

/// A parameter's number type, shape and, in a record, id.
#[derive(Debug)]
pub(super) struct Parameter {
    dtype: DType,
    shape: Vec<usize>,
    pub id: Option<u64>,
}

impl Parameter {
    fn show(&self) -> String {
        format!("{:?}{:?}", self.dtype, self.shape)
    }

    /// Backends differ in the size of their integers and in how they store booleans; neither
    /// makes another parameter.
    fn is_like(&self, other: &Self) -> bool {
        let kind = |dtype: DType| (dtype.is_int() || dtype.is_uint(), dtype.is_bool());
        let alike = match kind(self.dtype) {
            (false, false) => self.dtype == other.dtype,
            kind_here => kind_here == kind(other.dtype),
        };
        alike && self.shape == other.shape
    }
}

/// Parameters by path.
pub(super) type Parameters = BTreeMap<String, Parameter>;

/// The parameters of a module.
pub(super) fn of_module(module: &impl Module) -> Parameters {
    let mut collector = Collector::default();
    module.visit(&mut collector);
    collector.parameters
}

/// The parameters that a module record holds.
pub(super) fn of_record(record: Bytes) -> Result<Parameters, CheckpointError> {
    let tensors = Reader::from_bytes(record)?.into_tensors()?;
    let parameters = tensors.into_iter().map(|tensor| {
        let parameter = Parameter {
            dtype: tensor.dtype,
            shape: tensor.shape.to_vec(),
            id: tensor.param_id,
        };
        (tensor.name, parameter)
    });
    Ok(parameters.collect())
}

/// Where the two differ.
pub(super) fn compare(saved: &Parameters, given: &Parameters) -> Vec<Mismatch> {
    let missing = given.keys().filter(|path| !saved.contains_key(*path));
    let missing = missing.map(|path| Mismatch::Missing { path: path.clone() });
    let others = saved.iter().filter_map(|(path, saved)| {
        let path = path.clone();
        let Some(given) = given.get(&path) else {
            return Some(Mismatch::Unexpected { path });
        };
        (!saved.is_like(given)).then(|| Mismatch::Different {
            path,
            saved: saved.show(),
            given: given.show(),
        })
    });
    missing.chain(others).collect()
}

#[derive(Default)]
struct Collector {
    path: Vec<String>,
    parameters: Parameters,
}

impl Collector {
    fn add(&mut self, dtype: DType, shape: Shape) {
        let parameter = Parameter {
            dtype,
            shape: shape.to_vec(),
            id: None,
        };
        self.parameters.insert(self.path.join("."), parameter);
    }
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    // `lazy_shape` is the shape that a parameter is saved in, and that Burn compares on loading.
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.val().dtype(), param.lazy_shape());
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.val().dtype(), param.lazy_shape());
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.val().dtype(), param.lazy_shape());
    }
}
