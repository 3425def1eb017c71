use lr_schedule::feedback::{DynFeedback, Feedback, NoFeedback};
use lr_schedule::{DynSchedule, Schedule, ScheduleError, Spec};

use super::core::Scheduler;

/// A scheduler of any schedule, under any feedback rule: see [`Scheduler::into_dyn`].
pub type DynScheduler = Scheduler<DynSchedule, DynFeedback>;

impl DynScheduler {
    /// Creates a scheduler at step 0 of the schedule that `spec` describes, under a rule where that is
    /// a `feedback`.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let text = r#"{"feedback": {
    ///     "rule": {"reduce_on_plateau": {"patience": 3}},
    ///     "of": {"warmup": {"steps": 10, "of": {"cosine": {"start": 0.1, "steps": 90}}}}
    /// }}"#;
    /// # let parse = |text| -> Result<Spec, Box<dyn std::error::Error>> { Ok(serde_json::from_str(text)?) };
    /// let spec: Spec = parse(text)?; // serde_json::from_str(text)?
    /// let mut lr = Scheduler::from_spec(&spec)?;
    /// assert_eq!(lr.step(), 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Numbers that make no schedule or no rule, with their place.
    pub fn from_spec(spec: &Spec) -> Result<Self, ScheduleError> {
        let (schedule, rule) = match spec {
            Spec::Feedback { .. } => spec.build_feedback()?,
            spec => (spec.build()?, DynFeedback::new(NoFeedback)),
        };
        Ok(Self::with_feedback(schedule, rule))
    }
}

impl<S, F> Scheduler<S, F>
where
    S: Schedule + Send + Sync + 'static,
    F: Feedback + Clone + Send + Sync + 'static,
{
    /// Erases the types of schedule and rule. Handles and records stay good.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    ///
    /// let rule = ReduceOnPlateau::new(Mode::Min);
    /// let mut schedulers: Vec<DynScheduler> = vec![
    ///     Scheduler::new(Constant::new(0.1)).into_dyn(),
    ///     Scheduler::with_feedback(Cosine::new(0.1, 0.0, 100), rule).into_dyn(),
    /// ];
    /// assert!(schedulers.iter_mut().all(|lr| lr.step() == 0.1));
    /// ```
    pub fn into_dyn(self) -> DynScheduler {
        Scheduler {
            schedule: self.schedule.into_dyn(),
            rule: DynFeedback::new(self.rule),
            progress: self.progress,
            cursor: self.cursor,
            family: self.family,
            identity: self.identity,
            driven: self.driven,
            accepts_another_schedule: self.accepts_another_schedule,
            accepts_another_rule: self.accepts_another_rule,
        }
    }
}
