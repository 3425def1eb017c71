//! The two schedulers that move a momentum too.

use lr_schedule::curves::{CycleScaling, CyclicConfig, OneCycleConfig};
use lr_schedule::{Shape, Spec};

use crate::args::{Args, count};
use crate::build::steps;

/// `OneCycleLR`.
#[derive(Clone, Copy)]
pub struct OneCycle {
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
    pub(super) fn read(args: &mut Args) -> Self {
        let epochs = args.read("epochs", count);
        let steps_per_epoch = args.read("steps_per_epoch", count);
        let total_steps = match (args.read("total_steps", count), epochs, steps_per_epoch) {
            (Some(total), _, _) => total,
            (None, Some(epochs), Some(steps)) => epochs.saturating_mul(steps),
            (None, ..) => {
                let why = "is missing, and so is one of `epochs` and `steps_per_epoch`";
                args.refuse("total_steps", why);
                1
            }
        };
        args.check(total_steps >= 1, "total_steps", total_steps, "at least 1");
        let shapes = [("cos", Shape::Cosine), ("linear", Shape::Linear)];
        let momenta = [
            args.not_negative("base_momentum", 0.85),
            args.not_negative("max_momentum", 0.95),
        ];
        Self {
            momenta: args.flag("cycle_momentum", true).then_some(momenta),
            max_lr: args.number("max_lr", None),
            total_steps,
            pct_start: args.share("pct_start", 0.3),
            shape: args.choice("anneal_strategy", Shape::Cosine, &shapes),
            div_factor: args.positive("div_factor", 25.0),
            final_div_factor: args.positive("final_div_factor", 1e4),
            three_phase: args.flag("three_phase", false),
        }
    }

    /// With the rates of another cycle, or its own.
    pub fn spec(&self, rates: &Self) -> Spec {
        let [base_momentum, max_momentum] = self.momenta.unwrap_or([0.85, 0.95]);
        Spec::from(OneCycleConfig {
            max_lr: rates.max_lr,
            total_steps: steps(self.total_steps),
            pct_start: self.pct_start,
            anneal_strategy: self.shape,
            base_momentum,
            max_momentum,
            div_factor: rates.div_factor,
            final_div_factor: rates.final_div_factor,
            three_phase: self.three_phase,
        })
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

/// The rates of `CyclicLR`, and the momentum that it moves.
pub(super) fn cyclic(args: &mut Args) -> (CyclicConfig, Option<Spec>) {
    args.refuse_given("scale_fn", "is a function, which has no form in JSON");
    // Without a `scale_fn`, PyTorch goes by the mode alone.
    args.choice("scale_mode", (), &[("cycle", ()), ("iterations", ())]);
    let modes = [
        ("triangular", CycleScaling::None),
        ("triangular2", CycleScaling::Halve),
        ("exp_range", CycleScaling::Decay),
    ];
    let up = args.steps("step_size_up", 2000);
    let rates = CyclicConfig {
        base: args.number("base_lr", None),
        max: args.number("max_lr", None),
        up: steps(up),
        down: Some(steps(args.steps("step_size_down", up))),
        shape: Shape::Linear,
        scaling: args.choice("mode", CycleScaling::None, &modes),
        gamma: args.not_negative("gamma", 1.0),
    };
    // The momentum goes the other way: from `max_momentum` to `base_momentum`.
    let max = args.not_negative("base_momentum", 0.8);
    let base = args.not_negative("max_momentum", 0.9);
    let moves = args.flag("cycle_momentum", true);
    let momentum = moves.then(|| Spec::from(CyclicConfig { base, max, ..rates }));
    (rates, momentum)
}
