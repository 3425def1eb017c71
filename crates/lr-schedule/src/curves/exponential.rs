use super::powers::Powers;
use crate::math::{count, finite, float, ln, powf};
use crate::phase::decay;

curve! {
    /// A geometric decay without an end: `at(n) = start · gamma^n`.
    ///
    /// PyTorch's `ExponentialLR(gamma)`, Burn's `ExponentialLrScheduler`. With `gamma` above 1 the
    /// rate grows, up to the largest finite number.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Exponential::new(0.1, 0.5);
    /// assert_eq!(schedule.at(3), 0.0125);
    /// assert_eq!(schedule.at(u64::MAX), 0.0);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Exponential: "exponential", ExponentialSpec {
        start: f64 => Finite,
        gamma: f64 => AtLeast0,
    }
    with { powers: Powers = Powers::of(gamma) }
    /// `start`, times `gamma` at every step.
    new;
    example |steps| Exponential::new(0.1, powf(0.05, 1.0 / float(steps)));
    advance after;
    parts |curve, span| decay(curve.gamma, span);
    shown |curve| match curve.gamma {
        gamma if gamma > 0.0 && gamma < 1.0 => count(ln(0.01) / ln(gamma)),
        _ => None,
    };
}

/// Every so many steps the rate is a power; those between are products, which cost a step less.
const POWER_EVERY: u64 = 8;

impl Exponential {
    fn rate(&self, step: u64) -> f64 {
        let products = step % POWER_EVERY;
        let power = self.powers.scale(self.start, step - products);
        finite((0..products).fold(power, |rate, _| rate * self.gamma))
    }

    #[inline]
    fn after(&self, step: u64, previous: f64) -> f64 {
        match step % POWER_EVERY {
            0 => self.rate(step),
            _ => finite(previous * self.gamma),
        }
    }
}
