use alloc::vec::Vec;

use crate::data::{Data, table};
use crate::error::{ScheduleError, or_panic};
use crate::math::lerp;
use crate::phase::{Phase, PhaseKind, parts};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;

options! {
    /// Options of the [1cycle policy](OneCycle), with PyTorch's names and defaults.
    ///
    /// ```
    /// use lr_schedule::prelude::*;
    ///
    /// let schedule = OneCycleConfig::new(0.5, 120)
    ///     .with_pct_start(0.4)
    ///     .with_anneal_strategy(Shape::Linear)
    ///     .with_three_phase(true)
    ///     .with_div_factor(10.0)
    ///     .with_final_div_factor(100.0)
    ///     .build()?;
    /// assert_eq!(schedule.at(0), 0.05);
    /// assert_eq!(schedule.at(47), 0.5);
    /// # Ok::<(), ScheduleError>(())
    /// ```
    pub struct OneCycleConfig: "one_cycle" builds OneCycle {
        max_lr: f64 => Finite,
        total_steps: u64 => AtLeast1,
    }
    /// One cycle of `total_steps` steps with its peak at `max_lr`.
    new;
    /// The share of the cycle spent on the way up.
    with_pct_start, pct_start: f64 = 0.3 => Share;
    /// The form of each phase.
    with_anneal_strategy, anneal_strategy: Shape = Shape::Cosine => Any;
    /// The momentum at the peak of the rate.
    with_base_momentum, base_momentum: f64 = 0.85 => AtLeast0;
    /// The momentum at the start and at the end.
    with_max_momentum, max_momentum: f64 = 0.95 => AtLeast0;
    /// The first rate is `max_lr / div_factor`.
    with_div_factor, div_factor: f64 = 25.0 => Above0;
    /// The last rate is the first one divided by this.
    with_final_div_factor, final_div_factor: f64 = 1e4 => Above0;
    /// Whether to come down in two phases rather than in one: to the first rate in as many steps as
    /// it took to go up, then to the last one.
    with_three_phase, three_phase: bool = false => Any;
}

/// The 1cycle policy: up to a peak, then down far below where it began, while the momentum
/// moves the other way.
///
#[cfg_attr(doc, doc = include_str!("../../pictures/one_cycle.svg"))]
///
/// From `max_lr / div_factor` up to `max_lr` by step `pct_start · total_steps - 1`, then down to
/// `max_lr / div_factor / final_div_factor` at step `total_steps - 1`, held from there on. Phases
/// end where PyTorch ends them, between steps if need be; as there, three phases with a `pct_start`
/// above a half have no room for the third. PyTorch lets one step more be taken, which follows the
/// last phase on past its end, and below 0 where it is linear: here the last rate is held.
///
/// Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
/// Learning Rates" (2018); PyTorch's `OneCycleLR`. The [momentum](Self::momentum) is a schedule
/// of its own.
///
/// ```
/// use lr_schedule::prelude::*;
///
/// let schedule = OneCycle::new(0.1, 100);
/// let momentum = schedule.momentum();
/// assert!((schedule.at(0) - 0.004).abs() < 1e-15);
/// assert_eq!((schedule.at(29), momentum.at(29)), (0.1, 0.85));
/// assert!((schedule.at(99) - 4e-7).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    config: OneCycleConfig,
}

