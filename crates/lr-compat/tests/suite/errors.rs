//! Configs that are wrong: an error with the place of what is, and never a panic.

use std::path::Path;

use lr_compat::{burn, keras, optax, timm, torch, transformers};
use lr_schedule::curves::ConstantSpec;
use lr_schedule::feedback::Feedback;
use lr_schedule::{Schedule, ScheduleError, Spec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The readings of a text by all libraries.
fn parse_everywhere(text: &str) -> Vec<Result<Spec, ScheduleError>> {
    vec![
        torch::parse(text, 0.1),
        torch::parse_momentum(text)
            .map(|spec| spec.unwrap_or(Spec::from(ConstantSpec { rate: 0.0 }))),
        transformers::parse(text, 0.1),
        timm::parse(text, 0.1),
        optax::parse(text),
        optax::parse_reduce_on_plateau(text, 0.1),
        keras::parse(text),
        burn::parse(text),
    ]
}

/// Every config of every table that comes with the crate.
fn configs() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    let paths = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let cases = tables.flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let mut table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = table["cases"].as_array_mut().unwrap();
        std::mem::take(cases)
    });
    let config = |case: serde_json::Value| {
        serde_json::json!({"scheduler": case["scheduler"], "args": case["args"]}).to_string()
    };
    cases.map(config).collect()
}

