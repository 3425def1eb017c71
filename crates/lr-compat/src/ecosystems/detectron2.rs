//! detectron2: `SOLVER` of its YAML.
//!
//! - `WarmupMultiStepLR` and `WarmupCosineLR` count from step 0, also after the warm-up, which is a line from
//!   `WARMUP_FACTOR` of the first rate to the one that the schedule has at the warm-up's end. With
//!   `RESCALE_INTERVAL` they begin with the warm-up's end, in what is left of `MAX_ITER`.
//! - With a `REFERENCE_WORLD_SIZE` the rate grows with the processes, where these are given, and all lengths shrink, rounded to
//!   the nearest step, halves to the even number. (`engine/defaults.py`, `auto_scale_workers`)
//! - `STEPS` may be a Python tuple or list in a text; of them, those beyond `MAX_ITER` are left out.
//! - `WarmupPolyLR` of the project DeepLab has its warm-up as a factor, and is at least `POLY_LR_CONSTANT_ENDING` of the rate after
//!   it. (`projects/DeepLab/deeplab/lr_scheduler.py`)
//! - Steps are found by a share of the run and a millionth of it more: from a run of a million steps on, cuts come
//!   early.
//! - Defaults are those of `config/defaults.py`: a rate of 0.001, 40000 steps, a cut at 30000, a warm-up of 1000 steps from
//!   0.001 of the rate. A file may stand over one that `_BASE_` names, which the command `lr` reads; here it is refused.
//!
//! From detectron2 at 02b5c4e: `solver/build.py`, `solver/lr_scheduler.py`; and fvcore 0.1.5:
//! `common/param_scheduler.py`.

use lr_schedule::spec::Data;
use lr_schedule::{Schedule, ScheduleError, Shape, Spec};

use super::ecosystem::{Ecosystem, Facts, begins_in};
use crate::args::{
    Args, buildable, count, list, list_of_text, one_or_list, unknown_scheduler, with_numbers,
};
use crate::build::{anneal, clamp, constant, linear, piecewise, polynomial, skip, then};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["detectron2"],
    recognises: |data| matches!(data.at("SOLVER"), Some(Data::Table(_))),
    read,
};

const SCHEDULERS: &[&str] = &[
    "WarmupCosineLR",
    "WarmupMultiStepLR",
    "WarmupPolyLR",
    "WarmupStepWithFixedGammaLR",
];

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = with_numbers(data);
    let all = &mut Args::new("", data).of_many(|_| false);
    let args = &mut all.inside("SOLVER").of_many(|name| {
        let own = "BASE_LR LR_SCHEDULER WARMUP_ RESCALE_ STEPS GAMMA NUM_DECAYS MAX_ITER POLY_LR";
        begins_in(name, own)
    });
    let name = args.text("LR_SCHEDULER_NAME");
    let name = name.unwrap_or_else(|| "WarmupMultiStepLR".to_string());
    // The processes are this many times those that the file was made for.
    let processes = args.count("REFERENCE_WORLD_SIZE", 0);
    let times = match (processes, facts.processes) {
        (1.., Some(ours @ 1..)) => ours as f64 / processes as f64,
        _ => 1.0,
    };
    let fewer = |steps: u64| (steps as f64 / times).round_ties_even() as u64;
    let total = fewer(args.steps("MAX_ITER", 40_000));
    args.check(total >= 1, "MAX_ITER", total, "at least 1");
    let total = total.max(1);
    let base = args.positive("BASE_LR", 0.001) * times;
    let end = args.not_negative("BASE_LR_END", 0.0);
    let gamma = args.positive("GAMMA", 0.1);
    let decays = args.steps("NUM_DECAYS", 3);
    let cuts = args.read("STEPS", tuple).unwrap_or_else(|| vec![30_000]);
    let cuts = cuts.into_iter().map(fewer);
    let factor = args.not_negative("WARMUP_FACTOR", 0.001);
    let warmup = fewer(args.count("WARMUP_ITERS", 1000)).min(total);
    let methods = [("linear", true), ("constant", false)];
    let is_linear = args.choice("WARMUP_METHOD", true, &methods);
    let power = args.positive("POLY_LR_POWER", 0.9);
    let lowest = args.share("POLY_LR_CONSTANT_ENDING", 0.0);
    let rescale = args.flag("RESCALE_INTERVAL", false);
    args.check(end <= base, "BASE_LR_END", end, "at most BASE_LR");
    args.check(decays < 10_000, "NUM_DECAYS", decays, "below 10000");
    let kept: Vec<u64> = cuts.filter(|cut| *cut <= total).collect();
    let grow = kept.windows(2).all(|pair| pair[0] < pair[1]) && kept.first() != Some(&0);
    let list = || format!("{kept:?}");
    args.check(grow, "STEPS", list(), "steps that grow, from 1 on");
    let within = kept.last() != Some(&total);
    args.check(within, "STEPS", list(), "none of them MAX_ITER");
    if all.read("_BASE_", Ok).is_some() {
        let why = "names a file whose SOLVER counts too: merge the two (`lr convert` reads both)";
        all.refuse("_BASE_", why);
    }
    args.finish(all.finish(())?)?;

    let way_up = |start: f64, end: f64| match is_linear {
        true => linear(start, end, warmup),
        false => constant(start),
    };
    if name == "WarmupPolyLR" {
        let curve = polynomial(base, 0.0, total, power);
        let up = Spec::Product(vec![way_up(factor, 1.0), curve.clone()]);
        let rest = clamp(Some(base * lowest), None, skip(warmup, curve));
        return buildable("SOLVER", then(warmup, up, rest));
    }
    const MARGIN: f64 = 1e-6;
    let share = |step: u64, of: u64| step as f64 / of as f64;
    let length = share(warmup, total);
    let begin = first(warmup, |step| share(step, total) + MARGIN > length);
    // The schedule's own count at a step of the run.
    let (from, of) = match rescale {
        true => (warmup, total - warmup),
        false => (0, total),
    };
    let cut_at = |values: usize, reached: &dyn Fn(f64, usize) -> bool| {
        let at = |i| first(of, |step| reached(share(step, of.max(1)) + MARGIN, i));
        let rates = (0..=values).map(|i| base * gamma.powi(i as i32));
        piecewise(rates, (0..values).map(at))
    };
    let schedule = match name.as_str() {
        "WarmupMultiStepLR" => cut_at(kept.len(), &|at, i| (at * total as f64) as u64 >= kept[i]),
        "WarmupStepWithFixedGammaLR" => cut_at(decays as usize, &|at, i| {
            (at * (decays + 1) as f64) as u64 > i as u64
        }),
        "WarmupCosineLR" => anneal(base, end, of.max(1), Shape::Cosine),
        name => {
            return Err(unknown_scheduler(name, SCHEDULERS).inside("SOLVER.LR_SCHEDULER_NAME"));
        }
    };
    let built = schedule.build().map_err(|error| error.inside("SOLVER"))?;
    let up = way_up(factor * built.at(0), built.at(warmup - from));
    let rest = skip(begin.saturating_sub(from), schedule);
    buildable("SOLVER", then(begin, up, rest))
}

/// The first step up to `last` from which on something holds; one more where it never does.
fn first(last: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match holds(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

/// Steps in a list, or in the text of a Python tuple.
fn tuple(data: Data) -> Result<Vec<u64>, ScheduleError> {
    if !matches!(data, Data::Text(_)) {
        return list(data, count);
    }
    let read = one_or_list(list_of_text(data.clone()), count);
    read.map_err(|_| ScheduleError::invalid("", data, "steps, as in (60000, 80000)"))
}
