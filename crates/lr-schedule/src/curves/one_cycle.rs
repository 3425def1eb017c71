use alloc::vec::Vec;

use crate::data::Data;
use crate::error::ScheduleError;
use crate::length::Length;
use crate::math::lerp;
use crate::phase::{Phase, PhaseKind, parts};
use crate::schedule::{Bounded, Schedule};
use crate::shape::Shape;

curve! {
    /// The 1cycle policy: up to a peak, then down far below where it began, while the momentum
    /// moves the other way.
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
    pub struct OneCycle: "one_cycle", OneCycleConfig, until total_steps {
        max_lr: f64 => Finite,
        total_steps: u64 as Length => AtLeast1,
    }
    options {
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
        config;
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
    check check
    /// One cycle of `total_steps` steps with its peak at `max_lr`, and PyTorch's defaults; for
    /// other options see [`OneCycleConfig`].
    new;
    example |steps| OneCycle::new(0.1, steps);
    parts |cycle, span| {
        let (up, down) = ((PhaseKind::WarmUp, "up"), (PhaseKind::Decay, "down"));
        cycle.phases_of([up, down, (PhaseKind::Decay, "annihilation")], span)
    };
}

impl OneCycle {
    fn check(&self) -> Result<(), ScheduleError> {
        let initial = self.max_lr / self.div_factor;
        ScheduleError::check_finite("one_cycle", "max_lr / div_factor", initial)?;
        let last = initial / self.final_div_factor;
        let field = "max_lr / div_factor / final_div_factor";
        ScheduleError::check_finite("one_cycle", field, last)
    }

    /// The momentum of the same cycle (for Adam and its kin, the first beta): from
    /// `max_momentum` down to `base_momentum` while the rate goes up, and back.
    pub fn momentum(&self) -> OneCycleMomentum {
        OneCycleMomentum { cycle: *self }
    }

    fn phases_of(&self, named: [(PhaseKind, &str); 3], span: f64) -> Vec<Phase> {
        let total = self.total_steps as f64;
        let peak = (self.pct_start * total - 1.0).max(0.0);
        let rest = |gone: f64| (total - gone).max(0.0);
        let lengths: &[f64] = match self.three_phase {
            false => &[peak, rest(peak)],
            true => &[peak, peak, rest(2.0 * peak)],
        };
        let named = named.into_iter().zip(lengths);
        let named = named.map(|((kind, name), length)| (kind, name, *length));
        parts(&named.collect::<Vec<_>>(), span)
    }

    /// The value at `step` on its way by the corners: up, down, and with three phases out.
    fn between(&self, step: u64, corners: [f64; 4]) -> f64 {
        let total = self.total_steps as f64;
        let end = total - 1.0;
        let up = self.pct_start * total - 1.0;
        let down = if self.three_phase {
            2.0 * self.pct_start * total - 2.0
        } else {
            end
        };
        let n = (step as f64).min(end);
        let (phase, from, to) = if n <= up {
            (0, 0.0, up)
        } else if n <= down || !self.three_phase {
            (1, up, down)
        } else {
            (2, down, end)
        };
        // A phase of no width is over when it begins.
        let (n, of) = match n < to {
            true => (n - from, to - from),
            false => (1.0, 1.0),
        };
        let t = self.anneal_strategy.decay(n, of);
        lerp(corners[phase], corners[phase + 1], t)
    }

    #[inline]
    fn rate(&self, step: u64) -> f64 {
        let initial = self.max_lr / self.div_factor;
        let last = initial / self.final_div_factor;
        let after_peak = if self.three_phase { initial } else { last };
        self.between(step, [initial, self.max_lr, after_peak, last])
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
        let (base, max) = (self.cycle.base_momentum, self.cycle.max_momentum);
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
        let (_, fields) = self.cycle.description()?.into_entry("schedule").ok()?;
        Some(Data::entry("one_cycle_momentum", fields))
    }
}

impl Bounded for OneCycleMomentum {
    fn steps(&self) -> u64 {
        self.cycle.steps()
    }
}
