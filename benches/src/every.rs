use burn_lr::curves::{CURVES, CurveKind};
use burn_lr::{DynSchedule, ScheduleExt, Spec};

/// A step near the beginning.
pub const NEAR: u64 = 10;
/// A step far from it.
pub const FAR: u64 = 1_000_000_000_000;

/// Combinators, and curves that aren't measured by their example, as JSON: those with an end come to it after [`FAR`];
/// of those with a period, which is 3 or 6, both steps are at the same place in it.
const OTHERS: &[&str] = &[
    r#"{"hard_restarts": {"max": 0.1, "steps": 2000000000000, "cycles": 3}}"#,
    r#"{"noam": {"warmup": 5}}"#,
    r#"{"one_cycle": {"max_lr": 0.1, "total_steps": 4000000000000}}"#,
    r#"{"one_cycle_momentum": {"max_lr": 0.1, "total_steps": 4000000000000}}"#,
    r#"{"restarts": {"max": 0.1, "steps": 5, "shape": "cosine", "t_mult": 1.5, "decay": 0.99}}"#,
    r#"{"tri_stage": {"peak": 0.1, "warmup": 1, "hold": 1, "decay": 2000000000000}}"#,
    r#"{"warm_restarts": {"max": 0.1, "t_0": 5, "t_mult": 2}}"#,
    r#"{"warmup_stable_decay": {"peak": 0.1, "warmup": 1, "stable": 1, "decay": 2000000000000}}"#,
    r#"{"batch_scale": {"rule": "square_root", "reference": 256, "batch": 512, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"clamp": {"min": 0.001, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"cooldown": {"start": 5, "steps": 2000000000000, "of": {"constant": {"rate": 0.1}}}}"#,
    r#"{"delay": {"steps": 1, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"noise": {"of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"per_epoch": {"steps": 5, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"repeat": {"every": 3, "of": {"cosine": {"start": 0.1, "steps": 3}}}}"#,
    r#"{"scale": {"factor": 0.5, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"skip": {"steps": 1, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"take": {"steps": 2000000000000, "of": {"cosine_annealing": {"max": 0.1, "t_max": 3}}}}"#,
    r#"{"warmup": {"steps": 1, "of": {"cosine": {"start": 0.1, "steps": 2000000000000}}}}"#,
    r#"{"sequence": [{"linear": {"start": 0.1, "steps": 1}}, {"cosine": {"start": 0.1, "steps": 2000000000000}}]}"#,
    r#"{"product": [{"cosine_annealing": {"max": 0.1, "t_max": 3}}, {"linear": {"start": 1.0, "steps": 2000000000000}}]}"#,
    r#"{"sum": [{"cosine_annealing": {"max": 0.1, "t_max": 3}}, {"linear": {"start": 0.1, "steps": 2000000000000}}]}"#,
];

/// A schedule, and a shorter one that is at [`NEAR`] where the first is at [`FAR`]: a cosine, for one,
/// costs less near 0 than further on, wherever that is.
pub struct NearAndFar {
    /// Its name in texts.
    pub name: &'static str,
    /// The longer one as JSON.
    pub text: String,
    /// The shorter one.
    pub near: DynSchedule,
    /// The longer one.
    pub far: DynSchedule,
}

impl NearAndFar {
    fn of_curve(curve: &CurveKind) -> Self {
        let [near, far] = [NEAR, FAR].map(|step| (curve.example)(2 * step));
        let spec = far.to_spec().expect("a curve has a spec");
        Self {
            name: curve.name,
            text: serde_json::to_string(&spec).expect("it has finite numbers"),
            near,
            far,
        }
    }

    /// The same schedule with its lengths shrunk, if it has any.
    fn of_text(text: &str) -> Self {
        let (near, far) = (NEAR.to_string(), FAR.to_string());
        let zeros = |number: &str| number[1..].to_string();
        let read = |text: &str| -> Spec { serde_json::from_str(text).expect("it is a spec") };
        let build = |text: &str| read(text).build().expect("it is a valid one");
        Self {
            name: read(text).name(),
            text: text.to_string(),
            near: build(&text.replace(&zeros(&far), &zeros(&near))),
            far: build(text),
        }
    }
}

/// Every schedule that there is, but for a `recurrence`, which goes through all steps, and a `feedback`,
/// which is no schedule.
pub fn every() -> Vec<NearAndFar> {
    let others = OTHERS.iter().map(|text| NearAndFar::of_text(text));
    let mut every: Vec<_> = others.collect();
    for curve in CURVES {
        if every.iter().all(|other| other.name != curve.name) {
            every.push(NearAndFar::of_curve(curve));
        }
    }
    every
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_of_every_kind_and_none_has_ended() {
        let every = every();
        for NearAndFar {
            name, near, far, ..
        } in &every
        {
            for (schedule, step) in [(near, NEAR), (far, FAR)] {
                let rates = [step, step + 1].map(|step| schedule.at(step));
                assert!(
                    rates.iter().all(|rate| rate.is_finite()),
                    "{name}: {rates:?}"
                );
                let ends = schedule.length().is_some_and(|length| length <= step);
                assert!(!ends, "{name} has ended by then");
            }
        }
        let excepted = ["recurrence", "feedback"];
        for name in Spec::NAMES.iter().filter(|name| !excepted.contains(name)) {
            let there = every.iter().any(|one| one.name == *name);
            assert!(there, "{name} is missing");
        }
    }
}
