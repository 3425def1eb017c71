//! Files of PyTorch: what `torch.save` wrote of schedulers and optimizers.

mod error;
mod file;
mod optimizer;
mod pickle;
mod scheduler;
mod tensor;
mod value;

pub use error::TorchError;
pub use file::TorchFile;
pub use optimizer::{OptimizerState, ParamGroup, ParamState};
pub use pickle::{MAX_PICKLE_BYTES, MAX_PICKLE_VALUES};
pub use scheduler::{GroupSchedule, ReadOptions, SchedulerState};
pub use tensor::{Dtype, Tensor};
pub use value::{Key, Value};
