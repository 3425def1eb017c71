use burn::lr_scheduler::LrSchedulerRecord;
use burn::store::RecordError;

use super::fields::scalars;
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
    let mut converted = LrSchedulerRecord::new();
    for (name, value) in scalars(record)? {
        let of_rule = name.split('.').any(|part| part == FEEDBACK);
        let counted = COUNTED.iter().any(|counted| is(&name, counted));
        converted = match u64::try_from(value) {
            Ok(steps) if counted && !of_rule => converted.with_scalar(&name, carried_over(steps)),
            _ if is(&name, SCHEDULED) && !of_rule => converted,
            _ => converted.with_scalar(&name, value),
        };
    }
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn a_rules_own_numbers_stay_as_they_are() {
        let names = ["after", "position", "scheduled"];
        let rule = names.iter().fold(LrSchedulerRecord::new(), |record, name| {
            record.with_scalar(name, 10u64)
        });
        let record = LrSchedulerRecord::new().with_scalar("position", 10u64);
        let record = record.with_record(FEEDBACK, rule.clone());
        let record = in_other_steps(&record, 1, 2).unwrap();
        assert_eq!(record.scalar("position"), Some(5u64));
        let kept = scalars(&record.record(FEEDBACK)).unwrap();
        assert_eq!(kept, scalars(&rule).unwrap());
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
