//! An optimizer's state as Burn writes it, and the part of it that Burn's loader would leave out in silence, or
//! turn into the number type of the default device.

use std::collections::BTreeMap;

use burn::optim::ModuleOptimizer;
use burn::store::RecordError;
use burn::tensor::{Bytes, DType};
use burn_pack::{Reader, Scalar, Tensor, Writer};

/// The highest count of steps that is believed: Burn counts the next one in `i32` where it takes a power.
pub(crate) const MAX_STEPS: u64 = i32::MAX as u64 - 1;

/// The name of the scalar that Burn keeps a parameter's rank in.
pub(crate) const RANK: &str = "__rank";

/// The contents of a state. Tensors and scalars are called by their parameter's id, a dot, and the field.
#[derive(Default)]
pub(crate) struct State {
    pub tensors: Vec<Tensor>,
    pub scalars: BTreeMap<String, Scalar>,
    /// The paths of the parameters by their ids.
    pub paths: BTreeMap<String, String>,
}

impl State {
    pub fn read(bytes: Bytes) -> Result<Self, burn_pack::Error> {
        let reader = Reader::from_bytes(bytes)?;
        Ok(Self {
            scalars: reader.scalars().clone(),
            paths: reader.metadata().clone(),
            tensors: reader.into_tensors()?,
        })
    }

    pub fn into_bytes(self) -> Result<Bytes, burn_pack::Error> {
        let mut writer = Writer::new(self.tensors);
        for (name, value) in &self.scalars {
            writer = writer.with_scalar(name, *value);
        }
        for (id, path) in &self.paths {
            writer = writer.with_metadata(id, path);
        }
        Ok(writer.into_bytes()?.shared())
    }

    /// The names of its fields, and the number types of those that are tensors.
    fn fields(&self) -> BTreeMap<&str, Option<DType>> {
        let scalars = self.scalars.keys().map(|name| (name.as_str(), None));
        let tensors = self.tensors.iter();
        let tensors = tensors.map(|tensor| (tensor.name.as_str(), Some(tensor.dtype)));
        scalars.chain(tensors).collect()
    }

    /// A state of the same names, types and ranks, in which every size is 1.
    fn small(&self) -> Self {
        let tensors = self.tensors.iter().map(|tensor| {
            let (name, dtype) = (tensor.name.clone(), tensor.dtype);
            let bytes = Bytes::from_bytes_vec(vec![0; dtype.size()]);
            let shape = vec![1; tensor.shape.num_dims()];
            Tensor::new(name, dtype, shape, tensor.param_id, bytes)
        });
        Self {
            tensors: tensors.collect(),
            scalars: self.scalars.clone(),
            paths: self.paths.clone(),
        }
    }

    /// The reason why `optimizer` would not load this state as it is, if there is one.
    pub fn refusal(&self, optimizer: &ModuleOptimizer) -> Result<Option<String>, RecordError> {
        let loaded = optimizer.clone().from_bytes(self.small().into_bytes()?)?;
        let loaded = Self::read(loaded.into_bytes()?)?;
        let (stored, loaded) = (self.fields(), loaded.fields());
        for (fields, others, fault) in [
            (&stored, &loaded, "is not part of this optimizer's state"),
            (&loaded, &stored, "is missing from this optimizer's state"),
        ] {
            let mut lost = fields.keys().filter(|name| !others.contains_key(*name));
            if let Some(first) = lost.next() {
                let more = match lost.count() {
                    0 => String::new(),
                    count => format!(" (and {count} more)"),
                };
                return Ok(Some(format!("`{first}`{more} {fault}")));
            }
        }
        Ok(stored.iter().find_map(|(name, stored)| {
            let (stored, loaded) = ((*stored)?, loaded[name]?);
            (stored != loaded).then(|| {
                format!(
                    "`{name}` is {stored:?}, and Burn loads an optimizer's state as {loaded:?}, the \
                     number type of `Device::default()`: make that one {stored:?} \
                     (`Device::configure`) before anything is made on it"
                )
            })
        }))
    }
}
