use super::powers::Powers;
use crate::error::or_panic;
use crate::math::{finite, float, lerp};
use crate::{Schedule, ScheduleError, Shape, Spec};

/// What becomes of the height of a [`Cyclic`] rate from cycle to cycle.
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
pub struct CyclicConfig {
    pub(crate) base: f64,
    pub(crate) max: f64,
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) shape: Shape,
    pub(crate) scaling: CycleScaling,
    pub(crate) gamma: f64,
}

impl CyclicConfig {
    pub(crate) const DEFAULT: Self = Self {
        base: 0.0,
        max: 0.0,
        up: 0,
        down: 0,
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
            down: up,
            ..Self::DEFAULT
        }
    }

    /// How many steps the way down takes. Default: as many as the way up.
    pub fn with_down(mut self, down: u64) -> Self {
        self.down = down;
        self
    }

    /// The form of both ways. Default: [`Shape::Linear`], PyTorch's only one.
    pub fn with_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// What becomes of the height. Default: [`CycleScaling::None`].
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
        const OWNER: &str = "cyclic";
        ScheduleError::check_finite(OWNER, "base", self.base)?;
        ScheduleError::check_finite(OWNER, "max", self.max)?;
        ScheduleError::check_steps(OWNER, "up", self.up)?;
        ScheduleError::check_steps(OWNER, "down", self.down)?;
        self.shape.check("cyclic.shape")?;
        ScheduleError::check_not_negative(OWNER, "gamma", self.gamma)?;
        Ok(Cyclic {
            config: self,
            gamma: Powers::of(self.gamma),
        })
    }
}

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
pub struct Cyclic {
    config: CyclicConfig,
    gamma: Powers,
}

impl Cyclic {
    /// PyTorch's `mode="triangular"`: `up` steps from `base` to `max` and as many back; for other
    /// options see [`CyclicConfig`].
    ///
    /// # Panics
    ///
    /// Where [`CyclicConfig::build`] fails.
    #[track_caller]
    pub fn new(base: f64, max: f64, up: u64) -> Self {
        or_panic(CyclicConfig::new(base, max, up).build())
    }
}

impl Schedule for Cyclic {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let CyclicConfig {
            base,
            max,
            up,
            down,
            shape,
            scaling,
            ..
        } = self.config;
        let period = u128::from(up) + u128::from(down);
        let cycle = (u128::from(step) / period) as u64;
        let within = (u128::from(step) % period) as u64;
        let way = match within.checked_sub(up) {
            None => shape.rise(float(within), float(up)),
            Some(n) => 1.0 - shape.decay(float(n), float(down)),
        };
        let height = match scaling {
            CycleScaling::None => 1.0,
            CycleScaling::Halve => Powers::of(0.5).scale(1.0, cycle),
            CycleScaling::Decay => self.gamma.scale(1.0, step),
        };
        match way * height {
            // Between the two rates, or at most beyond the farther one as far as there is a number.
            share if share <= 1.0 => lerp(base, max, share),
            share => finite(base + finite((finite(max - base)) * share)),
        }
    }

    fn to_spec(&self) -> Option<Spec> {
        let CyclicConfig {
            base,
            max,
            up,
            down,
            shape,
            scaling,
            gamma,
        } = self.config;
        Some(Spec::Cyclic {
            base,
            max,
            up: up.into(),
            down: Some(down.into()),
            shape,
            scaling,
            gamma,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
