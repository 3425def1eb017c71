use crate::math::{count, float, sqrt};
use crate::phase::{PhaseKind, whole};

curve! {
    /// The inverse square root, without an end: `at(n) = start / √(1 + n / timescale)`.
    ///
    /// Zhai et al., "Scaling Vision Transformers" (2022), where it has a linear warm-up before it and
    /// a [`cooldown`](crate::ScheduleExt::cooldown) at its end; transformers' `get_inverse_sqrt_schedule`, whose
    /// timescale is by default the length of the warm-up.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = InverseSqrt::new(0.1, 1_000.0).warmup(1_000);
    /// assert_eq!(schedule.at(1_000), 0.1);
    /// assert_eq!(schedule.at(4_000), 0.05);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct InverseSqrt: "inverse_sqrt", InverseSqrtSpec {
        start: f64 => Finite,
        timescale: f64 => Above0,
    }
    /// `start`, halved when three times `timescale` steps have gone by.
    new;
    example |steps| InverseSqrt::new(0.1, float(steps) / 100.0);
    parts |_curve, span| whole(PhaseKind::Decay, "decay", span);
    shown |curve| count(10.0 * curve.timescale);
}

impl InverseSqrt {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        self.start / sqrt(1.0 + float(step) / self.timescale)
    }
}
