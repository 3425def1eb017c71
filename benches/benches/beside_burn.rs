//! The same steps in turns, a thousand of ours and a thousand of Burn's, shape after shape, over
//! and over, so that a machine that slows down for a second does so for all alike; and whether the
//! difference is within its bound.

use benches::{in_turns, pairs, verdict};

const ROUNDS: usize = 20_001;
const STEPS: u32 = 1_000;

/// A step costs at most this share of Burn's more, or this many nanoseconds more.
const SHARE: f64 = 0.1;
const NANOSECONDS: f64 = 10.0;

fn main() {
    println!("a step, inside ModuleLrScheduler: medians of {ROUNDS} rounds, in ns");
    println!("shape            burn  burn-lr  difference (quartiles)   bound");
    let mut pairs = pairs();
    let mut contests: Vec<_> = pairs.iter_mut().map(|pair| pair.contest()).collect();
    let times = in_turns(&mut contests, ROUNDS, STEPS);
    for (contest, times) in contests.iter().zip(times) {
        let (low, difference, high) = times.difference;
        let (burns, ours) = (times.other, times.ours);
        let bound = (SHARE * burns).max(NANOSECONDS);
        println!(
            "{:<14} {burns:>6.1}  {ours:>7.1}  {difference:>5.1} ({low:>5.1} to {high:>5.1})  \
             {bound:>8.1} {}",
            contest.name,
            verdict(difference <= bound),
        );
    }
}
