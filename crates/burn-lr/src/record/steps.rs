use burn::lr_scheduler::LrSchedulerRecord;
use burn::store::RecordError;
use burn_pack::{Reader, Scalar};

use super::state::FEEDBACK;

/// The fields of a record that are counted in steps of the schedule, by the ends of their names.
const COUNTED: [&str; 4] = ["position", "decay.start", "decay.steps", "after"];
/// The last scheduled rate, which holds for one of the old steps.
const SCHEDULED: &str = "scheduled";

/// Converts the record of a run with `saved` samples a step to that of one with `given`, at the step
/// that is nearest in samples. A feedback rule's numbers stay as they are.
pub(crate) fn in_other_steps(
    record: &LrSchedulerRecord,
    saved: u64,
    given: u64,
) -> Result<LrSchedulerRecord, RecordError> {
    let carried_over = |steps: u64| {
        let samples = u128::from(steps) * u128::from(saved);
        let given = u128::from(given.max(1));
        u64::try_from((samples + given / 2) / given).unwrap_or(u64::MAX)
    };
    let is = |name: &str, what: &str| {
        let before = name.strip_suffix(what);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let reader = Reader::from_bytes(record.clone().into_bytes()?)?;
    let scalars = reader.scalars().iter();
    let scalars = scalars.filter(|(name, _)| !is(name, SCHEDULED));
    Ok(
        scalars.fold(LrSchedulerRecord::new(), |record, (name, value)| {
            let of_rule = name.split('.').any(|part| part == FEEDBACK);
            let counted = !of_rule && COUNTED.iter().any(|counted| is(name, counted));
            match u64::try_from(*value) {
                Ok(steps) if counted => record.with_scalar(name, Scalar::UInt(carried_over(steps))),
                _ => record.with_scalar(name, *value),
            }
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Feedback, State, StateError, Stored, Value};
    use crate::prelude::*;

    #[test]
    fn a_position_and_a_decay_are_carried_over_in_samples() {
        let rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .build()
            .unwrap();
        let mut lr = Scheduler::with_feedback(Constant::new(0.1), rule.clone());
        for _ in 0..90 {
            lr.step();
        }
        lr.handle().start_decay(80);
        for _ in 0..11 {
            lr.step();
        }
        lr.observe(1.0);
        let record = in_other_steps(&lr.record(), 32, 64).unwrap();

        let mut resumed = Scheduler::with_feedback(Constant::new(0.1), rule);
        resumed.try_load_record(&record).unwrap();
        assert_eq!(resumed.position(), 51); // 50.5
        assert_eq!(resumed.handle().decay_start(), Some(45));
        assert_eq!(resumed.step(), 0.1 * (1.0 - 6.0 / 40.0));
        assert_eq!(resumed.rule(), lr.rule());
    }

    /// A rule whose state has the names of a scheduler's fields.
    #[derive(Debug, Clone, PartialEq)]
    struct Counting(u64);

    impl Feedback for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        fn observe(&mut self, _metric: f64, _scheduled: f64) {
            self.0 += 1;
        }

        fn rate(&self, scheduled: f64) -> f64 {
            scheduled
        }

        fn state(&self) -> State {
            let count = Value::Count(self.0);
            State::new().with("after", count).with("position", count)
        }

        fn restore(&mut self, stored: &Stored<'_>) -> Result<(), StateError> {
            self.0 = stored.count("after")?.max(stored.count("position")?);
            Ok(())
        }
    }

    #[test]
    fn a_rules_own_numbers_stay_as_they_are() {
        let mut lr = Scheduler::with_feedback(Constant::new(0.1), Counting(0));
        for _ in 0..10 {
            lr.step();
            lr.observe(1.0);
        }
        let record = in_other_steps(&lr.record(), 1, 2).unwrap();
        let mut resumed = Scheduler::with_feedback(Constant::new(0.1), Counting(0));
        resumed.try_load_record(&record).unwrap();
        assert_eq!((resumed.position(), resumed.rule()), (5, &Counting(10)));
    }

    #[test]
    fn parameter_groups_are_carried_over_too() {
        use burn::nn::LinearConfig;
        use burn::tensor::Device;
        let model = LinearConfig::new(2, 1).init(&Device::flex());
        let make = || {
            let own = Scheduler::new(LinearRamp::new(0.1, 0.0, 100));
            Groups::new()
                .with(Group::new("weight").scheduled(own))
                .build(Scheduler::new(Constant::new(0.1)), &model)
                .unwrap()
        };
        let mut lr = make();
        for _ in 0..20 {
            lr.step();
        }
        let record = in_other_steps(&lr.record(), 1, 2).unwrap();
        let mut resumed = make();
        resumed.try_load_record(&record).unwrap();
        let rates = resumed.step();
        assert_eq!(resumed.rate("weight", &rates), Some(0.1 * (1.0 - 0.1)));
    }
}
