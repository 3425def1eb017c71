//! The two schedulers that move a momentum too.

use lr_schedule::curves::{CycleScaling, CyclicConfig, OneCycleConfig};
use lr_schedule::spec::Data;
use lr_schedule::{Shape, Spec};

use crate::args::{Args, count};
use crate::build::steps;

/// The rates of `OneCycleLR` and the momentum that it moves; and the highest rate, with the divisors that give the first
/// and the last one.
pub(super) fn one_cycle(args: &mut Args) -> (Spec, Option<Spec>, [f64; 3]) {
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
    let base_momentum = args.not_negative("base_momentum", 0.85);
    let max_momentum = args.not_negative("max_momentum", 0.95);
    let moves = args.flag("cycle_momentum", true);
    let max_lr = args.number("max_lr", None);
    let div_factor = args.positive("div_factor", 25.0);
    let final_div_factor = args.positive("final_div_factor", 1e4);
    let rates = Spec::from(OneCycleConfig {
        max_lr,
        total_steps: steps(total_steps),
        pct_start: args.share("pct_start", 0.3),
        anneal_strategy: args.choice("anneal_strategy", Shape::Cosine, &shapes),
        base_momentum: if moves { base_momentum } else { 0.85 },
        max_momentum: if moves { max_momentum } else { 0.95 },
        div_factor,
        final_div_factor,
        three_phase: args.flag("three_phase", false),
    });
    let momentum = moves.then(|| {
        let cycle = rates.to_data().at("one_cycle").cloned();
        let momentum = Data::entry("one_cycle_momentum", cycle.unwrap_or(Data::Nothing));
        Spec::from_data(momentum).expect("it has the fields of the rates")
    });
    (rates, momentum, [max_lr, div_factor, final_div_factor])
}

/// The modes of `CyclicLR`.
pub(crate) const MODES: &[(&str, CycleScaling)] = &[
    ("triangular", CycleScaling::None),
    ("triangular2", CycleScaling::Halve),
    ("exp_range", CycleScaling::Decay),
];

/// The rates of `CyclicLR`, and the momentum that it moves.
pub(super) fn cyclic(args: &mut Args) -> (CyclicConfig, Option<Spec>) {
    args.refuse_given("scale_fn", "is a function, which has no form in JSON");
    // Without a `scale_fn`, PyTorch goes by the mode alone.
    args.choice("scale_mode", (), &[("cycle", ()), ("iterations", ())]);
    let up = args.steps("step_size_up", 2000);
    let rates = CyclicConfig {
        base: args.number("base_lr", None),
        max: args.number("max_lr", None),
        up: steps(up),
        down: Some(steps(args.steps("step_size_down", up))),
        shape: Shape::Linear,
        scaling: args.choice("mode", CycleScaling::None, MODES),
        gamma: args.not_negative("gamma", 1.0),
    };
    // The momentum goes the other way: from `max_momentum` to `base_momentum`.
    let max = args.not_negative("base_momentum", 0.8);
    let base = args.not_negative("max_momentum", 0.9);
    let moves = args.flag("cycle_momentum", true);
    let momentum = moves.then(|| Spec::from(CyclicConfig { base, max, ..rates }));
    (rates, momentum)
}
