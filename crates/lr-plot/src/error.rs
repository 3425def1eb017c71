use thiserror::Error;

/// Reasons for which there is no picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// Neither a schedule nor a point was given.
    #[error("there is nothing to draw: give a schedule or points")]
    Nothing,
    /// A schedule without an end, in a picture that was not told how many steps to draw.
    #[error("`{label}` has no end: say which steps to draw")]
    NoEnd {
        /// The name of the curve.
        label: String,
    },
    /// An empty range of steps.
    #[error("there are no steps from {start} to {end}")]
    NoSteps {
        /// The first step.
        start: u64,
        /// The step after the last.
        end: u64,
    },
    /// A rate of a schedule that is not finite.
    #[error("`{label}` gives {rate} at step {step}, which can't be drawn")]
    NotFinite {
        /// The name of the curve.
        label: String,
        /// The step.
        step: u64,
        /// Its rate.
        rate: f64,
    },
    /// Points none of which is a finite number.
    #[error("no point of `{label}` is finite")]
    NoPoint {
        /// The name of the curve.
        label: String,
    },
    /// A logarithmic y axis without anything above 0 on it.
    #[error("a logarithmic y axis needs a value above 0, and there is none")]
    NothingPositive,
    /// Step 0, or a point at or below 0, on a logarithmic x axis.
    #[error("{x} of `{label}` has no place on a logarithmic x axis: begin above 0")]
    NotPositive {
        /// The name of the curve.
        label: String,
        /// Its place on the axis.
        x: f64,
    },
    /// Too many steps of a schedule each of whose rates depends on the one before.
    #[error(
        "`{label}` is gone through step by step, since it is a recurrence or a closure, which may be \
         one: at most {most} steps are drawn, got {steps}"
    )]
    TooLong {
        /// The name of the curve.
        label: String,
        /// The number of steps that were asked for.
        steps: u64,
        /// The most steps that are drawn.
        most: u64,
    },
    /// Bounds of an axis, or values on it, that span no finite range.
    #[error("the {axis} axis can't go from {low} to {high}")]
    Range {
        /// `x` or `y`.
        axis: &'static str,
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// An option outside its bounds.
    #[error("{name}: must be {allowed}, got {value}")]
    Invalid {
        /// The option.
        name: &'static str,
        /// Allowed values.
        allowed: &'static str,
        /// The value that was given.
        value: String,
    },
    /// An error of the drawing library.
    #[error("the picture can't be drawn: {0}")]
    Drawing(String),
    /// An error of the PNG encoder.
    #[error("the picture can't be written as PNG: {0}")]
    Png(#[from] png::EncodingError),
}

impl PlotError {
    pub(crate) fn check(
        valid: bool,
        name: &'static str,
        value: impl std::fmt::Display,
        allowed: &'static str,
    ) -> Result<(), Self> {
        match valid {
            true => Ok(()),
            false => Err(Self::Invalid {
                name,
                allowed,
                value: value.to_string(),
            }),
        }
    }
}
