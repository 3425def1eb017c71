use alloc::vec::Vec;

use super::several::wrapped;
use crate::data::Data;
use crate::error::ScheduleError;
use crate::math::{cos, finite, ln, sqrt};
use crate::phase::Phase;
use crate::schedule::Schedule;

/// The distribution of [`Noise`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseKind {
    /// A normal distribution, drawn again while it is beyond the limit.
    #[default]
    Normal,
    /// Evenly between the limits.
    Uniform,
}

names! { NoiseKind, "kind of noise": { Normal "normal", Uniform "uniform" } }

options! {
    /// Options of noise, with timm's defaults. Given to [`ScheduleExt::noise`](crate::ScheduleExt::noise).
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let noise = NoiseConfig::new(42)
    ///     .with_kind(NoiseKind::Uniform)
    ///     .with_limit(0.1)
    ///     .with_range(10, Some(20));
    /// let schedule = Constant::new(1.0).noise(noise);
    /// assert_eq!(schedule.at(9), 1.0);
    /// assert!(schedule.at(10) != 1.0 && (0.9..1.1).contains(&schedule.at(10)));
    /// assert_eq!(schedule.at(10), schedule.at(10)); // a function of the step, as ever
    /// assert_eq!(schedule.at(20), 1.0);
    /// ```
    pub struct NoiseConfig: "noise" {
        seed: u64 => Any,
    }
    /// Normal noise of the seed `seed` at every step.
    new;
    /// The distribution.
    with_kind, kind: NoiseKind = NoiseKind::Normal => Any;
    /// The standard deviation of normal noise, in shares of the rate.
    with_std, std: f64 = 1.0 => AtLeast0;
    /// The largest share of the rate that it may be.
    with_limit, limit: f64 = 0.67 => Any;
    /// The first step that has noise. timm's `noise_range_t`.
    with_from, from: u64 = 0 => Any;
    /// The step at which the noise ends; without it, the noise has no end.
    with_to, to: Option<u64> = None => Any;
}

impl NoiseConfig {
    /// The steps that have noise: `from` and later, before `to`. timm's `noise_range_t`.
    pub fn with_range(self, from: u64, to: Option<u64>) -> Self {
        self.with_from(from).with_to(to)
    }

    /// The noise of `step`: between `-limit` and `limit`.
    fn at(&self, step: u64) -> f64 {
        let mut draws = Draws::new(self.seed, step);
        if self.kind == NoiseKind::Normal {
            for _ in 0..1_000 {
                let noise = draws.normal() * self.std;
                if noise.abs() < self.limit {
                    return noise;
                }
            }
        }
        // Also where the limit is so narrow that it is hardly ever met.
        (2.0 * draws.next() - 1.0) * self.limit
    }
}

/// A schedule with noise; see [`ScheduleExt::noise`](crate::ScheduleExt::noise).
///
#[cfg_attr(doc, doc = include_str!("../../pictures/noise.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Noise<S> {
    inner: S,
    config: NoiseConfig,
}

impl<S> Noise<S> {
    pub(crate) fn try_new(inner: S, config: NoiseConfig) -> Result<Self, ScheduleError> {
        config.check_fields()?;
        let valid = config.limit > 0.0 && config.limit <= 1.0;
        let allowed = "above 0 and at most 1";
        ScheduleError::check(valid, "noise", "limit", config.limit, allowed)?;
        Ok(Self { inner, config })
    }
}

impl<S: Schedule> Schedule for Noise<S> {
    fn at(&self, step: u64) -> f64 {
        let rate = self.inner.at(step);
        match step >= self.config.from && self.config.to.is_none_or(|to| step < to) {
            true => finite(rate + rate * self.config.at(step)),
            false => rate,
        }
    }

    fn length(&self) -> Option<u64> {
        // It is done when both are.
        let inner = self.inner.length()?;
        self.config.to.map(|to| inner.max(to))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        self.inner.phases(span)
    }

    fn span(&self) -> Option<u64> {
        self.inner.span()
    }

    fn description(&self) -> Option<Data> {
        wrapped("noise", self.config.fields(), &self.inner)
    }
}

/// Numbers that depend on a seed, a step and their count alone: SplitMix64, Steele et al., "Fast
/// Splittable Pseudorandom Number Generators" (2014). Saved runs rely on them, so they never
/// change.
struct Draws(u64);

impl Draws {
    const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

    fn new(seed: u64, step: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(Self::STRIDE)) ^ step))
    }

    /// Evenly from 0 to 1, without either end.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(Self::STRIDE);
        ((mix(self.0) >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// A number of the normal distribution: Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let radius = sqrt(-2.0 * ln(self.next()));
        radius * cos(2.0 * core::f64::consts::PI * self.next())
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of the noise of 100,000 steps.
    fn spread(config: NoiseConfig) -> (f64, f64) {
        let count = 100_000;
        let noise = || (0..count).map(|step| config.at(step));
        let mean = noise().sum::<f64>() / count as f64;
        let squares = noise().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        (mean, sqrt(squares / count as f64))
    }

    #[test]
    fn noise_is_spread_as_it_says() {
        let (mean, std) = spread(NoiseConfig::new(1).with_std(0.1).with_limit(1.0));
        assert!(
            mean.abs() < 1e-3 && (std - 0.1).abs() < 1e-3,
            "{mean}, {std}"
        );
        let (mean, std) = spread(NoiseConfig::new(2).with_kind(NoiseKind::Uniform));
        let expected = 0.67 / sqrt(3.0);
        assert!(
            mean.abs() < 5e-3 && (std - expected).abs() < 5e-3,
            "{mean}, {std}"
        );
    }

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        // The first number of SplitMix64 from state 0, as its authors publish it.
        assert_eq!(mix(Draws::STRIDE), 0xE220_A839_7B1D_CDAF);
        let noise = NoiseConfig::new(42);
        let first: [f64; 3] = [noise.at(0), noise.at(1), noise.at(u64::MAX)];
        let expected = [-0.5294287448951404, 0.5987762086163375, -0.3107404326578959];
        for (noise, expected) in first.into_iter().zip(expected) {
            assert!((noise - expected).abs() < 1e-15, "{noise}, not {expected}");
        }
    }
}
