//! A step of every schedule in `peers/schedules.json`, which `peers/peers.py` runs in the library that
//! it is of: a line of JSON for each, `{"id": ID, "ns": NANOSECONDS}`.

use benches::timed;
use burn_lr::prelude::*;
use lr_compat::{optax, timm, torch, transformers};
use serde::Deserialize;
use serde_json::{Value, json};

const SCHEDULES: &str = include_str!("../peers/schedules.json");

const ROUNDS: usize = 1_001;
const STEPS_A_ROUND: u32 = 1_000;

#[derive(Deserialize)]
struct Case {
    id: String,
    library: String,
    scheduler: String,
    args: Value,
    base_lr: f64,
    /// Whether it hears a metric at every step.
    #[serde(default)]
    hears: bool,
}

impl Case {
    fn spec(&self) -> Result<Spec, ScheduleError> {
        let text = json!({"scheduler": self.scheduler, "args": self.args}).to_string();
        match self.library.as_str() {
            "torch" => torch::parse(&text, self.base_lr),
            "transformers" => transformers::parse(&text, self.base_lr),
            "timm" => timm::parse(&text, self.base_lr),
            "optax" => optax::parse(&text),
            other => panic!("{}: no library is called {other}", self.id),
        }
    }

    /// A step of the scheduler.
    fn step(&self) -> Result<Box<dyn FnMut() -> f64>, ScheduleError> {
        let spec = self.spec()?;
        if self.hears {
            let (schedule, rule) = spec.build_feedback()?;
            let mut lr = Scheduler::with_feedback(schedule, rule);
            let mut metric = 1.0;
            return Ok(Box::new(move || {
                metric *= 0.999_999;
                lr.observe(metric);
                lr.step()
            }));
        }
        let mut lr = Scheduler::new(spec.build()?);
        Ok(Box::new(move || lr.step()))
    }
}

fn main() {
    let cases: Vec<Case> = serde_json::from_str(SCHEDULES).expect("they are cases");
    let turns = cases.iter().map(|case| match case.step() {
        Ok(step) => timed(step),
        Err(error) => panic!("{}: {error}", case.id),
    });
    let mut turns: Vec<_> = turns.collect();
    let mut times = vec![vec![]; turns.len()];
    for _ in 0..ROUNDS {
        for (turn, times) in turns.iter_mut().zip(&mut times) {
            times.push(turn(STEPS_A_ROUND));
        }
    }
    for (case, mut times) in cases.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{}", json!({"id": case.id, "ns": times[ROUNDS / 2]}));
    }
}
