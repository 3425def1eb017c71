//! A step of a `Scheduler` alone beside the bare arithmetic of its formula, written down by hand, in
//! turns; and whether the difference is within its bound.

use std::f64::consts::PI;
use std::hint::black_box;

use benches::{Contest, STEPS, in_turns, timed, verdict};
use burn_lr::prelude::*;

const ROUNDS: usize = 5_001;
const STEPS_A_TURN: u32 = 1_000;

/// A step costs at most this many times the arithmetic, and this many nanoseconds more.
const TIMES: f64 = 1.5;
const NANOSECONDS: f64 = 5.0;

const GAMMA: f64 = 1.0 - 1e-9;
const WARMUP: u64 = 1_000;

fn main() {
    let steps = STEPS as f64;
    let mut contests = [
        contest("constant", Constant::new(0.1), |_| 0.1),
        contest("linear", LinearRamp::new(0.1, 0.001, STEPS), move |n| {
            0.1 + (0.001 - 0.1) * (n as f64 / steps)
        }),
        contest(
            "polynomial",
            Polynomial::new(0.1, 0.001, STEPS, 1.5),
            move |n| 0.001 + (0.1 - 0.001) * (1.0 - n as f64 / steps).powf(1.5),
        ),
        contest("cosine", Cosine::new(0.1, 0.001, STEPS), move |n| {
            cosine(n as f64 / steps)
        }),
        contest("exponential", Exponential::new(0.1, GAMMA), |n| {
            0.1 * GAMMA.powf(n as f64)
        }),
        contest("step", Step::new(0.1, 1000, GAMMA), |n| {
            0.1 * GAMMA.powf((n / 1000) as f64)
        }),
        contest("inverse_sqrt", InverseSqrt::new(0.1, 1_000.0), |n| {
            0.1 / (n as f64 / 1_000.0 + 1.0).sqrt()
        }),
        contest(
            "cosine, warmed up",
            Cosine::new(0.1, 0.001, STEPS).warmup(WARMUP),
            move |n| match n < WARMUP {
                true => 0.1 * (n as f64 / WARMUP as f64),
                false => cosine((n - WARMUP) as f64 / steps),
            },
        ),
        contest(
            "warm_restarts",
            WarmRestarts::new(0.1, 0.001, 1_000, 1),
            |n| cosine((n % 1_000) as f64 / 1_000.0),
        ),
    ];
    println!("a step of a Scheduler alone: medians of {ROUNDS} rounds, in ns");
    println!("schedule            arithmetic  burn-lr  difference (quartiles)   bound");
    let times = in_turns(&mut contests, ROUNDS, STEPS_A_TURN);
    for (contest, times) in contests.iter().zip(times) {
        let (low, difference, high) = times.difference;
        let bound = (TIMES - 1.0) * times.other + NANOSECONDS;
        println!(
            "{:<18} {:>11.1}  {:>7.1}  {difference:>5.1} ({low:>5.1} to {high:>5.1})  {bound:>8.1} {}",
            contest.name,
            times.other,
            times.ours,
            verdict(difference <= bound),
        );
    }
}

fn cosine(share: f64) -> f64 {
    0.001 + (0.1 - 0.001) * (1.0 + (PI * share).cos()) / 2.0
}

/// `arithmetic` makes the rate of a step of its number, which is all that it counts.
fn contest(
    name: &str,
    schedule: impl Schedule + Clone + Send + Sync + 'static,
    arithmetic: impl Fn(u64) -> f64 + 'static,
) -> Contest<'static> {
    for step in [0, 1, 17, 999, 1_000, 1_500, 123_456] {
        let (rate, bare) = (schedule.at(step), arithmetic(step));
        assert!(
            (rate - bare).abs() <= 1e-9 * bare.abs(),
            "{name} at {step}: {rate}, {bare}"
        );
    }
    let mut scheduler = Scheduler::new(schedule);
    let mut step = 0;
    Contest {
        name: name.to_string(),
        ours: timed(move || scheduler.step()),
        other: timed(move || {
            let rate = arithmetic(black_box(step));
            step += 1;
            rate
        }),
    }
}
