//! The schedules against what PyTorch and transformers really did: see `parity/README.md`.

use lr_schedule::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Table {
    tolerance: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    scheduler: String,
    args: Map<String, Value>,
    base_lr: Option<f64>,
    lr: Vec<f64>,
    momentum: Option<Vec<f64>>,
    metrics: Option<Vec<Option<f64>>>,
}

impl Case {
    fn base(&self) -> f64 {
        self.base_lr
            .expect("these libraries take the base rate from the optimizer")
    }

    fn number(&self, name: &str, default: f64) -> f64 {
        self.args
            .get(name)
            .map_or(default, |value| value.as_f64().unwrap())
    }

    fn count(&self, name: &str, default: u64) -> u64 {
        self.args
            .get(name)
            .map_or(default, |value| value.as_u64().unwrap())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.args.get(name).map(|value| value.as_bool().unwrap())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name).map(|value| value.as_str().unwrap())
    }

    fn shape(&self, name: &str, default: Shape) -> Shape {
        match self.text(name) {
            None => default,
            Some("linear") => Shape::Linear,
            Some("cos" | "cosine") => Shape::Cosine,
            Some("1-sqrt") => Shape::OneMinusSqrt,
            Some(other) => panic!("{}: no shape called {other}", self.id),
        }
    }

    /// Fails with the first wrong step.
    fn assert_rates(
        &self,
        tolerance: f64,
        what: &str,
        expected: &[f64],
        ours: impl Fn(u64) -> f64,
    ) {
        let largest = expected.iter().cloned().fold(0.0, f64::max);
        for (n, expected) in expected.iter().enumerate() {
            let ours = ours(n as u64);
            assert!(
                (ours - expected).abs() <= tolerance * largest,
                "{}: {what} of step {n} is {ours}, not {expected}",
                self.id
            );
        }
    }
}

