//! Every schedule against what its library really did: see `tables/README.md`.
//!
//! `LR_PARITY_DIR=DIR cargo test -p lr-compat parity -- --nocapture` reads other tables.

mod python;

use std::path::{Path, PathBuf};

use lr_compat::{keras, optax, timm, torch, transformers};
use lr_schedule::feedback::Feedback;
use lr_schedule::{DynSchedule, Schedule, ScheduleError, Spec};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Table {
    library: String,
    tolerance: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    scheduler: String,
    args: Value,
    base_lr: Option<f64>,
    lr: Vec<f64>,
    momentum: Option<Vec<f64>>,
    metrics: Option<Vec<Value>>,
}

impl Case {
    fn config(&self) -> String {
        json!({"scheduler": self.scheduler, "args": self.args}).to_string()
    }

    /// The rates that are ours, step for step.
    fn rates(&self, library: &str) -> Result<Vec<f64>, String> {
        if let Some(schedule) = self.closure()? {
            return Ok(stepped(&schedule, self.lr.len()));
        }
        let (text, base) = (self.config(), self.base_lr.unwrap_or(1.0));
        let spec = match library {
            "torch" => torch::parse(&text, base),
            "transformers" => transformers::parse(&text, base),
            "timm" => timm::parse(&text, base),
            "optax" if self.scheduler.ends_with("reduce_on_plateau") => {
                optax::parse_reduce_on_plateau(&text, base)
            }
            "optax" => optax::parse(&text),
            "keras" => keras::parse(&text),
            other => return Err(format!("no library is called {other}")),
        };
        let rates = spec.and_then(|spec| self.rates_of(&spec));
        rates.map_err(|error| error.to_string())
    }

    fn rates_of(&self, spec: &Spec) -> Result<Vec<f64>, ScheduleError> {
        let steps = self.lr.len();
        if !matches!(spec, Spec::Feedback { .. }) {
            return Ok(stepped(&spec.build()?, steps));
        }
        let (schedule, mut rule) = spec.build_feedback()?;
        let rates = (0..steps).map(|n| {
            let scheduled = schedule.at(n as u64);
            let rate = rule.rate(scheduled);
            let metrics = self.metrics.as_deref().unwrap_or_default();
            if let Some(metric) = metrics.get(n) {
                rule.observe(metric_of(metric), scheduled);
            }
            rate
        });
        Ok(rates.collect())
    }

    /// The schedule of the two that take a function, which tables give as Python.
    fn closure(&self) -> Result<Option<DynSchedule>, String> {
        let new = match self.scheduler.as_str() {
            "LambdaLR" => |base, factor| torch::lambda_lr(base, factor).into_dyn(),
            "MultiplicativeLR" => |base, factor| torch::multiplicative_lr(base, factor).into_dyn(),
            _ => return Ok(None),
        };
        let text = self.args["lr_lambda"].as_str().ok_or("no lr_lambda")?;
        let function = python::Expression::parse(text)?;
        let factor: Factor = Box::new(move |epoch| function.at(epoch as f64));
        let base = self.base_lr.ok_or("no base_lr")?;
        Ok(Some(new(base, factor)))
    }

    /// An error that says what is wrong, if anything is.
    fn check(&self, library: &str, tolerance: f64) -> Result<(), String> {
        first_difference("lr", &self.lr, &self.rates(library)?, tolerance)?;
        let Some(momentum) = &self.momentum else {
            return Ok(());
        };
        let spec = torch::parse_momentum(&self.config()).map_err(|error| error.to_string())?;
        let schedule = spec.ok_or("no momentum")?.build();
        let schedule = schedule.map_err(|error| error.to_string())?;
        let ours = stepped(&schedule, momentum.len());
        first_difference("momentum", momentum, &ours, tolerance)
    }
}

type Factor = Box<dyn Fn(u64) -> f64 + Send + Sync>;

/// The rates as a scheduler goes through them, which for what is closed-form are those at any
/// step.
fn stepped(schedule: &DynSchedule, steps: usize) -> Vec<f64> {
    let mut previous = f64::NAN;
    let rates = (0..steps as u64).map(|step| {
        previous = schedule.advance(step, previous);
        previous
    });
    let rates: Vec<f64> = rates.collect();
    for step in [1, steps / 2, steps - 1] {
        assert_eq!(
            rates[step],
            schedule.at(step as u64),
            "{schedule:?} at {step}"
        );
    }
    rates
}

fn metric_of(value: &Value) -> f64 {
    match value {
        Value::Null => f64::NAN,
        Value::String(text) => text.parse().expect("inf or -inf"),
        number => number.as_f64().expect("a number"),
    }
}

fn first_difference(
    what: &str,
    expected: &[f64],
    ours: &[f64],
    tolerance: f64,
) -> Result<(), String> {
    let largest = expected
        .iter()
        .fold(0.0f64, |largest, value| largest.max(value.abs()));
    for (step, (expected, ours)) in expected.iter().zip(ours).enumerate() {
        let close = (ours - expected).abs() <= tolerance * largest;
        if !close {
            return Err(format!("{what} of step {step} is {ours}, not {expected}"));
        }
    }
    Ok(())
}

fn tables(directory: &Path) -> Vec<Table> {
    let entries = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_schedule_is_its_librarys() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    let directory = std::env::var_os("LR_PARITY_DIR").map_or(shipped, PathBuf::from);
    let (mut held, mut count) = (0, 0);
    for table in tables(&directory) {
        for case in &table.cases {
            count += 1;
            match case.check(&table.library, table.tolerance) {
                Ok(()) => held += 1,
                Err(why) => println!("{} {}: {why}", case.id, case.config()),
            }
        }
    }
    println!("parity: {held} of {count} cases within tolerance");
    assert!(count > 0, "there are no tables in {}", directory.display());
    assert_eq!(held, count);
}
