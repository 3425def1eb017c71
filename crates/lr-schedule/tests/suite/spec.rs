//! Specs as text: what is written is what is read, whatever is read never panics, and what saved
//! runs know their schedules by stays as it is.

use crate::common::{rate, spec, with_recurrence};
use lr_schedule::feedback::Dialect;
use lr_schedule::prelude::*;
use lr_schedule::spec::{Data, MAX_DEPTH, MAX_VALUES};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn from_json(text: &str) -> Result<Spec, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The error of a text, whether it is found in reading or in building.
fn wrong(text: &str) -> String {
    match from_json(text) {
        Err(error) => error,
        Ok(spec) => spec.build().unwrap_err().to_string(),
    }
}

/// Reads a text as far as it goes, and asks what comes of it for a few rates.
fn use_text(text: &str) {
    for spec in [from_json(text).ok(), toml::from_str(text).ok()]
        .into_iter()
        .flatten()
    {
        use_spec(&spec);
    }
}

fn has_large_counts(data: &Data) -> bool {
    match data {
        Data::Integer(count) => *count > 1_000,
        Data::Text(text) => text.starts_with(|c: char| c.is_ascii_digit()), // too large for TOML
        Data::List(list) => list.iter().any(has_large_counts),
        Data::Table(entries) => entries.iter().any(|(_, value)| has_large_counts(value)),
        _ => false,
    }
}

fn use_spec(spec: &Spec) {
    let run = TrainingLength::new(1_000, 10, 3).unwrap();
    let resolved = spec.resolve(&run);
    for spec in [Ok(spec.clone()), resolved].into_iter().flatten() {
        if let Ok(schedule) = spec.build() {
            // A recurrence goes through all steps, so only as many as there is time for.
            if spec.recurs() && has_large_counts(&spec.to_data()) {
                continue;
            }
            let far = if spec.recurs() { 50 } else { u64::MAX };
            for n in [0, 1, 17, far / 3, far] {
                let rate = schedule.at(n);
                assert!(rate.is_finite(), "{spec:?} at {n}: {rate}");
            }
            assert_eq!(
                schedule.to_spec().unwrap().build().unwrap().at(17),
                schedule.at(17)
            );
        }
        if let Ok((schedule, mut rule)) = spec.build_feedback() {
            for metric in [1.0, f64::NAN, -1.0, f64::INFINITY, 0.5] {
                rule.observe(metric, schedule.at(0));
            }
            assert!(!rule.rate(schedule.at(0)).is_nan());
        }
    }
}

