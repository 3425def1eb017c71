//! Schedulers at the step of PyTorch's.

use lr_schedule::feedback::{DynFeedback, NoFeedback};
use lr_schedule::{Schedule, ScheduleExt};
use lr_torch::SchedulerState;

use super::error::TorchLoadError;
use crate::record::Progress;
use crate::scheduler::{DynScheduler, Scheduler};

impl DynScheduler {
    /// Creates a scheduler at the step that one of PyTorch's had come to, with the rates that it would have
    /// given a parameter group from there on. (Feature `pytorch`.)
    ///
    /// One step here is one `scheduler.step()` there; where that came once in an epoch, see
    /// [`from_torch_epochs`](Self::from_torch_epochs).
    ///
    /// ```
    /// use burn_lr::prelude::*;
    /// use burn_lr::pytorch::{SchedulerState, TorchFile};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torch/runs/linear-adam_sequential/scheduler.pt");
    /// let file = TorchFile::open(path)?; // torch.save(scheduler.state_dict(), path)
    /// let state = SchedulerState::read(&file.root())?;
    /// assert_eq!(state.class, "SequentialLR");
    ///
    /// let mut lr = Scheduler::from_torch(&state, 0)?;
    /// assert_eq!(lr.position(), 100);
    /// assert!((lr.step() - state.groups[0].rate).abs() < 1e-15);
    /// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
    /// ```
    ///
    /// A `ReduceLROnPlateau` comes with its rule, and the metrics that this has observed: `lr.observe(0.5)` is
    /// `scheduler.step(0.5)` there. Its position is the number of these, since PyTorch's counts no steps.
    ///
    /// # Errors
    ///
    /// No group of that number.
    pub fn from_torch(state: &SchedulerState, index: usize) -> Result<Self, TorchLoadError> {
        Self::from_torch_epochs(state, index, 1)
    }

    /// The same for a scheduler that PyTorch stepped once in an epoch of `steps` optimizer steps,
    /// and that is stepped here with the optimizer: it stands at the beginning of the epoch, and
    /// gives each rate for a whole one.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    /// use burn_lr::pytorch::{SchedulerState, TorchFile};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torch/runs/linear-adagrad/scheduler.pt");
    /// # let file = TorchFile::open(path)?;
    /// let state = SchedulerState::read(&file.root())?; // a StepLR, after 100 epochs
    /// let mut lr = Scheduler::from_torch_epochs(&state, 0, 7)?;
    /// assert_eq!(lr.position(), 700);
    /// assert!((lr.step() - 0.05 * 0.7f64.powi(3)).abs() < 1e-15);
    /// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_torch`](Self::from_torch), and an epoch of 0 steps.
    pub fn from_torch_epochs(
        state: &SchedulerState,
        index: usize,
        steps: u64,
    ) -> Result<Self, TorchLoadError> {
        let (group, count) = (state.groups.get(index), state.groups.len());
        let group = group.ok_or(TorchLoadError::NoGroup { index, count })?;
        let (schedule, rule) = match group.heard {
            Some(_) => group.build_feedback()?,
            None => (group.spec.build()?, DynFeedback::new(NoFeedback)),
        };
        let schedule = match steps {
            1 => schedule,
            steps => schedule.try_per_epoch(steps)?.into_dyn(),
        };
        let position = state.position.saturating_mul(steps);
        let rate = match group.heard {
            Some(_) => group.rate,
            None => schedule.at(position.saturating_sub(1)),
        };
        let mut scheduler = Scheduler::with_feedback(schedule, rule);
        scheduler.restore(Progress::at(position, rate), vec![]);
        Ok(scheduler)
    }
}
