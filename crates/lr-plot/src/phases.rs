//! The parts of a schedule that people have names for.

use lr_schedule::{Phase, Schedule, Spec};

use crate::span::schedule_of;

/// The phases of the first `steps` steps of what `spec` describes, in order; none where it has no
/// parts with names, or more than [`Phase::MOST`].
///
/// ```
/// use lr_plot::phases;
/// use lr_schedule::prelude::*;
///
/// let schedule = Cosine::new(1e-3, 0.0, 900).warmup(100);
/// let phases = phases(&schedule.to_spec().unwrap(), 1_000);
/// let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
/// assert_eq!(names, ["warm-up", "decay"]);
/// assert_eq!((phases[0].end, phases[1].end), (100.0, 1_000.0));
/// ```
///
/// Lengths that aren't in steps are to be [resolved](Spec::resolve) first, or there are none.
pub fn phases(spec: &Spec, steps: u64) -> Vec<Phase> {
    let span = steps as f64;
    let mut phases = schedule_of(spec).map_or(Vec::new(), |schedule| schedule.phases(span));
    for phase in &mut phases {
        phase.start = phase.start.clamp(0.0, span);
        phase.end = phase.end.clamp(0.0, span);
    }
    phases.retain(|phase| phase.end > phase.start);
    match phases.as_slice() {
        [only] if only.start <= 0.0 && only.end >= span => Vec::new(),
        many if many.len() > Phase::MOST => Vec::new(),
        _ => phases,
    }
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;

    fn named(schedule: impl Schedule, steps: u64) -> Vec<(String, f64, f64)> {
        let phases = phases(&schedule.to_spec().unwrap(), steps).into_iter();
        phases
            .map(|phase| (phase.name, phase.start, phase.end))
            .collect()
    }

    fn expected(list: &[(&str, f64, f64)]) -> Vec<(String, f64, f64)> {
        let owned = list
            .iter()
            .map(|(name, start, end)| (name.to_string(), *start, *end));
        owned.collect()
    }

    #[test]
    fn recipes_have_the_phases_that_they_are_named_after() {
        let wsd = WarmupStableDecayConfig::new(1e-3, 10, 70, 20)
            .build()
            .unwrap();
        let phases = [
            ("warm-up", 0.0, 10.0),
            ("stable", 10.0, 80.0),
            ("decay", 80.0, 100.0),
        ];
        assert_eq!(named(wsd, 100), expected(&phases));
        assert_eq!(
            named(wsd, 50),
            expected(&[("warm-up", 0.0, 10.0), ("stable", 10.0, 50.0)])
        );

        let restarts = WarmRestarts::new(0.1, 0.0, 10, 2);
        let cycles = [
            ("cycle 1", 0.0, 10.0),
            ("cycle 2", 10.0, 30.0),
            ("cycle 3", 30.0, 50.0),
        ];
        assert_eq!(named(restarts, 50), expected(&cycles));

        let cycle = named(OneCycle::new(0.1, 100), 100);
        assert_eq!(cycle, expected(&[("up", 0.0, 29.0), ("down", 29.0, 100.0)]));
    }

    #[test]
    fn combinators_move_the_phases_of_what_is_inside() {
        let inner = || LinearRamp::new(0.1, 0.0, 40).warmup(10);
        let phases = [
            ("warm-up", 0.0, 10.0),
            ("decay", 10.0, 50.0),
            ("held", 50.0, 60.0),
        ];
        assert_eq!(named(inner().scale(0.5), 60), expected(&phases));

        let phases = [("warm-up", 0.0, 40.0), ("decay", 40.0, 200.0)];
        assert_eq!(named(inner().per_epoch(4), 200), expected(&phases));

        let phases = [("warm-up", 0.0, 5.0), ("decay", 5.0, 45.0)];
        assert_eq!(named(inner().skip(5), 45), expected(&phases));

        let then = Constant::new(0.1).take(30).then(Step::new(0.1, 10, 0.5));
        assert_eq!(
            named(then, 60),
            expected(&[("stable", 0.0, 30.0), ("step", 30.0, 60.0)])
        );
    }

    #[test]
    fn what_has_one_phase_or_too_many_has_none() {
        assert_eq!(named(Constant::new(0.1), 100), []);
        assert_eq!(named(Cosine::new(0.1, 0.0, 100), 100), []);
        assert_eq!(named(LinearRamp::new(0.1, 0.0, 2).repeat(2), 100), []);
    }
}
