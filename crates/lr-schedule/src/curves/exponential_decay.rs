use super::powers::scaled;
use crate::math::{count, exp, float, ln};
use crate::phase::decay;

curve! {
    /// A geometric decay by `rate` every `steps` steps, smooth or in a staircase, without an end:
    /// `at(n) = start · rate^(n / steps)`, the exponent rounded down for a staircase.
    ///
    /// Keras's `ExponentialDecay`, optax's `exponential_decay` (whose `transition_begin` is
    /// [`delay`](crate::ScheduleExt::delay) here, and whose `end_value` is [`clamp`](crate::ScheduleExt::clamp)), and
    /// timm's `StepLRScheduler`, whose `decay_t` may be a fraction.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = ExponentialDecay::new(0.1, 0.25, 10.0);
    /// assert!((schedule.at(5) - 0.05).abs() < 1e-15);
    /// let staircase = schedule.staircase();
    /// assert_eq!([staircase.at(9), staircase.at(10)], [0.1, 0.025]);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct ExponentialDecay: "exponential_decay", ExponentialDecaySpec {
        start: f64 => Finite,
        rate: f64 => AtLeast0,
        steps: f64 => Above0,
    }
    options {
        /// Options of [`ExponentialDecay`].
        ///
        /// ```
        /// use lr_schedule::curves::ExponentialDecaySpec;
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = ExponentialDecaySpec::new(0.1, 0.25, 10.0).with_staircase(true).build()?;
        /// assert_eq!([schedule.at(9), schedule.at(10)], [0.1, 0.025]);
        /// # Ok::<(), ScheduleError>(())
        /// ```
        config;
        /// Whether the whole factor comes at once, every `steps` steps.
        with_staircase, staircase: bool = false => Any;
    }
    /// `start`, times `rate` every `steps` steps.
    new;
    example |steps| ExponentialDecay::new(0.1, 0.5, float(steps) / 5.0);
    parts |curve, span| decay(curve.rate, span);
    shown |curve| count(5.0 * curve.steps);
}

impl ExponentialDecay {
    /// The same in a staircase: the whole factor at once, every `steps` steps.
    pub fn staircase(self) -> Self {
        Self {
            staircase: true,
            ..self
        }
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let times = periods(step, self.steps, self.staircase);
        let exponent = match times {
            0.0 => 0.0, // of 0 as well
            times => times * ln(self.rate),
        };
        scaled(self.start, exp(exponent), exponent)
    }
}

/// The number of times that `steps` fits into `step`, in a staircase only whole times.
#[inline]
pub(super) fn periods(step: u64, steps: f64, staircase: bool) -> f64 {
    let step = float(step);
    let exact = match staircase {
        // Less the remainder, which is exact: 1 / 0.1 rounds to 10, though 0.1 as a number is a
        // little more than that, and fits only 9 times.
        true => crate::math::floor((step - step % steps) / steps + 0.5),
        false => step / steps,
    };
    exact.min(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stair_of_a_fraction_is_as_long_as_the_number_says() {
        assert_eq!(periods(1, 0.1, true), 9.0); // as Python's 1 // 0.1
        assert_eq!(periods(12, 2.4, true), 5.0);
        assert_eq!(periods(12, 2.5, true), 4.0);
        assert_eq!(periods(u64::MAX, 1e-300, true), f64::MAX);
    }
}
