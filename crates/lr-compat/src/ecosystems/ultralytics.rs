//! Ultralytics YOLO: `args.yaml` of a run.
//!
//! - The rate holds for an epoch: `lr0` times a line (or with `cos_lr` half a cosine) from 1 to `lrf` over `epochs`.
//! - The warm-up goes by batches, of which there are `round(warmup_epochs · batches)` with at least the last epoch
//!   left: from 0, biases from `warmup_bias_lr`, to the rate of the epoch that the batch is in.
//! - A step is of `round(nbs / batch)` batches, in the warm-up of fewer: `round(1 + (that - 1) · batch / warm-up)`.
//!   A step has the rate of its last batch. Halves are rounded to the even number.
//! - With `optimizer: auto`, `lr0` isn't used, and biases begin at 0; the rate is 0.01 for more than 10000 steps, and
//!   else `0.01 / (4 + classes)` to 6 decimal places, of which the file doesn't say how many there are.
//!
//! From Ultralytics 8.4.190: `engine/trainer.py`. Older versions warm up for at least 100 batches.

use lr_schedule::spec::Data;
use lr_schedule::{Schedule, ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, has_any};
use crate::args::Args;
use crate::build::{anneal, linear, per_epoch, piecewise, sequence, skip};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["ultralytics", "yolo"],
    recognises: |data| {
        let beside = "lrf warmup_bias_lr cos_lr warmup_epochs imgsz";
        data.at("lr0").is_some() && has_any(data, beside)
    },
    read,
};

/// No warm-up is of more batches, and no run of more epochs.
const MOST: u64 = 1_000_000;

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let own = |name: &str| name.starts_with("lr") || name.starts_with("warmup_");
    let args = &mut Args::new("", data).of_many(own);
    let optimizer = args.text("optimizer").unwrap_or_else(|| "auto".to_string());
    let auto = optimizer.eq_ignore_ascii_case("auto");
    let lr0 = args.not_negative("lr0", 0.01);
    let lrf = args.not_negative("lrf", 0.01);
    let cosine = args.flag("cos_lr", false);
    let epochs = args.steps("epochs", 100);
    let batch = args.steps("batch", 16);
    let nominal = args.steps("nbs", 64);
    let warmup = args.not_negative("warmup_epochs", 3.0);
    let bias = args.not_negative("warmup_bias_lr", 0.1);
    args.number("warmup_momentum", 0.8);
    let why = "ends the run by the clock, so that it has no number of epochs";
    args.refuse_given("time", why);
    args.check(epochs <= MOST, "epochs", epochs, "at most 1000000");
    args.finish(())?;

    let start = match (facts.group.as_deref(), auto) {
        (None | Some("weights" | "weight" | "bn"), _) | (Some("bias"), true) => 0.0,
        (Some("bias"), false) => bias,
        (Some(other), _) => {
            let given = format!("{other:?}");
            return Err(ScheduleError::invalid("group", given, "weights or bias"));
        }
    };
    let rate = match auto {
        false => lr0,
        true => {
            let samples = facts.samples.unwrap_or(0);
            let updates = samples.div_ceil(batch.max(nominal)).saturating_mul(epochs);
            let long = (updates > 10_000).then_some(0.01);
            facts.rate(facts.base_lr.or(long), "optimizer")?
        }
    };
    let accumulation = (nominal as f64 / batch as f64).round_ties_even().max(1.0) as u64;
    let one = facts.steps_per_epoch.filter(|_| accumulation == 1);
    let of_samples = facts.samples.map(|samples| samples.div_ceil(batch));
    let batches = facts.batches_per_epoch.or(one).or(of_samples);
    let batches = Facts::needed(batches, "batches_per_epoch", "warmup_epochs")?.max(1);
    let accumulation = accumulation.min(batches.saturating_mul(epochs));
    let warmup = warmup.min((epochs - 1) as f64) * batches as f64;
    let warmup = warmup.round_ties_even();
    if warmup > MOST as f64 {
        let allowed = "at most 1000000 batches";
        return Err(ScheduleError::invalid("warmup_epochs", warmup, allowed));
    }

    let shape = if cosine { Shape::Cosine } else { Shape::Linear };
    let curve = anneal(rate, rate * lrf, epochs, shape);
    let built = curve.build()?;
    let run = Run {
        batches,
        accumulation,
        warmup: warmup as u64,
        start,
    };
    let (parts, last) = run.warm_up(&built);
    let stepped: u64 = parts.iter().map(|(count, _)| count).sum();
    let rest = match accumulation {
        1 => skip(stepped, per_epoch(batches, curve)),
        _ => run.after(&built, last, epochs),
    };
    Ok(sequence(parts, rest))
}

struct Run {
    batches: u64,
    accumulation: u64,
    warmup: u64,
    start: f64,
}

impl Run {
    /// The steps of the warm-up, as lines: each of an epoch, of steps with as many batches. And the batch of the
    /// last step, counted from 1.
    fn warm_up(&self, curve: &impl Schedule) -> (Vec<(u64, Spec)>, u64) {
        let mut parts = Vec::new();
        let mut done = 0;
        // A line: the epoch, its first batch, the batches of a step, and how many steps.
        let mut line: Option<(u64, u64, u64, u64)> = None;
        let spec = |(epoch, first, stride, count): (u64, u64, u64, u64)| {
            let peak = curve.at(epoch);
            let at =
                |batch: u64| self.start + (peak - self.start) * (batch as f64 / self.warmup as f64);
            (count, linear(at(first), at(first + stride * count), count))
        };
        for batch in 0..self.warmup {
            let share = batch as f64 / self.warmup as f64;
            let wanted = 1.0 + (self.accumulation - 1) as f64 * share;
            let stride = batch + 1 - done;
            if (stride as f64) < wanted.round_ties_even() {
                continue;
            }
            done = batch + 1;
            let epoch = batch / self.batches;
            line = match line {
                // Of the first step alone any stride will do.
                Some((of, first, _, 1)) if of == epoch => Some((of, first, stride, 2)),
                Some((of, first, by, count)) if of == epoch && by == stride => {
                    Some((of, first, by, count + 1))
                }
                before => {
                    parts.extend(before.map(spec));
                    Some((epoch, batch, stride, 1))
                }
            };
        }
        parts.extend(line.map(spec));
        (parts, done)
    }

    /// The steps after the warm-up, whose last step was at batch `done`: the rate of each epoch, for as many steps
    /// as end in it.
    fn after(&self, curve: &impl Schedule, done: u64, epochs: u64) -> Spec {
        let (mut values, mut boundaries) = (Vec::new(), Vec::new());
        for epoch in self.warmup / self.batches..epochs {
            // The number of the first step whose last batch is in this epoch or a later one.
            let before = (epoch * self.batches + 1).saturating_sub(done);
            let first = before.div_ceil(self.accumulation).max(1) - 1;
            if !values.is_empty() {
                boundaries.push(first);
            }
            values.push(curve.at(epoch));
        }
        piecewise(values, boundaries)
    }
}