fn rule() -> impl Strategy<Value = RuleSpec> {
    let shared = || {
        (
            any::<bool>().prop_map(|min| if min { Mode::Min } else { Mode::Max }),
            any::<bool>().prop_map(|rel| {
                if rel {
                    ThresholdMode::Rel
                } else {
                    ThresholdMode::Abs
                }
            }),
            option::of(select(&[Dialect::Torch, Dialect::Optax][..])),
            (0u64..5, 0u64..5),
            (0.0..1.0f64, 0.0..0.1f64),
        )
    };
    let plateau = (
        shared(),
        0.0..0.99f64,
        rate(),
        option::of(1u64..4),
        option::of(0u64..9),
    )
        .prop_map(
            |(
                (mode, threshold_mode, dialect, (patience, cooldown), (threshold, eps)),
                factor,
                min_lr,
                accumulation,
                skip,
            )| {
                RuleSpec::ReduceOnPlateau {
                    mode,
                    factor,
                    patience,
                    threshold,
                    threshold_mode,
                    cooldown,
                    min_lr,
                    eps,
                    threshold_abs: skip.map(|_| eps),
                    min_scale: accumulation.map(|_| factor),
                    // What says no more than the default is not written, and so not given.
                    accumulation: accumulation.filter(|&count| count > 1),
                    skip: skip.filter(|&count| count > 0),
                    dialect,
                }
            },
        );
    let greedy = (
        shared(),
        0.01..0.99f64,
        0.0..0.1f64,
        option::of(1u64..5),
        0u64..5,
    )
        .prop_map(
            |(
                (mode, threshold_mode, dialect, (patience, cooldown), (threshold, eps)),
                factor,
                min_lr,
                window,
                warmup,
            )| {
                RuleSpec::Greedy {
                    mode,
                    factor,
                    patience,
                    threshold,
                    threshold_mode,
                    cooldown,
                    warmup,
                    min_lr,
                    max_lr: 1.0 + min_lr,
                    eps,
                    window,
                    reset_start: patience,
                    dialect,
                }
            },
        );
    prop_oneof![plateau, greedy]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_spec_is_the_same_after_any_text_and_builds_the_same(spec in prop_oneof![spec(), with_recurrence()], n in 0u64..100) {
        let json = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(&from_json(&json).unwrap(), &spec);
        let toml = toml::to_string(&spec).unwrap();
        prop_assert_eq!(&toml::from_str::<Spec>(&toml).unwrap(), &spec);

        let schedule = spec.build().unwrap();
        let again = schedule.to_spec().unwrap();
        let rebuilt = again.build().unwrap();
        prop_assert_eq!(rebuilt.at(n), schedule.at(n));
        // But for a default that is not written out, it is the spec that it was built from.
        prop_assert_eq!(rebuilt.to_spec().unwrap(), again);
    }

    #[test]
    fn so_is_a_rule(rule in rule(), of in spec(), metrics in proptest::collection::vec(-1.0..1.0f64, 30)) {
        let spec = Spec::Feedback { rule: rule.clone(), of: Box::new(of) };
        let json = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(&from_json(&json).unwrap(), &spec);
        let toml = toml::to_string(&spec).unwrap();
        prop_assert_eq!(&toml::from_str::<Spec>(&toml).unwrap(), &spec);

        let built = rule.build().unwrap();
        let again = built.to_spec().unwrap();
        let (mut one, mut other) = (built, again.build().unwrap());
        for metric in metrics {
            one.observe(metric, 0.1);
            other.observe(metric, 0.1);
            prop_assert_eq!(one.rate(0.1), other.rate(0.1));
        }
        prop_assert_eq!(one.state(), other.state());
    }

    #[test]
    fn random_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,100}") {
        use_text(&String::from_utf8_lossy(&bytes));
        use_text(&text);
        let _ = serde_json::from_slice::<Spec>(&bytes);
    }

    #[test]
    fn valid_specs_that_were_changed_never_panic(
        spec in prop_oneof![spec(), with_recurrence(), (rule(), spec()).prop_map(|(rule, of)| Spec::Feedback { rule, of: Box::new(of) })],
        toml in any::<bool>(),
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), 0..CHANGES.len() + 3), 1..6),
    ) {
        let mut text = match toml {
            true => toml::to_string(&spec).unwrap(),
            false => serde_json::to_string(&spec).unwrap(),
        };
        for (at, to, change) in changes {
            let (mut at, mut to) = (at.index(text.len() + 1), to.index(text.len() + 1));
            // A whole number is replaced where the change falls on one.
            while at > 0 && text.is_char_boundary(at) && text[..at].ends_with(|c: char| c.is_ascii_digit()) {
                at -= 1;
            }
            if to < at {
                (at, to) = (to, at);
            }
            let digits = text[at..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(0);
            match change.checked_sub(3) {
                None if change == 0 => text.replace_range(at..to, ""),
                None if change == 1 => { let part = text[at..to].to_string(); text.insert_str(at, &part) }
                None => { text.replace_range(at..(at + 1).min(text.len()), "") }
                Some(change) => text.replace_range(at..at + digits, CHANGES[change]),
            }
        }
        use_text(&text);
    }
}

const CHANGES: &[&str] = &[
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e-308",
    "1e999",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "0.5",
    "\"10%\"",
    "\"rest\"",
    "\"2 epochs\"",
    "\"\"",
    "null",
    "true",
    "[]",
    "{}",
    ",",
    ":",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "nan",
    "\"linear\"",
    "{\"constant\":{\"rate\":1}}",
];

