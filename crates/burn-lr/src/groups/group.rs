use std::fmt;

use burn::optim::LearningRate;
use lr_schedule::Schedule;
use lr_schedule::feedback::Feedback;
use serde::Serialize;

use crate::record::Resumable;
use crate::scheduler::{DynScheduler, Scheduler};

/// Some of a model's parameters, and the rate that they get: the base rate or that of a schedule of
/// their own, a multiple of it, or that from some step on.
///
/// ```
/// use burn_lr::prelude::*;
///
/// Group::new("encoder");                                 // the base rate
/// Group::new("encoder").scaled(0.1);                     // a tenth of it
/// Group::new("encoder").scaled(0.1).unfrozen_at(1_000);  // and that from step 1,000 on
/// let own = Scheduler::new(Cosine::new(0.1, 0.0, 5_000));
/// Group::new("head").scheduled(own.clone());
/// Group::new("head").scheduled(own).scaled(2.0).unfrozen_at(100); // twice that, from step 100 on
/// Group::of_paths("biases", |path| path.ends_with(".bias")).scaled(2.0);
/// ```
pub struct Group {
    pub(super) name: String,
    pub(super) matches: Box<dyn Fn(&str) -> bool>,
    pub(super) view: View,
    pub(super) own: Option<DynScheduler>,
}

/// A rate times `factor`, and 0 before step `from` of the base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct View {
    pub factor: f64,
    from: u64,
}

impl View {
    pub fn of(self, rate: LearningRate, step: u64) -> LearningRate {
        match step < self.from {
            true => 0.0,
            false => (rate * self.factor).clamp(f64::MIN, f64::MAX),
        }
    }
}

impl Group {
    /// The parameters at `path` and below: `encoder` stands for `encoder.weight` and
    /// `encoder.layers.0.bias`, but not for `encoder2.weight`. The group is called by its path.
    pub fn new(path: &str) -> Self {
        let at = path.to_string();
        let below = format!("{path}.");
        Self::of_paths(path, move |path| path == at || path.starts_with(&below))
    }

    /// The parameters whose paths satisfy `matches`, called `name`.
    pub fn of_paths(name: &str, matches: impl Fn(&str) -> bool + 'static) -> Self {
        Self {
            name: name.to_string(),
            matches: Box::new(matches),
            view: View {
                factor: 1.0,
                from: 0,
            },
            own: None,
        }
    }

    /// Multiplies the rate: `factor` times the base rate, or that of its [own scheduler](Self::scheduled), whatever
    /// that is: scheduled, cut by a metric, or set by hand. Default: 1.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.view.factor = factor;
        self
    }

    /// Freezes the group: a rate of 0 before step `step`. Default: 0.
    ///
    /// The optimizer goes on with the gradients that there are all the while: momentum and moments
    /// are those of a parameter that was trained from the beginning, and the first steps after
    /// `step` go by them. A weight decay that is multiplied with the rate, as AdamW's is, does
    /// nothing meanwhile; one that is part of the gradient, as SGD's and Adam's, becomes part of
    /// the momentum. With Burn's `no_grad` until then, they have no state, and begin with none.
    pub fn unfrozen_at(mut self, step: u64) -> Self {
        self.view.from = step;
        self
    }

    /// Gives the group a scheduler of its own in place of the base, which is stepped together with it and has
    /// its own [handle](crate::GroupsHandle::of). The handle's rate is the scheduler's, before it is
    /// [`scaled`](Self::scaled) or [frozen](Self::unfrozen_at).
    pub fn scheduled<S, F>(mut self, scheduler: Scheduler<S, F>) -> Self
    where
        S: Schedule + Send + Sync + 'static,
        F: Feedback + Clone + Send + Sync + 'static,
    {
        self.own = Some(scheduler.into_dyn());
        self
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = f.debug_struct("Group");
        group.field("name", &self.name).field("view", &self.view);
        if let Some(own) = &self.own {
            group.field("schedule", &own.description());
        }
        group.finish_non_exhaustive()
    }
}
