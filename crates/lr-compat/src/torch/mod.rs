//! PyTorch 2.15: `torch.optim.lr_scheduler`, and `SWALR` of `torch.optim.swa_utils`.
//!
//! ```
//! use lr_compat::torch;
//! use lr_schedule::Schedule;
//!
//! let config = r#"{"scheduler": "SequentialLR", "args": {
//!     "schedulers": [
//!         {"scheduler": "LinearLR", "args": {"start_factor": 0.01, "total_iters": 20}},
//!         {"scheduler": "CosineAnnealingLR", "args": {"T_max": 100, "eta_min": 0.001}}
//!     ],
//!     "milestones": [20]
//! }}"#;
//! let schedule = torch::parse(config, 0.1)?.build()?;
//! assert_eq!([schedule.at(0), schedule.at(20), schedule.at(120)], [0.001, 0.1, 0.001]);
//! # Ok::<(), lr_schedule::ScheduleError>(())
//! ```
//!
//! `ChainedScheduler` of schedulers that only multiply is the product of them. With one inside that
//! adds or sets (a cosine, say), PyTorch's result has no formula, and is a
//! [`Recurrence`] here.
//!
//! PyTorch's schedulers change one optimizer's rate in turn, from their constructors on; that is
//! followed, so that also what surprises is the same: a `OneCycleLR` in a `SequentialLR` changes
//! the rate that the warm-up before it starts from.

mod construct;
pub(crate) mod cycles;
#[doc(hidden)]
pub mod part;
pub(crate) mod rule;

use lr_schedule::curves::from_fn;
use lr_schedule::spec::Data;
use lr_schedule::{Recurrence, Schedule, ScheduleError, Spec};

use crate::args::{Args, buildable, check_base, config, json, unknown_scheduler};
use crate::build::{constant, feedback};
use cycles::{cyclic, one_cycle};
use part::{Group, Part};

pub use construct::SCHEDULERS;
#[doc(hidden)]
pub use rule::reduce_lr_on_plateau;

/// Reads `{"scheduler": NAME, "args": {...}}`, in JSON, as the schedule of an optimizer whose rate is
/// `base_lr`.
///
/// `ReduceLROnPlateau` gives a [`Spec::Feedback`], with PyTorch's own way of comparing.
///
/// # Errors
///
/// Arguments that are missing, unknown, of another type or out of their bounds; `LambdaLR` and
/// `MultiplicativeLR`, which take a function (see [`lambda_lr`] and [`multiplicative_lr`]).
pub fn parse(text: &str, base_lr: f64) -> Result<Spec, ScheduleError> {
    let (name, args) = config(json(text)?)?;
    named(&name, args, base_lr)
}

/// The schedule of the scheduler called `name`.
pub(crate) fn named(name: &str, args: Data, base_lr: f64) -> Result<Spec, ScheduleError> {
    let mut group = Group::new(check_base(base_lr)?);
    let spec = match name {
        "ReduceLROnPlateau" => feedback(reduce_lr_on_plateau(name, args)?, constant(base_lr)),
        _ => Part::construct(name, args, &mut group)?.into_spec(base_lr, &group),
    };
    buildable(name, spec)
}

/// Reads the momentum that `OneCycleLR` and `CyclicLR` move against the rate, unless `cycle_momentum` is
/// false; `None` for all others.
///
/// ```
/// use lr_compat::torch;
/// use lr_schedule::Schedule;
///
/// let config = r#"{"scheduler": "OneCycleLR", "args": {"max_lr": 0.1, "total_steps": 100}}"#;
/// let momentum = torch::parse_momentum(config)?.unwrap().build()?;
/// assert_eq!([momentum.at(0), momentum.at(29)], [0.95, 0.85]);
/// # Ok::<(), lr_schedule::ScheduleError>(())
/// ```
///
/// # Errors
///
/// As [`parse`].
pub fn parse_momentum(text: &str) -> Result<Option<Spec>, ScheduleError> {
    let (name, args) = config(json(text)?)?;
    momentum_of(&name, args)
}

/// The momentum that the scheduler called `name` moves.
#[doc(hidden)]
pub fn momentum_of(name: &str, args: Data) -> Result<Option<Spec>, ScheduleError> {
    let args = &mut Args::new(name, args);
    args.read("verbose", Ok);
    args.check_last_epoch();
    let momentum = match name {
        "OneCycleLR" => one_cycle(args).1,
        "CyclicLR" => cyclic(args).1,
        name if SCHEDULERS.contains(&name) => return Ok(None),
        name => return Err(unknown_scheduler(name, SCHEDULERS)),
    };
    args.finish(())?;
    momentum.map(|spec| buildable(name, spec)).transpose()
}

/// `LambdaLR(optimizer, lr_lambda)`: `base_lr * factor(step)`.
///
/// ```
/// use lr_compat::torch;
/// use lr_schedule::Schedule;
///
/// let schedule = torch::lambda_lr(0.1, |epoch| 0.95f64.powf(epoch as f64));
/// assert_eq!(schedule.at(0), 0.1);
/// ```
pub fn lambda_lr<F: Fn(u64) -> f64>(base_lr: f64, factor: F) -> impl Schedule + use<F> {
    from_fn(move |step| base_lr * factor(step))
}

/// `MultiplicativeLR(optimizer, lr_lambda)`: `base_lr * factor(1) * ... * factor(step)`. Its `at(n)` goes
/// through all `n` steps: see [`Recurrence`].
///
/// ```
/// use lr_compat::torch;
/// use lr_schedule::Schedule;
///
/// let schedule = torch::multiplicative_lr(0.1, |epoch| if epoch % 2 == 1 { 0.5 } else { 1.0 });
/// assert_eq!([schedule.at(0), schedule.at(1), schedule.at(3)], [0.1, 0.05, 0.025]);
/// ```
pub fn multiplicative_lr<F: Fn(u64) -> f64>(base_lr: f64, factor: F) -> impl Schedule + use<F> {
    Recurrence::new(base_lr, move |step, previous| previous * factor(step))
}