#[test]
fn what_saved_runs_know_their_schedules_by_stays_as_it_is() {
    let rule = ReduceOnPlateau::new(Mode::Min).to_spec().unwrap();
    let text = |spec: Option<Spec>| serde_json::to_string(&spec.unwrap()).unwrap();
    for (schedule, expected) in [
        (
            Anneal::new(0.1, 0.0, 9, Shape::OneMinusSqrt).into_dyn(),
            r#"{"anneal":{"start":0.1,"end":0.0,"steps":9,"shape":"one_minus_sqrt"}}"#,
        ),
        (
            Constant::new(0.1).into_dyn(),
            r#"{"constant":{"rate":0.1}}"#,
        ),
        (
            CosineAnnealing::new(0.1, 0.0, 9).into_dyn(),
            r#"{"cosine_annealing":{"max":0.1,"min":0.0,"t_max":9}}"#,
        ),
        (
            Exponential::new(0.1, 0.9).into_dyn(),
            r#"{"exponential":{"start":0.1,"gamma":0.9}}"#,
        ),
        (
            HardRestarts::new(0.1, 9, 3.0).into_dyn(),
            r#"{"hard_restarts":{"max":0.1,"steps":9,"cycles":3.0}}"#,
        ),
        (
            MultiStep::new(0.1, [3, 6], 0.1).into_dyn(),
            r#"{"multi_step":{"start":0.1,"milestones":[3,6],"gamma":0.1}}"#,
        ),
        (
            OneCycle::new(0.1, 9).into_dyn(),
            r#"{"one_cycle":{"max_lr":0.1,"total_steps":9,"pct_start":0.3,"anneal_strategy":"cosine","base_momentum":0.85,"max_momentum":0.95,"div_factor":25.0,"final_div_factor":10000.0,"three_phase":false}}"#,
        ),
        (
            Polynomial::new(0.1, 0.0, 9, 2.0).into_dyn(),
            r#"{"polynomial":{"start":0.1,"end":0.0,"steps":9,"power":2.0}}"#,
        ),
        (
            Step::new(0.1, 9, 0.1).into_dyn(),
            r#"{"step":{"start":0.1,"step_size":9,"gamma":0.1}}"#,
        ),
        (
            WarmRestarts::new(0.1, 0.0, 9, 2).into_dyn(),
            r#"{"warm_restarts":{"max":0.1,"min":0.0,"t_0":9,"t_mult":2}}"#,
        ),
        (
            WarmupStableDecay::new(0.1, 1, 2, 3).into_dyn(),
            r#"{"warmup_stable_decay":{"peak":0.1,"warmup":1,"stable":2,"decay":3,"min_lr":0.0,"warmup_shape":"linear","decay_shape":"linear"}}"#,
        ),
        (
            LinearRamp::new(0.0, 0.1, 9)
                .then(Cosine::new(0.1, 0.0, 9))
                .scale(0.5)
                .into_dyn(),
            r#"{"scale":{"factor":0.5,"of":{"sequence":[{"linear":{"start":0.0,"end":0.1,"steps":9}},{"cosine":{"start":0.1,"end":0.0,"steps":9}}]}}}"#,
        ),
        (
            Constant::new(0.1).take(5).warmup(9).into_dyn(),
            r#"{"warmup":{"steps":9,"start":0.0,"shape":"linear","of":{"take":{"steps":5,"of":{"constant":{"rate":0.1}}}}}}"#,
        ),
    ] {
        assert_eq!(text(schedule.to_spec()), expected);
    }
    assert_eq!(
        serde_json::to_string(&rule).unwrap(),
        r#"{"reduce_on_plateau":{"mode":"min","factor":0.1,"patience":10,"threshold":0.0001,"threshold_mode":"rel","cooldown":0,"min_lr":0.0,"eps":1e-8}}"#
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, message) in [
        (
            r#"{"sequence":[{"linear":{"start":0,"end":1,"steps":5}},{"cosine":{"start":1,"steps":0}}]}"#,
            "sequence[1].cosine.steps: must be at least 1, got 0",
        ),
        (
            r#"{"warmup":{"steps":5,"of":{"scale":{"factor":2,"of":{"cosine":{"start":1,"stpes":3}}}}}}"#,
            "warmup.of.scale.of.cosine.stpes: is no known field; did you mean `steps`?",
        ),
        (
            r#"{"product":[{"constant":{"rate":1}},{"polynomal":{}}]}"#,
            "product[1].polynomal: is no known schedule; did you mean `polynomial`?",
        ),
        (
            r#"{"anneal":{"start":1,"steps":3,"shape":"cosin"}}"#,
            "anneal.shape: \"cosin\" is no known shape; did you mean `cosine`?",
        ),
        (
            r#"{"anneal":{"start":1,"steps":3,"shape":{"polynomial":{"power":-1}}}}"#,
            "anneal.shape.polynomial.power: must be finite and above 0, got -1",
        ),
        (
            r#"{"anneal":{"start":1,"steps":3,"shape":"polynomial"}}"#,
            "anneal.shape.polynomial.power: is missing",
        ),
        (r#"{"constant":{}}"#, "constant.rate: is missing"),
        (
            r#"{"constant":{"rate":"much"}}"#,
            "constant.rate: must be a number, got \"much\"",
        ),
        (
            r#"{"constant":0.1}"#,
            "constant: must be a table of fields, got 0.1",
        ),
        (
            r#"{"multi_step":{"start":1,"milestones":[3,-1]}}"#,
            "multi_step.milestones[1]: must be a number of steps, or a text such as \"10%\", \"3 epochs\" or \"rest\", got -1",
        ),
        (
            r#"{"cosine":{"start":1,"steps":"10%"}}"#,
            "cosine.steps: must be in steps, which `resolve` makes of it with a `TrainingLength`, got 10%",
        ),
        (
            r#"{"sequence":[{"constant":{"rate":1}},{"constant":{"rate":1}}]}"#,
            "sequence[0]: must be a schedule with an end, such as `take` gives it, got one without",
        ),
        (
            r#"{"sequence":[]}"#,
            "sequence: must be at least one schedule, got none",
        ),
        (
            r#"{"recurrence":{"start":1,"links":[{"chain":[{"multiply":{"of":{"step":{"start":1,"step_size":0}}}}]}]}}"#,
            "recurrence.links[0].chain[0].multiply.of.step.step_size: must be at least 1, got 0",
        ),
        (
            r#"{"recurrence":{"start":1,"links":[{"set":{"of":{"recurrence":{"start":1,"links":[]}}}}]}}"#,
            "recurrence.links[0].set.of: can't be another recurrence",
        ),
        (
            r#"{"skip":{"steps":10000000,"of":{"recurrence":{"start":1,"links":[]}}}}"#,
            "skip.steps: must be at most 1000000 of a recurrence, got 10000000",
        ),
        (
            r#"{"feedback":{"rule":{"greedy":{}},"of":{"constant":{"rate":1}}}}"#,
            "feedback: hears a metric, so it is no schedule: `build_feedback` builds it",
        ),
    ] {
        let found = wrong(text);
        assert!(
            found.starts_with(message),
            "{found}\nrather than {message}\nof {text}"
        );
    }
    let twice = wrong(r#"{"constant":{"rate":1,"rate":2}}"#);
    assert!(
        twice.starts_with("rate: must be given once, got it twice"),
        "{twice}"
    );
    assert!(
        wrong("{}").starts_with("must be one schedule"),
        "{}",
        wrong("{}")
    );
    let toml = toml::from_str::<Spec>("[cosine]\nstart = 1\nend = 0\nstep = 5").unwrap_err();
    assert!(
        toml.message()
            .contains("cosine.step: is no known field; did you mean `steps`?")
    );

    let feedback =
        r#"{"feedback":{"rule":{"reduce_on_plateau":{"factor":2}},"of":{"constant":{"rate":1}}}}"#;
    assert_eq!(
        from_json(feedback)
            .unwrap()
            .build_feedback()
            .unwrap_err()
            .to_string(),
        "feedback.rule.reduce_on_plateau.factor: must be at least 0 and below 1, got 2"
    );
}

#[test]
fn no_text_exhausts_the_stack_or_the_memory() {
    let nested = |levels: usize| {
        let (open, close) = (
            r#"{"scale":{"factor":1,"of":"#.repeat(levels),
            "}}".repeat(levels),
        );
        format!(r#"{open}{{"constant":{{"rate":1}}}}{close}"#)
    };
    let allowed = MAX_DEPTH / 2 - 1;
    assert_eq!(
        from_json(&nested(allowed)).unwrap().build().unwrap().at(5),
        1.0
    );
    let deeper = from_json(&nested(allowed + 1)).unwrap_err();
    assert!(
        deeper.starts_with("must be nested at most 64 levels deep, got more"),
        "{deeper}"
    );
    for deep in [
        "[".repeat(1_000_000),
        nested(100_000),
        "{\"a\":".repeat(1_000_000),
    ] {
        assert!(serde_json::from_str::<Data>(&deep).is_err());
        // TOML's own reader has a bound, which comes first.
        assert!(toml::from_str::<Spec>(&format!("a = {deep}")).is_err());
    }
    let list = |length: usize| {
        let milestones = vec!["1"; length].join(",");
        format!(r#"{{"multi_step":{{"start":1,"milestones":[{milestones}]}}}}"#)
    };
    assert!(from_json(&list(MAX_VALUES - 4)).is_ok());
    let longer = from_json(&list(MAX_VALUES)).unwrap_err();
    assert!(
        longer.starts_with("must be at most 100000 values, got more"),
        "{longer}"
    );
}

#[test]
fn toml_as_people_write_it() {
    #[derive(serde::Deserialize)]
    struct Config {
        schedule: Spec,
    }
    let text = r#"
        [schedule.warmup]
        steps = "10%"                  # of the run; or 500, or "2 epochs"
        of.cosine = { start = 1e-3, end = 1e-5, steps = "rest" }
    "#;
    let config: Config = toml::from_str(text).unwrap();
    let run = TrainingLength::of_steps(1_000).unwrap();
    let schedule = config.schedule.resolve(&run).unwrap().build().unwrap();
    assert_eq!(
        [schedule.at(0), schedule.at(100), schedule.at(1_000)],
        [0.0, 1e-3, 1e-5]
    );
}

#[test]
fn lengths_become_steps_of_a_run() {
    let run = TrainingLength::new(1_000, 10, 5).unwrap(); // 100 steps in each of 5 epochs
    let resolved = |text: &str| {
        from_json(text)
            .unwrap()
            .resolve(&run)
            .map(|spec| spec.to_data())
    };
    let expect = |text: &str, expected: &str| {
        assert_eq!(
            resolved(text).unwrap(),
            from_json(expected).unwrap().to_data(),
            "{text}"
        );
    };
    expect(
        r#"{"warmup":{"steps":"10%","of":{"cosine":{"start":1,"steps":"rest"}}}}"#,
        r#"{"warmup":{"steps":50,"of":{"cosine":{"start":1,"steps":450}}}}"#,
    );
    expect(
        r#"{"warmup_stable_decay":{"peak":1,"warmup":"1 epoch","stable":"rest","decay":"30%"}}"#,
        r#"{"warmup_stable_decay":{"peak":1,"warmup":100,"stable":250,"decay":150}}"#,
    );
    expect(
        r#"{"sequence":[{"linear":{"start":0,"end":1,"steps":"0.5 epochs"}},{"take":{"steps":200,"of":{"constant":{"rate":1}}}},{"delay":{"steps":20,"of":{"linear":{"start":1,"steps":"rest"}}}}]}"#,
        r#"{"sequence":[{"linear":{"start":0,"end":1,"steps":50}},{"take":{"steps":200,"of":{"constant":{"rate":1}}}},{"delay":{"steps":20,"of":{"linear":{"start":1,"steps":230}}}}]}"#,
    );
    expect(
        r#"{"cooldown":{"start":"rest","steps":"20%","of":{"inverse_sqrt":{"start":1,"timescale":5}}}}"#,
        r#"{"cooldown":{"start":400,"steps":100,"of":{"inverse_sqrt":{"start":1,"timescale":5}}}}"#,
    );
    expect(
        r#"{"per_epoch":{"of":{"multi_step":{"start":1,"milestones":[3,4]}}}}"#,
        r#"{"per_epoch":{"steps":100,"of":{"multi_step":{"start":1,"milestones":[3,4]}}}}"#,
    );
    expect(
        r#"{"per_epoch":{"of":{"warmup":{"steps":"1 epoch","of":{"cosine":{"start":1,"steps":"rest"}}}}}}"#,
        r#"{"per_epoch":{"steps":100,"of":{"warmup":{"steps":1,"of":{"cosine":{"start":1,"steps":4}}}}}}"#,
    );
    expect(
        r#"{"skip":{"steps":50,"of":{"noise":{"from":100,"to":"rest","of":{"linear":{"start":1,"steps":"rest"}}}}}}"#,
        r#"{"skip":{"steps":50,"of":{"noise":{"from":100,"to":550,"of":{"linear":{"start":1,"steps":550}}}}}}"#,
    );
    expect(
        r#"{"batch_scale":{"rule":"linear","reference":256,"of":{"multi_step":{"start":1,"milestones":["3 epochs","80%"]}}}}"#,
        r#"{"batch_scale":{"rule":"linear","reference":256,"batch":10,"of":{"multi_step":{"start":1,"milestones":[300,400]}}}}"#,
    );
    let message = |text: &str| resolved(text).unwrap_err().to_string();
    assert_eq!(
        message(r#"{"warmup":{"steps":600,"of":{"cosine":{"start":1,"steps":"rest"}}}}"#),
        "warmup.of.cosine.steps: must be after at most the 500 steps of the run, got rest after 600"
    );
    assert!(
        wrong(r#"{"cosine":{"start":1,"steps":"-10%"}}"#)
            .starts_with("cosine.steps: must be a number of steps")
    );

    let unknown = TrainingLength::of_steps(500).unwrap();
    let message = |text: &str| {
        let resolved = from_json(text).unwrap().resolve(&unknown);
        resolved.unwrap_err().to_string()
    };
    assert_eq!(
        message(r#"{"per_epoch":{"of":{"step":{"start":1,"step_size":3}}}}"#),
        "per_epoch.steps: depends on the run's epochs, which aren't known"
    );
    assert_eq!(
        message(
            r#"{"batch_scale":{"rule":"linear","reference":256,"of":{"constant":{"rate":1}}}}"#
        ),
        "batch_scale.batch: depends on the run's batches, which aren't known"
    );
}
