//! How many steps show what a schedule does.

use lr_schedule::{DynSchedule, Schedule, Spec};

/// How many steps of what `spec` describes show it: its length, or where it has none three of its
/// cycles or several of its time scales; `None` for what has neither, as a constant.
///
/// ```
/// use lr_plot::span;
/// use lr_schedule::prelude::*;
///
/// let of = |schedule: DynSchedule| span(&schedule.to_spec().unwrap());
/// assert_eq!(of(Cosine::new(0.1, 0.0, 900).warmup(100).into_dyn()), Some(1_000));
/// assert_eq!(of(WarmRestarts::new(0.1, 0.0, 10, 2).into_dyn()), Some(10 + 20 + 40));
/// assert_eq!(of(Constant::new(0.1).into_dyn()), None);
/// ```
pub fn span(spec: &Spec) -> Option<u64> {
    schedule_of(spec)?.span().filter(|span| *span > 0)
}

/// The schedule that `spec` describes, of a feedback the one under its rule; `None` if it can't be built.
pub(crate) fn schedule_of(spec: &Spec) -> Option<DynSchedule> {
    let spec = match spec {
        Spec::Feedback { of, .. } => of,
        spec => spec,
    };
    spec.build().ok()
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;

    fn of(schedule: impl Schedule) -> Option<u64> {
        span(&schedule.to_spec().unwrap())
    }

    #[test]
    fn endless_schedules_show_a_few_of_what_they_repeat() {
        assert_eq!(of(LinearRamp::new(0.1, 0.0, 10).repeat(10)), Some(30));
        assert_eq!(of(MultiStep::new(0.1, [30, 60], 0.1)), Some(90));
        assert_eq!(of(Step::new(0.1, 30, 0.1).per_epoch(5)), Some(600));
        assert_eq!(of(Constant::new(0.1).warmup(10)), Some(20));
        assert_eq!(
            of(Constant::new(0.1).take(30).then(Constant::new(0.2))),
            Some(60)
        );
        assert_eq!(of(Constant::new(0.1)), None);
        assert_eq!(of(Step::new(0.1, u64::MAX, 0.1)), None);
    }
}