fn cases(library: &str) -> (f64, Vec<Case>) {
    let path = format!("{}/tests/parity/{library}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let table: Table = serde_json::from_str(&text).unwrap();
    (table.tolerance, table.cases)
}

fn one_cycle(case: &Case) -> OneCycle {
    let total_steps = match case.args.get("total_steps") {
        Some(total) => total.as_u64().unwrap(),
        None => case.count("epochs", 0) * case.count("steps_per_epoch", 0),
    };
    OneCycleConfig::new(case.number("max_lr", 0.0), total_steps)
        .with_pct_start(case.number("pct_start", 0.3))
        .with_anneal_strategy(case.shape("anneal_strategy", Shape::Cosine))
        .with_div_factor(case.number("div_factor", 25.0))
        .with_final_div_factor(case.number("final_div_factor", 1e4))
        .with_three_phase(case.flag("three_phase").unwrap_or(false))
        .build()
        .unwrap()
}

/// The schedule that a PyTorch class stands for; `None` for those that have no room here yet.
fn torch(case: &Case) -> Option<DynSchedule> {
    let base = case.base();
    Some(match case.scheduler.as_str() {
        "ConstantLR" => Constant::new(base * case.number("factor", 1.0 / 3.0))
            .take(case.count("total_iters", 5))
            .then(Constant::new(base))
            .into_dyn(),
        "LinearLR" => Linear::new(
            base * case.number("start_factor", 1.0 / 3.0),
            base * case.number("end_factor", 1.0),
            case.count("total_iters", 5),
        )
        .into_dyn(),
        "ExponentialLR" => Exponential::new(base, case.number("gamma", 0.0)).into_dyn(),
        "PolynomialLR" => Polynomial::new(
            base,
            0.0,
            case.count("total_iters", 5),
            case.number("power", 1.0),
        )
        .into_dyn(),
        "StepLR" => {
            Step::new(base, case.count("step_size", 0), case.number("gamma", 0.1)).into_dyn()
        }
        "MultiStepLR" => {
            let milestones = case.args["milestones"].as_array().unwrap();
            let milestones: Vec<u64> = milestones.iter().map(|m| m.as_u64().unwrap()).collect();
            MultiStep::new(base, milestones, case.number("gamma", 0.1)).into_dyn()
        }
        "CosineAnnealingLR" => {
            CosineAnnealing::new(base, case.number("eta_min", 0.0), case.count("T_max", 0))
                .into_dyn()
        }
        "CosineAnnealingWarmRestarts" => WarmRestarts::new(
            base,
            case.number("eta_min", 0.0),
            case.count("T_0", 0),
            case.count("T_mult", 1),
        )
        .into_dyn(),
        "OneCycleLR" => one_cycle(case).into_dyn(),
        _ => return None,
    })
}

/// The schedule that a transformers function stands for, likewise.
fn transformers(case: &Case) -> Option<DynSchedule> {
    let base = case.base();
    let warmup = case.count("num_warmup_steps", 0);
    let rest = case.count("num_training_steps", 0).saturating_sub(warmup);
    Some(match case.scheduler.as_str() {
        "get_constant_schedule" => Constant::new(base).into_dyn(),
        "get_constant_schedule_with_warmup" => Constant::new(base).warmup(warmup).into_dyn(),
        "get_linear_schedule_with_warmup" => Linear::new(base, 0.0, rest).warmup(warmup).into_dyn(),
        "get_cosine_schedule_with_warmup" => {
            assert_eq!(case.number("num_cycles", 0.5), 0.5);
            CosineAnnealing::new(base, 0.0, rest)
                .warmup(warmup)
                .into_dyn()
        }
        "get_cosine_with_hard_restarts_schedule_with_warmup" => {
            HardRestarts::new(base, rest, case.number("num_cycles", 1.0))
                .warmup(warmup)
                .into_dyn()
        }
        "get_polynomial_decay_schedule_with_warmup" => Polynomial::new(
            base,
            case.number("lr_end", 1e-7),
            rest,
            case.number("power", 1.0),
        )
        .warmup(warmup)
        .into_dyn(),
        "get_wsd_schedule" => WarmupStableDecayConfig::new(
            base,
            warmup,
            case.count("num_stable_steps", 0),
            case.count("num_decay_steps", 0),
        )
        .with_min_lr(base * case.number("min_lr_ratio", 0.0))
        .with_warmup_shape(case.shape("warmup_type", Shape::Linear))
        .with_decay_shape(case.shape("decay_type", Shape::Cosine))
        .build()
        .unwrap()
        .into_dyn(),
        _ => return None,
    })
}

/// Checks every case of `library` that `schedule_of` has a schedule for, and how many those are.
fn check(library: &str, schedule_of: fn(&Case) -> Option<DynSchedule>, expected_cases: usize) {
    let (tolerance, cases) = cases(library);
    let mut held = 0;
    for case in &cases {
        if let Some(schedule) = schedule_of(case) {
            case.assert_rates(tolerance, "the rate", &case.lr, |n| schedule.at(n));
            held += 1;
        }
    }
    assert_eq!(held, expected_cases);
}

#[test]
fn pytorch() {
    check("torch", torch, 18);
}

#[test]
fn hugging_face_transformers() {
    check("transformers", transformers, 15);
}

#[test]
fn momentum_of_the_1cycle_policy() {
    let (tolerance, cases) = cases("torch");
    let cases = cases.iter().filter(|case| case.scheduler == "OneCycleLR");
    let mut held = 0;
    for (case, momentum) in cases.filter_map(|case| Some((case, case.momentum.as_ref()?))) {
        let schedule = one_cycle(case).momentum();
        case.assert_rates(tolerance, "the momentum", momentum, |n| schedule.at(n));
        held += 1;
    }
    assert_eq!(held, 2);
}

#[test]
fn reduce_lr_on_plateau() {
    let (tolerance, cases) = cases("torch");
    let cases = cases
        .iter()
        .filter(|case| case.scheduler == "ReduceLROnPlateau");
    let mut held = 0;
    for case in cases {
        let mut rule = ReduceOnPlateauConfig::new()
            .with_mode(match case.text("mode") {
                Some("max") => Mode::Max,
                _ => Mode::Min,
            })
            .with_factor(case.number("factor", 0.1))
            .with_patience(case.count("patience", 10))
            .with_threshold(case.number("threshold", 1e-4))
            .with_threshold_mode(match case.text("threshold_mode") {
                Some("abs") => ThresholdMode::Abs,
                _ => ThresholdMode::Rel,
            })
            .with_cooldown(case.count("cooldown", 0))
            .with_min_lr(case.number("min_lr", 0.0))
            .with_eps(case.number("eps", 1e-8))
            .build()
            .unwrap();
        let mut rates = vec![];
        for metric in case.metrics.as_ref().unwrap() {
            rates.push(rule.rate(case.base()));
            rule.observe(metric.unwrap_or(f64::NAN), case.base());
        }
        case.assert_rates(tolerance, "the rate", &case.lr, |n| rates[n as usize]);
        held += 1;
    }
    assert_eq!(held, 4);
}