impl OneCycle {
    /// One cycle of `total_steps` steps with its peak at `max_lr`, and PyTorch's defaults; for
    /// other options see [`OneCycleConfig`].
    ///
    /// # Panics
    ///
    /// If [`OneCycleConfig::build`] fails.
    #[track_caller]
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        or_panic(OneCycleConfig::new(max_lr, total_steps).build())
    }

    fn of(config: OneCycleConfig) -> Result<Self, ScheduleError> {
        let initial = config.max_lr / config.div_factor;
        ScheduleError::check_finite("one_cycle", "max_lr / div_factor", initial)?;
        let last = initial / config.final_div_factor;
        let field = "max_lr / div_factor / final_div_factor";
        ScheduleError::check_finite("one_cycle", field, last)?;
        Ok(Self { config })
    }

    /// The momentum of the same cycle (for Adam and its kin, the first beta): from
    /// `max_momentum` down to `base_momentum` while the rate goes up, and back.
    pub fn momentum(&self) -> OneCycleMomentum {
        OneCycleMomentum { cycle: *self }
    }

    fn phases_of(&self, named: [(PhaseKind, &str); 3], span: f64) -> Vec<Phase> {
        let total = self.config.total_steps as f64;
        let peak = (self.config.pct_start * total - 1.0).max(0.0);
        let rest = |gone: f64| (total - gone).max(0.0);
        let lengths: &[f64] = match self.config.three_phase {
            false => &[peak, rest(peak)],
            true => &[peak, peak, rest(2.0 * peak)],
        };
        let named = named.into_iter().zip(lengths);
        let named = named.map(|((kind, name), length)| (kind, name, *length));
        parts(&named.collect::<Vec<_>>(), span)
    }

    /// The value at `step` on its way by the corners: up, down, and with three phases out.
    fn between(&self, step: u64, corners: [f64; 4]) -> f64 {
        let config = self.config;
        let total = config.total_steps as f64;
        let end = total - 1.0;
        let up = config.pct_start * total - 1.0;
        let down = if config.three_phase {
            2.0 * config.pct_start * total - 2.0
        } else {
            end
        };
        let n = (step as f64).min(end);
        let (phase, from, to) = if n <= up {
            (0, 0.0, up)
        } else if n <= down || !config.three_phase {
            (1, up, down)
        } else {
            (2, down, end)
        };
        // A phase of no width is over when it begins.
        let (n, of) = match n < to {
            true => (n - from, to - from),
            false => (1.0, 1.0),
        };
        let t = config.anneal_strategy.decay(n, of);
        lerp(corners[phase], corners[phase + 1], t)
    }
}

impl Schedule for OneCycle {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let config = self.config;
        let initial = config.max_lr / config.div_factor;
        let last = initial / config.final_div_factor;
        let after_peak = if config.three_phase { initial } else { last };
        self.between(step, [initial, config.max_lr, after_peak, last])
    }

    fn length(&self) -> Option<u64> {
        Some(self.config.total_steps)
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let up = (PhaseKind::WarmUp, "up");
        let down = (PhaseKind::Decay, "down");
        self.phases_of([up, down, (PhaseKind::Decay, "annihilation")], span)
    }

    fn description(&self) -> Option<Data> {
        Some(table("one_cycle", self.config.fields()))
    }
}

impl Bounded for OneCycle {
    fn steps(&self) -> u64 {
        self.config.total_steps
    }
}

/// The momentum of the 1cycle policy; see [`OneCycle::momentum`].
///
#[cfg_attr(doc, doc = include_str!("../../pictures/one_cycle_momentum.svg"))]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycleMomentum {
    cycle: OneCycle,
}

impl Schedule for OneCycleMomentum {
    #[inline]
    fn at(&self, step: u64) -> f64 {
        let config = self.cycle.config;
        let (base, max) = (config.base_momentum, config.max_momentum);
        self.cycle.between(step, [max, base, max, max])
    }

    fn length(&self) -> Option<u64> {
        self.cycle.length()
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let up = (PhaseKind::WarmUp, "up");
        let down = (PhaseKind::Decay, "down");
        self.cycle
            .phases_of([down, up, (PhaseKind::Stable, "held")], span)
    }

    fn description(&self) -> Option<Data> {
        Some(table("one_cycle_momentum", self.cycle.config.fields()))
    }
}

impl Bounded for OneCycleMomentum {
    fn steps(&self) -> u64 {
        self.cycle.steps()
    }
}
