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
