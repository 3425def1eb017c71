use std::path::{Path, PathBuf};

use lr_compat::transformers;
use lr_schedule::feedback::Feedback;
use lr_schedule::{Schedule, Spec};
use lr_torch::{GroupSchedule, OptimizerState, ReadOptions, SchedulerState, TorchError, TorchFile};
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Case {
    file: String,
    class: String,
    position: u64,
    optimizer: bool,
    schedule: Option<Value>,
    groups: Vec<Columns>,
    metrics: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Columns {
    lr: Vec<f64>,
    momentum: Option<Vec<f64>>,
}

pub fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch/files")
}

impl Case {
    fn read(&self, directory: &Path) -> Result<SchedulerState, TorchError> {
        let file = TorchFile::open(directory.join(format!("{}.pt", self.file)))?;
        let mut options = ReadOptions::new();
        if let Some(config) = &self.schedule {
            let config = config.to_string();
            options = options.with_schedule(move |base| transformers::parse(&config, base));
        }
        if !self.optimizer {
            return options.read(&file.root());
        }
        let optimizer = TorchFile::open(directory.join(format!("{}.optimizer.pt", self.file)))?;
        let optimizer = OptimizerState::read(&optimizer.root())?;
        options.with_optimizer(&optimizer).read(&file.root())
    }

    /// The largest difference of a rate or a momentum, as a share of the largest of its group.
    fn check(&self, directory: &Path) -> Result<f64, String> {
        let state = self.read(directory).map_err(|error| error.to_string())?;
        let expected = (self.class.as_str(), self.position, self.groups.len());
        let found = (state.class, state.position, state.groups.len());
        if found != expected {
            return Err(format!("{found:?}, not {expected:?}"));
        }
        let mut worst = 0f64;
        for (group, columns) in state.groups.iter().zip(&self.groups) {
            let rates = match &self.metrics {
                Some(metrics) => heard(group, self.position, metrics)?,
                None => stepped(&group.spec, self.position, columns.lr.len())?,
            };
            let text = serde_json::to_string(&group.spec).unwrap();
            let read: Spec = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if read != group.spec {
                return Err(format!("{text} is another spec"));
            }
            worst = worst.max(difference("lr", &columns.lr, &rates, &group.spec)?);
            match (&columns.momentum, &group.momentum) {
                (None, None) => {}
                (Some(momentum), Some(spec)) => {
                    let ours = stepped(spec, self.position, momentum.len())?;
                    worst = worst.max(difference("momentum", momentum, &ours, spec)?);
                }
                // Where what moved it is over, it stays as the optimizer has it.
                (Some(momentum), None) if momentum.iter().all(|now| *now == momentum[0]) => {}
                _ => return Err(format!("momentum {:?}", group.momentum)),
            }
            if group.rate != columns.lr[0] {
                return Err(format!("the rate is {}, not {}", group.rate, columns.lr[0]));
            }
        }
        Ok(worst)
    }
}

fn stepped(spec: &Spec, position: u64, count: usize) -> Result<Vec<f64>, String> {
    let schedule = spec.build().map_err(|error| error.to_string())?;
    let mut rate = schedule.at(position);
    let rates = (position..).take(count).map(|step| {
        if step > position {
            rate = schedule.advance(step, rate);
        }
        rate
    });
    Ok(rates.collect())
}

fn heard(group: &GroupSchedule, position: u64, metrics: &[Value]) -> Result<Vec<f64>, String> {
    let (schedule, mut rule) = group.build_feedback().map_err(|error| error.to_string())?;
    let rates = (position..).zip(metrics).map(|(step, metric)| {
        let scheduled = schedule.at(step);
        let rate = rule.rate(scheduled);
        let metric = match metric {
            Value::Null => f64::NAN,
            Value::String(text) => text.parse().unwrap(),
            number => number.as_f64().unwrap(),
        };
        rule.observe(metric, scheduled);
        rate
    });
    Ok(rates.collect())
}

fn difference(what: &str, expected: &[f64], ours: &[f64], spec: &Spec) -> Result<f64, String> {
    let largest = expected
        .iter()
        .fold(0f64, |most, rate| most.max(rate.abs()));
    let mut worst = 0f64;
    for (step, (expected, ours)) in expected.iter().zip(ours).enumerate() {
        let share = match (expected - ours).abs() {
            0.0 => 0.0,
            difference => difference / largest,
        };
        if share.is_nan() || share > TOLERANCE {
            return Err(format!(
                "{what} {step} steps on is {ours}, not {expected}, of {spec:?}"
            ));
        }
        worst = worst.max(share);
    }
    Ok(worst)
}

#[test]
fn every_scheduler_goes_on_as_in_pytorch() {
    let directory = std::env::var_os("LR_PYTORCH_DIR").map_or_else(files, PathBuf::from);
    let text = std::fs::read_to_string(directory.join("rates.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    let (mut held, mut worst) = (0, 0f64);
    for case in &cases {
        match case.check(&directory) {
            Ok(difference) => {
                held += 1;
                worst = worst.max(difference);
            }
            Err(why) => println!("{}: {why}", case.file),
        }
    }
    let count = cases.len();
    println!("pytorch: {held} of {count} files within tolerance, the worst {worst:e} off");
    assert!(count > 0);
    assert_eq!(held, count);
}
