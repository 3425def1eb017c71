//! The rate of a step near the beginning and of one far from it, of every schedule there is, in turns:
//! what it costs is the same. A curve with an end is longer for the second, so
//! that both are at the same place of it.

use std::hint::black_box;

use benches::{Contest, FAR, NEAR, NearAndFar, every, in_turns, timed, verdict};
use burn_lr::Schedule;

const ROUNDS: usize = 2_001;
const STEPS_A_TURN: u32 = 1_000;

/// The same: within this share of it, or this many nanoseconds.
const SHARE: f64 = 0.1;
const NANOSECONDS: f64 = 3.0;

fn main() {
    let mut contests: Vec<_> = every()
        .into_iter()
        .map(
            |NearAndFar {
                 name, near, far, ..
             }| Contest {
                name: name.to_string(),
                ours: timed(move || black_box(&far).at(black_box(FAR))),
                other: timed(move || black_box(&near).at(black_box(NEAR))),
            },
        )
        .collect();
    println!("at(n): medians of {ROUNDS} rounds, in ns");
    println!("schedule              at({NEAR})  at({FAR:e})  difference (quartiles)");
    let times = in_turns(&mut contests, ROUNDS, STEPS_A_TURN);
    for (contest, times) in contests.iter().zip(times) {
        let (low, difference, high) = times.difference;
        let bound = (SHARE * times.other).max(NANOSECONDS);
        println!(
            "{:<20} {:>7.1}  {:>8.1}  {difference:>5.1} ({low:>5.1} to {high:>5.1})  {}",
            contest.name,
            times.other,
            times.ours,
            verdict(difference <= bound),
        );
    }
}
