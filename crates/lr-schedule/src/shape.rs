use alloc::format;

use crate::error::ScheduleError;
use crate::math::{half_cosine, ln, powf, sqrt, tanh};

/// The form of a ramp between two rates, `n` steps into `of` of them; `t` is `n / of`.
///
#[cfg_attr(doc, doc = include_str!("../pictures/shape.svg"))]
///
/// A decay goes from the high rate to the low one by [`decay`](Self::decay); a warm-up goes up
/// by [`rise`](Self::rise), which is the decay played backwards. In a [`Spec`](crate::Spec) a
/// shape is its name (`"one_minus_sqrt"`), or a table where it has numbers
/// (`{"polynomial": {"power": 2.0}}`).
///
/// ```
/// use lr_schedule::Shape;
///
/// assert_eq!(Shape::Linear.decay(25.0, 100.0), 0.25);
/// assert_eq!(Shape::OneMinusSqrt.decay(25.0, 100.0), 0.5);
/// assert_eq!(Shape::Polynomial { power: 2.0 }.decay(50.0, 100.0), 0.75);
/// assert_eq!(Shape::Log.rise(9.0, 100.0), 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
    /// The logarithm of the step: a warm-up by `ln(1 + n) / ln of`, at the top one step before its
    /// end. DeepSpeed's `WarmupLR` with `warmup_type="log"`.
    Log,
    /// Reflected exponential: what is left is `(1 - t) / (1/2 + (1 - t) / 2)`. Chen et al., "REX:
    /// Revisiting Budgeted Training with an Improved Schedule" (2022).
    Rex,
    /// The rest is `(1 - t)^power`, as in [`Polynomial`](crate::curves::Polynomial).
    Polynomial {
        /// The exponent, above 0.
        power: f64,
    },
    /// A decay by `1 - t^power`: with a half, [`OneMinusSqrt`](Self::OneMinusSqrt). timm's
    /// `decay_fn="power"`.
    Power {
        /// The exponent, above 0.
        power: f64,
    },
    /// The rest falls by the same factor at every step, to `ratio` of it, moved so that
    /// nothing is left: `(ratio^t - ratio) / (1 - ratio)`. timm's `decay_fn="exp"`.
    Exponential {
        /// The share of the way that a decay by a factor leaves, between 0 and 1.
        ratio: f64,
    },
    /// The rest is that of half a cosine to a power: `((1 + cos πt) / 2)^power`. The
    /// `exponent` of optax's `cosine_decay_schedule`.
    CosinePower {
        /// The exponent, above 0.
        power: f64,
    },
    /// The rest is `(1 - tanh(lower · (1 - t) + upper · t)) / 2`, so not quite all of it at
    /// the start and not quite nothing at the end. Hsueh et al., "Stochastic Gradient Descent
    /// with Hyperbolic-Tangent Decay on Classification" (2018); timm's `TanhLRScheduler`.
    Tanh {
        /// The bound at the start, below `upper`; timm's default is -7.
        lower: f64,
        /// The bound at the end, above `lower`; timm's default is 3.
        upper: f64,
    },
    /// A reflected exponential with another bend: what is left is `(1 - t) / (1 - beta + beta · (1 - t))`. With a half
    /// it is [`Rex`](Self::Rex); axolotl's `rex` has 0.9.
    Reflected {
        /// The bend, between 0 and 1.
        beta: f64,
    },
}

impl Shape {
    /// The share of the way down that a decay has gone at `n` of `of` steps, for an `n` from 0 to
    /// `of`, and an `of` above 0.
    #[inline]
    pub fn decay(self, n: f64, of: f64) -> f64 {
        let t = n / of;
        match self {
            Self::Linear => t,
            Self::Cosine => half_cosine(t),
            Self::OneMinusSqrt => sqrt(t),
            Self::Log => 1.0 - Self::Log.rise(of - n, of),
            Self::Rex => 1.0 - (1.0 - t) / (0.5 + (1.0 - t) / 2.0),
            Self::Polynomial { power } => 1.0 - powf(1.0 - t, power),
            Self::Power { power } => powf(t, power),
            Self::Exponential { ratio } => (1.0 - powf(ratio, t)) / (1.0 - ratio),
            Self::CosinePower { power } => 1.0 - powf(half_cosine(1.0 - t), power),
            Self::Tanh { lower, upper } => {
                0.5 * (1.0 + tanh(lower * (1.0 - t) + upper * t)) //
            }
            Self::Reflected { beta } => 1.0 - (1.0 - t) / (1.0 - beta + beta * (1.0 - t)),
        }
    }

