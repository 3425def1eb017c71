use crate::error::or_panic;
use crate::length::Length;
use crate::math::{count, exp, finite, float, floor, lerp, ln, powf};
use crate::phase::cycles;
use crate::shape::Shape;

/// The way in which [`Restarts`] of growing cycles find the cycle of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CycleIndex {
    /// The last one that has begun.
    #[default]
    Exact,
    /// A quotient of two logarithms, rounded down, as timm has it. At some of the steps that a
    /// cycle begins with, that falls one short (`log(243, 3)` is less than 5), and the cycle
    /// before holds its end for a step more.
    Logarithm,
}

names! { CycleIndex, "way to count cycles": { Exact "exact", Logarithm "logarithm" } }

curve! {
    /// A way down in any shape, again and again: cycle `i` lasts `steps · t_mult^i` steps and begins at
    /// `max · decay^i`; `t` of the way through it, the rate is
    /// `peak + (min - peak) · shape.decay(t^k_decay)`. After `limit` cycles it stays at `min`.
    ///
    /// timm's `CosineLRScheduler`, `TanhLRScheduler` and `PolyLRScheduler`; Keras's
    /// `CosineDecayRestarts`. Of the three schedules that restart, this is the one of any shape, factor
    /// and number; [`WarmRestarts`](super::WarmRestarts) is PyTorch's, a cosine with whole multiples,
    /// exact at any step; [`HardRestarts`](super::HardRestarts) is transformers', a number of cosines in
    /// a number of steps.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Restarts::new(0.1, 0.0, 10);
    /// assert_eq!([schedule.at(0), schedule.at(5), schedule.at(10)], [0.1, 0.05, 0.1]);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Restarts: "restarts", RestartsConfig {
        max: f64 => Finite,
        min: f64 = 0.0 => Finite,
        steps: u64 as Length => AtLeast1,
    }
    options {
        /// Options of [`Restarts`].
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = RestartsConfig::new(0.1, 1e-5, 60)
        ///     .with_shape(Shape::Cosine)
        ///     .with_t_mult(2.0)
        ///     .with_decay(0.5)
        ///     .with_limit(Some(3))
        ///     .build()?;
        /// assert_eq!([schedule.at(0), schedule.at(60), schedule.at(180)], [0.1, 0.05, 0.025]);
        /// assert_eq!(schedule.at(420), 1e-5); // after three cycles
        /// # Ok::<(), ScheduleError>(())
        /// ```
        config;
        /// The form of each way down.
        with_shape, shape: Shape = Shape::Cosine => Any;
        /// The length of each cycle, as a multiple of the one before it.
        with_t_mult, t_mult: f64 = 1.0 => Above0;
        /// The factor of the peak after every cycle.
        with_decay, decay: f64 = 1.0 => AtLeast0;
        /// The number of cycles after which it stays at `min`.
        with_limit, limit: Option<u64> = None => Any;
        /// The power of the share that is gone of a cycle: with more than 1, the rate stays high for
        /// longer. Zhang and Li, "k-decay: A New Method For Learning Rate Schedule" (2020).
        with_k_decay, k_decay: f64 = 1.0 => Above0;
        /// The way in which the cycle of a step is found.
        with_index, index: CycleIndex = CycleIndex::Exact => Any;
    }
    /// Creates one from `max` to `min` over `steps` steps as half a cosine, again and again; for other options
    /// see [`RestartsConfig`].
    new;
    example |steps| {
        let config = RestartsConfig::new(0.1, 0.0, steps.div_ceil(7)).with_t_mult(2.0);
        or_panic(config.with_decay(0.7).build())
    };
    ends |restarts| restarts.end();
    parts |restarts, span| cycles(|i| restarts.steps_of(i as f64), restarts.limit, span);
    shown |restarts| {
        let cycles = 0..restarts.limit.unwrap_or(3).min(3);
        count(cycles.map(|i| restarts.steps_of(float(i))).sum())
    };
}

impl Restarts {
    /// The length of a cycle.
    fn steps_of(&self, cycle: f64) -> f64 {
        float(self.steps) * powf(self.t_mult, cycle)
    }

    /// The number of the cycle that step `n` is in, how far it is into it, and how long that is;
    /// `None` after the last of cycles that become ever shorter.
    fn cycle(&self, n: u64) -> Option<(f64, f64, f64)> {
        let (steps, t_mult) = (self.steps, self.t_mult);
        if t_mult == 1.0 {
            return Some((float(n / steps), float(n % steps), float(steps)));
        }
        let (n, steps) = (float(n), float(steps));
        // Cycle i begins at steps · (1 - t_mult^i) / (1 - t_mult).
        let power = 1.0 - n / steps * (1.0 - t_mult);
        if power <= 0.0 {
            return None;
        }
        let longer = |i: f64| powf(t_mult, i).min(f64::MAX);
        let begin = |i: f64| finite((1.0 - longer(i)) / (1.0 - t_mult) * steps);
        let mut i = floor(ln(power) / ln(t_mult));
        if self.index == CycleIndex::Exact {
            if begin(i + 1.0) <= n {
                i += 1.0;
            } else if begin(i) > n {
                i -= 1.0;
            }
            i = i.max(0.0);
        }
        Some((i, n - begin(i), finite(longer(i) * steps)))
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let Self { max, min, .. } = *self;
        let Some((i, t_cur, t_i)) = self.cycle(step) else {
            return min;
        };
        if (self.limit).is_some_and(|limit| i >= float(limit)) {
            return min;
        }
        let peak = match (self.decay, i) {
            (1.0, _) | (_, 0.0) => max,
            (decay, i) => finite(max * exp(i * ln(decay)).min(f64::MAX)),
        };
        // A step that a cycle's rounded ends don't hold is at the nearest of them.
        let t = match t_i > 0.0 {
            true => (t_cur / t_i).clamp(0.0, 1.0),
            false => 1.0,
        };
        let t = match self.k_decay {
            1.0 => t,
            k_decay => powf(t, k_decay),
        };
        let shape = self.shape;
        let (n, of) = match shape {
            Shape::Log => (t * t_i, t_i),
            _ => (t, 1.0),
        };
        lerp(peak, min, shape.decay(n, of))
    }

    fn end(&self) -> Option<u64> {
        let limit = self.limit?;
        let Self { steps, t_mult, .. } = *self;
        if t_mult == 1.0 {
            return Some(steps.saturating_mul(limit));
        }
        let cycles = powf(t_mult, float(limit)).min(f64::MAX);
        let end = (1.0 - cycles) / (1.0 - t_mult) * float(steps);
        // From the first whole step on that is in no cycle, which rounding may move by one.
        let end = end as u64;
        let over = |n: &u64| self.cycle(*n).is_none_or(|(i, ..)| i >= float(limit));
        let first = (end.saturating_sub(1)..=end.saturating_add(2)).find(over);
        Some(first.unwrap_or(u64::MAX))
    }
}
