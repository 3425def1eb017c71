use burn::lr_scheduler::LrSchedulerRecord;
use burn::store::RecordError;
use burn_pack::{Reader, Scalar};

/// What a record counts in steps of the schedule, by the end of its name.
const COUNTED: [&str; 4] = ["position", "decay.start", "decay.steps", "after"];
/// What a recurrence goes on from, which holds for one step of the old ones.
const OF_A_STEP: &str = "scheduled";

/// The record of a run with `saved` samples a step as that of one with `given`, at the step that is
/// nearest in samples.
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
    let scalars = scalars.filter(|(name, _)| !is(name, OF_A_STEP));
    Ok(
        scalars.fold(LrSchedulerRecord::new(), |record, (name, value)| {
            let counted = COUNTED.iter().any(|counted| is(name, counted));
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
    use crate::prelude::*;

    #[test]
    fn a_position_and_a_decay_are_carried_over_in_samples() {
        let rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .build()
            .unwrap();
        let mut lr = FeedbackScheduler::new(Constant::new(0.1), rule.clone());
        for _ in 0..90 {
            lr.step();
        }
        lr.handle().start_decay(80);
        for _ in 0..11 {
            lr.step();
        }
        lr.observe(1.0);
        let record = in_other_steps(&lr.record(), 32, 64).unwrap();

        let mut resumed = FeedbackScheduler::new(Constant::new(0.1), rule);
        resumed.try_load_record(&record).unwrap();
        assert_eq!(resumed.position(), 51); // 50.5
        assert_eq!(resumed.handle().decay_start(), Some(45));
        assert_eq!(resumed.step(), 0.1 * (1.0 - 6.0 / 40.0));
        assert_eq!(resumed.rule(), lr.rule());
    }

    #[test]
    fn parameter_groups_are_carried_over_too() {
        use burn::nn::LinearConfig;
        use burn::tensor::Device;
        let model = LinearConfig::new(2, 1).init(&Device::flex());
        let make = || {
            let own = Scheduler::new(Linear::new(0.1, 0.0, 100));
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
