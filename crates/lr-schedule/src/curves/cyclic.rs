use alloc::vec::Vec;

use super::define::Curve;
use super::powers::Powers;
use crate::error::{ScheduleError, or_panic};
use crate::math::{finite, float, lerp};
use crate::phase::{Phase, cycles};
use crate::shape::Shape;
use crate::spec::Length;

/// The change of a [`Cyclic`] rate's height from cycle to cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CycleScaling {
    /// It stays. PyTorch's `mode="triangular"`.
    #[default]
    None,
    /// It is halved after every cycle. PyTorch's `mode="triangular2"`.
    Halve,
    /// It is multiplied with `gamma` at every step. PyTorch's `mode="exp_range"`.
    Decay,
}

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
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct CyclicConfig {
    pub(crate) base: f64,
    pub(crate) max: f64,
    pub(crate) up: u64,
    pub(crate) down: Option<u64>,
    pub(crate) shape: Shape,
    pub(crate) scaling: CycleScaling,
    pub(crate) gamma: f64,
}

impl CyclicConfig {
    pub(crate) const DEFAULT: Self = Self {
        base: 0.0,
        max: 0.0,
        up: 0,
        down: None,
        shape: Shape::Linear,
        scaling: CycleScaling::None,
        gamma: 1.0,
    };

    /// `up` steps from `base` to `max` and as many back, in straight lines, for ever.
    pub fn new(base: f64, max: f64, up: u64) -> Self {
        Self {
            base,
            max,
            up,
            ..Self::DEFAULT
        }
    }

    /// How many steps the way down takes. Default: as many as the way up.
    pub fn with_down(mut self, down: u64) -> Self {
        self.down = Some(down);
        self
    }

    /// The form of both ways. Default: [`Shape::Linear`], PyTorch's only one.
    pub fn with_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// The change of the height. Default: [`CycleScaling::None`].
    pub fn with_scaling(mut self, scaling: CycleScaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// The factor of [`CycleScaling::Decay`]. Default: 1.
    pub fn with_gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }

    /// The schedule.
    ///
    /// # Errors
    ///
    /// A rate that is not finite, a way of no steps, a shape with a number outside its bounds, or a
    /// `gamma` that is negative or not finite.
    pub fn build(self) -> Result<Cyclic, ScheduleError> {
        let Self {
            base,
            max,
            up,
            down,
            shape,
            scaling,
            gamma,
        } = self;
        Cyclic::checked(base, max, up, down, shape, scaling, gamma)
    }
}

curve! {
    /// Up and down again between two rates, for ever: `at(n) = base + (max - base) · height · w(n)`,
    /// with `w` from 0 to 1 in `up` steps and back in `down` steps, and the height falling as
    /// [`CycleScaling`] says.
    ///
    #[cfg_attr(doc, doc = include_str!("../../pictures/cyclic.svg"))]
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
    pub struct Cyclic: "cyclic", CyclicSpec {
        base: f64 => Finite,
        max: f64 => Finite,
        up: u64 as Length => AtLeast1,
        down: Option<u64> as Option<Length> = None => AtLeast1,
        shape: Shape = Shape::Linear => Any,
        scaling: CycleScaling = CycleScaling::None => Any,
        gamma: f64 = 1.0 => AtLeast0,
    }
    with { powers: Powers = Powers::of(gamma) }
    check fill
    /// With all options.
    fn with_all, checked
}

impl Cyclic {
    /// PyTorch's `mode="triangular"`: `up` steps from `base` to `max` and as many back; for other
    /// options see [`CyclicConfig`].
    ///
    /// # Panics
    ///
    /// If [`CyclicConfig::build`] fails.
    #[track_caller]
    pub fn new(base: f64, max: f64, up: u64) -> Self {
        or_panic(CyclicConfig::new(base, max, up).build())
    }

    /// The way down takes as many steps as the way up where it isn't given.
    fn fill(&mut self) -> Result<(), ScheduleError> {
        self.down = self.down.or(Some(self.up));
        Ok(())
    }
}

impl Curve for Cyclic {
    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let (base, max, up) = (self.base, self.max, self.up);
        let down = self.down.unwrap_or(up);
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

    fn parts(&self, span: f64) -> Vec<Phase> {
        let down = self.down.unwrap_or(self.up);
        cycles(|_| float(self.up) + float(down), None, span)
    }

    fn shown(&self) -> Option<u64> {
        let down = self.down.unwrap_or(self.up);
        self.up.checked_add(down)?.checked_mul(3)
    }

    fn example(steps: u64) -> Self {
        Self::new(0.01, 0.1, steps.div_ceil(8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;

    #[test]
    fn a_height_that_grows_stays_finite() {
        let schedule = CyclicConfig::new(0.001, 0.1, 3)
            .with_scaling(CycleScaling::Decay)
            .with_gamma(1e9)
            .build()
            .unwrap();
        for n in (0..200).chain([u64::MAX - 1, u64::MAX]) {
            let rate = schedule.at(n);
            assert!(rate.is_finite() && rate >= 0.0, "{rate} at {n}");
        }
    }
}
