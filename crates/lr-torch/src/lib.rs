//! Reads files of PyTorch, of 1.0 to 2: the states of schedulers and optimizers that `torch.save` wrote.
//!
//! # From a PyTorch run to a schedule
//!
//! A run that saves everything in one file,
//!
//! ```python
//! torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
//!             "scheduler": scheduler.state_dict(), "epoch": epoch}, "checkpoint.pt")
//! ```
//!
//! goes on here with its rates: each part is a [field](Value::field) of the file's
//! [root](TorchFile::root), by whatever key it was saved under. In a file of its own, as with
//! `torch.save(scheduler.state_dict(), "scheduler.pt")`, it is the root.
//!
//! ```
//! use lr_torch::{OptimizerState, ReadOptions, TorchFile};
//! use lr_schedule::Schedule;
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/checkpoint.pt");
//! let file = TorchFile::open(path)?;
//! let optimizer = OptimizerState::read(&file.root().field("optimizer")?)?;
//! let scheduler = ReadOptions::new()
//!     .with_optimizer(&optimizer)
//!     .read(&file.root().field("scheduler")?)?;
//! assert_eq!((scheduler.class, scheduler.position), ("SequentialLR", 25));
//!
//! // The first parameter group: 10 steps of warm-up, then 90 of a cosine.
//! let group = &scheduler.groups[0];
//! let schedule = group.spec.build()?;
//! assert!((schedule.at(scheduler.position) - group.rate).abs() < 1e-15);
//! assert_eq!(schedule.at(100), 0.0);
//! assert_eq!(
//!     serde_json::to_string(&group.spec).unwrap(),
//!     r#"{"sequence":[{"take":{"steps":10,"of":{"linear":{"start":0.0003333333333333333,"end":0.001,"steps":10}}}},{"cosine_annealing":{"max":0.001,"min":0.0,"t_max":90}}]}"#,
//! );
//!
//! // What the optimizer keeps, as PyTorch names and shapes it.
//! let moments = &optimizer.state[&0];
//! assert_eq!(moments.step()?, 25);
//! assert_eq!(moments.field("exp_avg")?.tensor()?.shape(), [4, 3]);
//! # Ok::<(), lr_torch::TorchError>(())
//! ```
//!
//! A scheduler that goes by these files is made to stand at step
//! [`position`](SchedulerState::position), whose rate is the next to be used: there the
//! schedule doesn't depend on a rate before.
//!
//! # What is read
//!
//! | scheduler | what it takes beside its state |
//! |---|---|
//! | `StepLR`, `MultiStepLR`, `ConstantLR`, `LinearLR`, `ExponentialLR`, `PolynomialLR`, `CosineAnnealingLR`, `CosineAnnealingWarmRestarts`, `CyclicLR` | nothing |
//! | `OneCycleLR`, `SWALR` | [the optimizer's](ReadOptions::with_optimizer), which has their rates |
//! | `SequentialLR`, `ChainedScheduler` | what those inside take |
//! | `ReduceLROnPlateau` | nothing; it gives a [rule that has heard](GroupSchedule::build_feedback) what PyTorch's has |
//! | `LambdaLR`, `MultiplicativeLR`, all of transformers' | [the schedule](ReadOptions::with_schedule) that the function makes, or the config does |
//!
//! States that are somewhere in a file, as in Lightning's, are [found](Value::parts) with the keys that lead to
//! them. transformers' `Trainer` saves its [arguments](TrainingArguments) beside its states, which make the schedule.
//!
//! PyTorch's schedulers go on from whatever rate there is, and so do those here: by the formula where
//! it gives the next 256 rates to 5e-13 of the largest, and else by a
//! [`Recurrence`](lr_schedule::Recurrence) from here on. (With a `T_max` above 200, PyTorch's own
//! rounding takes the cosine further than 1e-12 from its formula, from its lowest point on.)
//!
//! A state of before PyTorch 1.4, and that of a `ReduceLROnPlateau` that has not stepped, has no rate; the optimizer's state
//! has it. A class of one's own that has the keys of one of these, and others, is an error until it is
//! [named](ReadOptions::with_class).
//!
//! Reading a file [executes nothing](TorchFile#bounds).

mod budget;
mod container;
mod contents;
mod dict;
mod dtype;
mod error;
mod file;
mod numpy;
mod optimizer;
mod pickle;
mod scheduler;
mod table;
mod tensor;
mod trainer;
mod value;

pub use contents::{Part, PartKind};
pub use dict::Key;
pub use dtype::Dtype;
pub use error::TorchError;
pub use file::TorchFile;
pub use optimizer::{OptimizerState, ParamGroup, ParamState};
pub use pickle::{MAX_PICKLE_BYTES, MAX_PICKLE_VALUES};
pub use scheduler::{GroupSchedule, ReadOptions, SchedulerState};
pub use tensor::Tensor;
pub use trainer::TrainingArguments;
pub use value::Value;
