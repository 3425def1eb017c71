//! The two schedulers that move a momentum too.

use lr_schedule::curves::CycleScaling;
use lr_schedule::curves::CyclicSpec;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::check_last_epoch;
use crate::args::Args;
use crate::build::steps;

/// `OneCycleLR`.
#[derive(Clone, Copy)]
pub(crate) struct OneCycle {
    pub max_lr: f64,
    total_steps: u64,
    pct_start: f64,
    shape: Shape,
    momenta: Option<[f64; 2]>,
    pub div_factor: f64,
    final_div_factor: f64,
    three_phase: bool,
}

impl OneCycle {
    pub fn read(args: Data) -> Result<Self, ScheduleError> {
        let known = [
            "max_lr",
            "total_steps",
            "epochs",
            "steps_per_epoch",
            "pct_start",
            "anneal_strategy",
            "cycle_momentum",
            "base_momentum",
            "max_momentum",
            "div_factor",
            "final_div_factor",
            "three_phase",
            "last_epoch",
        ];
        let mut args = Args::new("OneCycleLR", args, &known)?;
        check_last_epoch(&mut args)?;
        let epochs = args.maybe_count("epochs")?;
        let steps_per_epoch = args.maybe_count("steps_per_epoch")?;
        let total_steps = match (args.maybe_count("total_steps")?, epochs, steps_per_epoch) {
            (Some(total), _, _) => total,
            (None, Some(epochs), Some(steps)) => epochs.saturating_mul(steps),
            (None, ..) => {
                let why = "is missing, and so is one of `epochs` and `steps_per_epoch`";
                return Err(ScheduleError::unsupported(args.place("total_steps"), why));
            }
        };
        args.check(total_steps >= 1, "total_steps", total_steps, "at least 1")?;
        let shapes = [("cos", Shape::Cosine), ("linear", Shape::Linear)];
        let base_momentum = args.not_negative("base_momentum", 0.85)?;
        let max_momentum = args.not_negative("max_momentum", 0.95)?;
        let moves = args.flag("cycle_momentum", true)?;
        Ok(Self {
            max_lr: args.required_number("max_lr")?,
            total_steps,
            pct_start: args.share("pct_start", 0.3)?,
            shape: args.choice("anneal_strategy", "cos", &shapes)?,
            momenta: moves.then_some([base_momentum, max_momentum]),
            div_factor: args.positive("div_factor", 25.0)?,
            final_div_factor: args.positive("final_div_factor", 1e4)?,
            three_phase: args.flag("three_phase", false)?,
        })
    }

    /// With the rates of another cycle, or its own.
    pub fn spec(&self, rates: &Self) -> Spec {
        let [base_momentum, max_momentum] = self.momenta.unwrap_or([0.85, 0.95]);
        Spec::OneCycle {
            max_lr: rates.max_lr,
            total_steps: steps(self.total_steps),
            pct_start: self.pct_start,
            anneal_strategy: self.shape,
            base_momentum,
            max_momentum,
            div_factor: rates.div_factor,
            final_div_factor: rates.final_div_factor,
            three_phase: self.three_phase,
        }
    }

    pub fn momentum(&self) -> Option<Spec> {
        let [base_momentum, max_momentum] = self.momenta?;
        Some(Spec::OneCycleMomentum {
            max_lr: self.max_lr,
            total_steps: steps(self.total_steps),
            pct_start: self.pct_start,
            anneal_strategy: self.shape,
            base_momentum,
            max_momentum,
            div_factor: self.div_factor,
            final_div_factor: self.final_div_factor,
            three_phase: self.three_phase,
        })
    }
}

/// `CyclicLR`.
pub(super) struct Cyclic {
    pub base_lr: f64,
    max_lr: f64,
    up: u64,
    down: u64,
    scaling: CycleScaling,
    gamma: f64,
    momenta: Option<[f64; 2]>,
}

impl Cyclic {
    pub fn read(args: Data) -> Result<Self, ScheduleError> {
        let known = [
            "base_lr",
            "max_lr",
            "step_size_up",
            "step_size_down",
            "mode",
            "gamma",
            "scale_fn",
            "scale_mode",
            "cycle_momentum",
            "base_momentum",
            "max_momentum",
            "last_epoch",
        ];
        let mut args = Args::new("CyclicLR", args, &known)?;
        check_last_epoch(&mut args)?;
        if args.data("scale_fn").is_some() {
            let why = "is a function, which has no form in JSON";
            return Err(ScheduleError::unsupported(args.place("scale_fn"), why));
        }
        // Without a `scale_fn`, PyTorch goes by the mode alone.
        args.choice("scale_mode", "cycle", &[("cycle", ()), ("iterations", ())])?;
        let modes = [
            ("triangular", CycleScaling::None),
            ("triangular2", CycleScaling::Halve),
            ("exp_range", CycleScaling::Decay),
        ];
        let up = args.count("step_size_up", 2000)?;
        args.check(up >= 1, "step_size_up", up, "at least 1")?;
        let down = args.count("step_size_down", up)?;
        args.check(down >= 1, "step_size_down", down, "at least 1")?;
        let base_momentum = args.not_negative("base_momentum", 0.8)?;
        let max_momentum = args.not_negative("max_momentum", 0.9)?;
        let moves = args.flag("cycle_momentum", true)?;
        Ok(Self {
            base_lr: args.required_number("base_lr")?,
            max_lr: args.required_number("max_lr")?,
            up,
            down,
            scaling: args.choice("mode", "triangular", &modes)?,
            gamma: args.not_negative("gamma", 1.0)?,
            momenta: moves.then_some([base_momentum, max_momentum]),
        })
    }

    fn between(&self, base: f64, max: f64) -> Spec {
        Spec::from(CyclicSpec {
            base,
            max,
            up: steps(self.up),
            down: Some(steps(self.down)),
            shape: Shape::Linear,
            scaling: self.scaling,
            gamma: self.gamma,
        })
    }

    pub fn spec(&self) -> Spec {
        self.between(self.base_lr, self.max_lr)
    }

    pub fn momentum(&self) -> Option<Spec> {
        let [base, max] = self.momenta?;
        Some(self.between(max, base))
    }
}
