use crate::length::Length;
use crate::math::{cosine, count, float, powf};
use crate::phase::cycles;

curve! {
    /// Cosine annealing with warm restarts, without an end: cycle `i` lasts
    /// `T_i = t_0 · t_mult^i` steps and in it
    /// `rate = min + (max - min) · (1 + cos(π T_cur / T_i)) / 2`, with `T_cur` steps since its start.
    ///
    /// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017);
    /// PyTorch's `CosineAnnealingWarmRestarts(T_0, T_mult, eta_min)`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = WarmRestarts::new(0.1, 0.0, 20, 10);
    /// assert!(schedule.at(19) < 0.001);
    /// assert_eq!(schedule.at(20), 0.1); // the second cycle lasts 200 steps
    /// assert_eq!(schedule.at(120), 0.05);
    /// assert_eq!(schedule.at(220), 0.1);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct WarmRestarts: "warm_restarts", WarmRestartsSpec {
        max: f64 => Finite,
        min: f64 = 0.0 => Finite,
        t_0: u64 as Length => AtLeast1,
        t_mult: u64 = 1 => AtLeast1,
    }
    /// Creates one from `max` down towards `min` over `t_0` steps, and again over `t_mult` times as many,
    /// and so on; a `t_mult` of 1 repeats the first cycle.
    new;
    example |steps| WarmRestarts::new(0.1, 0.0, steps.div_ceil(7), 2);
    parts |restarts, span| {
        let (t_0, t_mult) = (float(restarts.t_0), float(restarts.t_mult));
        cycles(|i| t_0 * powf(t_mult, i as f64), None, span)
    };
    shown |restarts| {
        let (t_0, t_mult) = (float(restarts.t_0), float(restarts.t_mult));
        count(t_0 * (1.0 + t_mult + t_mult * t_mult))
    };
}

impl WarmRestarts {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let (t_cur, t_i) = self.cycle(step);
        cosine(self.max, self.min, t_cur / t_i)
    }

    /// The distance of step `n` from the start of its cycle, and the length of that cycle.
    fn cycle(&self, n: u64) -> (f64, f64) {
        if self.t_mult == 1 {
            return ((n % self.t_0) as f64, self.t_0 as f64);
        }
        // Cycle k starts at t_0 · (t_mult^k - 1) / (t_mult - 1), so step n is in the largest k
        // with t_mult^k ≤ bound.
        let mult = u128::from(self.t_mult);
        let bound = u128::from(n / self.t_0) * (mult - 1) + 1;
        // The largest power of `mult` that is at most `bound`; of a power of two, in less time.
        let bits = mult.ilog2();
        let power = match mult.is_power_of_two() {
            true => 1 << (bound.ilog2() / bits * bits),
            false => mult.pow(bound.ilog(mult)),
        };
        let start = u128::from(self.t_0) * ((power - 1) / (mult - 1));
        let length = u128::from(self.t_0).saturating_mul(power);
        ((u128::from(n) - start) as f64, length as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_follow_each_other_without_gap_or_overlap() {
        for t_mult in (2..=12).chain([1 << 20, 1_000_003]) {
            let schedule = WarmRestarts::new(1.0, 0.0, 7, t_mult);
            let (mut start, mut length) = (0u64, 7u64);
            while let (Some(end), Some(longer)) =
                (start.checked_add(length), length.checked_mul(t_mult))
            {
                assert_eq!(schedule.cycle(start), (0.0, length as f64));
                let last = ((length - 1) as f64, length as f64);
                assert_eq!(schedule.cycle(end - 1), last, "t_mult {t_mult} at {end}");
                (start, length) = (end, longer);
            }
        }
        let schedule = WarmRestarts::new(1.0, 0.0, 7, u64::MAX);
        let longer = 7.0 * u64::MAX as f64;
        assert_eq!(schedule.cycle(6), (6.0, 7.0));
        assert_eq!(schedule.cycle(7), (0.0, longer));
        assert_eq!(schedule.cycle(u64::MAX), ((u64::MAX - 7) as f64, longer));
    }
}
