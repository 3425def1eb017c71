use super::exponential_decay::periods;
use crate::math::{count, float, powf};
use crate::phase::{PhaseKind, whole};

curve! {
    /// The inverse of time, without an end: `at(n) = start / (1 + rate · n / steps)^power`, with a
    /// power of 1 unless it is given, and `n / steps` rounded down for a staircase.
    ///
    /// Keras's `InverseTimeDecay(decay_steps, decay_rate, staircase)`.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = InverseTime::new(0.1, 0.5, 10.0);
    /// assert_eq!(schedule.at(20), 0.05);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct InverseTime: "inverse_time", InverseTimeConfig {
        start: f64 => Finite,
        rate: f64 => AtLeast0,
        steps: f64 => Above0,
    }
    options {
        /// Options of [`InverseTime`].
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = InverseTimeConfig::new(0.1, 1.0, 10.0).with_power(2.0).build()?;
        /// assert_eq!(schedule.at(10), 0.025); // 0.1 / (1 + 1)²
        /// # Ok::<(), ScheduleError>(())
        /// ```
        config;
        /// The power of the divisor. timm's `stable_power`; with a half, an
        /// [`InverseSqrt`](super::InverseSqrt).
        with_power, power: f64 = 1.0 => AtLeast0;
        /// Whether `n / steps` is rounded down.
        with_staircase, staircase: bool = false => Any;
    }
    /// `start / (1 + rate · n / steps)`; for other options see [`InverseTimeConfig`].
    new;
    example |steps| InverseTime::new(0.1, 1.0, float(steps) / 10.0);
    parts |_curve, span| whole(PhaseKind::Decay, "decay", span);
    shown |curve| count(5.0 * curve.steps);
}

impl InverseTime {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let periods = periods(step, self.steps, self.staircase);
        let divisor = 1.0 + (self.rate * periods).min(f64::MAX);
        match self.power {
            1.0 => self.start / divisor,
            power => self.start / powf(divisor, power),
        }
    }
}
