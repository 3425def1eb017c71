use burn_lr::{DynSchedule, Spec};

/// A step near the beginning.
pub const NEAR: u64 = 10;
/// A step far from it.
pub const FAR: u64 = 1_000_000_000_000;

/// Every schedule that there is, as JSON, but for a `recurrence`, which goes through all steps, and a
/// `feedback`, which is no schedule. Those with an end come to it after [`FAR`]; of those with a period,
/// which is 3 or 6, both steps are at the same place in it.
pub const EVERY: &[&str] = &[
    r#"{"anneal": {"start": 0.1, "steps": 2000000000000, "shape": "rex"}}"#,
    r#"{"constant": {"rate": 0.1}}"#,
    r#"{"cosine": {"start": 0.1, "steps": 2000000000000}}"#,
    r#"{"cosine_annealing": {"max": 0.1, "t_max": 3}}"#,
    r#"{"cosine_wave": {"max": 0.1, "steps": 2000000000000, "cycles": 2.5}}"#,
    r#"{"cyclic": {"base": 0.01, "max": 0.1, "up": 3}}"#,
    r#"{"exponential": {"start": 0.1, "gamma": 0.999999999999}}"#,
    r#"{"exponential_decay": {"start": 0.1, "rate": 0.5, "steps": 1000000000000.0}}"#,
    r#"{"geometric": {"start": 0.1, "end": 0.001, "steps": 2000000000000}}"#,
    r#"{"hard_restarts": {"max": 0.1, "steps": 2000000000000, "cycles": 3}}"#,
    r#"{"inverse_sqrt": {"start": 0.1, "timescale": 1000}}"#,
    r#"{"inverse_time": {"start": 0.1, "rate": 0.5, "steps": 1000}}"#,
    r#"{"linear": {"start": 0.1, "steps": 2000000000000}}"#,
    r#"{"multi_step": {"start": 0.1, "milestones": [3, 5, 7, 2000000000000]}}"#,
    r#"{"noam": {"warmup": 5}}"#,
    r#"{"one_cycle": {"max_lr": 0.1, "total_steps": 4000000000000}}"#,
    r#"{"one_cycle_momentum": {"max_lr": 0.1, "total_steps": 4000000000000}}"#,
    r#"{"piecewise_constant": {"values": [0.1, 0.01, 0.001], "boundaries": [5, 2000000000000]}}"#,
    r#"{"polynomial": {"start": 0.1, "steps": 2000000000000, "power": 1.5}}"#,
    r#"{"polynomial_cycle": {"start": 0.1, "steps": 3, "power": 1.5}}"#,
    r#"{"restarts": {"max": 0.1, "steps": 5, "shape": "cosine", "t_mult": 1.5, "decay": 0.99}}"#,
    r#"{"step": {"start": 0.1, "step_size": 1000000000000}}"#,
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

/// A schedule of [`EVERY`], and the same shrunk, if it has an end, so that it is at [`NEAR`] where the
/// other is at [`FAR`]: a cosine, for one, costs less near 0 than further on, wherever that is.
pub fn near_and_far(text: &str) -> [DynSchedule; 2] {
    let (near, far) = (NEAR.to_string(), FAR.to_string());
    let zeros = |number: &str| number[1..].to_string();
    [text.replace(&zeros(&far), &zeros(&near)), text.to_string()].map(|text| {
        let spec: Spec = serde_json::from_str(&text).expect("it is a spec");
        spec.build().expect("it is a valid one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_lr::Schedule;

    #[test]
    fn there_is_one_of_every_kind_and_none_has_ended() {
        let mut names = vec![];
        for text in EVERY {
            let spec: Spec = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            names.push(spec.name());
            let [near, far] = near_and_far(text);
            for (schedule, step) in [(near, NEAR), (far, FAR)] {
                let rates = [step, step + 1].map(|step| schedule.at(step));
                assert!(
                    rates.iter().all(|rate| rate.is_finite()),
                    "{text}: {rates:?}"
                );
                let ends = schedule.length().is_some_and(|length| length <= step);
                assert!(!ends, "{text} has ended by then");
            }
        }
        let excepted = ["recurrence", "feedback"];
        for name in Spec::NAMES.iter().filter(|name| !excepted.contains(name)) {
            assert!(names.contains(name), "{name} is missing");
        }
    }
}
