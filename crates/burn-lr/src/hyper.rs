use std::sync::{Arc, Mutex, PoisonError};

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

use lr_schedule::feedback::Feedback;
use lr_schedule::{DynSchedule, Schedule};

use crate::handle::LrHandle;
use crate::on_thread;
use crate::scheduler::Scheduler;

/// An optimizer whose momentum, betas, weight decay or anything else follow schedules of their own,
/// in step with the learning rate.
///
/// It is made of a scheduler, of named schedules, one for each quantity, and of what builds an
/// optimizer from their values: any of Burn's, through its config. The result goes wherever an
/// optimizer goes; its state is the inner optimizer's, and is saved and loaded as that. The
/// schedules have no state beyond the scheduler's position, so the scheduler's record holds by what
/// they are recognised, and loading it with others is an error
/// ([`accept_another_schedule`](crate::Scheduler::accept_another_schedule) lets it).
///
/// ```
/// use burn::optim::momentum::MomentumConfig;
/// use burn::optim::{ModuleOptimizer, SgdConfig};
/// use burn_lr::prelude::*;
///
/// // 1cycle: the momentum is low where the rate is high
/// let cycle = OneCycle::new(0.1, 100);
/// let mut lr = Scheduler::new(cycle);
/// let momentum = ("momentum", cycle.momentum().into_dyn());
/// let optimizer = ScheduledOptimizer::new(&mut lr, [momentum], |[momentum]| {
///     // PyTorch's SGD dampens nothing; Burn's default does
///     let momentum = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
///     SgdConfig::new().with_momentum(Some(momentum)).build()
/// });
/// assert_eq!(optimizer.values(), [0.95]);
/// let mut optimizer: ModuleOptimizer = optimizer.into();
///
/// // in the training loop, or in a Learner
/// let rate = lr.step();
/// // model = optimizer.step(rate, model, grads);
/// # let _ = (rate, &mut optimizer);
/// ```
///
/// A config's gradient clipping is not part of what `build()` gives; it is set on the
/// `ModuleOptimizer` (`with_grad_clipping`), before a state is loaded into that: Burn clips a parameter as
/// it did when its state came.
///
/// # Which step's values an optimizer step has
///
/// Burn tells an optimizer neither the step nor the worker that it runs for. So the values are those of the step which
/// the scheduler (or a clone of it) has last taken *on the thread that calls the optimizer*: step the scheduler, then
/// the optimizer, on the same thread, as burn-train does and a loop does anyway. Where the thread has taken none, they are
/// those of the last step that was taken anywhere, and before that of step 0. All parameters of an optimizer step have the
/// values of the same step, and a step that was [skipped](crate::Scheduler::skip_step) comes again with its values.
#[derive(Debug, Clone)]
pub struct ScheduledOptimizer<O, B, const N: usize> {
    schedules: [DynSchedule; N],
    build: B,
    family: u64,
    lr: LrHandle,
    /// The optimizer of the step that was asked for last. Burn's clones of a module's optimizer
    /// share it.
    last: Arc<Mutex<Built<O, N>>>,
}

/// The values of a step, and the optimizer with them.
#[derive(Debug)]
struct Built<O, const N: usize> {
    step: u64,
    values: [f64; N],
    optimizer: Arc<O>,
}

impl<O, B, const N: usize> ScheduledOptimizer<O, B, N>
where
    B: Fn([f64; N]) -> O,
{
    /// Creates the optimizer that `build` makes of the schedules' values at `scheduler`'s steps.
    ///
    /// Make it before the scheduler is cloned or moved into Burn's: clones that were made earlier
    /// don't drive it.
    ///
    /// # Panics
    ///
    /// Two quantities of the same name.
    pub fn new<S: Schedule, F: Feedback>(
        scheduler: &mut Scheduler<S, F>,
        schedules: [(&str, DynSchedule); N],
        build: B,
    ) -> Self {
        for (index, (name, schedule)) in schedules.iter().enumerate() {
            let duplicate = schedules[..index].iter().any(|(other, _)| other == name);
            assert!(!duplicate, "two schedules are called `{name}`");
            scheduler.drive(name, schedule);
        }
        let schedules = schedules.map(|(_, schedule)| schedule);
        let values = std::array::from_fn(|index| schedules[index].at(0));
        Self {
            family: scheduler.announce(),
            lr: scheduler.handle(),
            last: Arc::new(Mutex::new(Built {
                step: 0,
                values,
                optimizer: Arc::new(build(values)),
            })),
            schedules,
            build,
        }
    }

    /// The values that an optimizer step on this thread has now.
    pub fn values(&self) -> [f64; N] {
        self.current().1
    }

    /// The optimizer of the step that is under way, and its values.
    fn current(&self) -> (Arc<O>, [f64; N]) {
        let step = match on_thread::last(self.family) {
            Some(taken) => taken.step,
            None => self.lr.steps().saturating_sub(1),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.step != step {
            let next = last.step.checked_add(1) == Some(step);
            let values = std::array::from_fn(|index| match next {
                true => self.schedules[index].advance(step, last.values[index]),
                false => self.schedules[index].at(step),
            });
            *last = Built {
                step,
                values,
                optimizer: Arc::new((self.build)(values)),
            };
        }
        (last.optimizer.clone(), last.values)
    }
}

impl<O, B, const N: usize> Optimizer for ScheduledOptimizer<O, B, N>
where
    O: Optimizer,
    B: Fn([f64; N]) -> O + Clone + Send + Sync + 'static,
{
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        self.current().0.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
