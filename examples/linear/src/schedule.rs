//! The schedules that a run can have.

use burn_lr::prelude::*;

use crate::Error;
use crate::cli::{Options, ScheduleName};
use crate::optimizer::MOMENTUM;

/// The learning rate of a run: of a schedule alone, or of one that hears the validation loss.
pub enum LearningRate {
    /// A schedule alone.
    Scheduled(Scheduler<DynSchedule>),
    /// A schedule under a feedback rule.
    Plateau(FeedbackScheduler<DynSchedule, ReduceOnPlateau>),
}

impl LearningRate {
    /// The schedule that `options` name, for a run of `steps` steps.
    pub fn new(options: &Options, steps: u64) -> Result<Self, Error> {
        let peak = options.peak();
        let warmup = (steps / 20).max(1);
        let rest = steps.saturating_sub(warmup).max(1);
        let schedule = match options.schedule {
            ScheduleName::Constant | ScheduleName::Plateau => Constant::try_new(peak)?.into_dyn(),
            ScheduleName::MultiStep => {
                MultiStep::try_new(peak, [steps / 2, steps * 3 / 4], 0.1)?.into_dyn()
            }
            ScheduleName::Cosine => Cosine::try_new(peak, peak / 100.0, steps)?.into_dyn(),
            ScheduleName::WarmupCosine => Cosine::try_new(peak, peak / 100.0, rest)?
                .warmup(warmup)
                .into_dyn(),
            // cycles of 1, 2 and 4 sevenths of the run
            ScheduleName::WarmRestarts => {
                WarmRestarts::try_new(peak, peak / 100.0, steps.div_ceil(7), 2)?.into_dyn()
            }
            ScheduleName::OneCycle => one_cycle(options, steps)?.into_dyn(),
            ScheduleName::WarmupStableDecay => {
                let decay = (steps / 5).max(1);
                let stable = rest.saturating_sub(decay);
                let config = WarmupStableDecayConfig::new(peak, warmup, stable, decay);
                config
                    .with_decay_shape(Shape::OneMinusSqrt)
                    .build()?
                    .into_dyn()
            }
        };
        Ok(match options.schedule {
            ScheduleName::Plateau => {
                let rule = ReduceOnPlateauConfig::new()
                    .with_factor(0.5)
                    .with_patience(5);
                Self::Plateau(FeedbackScheduler::new(schedule, rule.build()?))
            }
            _ => Self::Scheduled(Scheduler::new(schedule)),
        })
    }

    /// The rate of the next step.
    pub fn step(&mut self) -> f64 {
        match self {
            Self::Scheduled(scheduler) => scheduler.step(),
            Self::Plateau(scheduler) => scheduler.step(),
        }
    }

    /// As a checkpoint takes it.
    pub fn scheduler(&self) -> &dyn Resumable {
        match self {
            Self::Scheduled(scheduler) => scheduler,
            Self::Plateau(scheduler) => scheduler,
        }
    }

    /// As a checkpoint restores it.
    pub fn scheduler_mut(&mut self) -> &mut dyn Resumable {
        match self {
            Self::Scheduled(scheduler) => scheduler,
            Self::Plateau(scheduler) => scheduler,
        }
    }

    /// Tells the rule, where there is one, the validation loss of an epoch.
    pub fn observe(&mut self, valid_mse: f64) {
        if let Self::Plateau(scheduler) = self {
            scheduler.observe(valid_mse);
        }
    }
}

/// The momentum of a run's steps, which one of the schedules moves.
pub fn momentum(options: &Options, steps: u64) -> Result<DynSchedule, Error> {
    Ok(match options.schedule {
        ScheduleName::OneCycle => one_cycle(options, steps)?.momentum().into_dyn(),
        _ => Constant::new(MOMENTUM).into_dyn(),
    })
}

fn one_cycle(options: &Options, steps: u64) -> Result<OneCycle, Error> {
    Ok(OneCycleConfig::new(options.peak(), steps).build()?)
}
