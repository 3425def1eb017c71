//! A scheduler among Burn's, and its saved state.

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;
use burn_pack::Scalar;
use lr_schedule::feedback::{Feedback, State, Value};
use lr_schedule::{FeedbackExt, Schedule, ScheduleExt, Spec};

use super::core::{Scheduler, observe};
use crate::record::{
    Driven, FEEDBACK, Identity, LoadError, Resumable, SchedulerState, fingerprint, or_panic,
    scalars, to_json,
};

impl<S: Schedule, F: Feedback> Scheduler<S, F> {
    fn identity(&self) -> &Identity {
        self.identity.get_or_init(|| Identity::of(&self.schedule))
    }

    /// A number that the rule is told apart by: of its name and, where it has a description, its options.
    fn rule_fingerprint(&self) -> u64 {
        match self.rule.to_spec() {
            Some(spec) => fingerprint(&to_json(&spec)),
            None => fingerprint(self.rule.name()),
        }
    }
}

impl<S, F> Resumable for Scheduler<S, F>
where
    S: Schedule + Clone + Send + Sync + 'static,
    F: Feedback + Clone + Send + Sync + 'static,
{
    fn record(&self) -> LrSchedulerRecord {
        let mut rule = self.rule.clone();
        let (progress, later) = self.before_next_step(|progress, value| {
            observe(&mut rule, &self.schedule, progress, value, false);
        });
        let state = SchedulerState {
            has_rule: !self.rule.is_none(),
            progress,
            later,
            identity: self.identity().clone(),
        };
        let record = Driven::store(&self.driven, state.store());
        if rule.is_none() {
            return record;
        }
        let stored = LrSchedulerRecord::new().with_scalar(FINGERPRINT, self.rule_fingerprint());
        let state = rule.state();
        let stored = state
            .iter()
            .fold(stored, |stored, (name, value)| match value {
                Value::Count(count) => stored.with_scalar(name, count),
                Value::Number(number) => stored.with_scalar(name, number),
            });
        record.with_record(FEEDBACK, stored)
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let state = SchedulerState::read(record)?;
        state.check_kind(!self.rule.is_none())?;
        let accepts = self.accepts_another_schedule;
        if !accepts {
            Driven::check(&self.driven, record)?;
        }
        let state = state.for_schedule(self.identity(), accepts)?;
        if !self.rule.is_none() {
            let stored = record.record(FEEDBACK);
            if stored.scalar(FINGERPRINT) == Some(self.rule_fingerprint()) {
                let mut numbers = scalars(&stored).map_err(|error| LoadError::Invalid {
                    field: FEEDBACK.to_string(),
                    value: error.to_string(),
                    allowed: "a record that Burn can write",
                })?;
                numbers.remove(FINGERPRINT);
                let numbers = numbers.into_iter();
                let state = numbers.fold(State::new(), |state, (name, scalar)| match scalar {
                    Scalar::Float(number) => state.with(name, Value::Number(number)),
                    scalar => match u64::try_from(scalar) {
                        Ok(count) => state.with(name, Value::Count(count)),
                        Err(_) => state,
                    },
                });
                self.rule.restore(&state)?;
            } else if !self.accepts_another_rule {
                return Err(LoadError::AnotherRule);
            }
        }
        self.restore(state.progress, state.later);
        Ok(())
    }

    fn description(&self) -> Option<String> {
        let of = self.schedule.to_spec()?;
        if self.rule.is_none() {
            return Some(to_json(&of));
        }
        let rule = self.rule.to_spec()?;
        let of = Box::new(of);
        Some(to_json(&Spec::Feedback { rule, of }))
    }
}

/// The name of the rule's fingerprint in its part of the record.
const FINGERPRINT: &str = "fingerprint";

impl<S, F> LrScheduler for Scheduler<S, F>
where
    S: Schedule + Clone + Send + Sync + 'static,
    F: Feedback + Clone + Send + Sync + 'static,
{
    fn step(&mut self) -> LearningRate {
        self.take_step()
    }

    fn to_record(&self) -> LrSchedulerRecord {
        self.record()
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        or_panic(self.try_load_record(&record));
    }
}