const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "0.5",
    "-0.5",
    "1e308",
    "-1e308",
    "1e-308",
    "18446744073709551615",
    "null",
    "true",
    "\"linear\"",
    "[]",
    "[0]",
    "[-1, 5]",
    "{}",
    "\"\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn configs_that_were_changed_never_panic(
        config in select(configs()),
        changes in proptest::collection::vec((any::<Index>(), select(VALUES)), 1..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut text = config;
        for (at, value) in changes {
            // One of the numbers in it, or whatever else comes after a colon.
            let values: Vec<usize> = text.match_indices(':').map(|(at, _)| at + 1).collect();
            let begin = values[at.index(values.len())];
            let end = text[begin..].find([',', '}', ']']).map_or(text.len(), |end| begin + end);
            text.replace_range(begin..end, value);
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len() + 1));
        }
        for spec in parse_everywhere(&text).into_iter().flatten() {
            // What was read without an error can be built and used without one.
            let schedule = match &spec {
                Spec::Feedback { .. } => {
                    let (schedule, mut rule) = spec.build_feedback().unwrap();
                    rule.observe(1.0, schedule.at(0));
                    schedule
                }
                spec => spec.build().unwrap_or_else(|error| panic!("{error}: {text}")),
            };
            for n in 0..40 {
                prop_assert!(schedule.at(n).is_finite(), "{text} at {n}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    type Parse = fn(&str) -> Result<Spec, ScheduleError>;
    let torch: Parse = |text| torch::parse(text, 0.1);
    let transformers: Parse = |text| transformers::parse(text, 0.1);
    let timm: Parse = |text| timm::parse(text, 0.1);
    for (parse, text, message) in [
        (
            torch,
            r#"{"scheduler": "SteplR", "args": {}}"#,
            "SteplR: is no known scheduler; did you mean `StepLR`?",
        ),
        (
            torch,
            r#"{"scheduler": "StepLR"}"#,
            "StepLR.step_size: is missing",
        ),
        (
            torch,
            r#"{"scheduler": "OneCycleLR", "args": {"max_lr": 0.1, "total_steps": 9, "pct_start": 1.5}}"#,
            "OneCycleLR.pct_start: must be between 0 and 1, got 1.5",
        ),
        (
            torch,
            r#"{"scheduler": "OneCycleLR", "args": {"max_lr": 0.1}}"#,
            "OneCycleLR.total_steps: is missing, and so is one of `epochs` and `steps_per_epoch`",
        ),
        (
            torch,
            r#"{"scheduler": "SequentialLR", "args": {"milestones": [3], "schedulers": [
                {"scheduler": "ConstantLR"}, {"scheduler": "CosineAnnealingLR", "args": {"T_max": 0}}]}}"#,
            "SequentialLR.schedulers[1].CosineAnnealingLR.T_max: must be at least 1, got 0",
        ),
        (
            torch,
            r#"{"scheduler": "LambdaLR", "args": {"lr_lambda": "0.9 ** epoch"}}"#,
            "LambdaLR: takes a function, which has no form in JSON: build it in Rust with \
             `torch::lambda_lr` or `torch::multiplicative_lr`",
        ),
        (
            torch,
            r#"{"scheduler": "CyclicLR", "args": {"base_lr": 0.1, "max_lr": [0.1, 0.2]}}"#,
            "CyclicLR.max_lr: must be one number, or the same for each parameter group, got a list of 2",
        ),
        (
            torch,
            r#"{"scheduler": "StepLR", "args": {"step_size": 3, "last_epoch": 7}}"#,
            "StepLR.last_epoch: must be -1, a beginning; a run is resumed from its saved state, got 7",
        ),
        (
            transformers,
            r#"{"scheduler": "get_scheduler", "args": {"name": "cosin"}}"#,
            "get_scheduler.name.cosin: is no known scheduler; did you mean `cosine`?",
        ),
        (
            transformers,
            r#"{"scheduler": "cosine", "args": {"num_warmup_steps": 3}}"#,
            "get_cosine_schedule_with_warmup.num_training_steps: is missing",
        ),
        (
            transformers,
            r#"{"scheduler": "liner"}"#,
            "liner: is no known scheduler; did you mean `linear`?",
        ),
        (
            transformers,
            r#"{"scheduler": "cosine", "args": 3}"#,
            "cosine: must be a table of arguments, got 3",
        ),
        (
            transformers,
            r#"{"scheduler": "cosine", "args": {"num_cycles": 1, "scheduler_specific_kwargs": {"num_cycles": 2}}}"#,
            "get_cosine_schedule_with_warmup.num_cycles: must be given once, got it twice",
        ),
        (
            transformers,
            r#"{"scheduler": "get_scheduler", "args": {"name": "constant", "num_warmup": 3}}"#,
            "get_scheduler.num_warmup: is no known argument; did you mean `num_warmup_steps`?",
        ),
        (
            optax::parse,
            r#"{"scheduler": "linear_schedule", "args": {"init_value": 1, "end_value": 0}}"#,
            "linear_schedule.transition_steps: is missing",
        ),
        (
            optax::parse,
            r#"{"scheduler": "sgdr_schedule", "args": {"cosine_kwargs": [{"init_value": 1, "peak_value": 2, "warmup_steps": 1}]}}"#,
            "sgdr_schedule.cosine_kwargs[0].decay_steps: is missing",
        ),
        (
            keras::parse,
            r#"{"scheduler": "ExponentialDecay", "args": {"initial_learning_rate": 1, "decay_steps": 0.5, "decay_rate": 0.5, "staircase": true}}"#,
            "ExponentialDecay.decay_steps: must be whole for a staircase, got 0.5",
        ),
        (
            timm,
            r#"{"scheduler": "CosineLRScheduler", "args": {"t_initial": 3, "noise_range_t": [1, "2"]}}"#,
            "CosineLRScheduler.noise_range_t[1]: must be a finite number, got \"2\"",
        ),
        (
            timm,
            r#"{"scheduler": "CosineLRScheduler", "args": {"t_inital": 3}}"#,
            "CosineLRScheduler.t_inital: is no known argument; did you mean `t_initial`?",
        ),
        (
            timm,
            r#"{"scheduler": "WSDLRScheduler", "args": {"t_initial": 3, "decay_t": 4}}"#,
            "WSDLRScheduler.decay_t: must be at most `t_initial`, got 4",
        ),
        (
            optax::parse,
            r#"{"scheduler": "cosine_decay_schedule", "args": {"init_value": 0.1, "decay_steps": 0}}"#,
            "cosine_decay_schedule.decay_steps: must be at least 1, got 0",
        ),
        (
            keras::parse,
            r#"{"scheduler": "PiecewiseConstantDecay", "args": {"boundaries": [1], "values": [1]}}"#,
            "PiecewiseConstantDecay.boundaries: must be one fewer than values, got 1",
        ),
        (
            burn::parse,
            r#"{"scheduler": "StepLrScheduler", "args": {"initial_lr": 0.1, "step_size": "3"}}"#,
            "StepLrScheduler.step_size: must be a whole number, got \"3\"",
        ),
        (
            burn::parse,
            r#"{"scheduler": "StepLrScheduler", "arguments": {}}"#,
            "arguments: is no known field; there are scheduler, args",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
    }
    let several = r#"{"scheduler": "CyclicLR", "args": {"base_lr": [0.1, 0.1], "max_lr": [0.2, 0.2, 0.2], "verbose": "deprecated"}}"#;
    let one = r#"{"scheduler": "CyclicLR", "args": {"base_lr": 0.1, "max_lr": 0.2}}"#;
    assert_eq!(torch::parse(several, 0.1), torch::parse(one, 0.1));
    let qualified = r#"{"scheduler": "torch.optim.lr_scheduler.StepLR", "args": {"step_size": 3}}"#;
    let short = qualified.replace("torch.optim.lr_scheduler.", "");
    assert_eq!(torch::parse(qualified, 0.1), torch::parse(&short, 0.1));
    assert_eq!(
        torch::parse("{}", -0.1).unwrap_err().to_string(),
        "scheduler: is missing"
    );
    let step = r#"{"scheduler": "StepLR", "args": {"step_size": 3}}"#;
    assert_eq!(
        torch::parse(step, -0.1).unwrap_err().to_string(),
        "base_lr: must be finite and at least 0, got -0.1"
    );
    assert!(
        torch::parse("{", 0.1)
            .unwrap_err()
            .to_string()
            .starts_with("the text: can't be read: ")
    );
    let deep = r#"{"scheduler":"ChainedScheduler","args":{"schedulers":["#.repeat(10_000);
    assert!(torch::parse(&deep, 0.1).is_err());
}
