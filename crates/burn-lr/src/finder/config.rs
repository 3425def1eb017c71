/// The way of the rate from the start to the end of a [range test](super::LrFinder).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sweep {
    /// The same factor at every step, as [`Geometric`](crate::curves::Geometric) does: over orders of magnitude.
    #[default]
    Exponential,
    /// The same amount at every step, as [`LinearRamp`](crate::curves::LinearRamp) does: Smith's own, once the order of
    /// magnitude is known.
    Linear,
}

/// Options of [`LrFinder`](super::LrFinder), with fastai's defaults.
///
/// ```
/// use burn_lr::finder::{LrFinderConfig, Sweep};
///
/// let finder = LrFinderConfig::new()
///     .with_start(1e-4)
///     .with_end(0.1)
///     .with_steps(200)
///     .with_sweep(Sweep::Linear)
///     .with_smoothing(0.9)
///     .with_divergence(Some(10.0))
///     .build()?;
/// assert_eq!(finder.next_rate(), Some(1e-4));
///
/// let error = LrFinderConfig::new().with_end(1e-9).build().unwrap_err();
/// assert_eq!(error.to_string(), "lr_finder.end: must be finite and above the start, got 0.000000001");
/// # Ok::<(), burn_lr::ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrFinderConfig {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) steps: u64,
    pub(super) sweep: Sweep,
    pub(super) smoothing: f64,
    pub(super) divergence: Option<f64>,
}

impl Default for LrFinderConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl LrFinderConfig {
    /// fastai's defaults.
    pub fn new() -> Self {
        Self {
            start: 1e-7,
            end: 10.0,
            steps: 100,
            sweep: Sweep::Exponential,
            smoothing: 0.98,
            divergence: Some(4.0),
        }
    }

    /// The rate of the first step. Default: 1e-7.
    pub fn with_start(mut self, start: f64) -> Self {
        self.start = start;
        self
    }

    /// The rate that the step after the last one would have. Default: 10.
    pub fn with_end(mut self, end: f64) -> Self {
        self.end = end;
        self
    }

    /// The most steps that are taken. Default: 100.
    pub fn with_steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// The way of the rate from start to end. Default: [`Sweep::Exponential`].
    pub fn with_sweep(mut self, sweep: Sweep) -> Self {
        self.sweep = sweep;
        self
    }

    /// The weight `b` of what came before in the smoothed loss: that of step `n`, counted from 0,
    /// is `s(n) / (1 - b^(n + 1))` with `s(n) = b · s(n - 1) + (1 - b) · loss(n)` and `s(-1) = 0`. At
    /// 0 nothing is smoothed. Default: 0.98.
    pub fn with_smoothing(mut self, smoothing: f64) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// The test ends where the smoothed loss is above this many times the best one so far, or, so
    /// that it holds for losses below 0 too, above `best + (divergence - 1) · |best|`. `None`: it goes
    /// on for as long as the loss is a finite number. Default: 4.
    pub fn with_divergence(mut self, divergence: Option<f64>) -> Self {
        self.divergence = divergence;
        self
    }
}
