//! torchtitan: `[optimizer]`, `[lr_scheduler]` and `[training]` of its TOML.
//!
//! - Step 0 has `1 / warmup_steps` of the rate, not 0. The decay ends one step after the run, so that its last step
//!   isn't at the lowest rate.
//! - `decay_ratio · steps` is rounded, halves to the even number; without it the decay begins with the end of the
//!   warm-up. Where both are longer than the run, the warm-up goes first.
//! - `total_steps` stands for `training.steps` where it is given. By default the warm-up has 200 steps, and the run
//!   10000.
//! - Before there was a table `lr_scheduler`, `training.warmup_steps` went to its full rate at its end, and from there in a line to
//!   0. (At commit 82f7387: `optimizer.py`)
//! - `lr_min` is the older name of `min_lr_factor`.
//!
//! From torchtitan 0.3.0: `components/optimizer/lr_scheduler.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, has_any};
use crate::args::{Args, buildable};
use crate::build::{anneal, constant, linear, sequence, skip, then};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["torchtitan"],
    recognises: |data| {
        let table = |name: &str| matches!(data.at(name), Some(Data::Table(_)));
        let own = "lr_scheduler.warmup_steps training.steps training.seq_len";
        table("optimizer") && data.at("lr_scheduler.class_path").is_none() && has_any(data, own)
    },
    read,
};

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let newer = data.at("lr_scheduler").is_some();
    let all = &mut Args::new("", data).of_many(|_| false);
    let optimizer = &mut all.inside("optimizer").of_many(|_| false);
    let training = &mut all.inside("training").of_many(|_| false);
    let args = &mut all.inside("lr_scheduler");
    let rate = optimizer.maybe_number("lr").unwrap_or(8e-4);
    let run = training.maybe_count("steps");
    let total = args.maybe_count("total_steps").or(run);
    let total = total.or(facts.total_steps).unwrap_or(10_000);
    let warmup = args.count("warmup_steps", 200).min(total);
    // All of the run, of which the warm-up leaves less.
    let ratio = args.share("decay_ratio", 1.0);
    let shapes = [
        ("linear", Shape::Linear),
        ("sqrt", Shape::OneMinusSqrt),
        ("cosine", Shape::Cosine),
    ];
    let shape = args.choice("decay_type", Shape::Linear, &shapes);
    let older = args.maybe_number("lr_min");
    let end = rate * args.not_negative("min_lr_factor", older.unwrap_or(0.0));
    let first = training.maybe_count("warmup_steps");
    optimizer.finish(training.finish(args.finish(all.finish(())?)?)?)?;

    if let Some(warmup) = first {
        if newer {
            let why = "is of versions that have no `lr_scheduler`, which is given";
            return Err(ScheduleError::unsupported("training.warmup_steps", why));
        }
        let up = skip(1, linear(0.0, rate, warmup.saturating_add(1)));
        let down = linear(rate, 0.0, total.saturating_sub(warmup).max(1));
        return buildable("training", then(warmup, up, down));
    }
    let rest = total - warmup;
    let decay = (total as f64 * ratio).round_ties_even() as u64;
    let decay = decay.min(rest);
    let parts = vec![
        (warmup, skip(1, linear(0.0, rate, warmup))),
        ((rest - decay).saturating_add(1), constant(rate)),
    ];
    let down = match decay {
        0 => constant(rate),
        _ => skip(1, anneal(rate, end, decay, shape)),
    };
    buildable("lr_scheduler", sequence(parts, down))
}