    /// The share of the way up that a warm-up has gone at `n` of `of` steps, for an `n` from 0 to
    /// `of`, and an `of` above 0: `1 - decay(of - n, of)`.
    #[inline]
    pub fn rise(self, n: f64, of: f64) -> f64 {
        match self {
            Self::Linear => n / of,
            Self::Cosine => half_cosine(n / of),
            Self::OneMinusSqrt => 1.0 - sqrt(1.0 - n / of),
            Self::Log => (ln(1.0 + n) / ln(of.max(2.0))).min(1.0),
            other => 1.0 - other.decay(of - n, of),
        }
    }

    /// Every shape: its name, and the names of its numbers. Records and texts know shapes by
    /// this, so it only ever grows at its end.
    pub const KINDS: &[(&str, &[&str])] = &[
        ("linear", &[]),
        ("cosine", &[]),
        ("one_minus_sqrt", &[]),
        ("log", &[]),
        ("rex", &[]),
        ("polynomial", &["power"]),
        ("power", &["power"]),
        ("exponential", &["ratio"]),
        ("cosine_power", &["power"]),
        ("tanh", &["lower", "upper"]),
        ("reflected", &["beta"]),
    ];

    /// This shape's index in [`KINDS`](Self::KINDS), and its numbers; 0 where it has none.
    pub fn to_parts(self) -> (usize, [f64; 2]) {
        match self {
            Self::Linear => (0, [0.0; 2]),
            Self::Cosine => (1, [0.0; 2]),
            Self::OneMinusSqrt => (2, [0.0; 2]),
            Self::Log => (3, [0.0; 2]),
            Self::Rex => (4, [0.0; 2]),
            Self::Polynomial { power } => (5, [power, 0.0]),
            Self::Power { power } => (6, [power, 0.0]),
            Self::Exponential { ratio } => (7, [ratio, 0.0]),
            Self::CosinePower { power } => (8, [power, 0.0]),
            Self::Tanh { lower, upper } => (9, [lower, upper]),
            Self::Reflected { beta } => (10, [beta, 0.0]),
        }
    }

    /// The shape of such parts; `None` where there is no such kind.
    pub fn from_parts(kind: usize, [a, b]: [f64; 2]) -> Option<Self> {
        Some(match kind {
            0 => Self::Linear,
            1 => Self::Cosine,
            2 => Self::OneMinusSqrt,
            3 => Self::Log,
            4 => Self::Rex,
            5 => Self::Polynomial { power: a },
            6 => Self::Power { power: a },
            7 => Self::Exponential { ratio: a },
            8 => Self::CosinePower { power: a },
            9 => Self::Tanh { lower: a, upper: b },
            10 => Self::Reflected { beta: a },
            _ => return None,
        })
    }

    /// Checks that its numbers make a shape.
    ///
    /// # Errors
    ///
    /// A number outside its bounds, at `place`.
    pub fn check(self, place: &str) -> Result<(), ScheduleError> {
        let (kind, [a, b]) = self.to_parts();
        let (name, parameters) = Self::KINDS[kind];
        let owner = format!("{place}.{name}");
        match self {
            Self::Exponential { .. } | Self::Reflected { .. } => {
                let valid = a > 0.0 && a < 1.0;
                ScheduleError::check(valid, &owner, parameters[0], a, "above 0 and below 1")
            }
            Self::Tanh { .. } => {
                ScheduleError::check_finite(&owner, "lower", a)?;
                ScheduleError::check_finite(&owner, "upper", b)?;
                ScheduleError::check(b > a, &owner, "upper", b, "above `lower`")
            }
            _ => match parameters {
                [] => Ok(()),
                [power, ..] => ScheduleError::check_positive(&owner, power, a),
            },
        }
    }
}
