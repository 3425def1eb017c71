use crate::math::{half_cosine, sqrt};

/// The form of a ramp between two rates, over `t` from 0 to 1.
///
/// A decay goes from the high rate to the low one by [`decay`](Self::decay); a warm-up goes up
/// by [`rise`](Self::rise), which is the decay played backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Shape {
    /// A straight line: `t`.
    #[default]
    Linear,
    /// Half a cosine: `(1 - cos πt) / 2`.
    Cosine,
    /// A decay by `1 - √t`: fast first, slow at the end. Hägele et al., "Scaling Laws and
    /// Compute-Optimal Training Beyond Fixed Training Durations" (2024); transformers' `1-sqrt`.
    OneMinusSqrt,
}

impl Shape {
    /// The share of the way down that a decay has gone at `t`.
    #[inline]
    pub fn decay(self, t: f64) -> f64 {
        match self {
            Self::Linear => t,
            Self::Cosine => half_cosine(t),
            Self::OneMinusSqrt => sqrt(t),
        }
    }

    /// The share of the way up that a warm-up has gone at `t`: `1 - decay(1 - t)`.
    #[inline]
    pub fn rise(self, t: f64) -> f64 {
        match self {
            Self::Linear => t,
            Self::Cosine => half_cosine(t),
            Self::OneMinusSqrt => 1.0 - sqrt(1.0 - t),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_runs_from_0_to_1_and_rises_as_it_decays_backwards() {
        for shape in [Shape::Linear, Shape::Cosine, Shape::OneMinusSqrt] {
            assert_eq!((shape.decay(0.0), shape.decay(1.0)), (0.0, 1.0));
            assert_eq!((shape.rise(0.0), shape.rise(1.0)), (0.0, 1.0));
            for i in 0..=100 {
                let t = i as f64 / 100.0;
                let mirrored = 1.0 - shape.decay(1.0 - t);
                assert!((shape.rise(t) - mirrored).abs() < 1e-15, "{shape:?} at {t}");
            }
        }
    }
}
