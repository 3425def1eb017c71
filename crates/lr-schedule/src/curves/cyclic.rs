use super::powers::Powers;
use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::{finite, float, lerp};
use crate::phase::cycles;
use crate::shape::Shape;

/// The change of a [`Cyclic`] rate's height from cycle to cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CycleScaling {
    /// The height stays. PyTorch's `mode="triangular"`.
    #[default]
    None,
    /// The height is halved after every cycle. PyTorch's `mode="triangular2"`.
    Halve,
    /// The height is multiplied with `gamma` at every step. PyTorch's `mode="exp_range"`.
    Decay,
}

names! { CycleScaling, "scaling of cycles": { None "none", Halve "halve", Decay "decay" } }

curve! {
    /// A line up and down again between two rates, for ever: `at(n) = base + (max - base) · height · w(n)`,
    /// with `w` from 0 to 1 in `up` steps and back in `down` steps, and the height falling as
    /// [`CycleScaling`] says.
    ///
    /// Smith, "Cyclical Learning Rates for Training Neural Networks" (2017); PyTorch's `CyclicLR`.
    /// PyTorch moves the momentum the other way: a `Cyclic` from the highest momentum to the lowest.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = Cyclic::new(0.0, 0.1, 20);
    /// assert_eq!([schedule.at(0), schedule.at(10), schedule.at(20)], [0.0, 0.05, 0.1]);
    /// assert_eq!([schedule.at(30), schedule.at(40)], [0.05, 0.0]);
    /// let momentum = Cyclic::new(0.9, 0.8, 20);
    /// assert_eq!(momentum.at(20), 0.8);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Cyclic: "cyclic", CyclicConfig {
        base: f64 => Finite,
        max: f64 => Finite,
        up: u64 as Length => AtLeast1,
    }
    options {
        /// Options of [`Cyclic`].
        ///
        /// ```
        /// use lr_schedule::prelude::*;
        ///
        /// let schedule = CyclicConfig::new(0.001, 0.1, 25)
        ///     .with_down(75)
        ///     .with_shape(Shape::Cosine)
        ///     .with_scaling(CycleScaling::Decay)
        ///     .with_gamma(0.999)
        ///     .build()?;
        /// assert_eq!(schedule.at(100), 0.001);
        /// # Ok::<(), ScheduleError>(())
        /// ```
        config;
        down: Option<u64> as Option<Length> = None => AtLeast1;
        /// The form of both ways.
        with_shape, shape: Shape = Shape::Linear => Any;
        /// The change of the height.
        with_scaling, scaling: CycleScaling = CycleScaling::None => Any;
        /// The factor of [`CycleScaling::Decay`].
        with_gamma, gamma: f64 = 1.0 => AtLeast0;
    }
    with { powers: Powers = Powers::of(gamma) }
    check fill
    /// PyTorch's `mode="triangular"`: `up` steps from `base` to `max` and as many back, in straight
    /// lines, for ever; for other options see [`CyclicConfig`].
    new;
    example |steps| Cyclic::new(0.01, 0.1, steps.div_ceil(8));
    parts |curve, span| cycles(|_| float(curve.up) + float(curve.down()), None, span);
    shown |curve| curve.up.checked_add(curve.down())?.checked_mul(3);
}

impl CyclicConfig {
    /// The number of steps down; without it, as many as up.
    ///
    /// Allowed: [`AtLeast1`](crate::curves::Bound::AtLeast1).
    pub fn with_down(mut self, down: impl Into<Length>) -> Self {
        self.down = Some(down.into());
        self
    }
}

impl Cyclic {
    /// The way down takes as many steps as the way up where it isn't given.
    fn fill(&mut self) -> Result<(), ScheduleError> {
        self.down = Some(self.down());
        Ok(())
    }

    fn down(&self) -> u64 {
        self.down.unwrap_or(self.up)
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let (base, max, up) = (self.base, self.max, self.up);
        let down = self.down();
        let period = u128::from(up) + u128::from(down);
        let cycle = (u128::from(step) / period) as u64;
        let within = (u128::from(step) % period) as u64;
        let way = match within.checked_sub(up) {
            None => self.shape.rise(float(within), float(up)),
            Some(n) => 1.0 - self.shape.decay(float(n), float(down)),
        };
        let height = match self.scaling {
            CycleScaling::None => 1.0,
            CycleScaling::Halve => Powers::of(0.5).scale(1.0, cycle),
            CycleScaling::Decay => self.powers.scale(1.0, step),
        };
        match way * height {
            // Between the two rates, or at most beyond the farther one as far as there is a number.
            share if share <= 1.0 => lerp(base, max, share),
            share => finite(base + finite((finite(max - base)) * share)),
        }
    }
}
