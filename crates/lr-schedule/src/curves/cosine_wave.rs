use crate::length::Length;
use crate::math::{cosine, float};
use crate::phase::cycles;

curve! {
    /// A number of whole cosine waves in a number of steps, and on in the same way without an end:
    /// `at(n) = min + (max - min) · (1 + cos(2π · cycles · n / steps)) / 2`.
    ///
    /// transformers' `get_cosine_schedule_with_warmup(num_cycles)`, whose default of half a wave is
    /// [`CosineAnnealing`](super::CosineAnnealing).
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = CosineWave::new(0.1, 0.0, 100, 1.5); // down, up, down
    /// assert!((schedule.at(50) - 0.05).abs() < 1e-15);
    /// assert!(schedule.at(100) < 1e-15);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct CosineWave: "cosine_wave", CosineWaveSpec {
        max: f64 => Finite,
        min: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
        cycles: f64 => AtLeast0,
    }
    /// Creates one from `max` at step 0, with `cycles` waves down to `min` and back within `steps` steps.
    new;
    example |steps| CosineWave::new(0.1, 0.0, steps, 2.5);
    parts |curve, span| cycles(|_| float(curve.steps) / curve.cycles, None, span);
    shown |curve| Some(curve.steps);
}

impl CosineWave {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let waves = self.cycles * (float(step) / float(self.steps));
        // Whole waves change nothing, and what is beyond a number's precision is one.
        let phase = if waves.is_finite() { waves % 1.0 } else { 0.0 };
        cosine(self.max, self.min, 2.0 * phase)
    }
}
