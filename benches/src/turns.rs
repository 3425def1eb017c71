//! Two things timed in turns, so that a machine that slows down for a second does so for both.

use std::hint::black_box;
use std::time::Instant;

/// Takes so many steps, and says how many nanoseconds one of them took.
pub type Turn<'a> = Box<dyn FnMut(u32) -> f64 + 'a>;

/// A step as something that can be timed.
pub fn timed<'a>(mut step: impl FnMut() -> f64 + 'a) -> Turn<'a> {
    Box::new(move |steps| {
        let start = Instant::now();
        for _ in 0..steps {
            black_box(step());
        }
        start.elapsed().as_nanos() as f64 / f64::from(steps)
    })
}

/// Two ways to the same end.
pub struct Contest<'a> {
    /// The task of both.
    pub name: String,
    /// The one of this project.
    pub ours: Turn<'a>,
    /// The other one.
    pub other: Turn<'a>,
}

/// The lower quartile, the median and the upper quartile.
pub type Quartiles = (f64, f64, f64);

/// The time of a step of each of a contest, in nanoseconds: medians, and the difference between its
/// quartiles.
pub struct Times {
    /// The other one's.
    pub other: f64,
    /// The one of this project.
    pub ours: f64,
    /// Ours less the other's.
    pub difference: Quartiles,
}

/// Times `steps` steps of each of each contest, one after the other, over and over. The slower half of
/// the rounds, in which the machine did something else as well, is left out.
pub fn in_turns(contests: &mut [Contest<'_>], rounds: usize, steps: u32) -> Vec<Times> {
    let mut times = vec![vec![]; contests.len()];
    for _ in 0..rounds {
        for (contest, times) in contests.iter_mut().zip(&mut times) {
            times.push(((contest.other)(steps), (contest.ours)(steps)));
        }
    }
    let times = times.into_iter().map(|mut times| {
        times.sort_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)));
        times.truncate(times.len().div_ceil(2));
        let differences = times.iter().map(|(other, ours)| ours - other);
        let difference = quartiles(differences.collect());
        let (other, ours) = times.into_iter().unzip();
        Times {
            other: quartiles(other).1,
            ours: quartiles(ours).1,
            difference,
        }
    });
    times.collect()
}

/// `holds` or `missed`.
pub fn verdict(holds: bool) -> &'static str {
    match holds {
        true => "holds",
        false => "missed",
    }
}

fn quartiles(mut values: Vec<f64>) -> Quartiles {
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
    (at(1), at(2), at(3))
}

/// The median, and the bounds between which the true one is with 95%: those values of the sample
/// whose ranks a binomial count of values below the median has with that probability (by its normal
/// approximation).
///
/// # Panics
///
/// With no values.
pub fn median_interval(mut values: Vec<f64>) -> Quartiles {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let reach = 1.96 * count.sqrt() / 2.0;
    let rank = |rank: f64| values[(rank.max(0.0) as usize).min(values.len() - 1)];
    let low = rank((count / 2.0 - reach).floor());
    let high = rank((count / 2.0 + reach).ceil());
    (low, quartiles(values).1, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_median_is_that_of_order_statistics() {
        let values: Vec<f64> = (0..100).map(f64::from).rev().collect();
        // 50 ± 9.8: about the 41st and the 61st of 100.
        assert_eq!(median_interval(values), (40.0, 49.0, 60.0));
        assert_eq!(median_interval(vec![3.0]), (3.0, 3.0, 3.0));
    }

    #[test]
    fn both_take_all_steps() {
        let (mut one, mut two) = (0, 0);
        let contest = Contest {
            name: "counting".to_string(),
            ours: timed(|| {
                one += 1;
                1.0
            }),
            other: timed(|| {
                two += 1;
                1.0
            }),
        };
        let times = in_turns(&mut [contest], 3, 5);
        assert!(times[0].ours >= 0.0 && times[0].other >= 0.0);
        assert_eq!((one, two), (15, 15));
    }
}
