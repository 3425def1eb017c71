//! A step of 48 parameter groups, ours and Burn's in turns, and whether the difference is within its
//! bound: each layer of a network with its own share of a cosine. Beside them Burn's with constant rates,
//! for Burn steps both and keeps the rates: nothing takes less.

use benches::{Pair, STEPS, in_turns, verdict};
use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrSchedulerConfig;
use burn::module::{Module, ParamGroup};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;
use burn_lr::prelude::*;

const GROUPS: usize = 48;
const ROUNDS: usize = 2_001;
const STEPS_A_TURN: u32 = 200;
/// Ours costs at most this many times as much as Burn's.
const BOUND: f64 = 1.1;

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

fn main() {
    let device = Device::flex();
    let layers = (0..GROUPS).map(|_| LinearConfig::new(2, 2).init(&device));
    let model = Network {
        layers: layers.collect(),
    };
    let decay: f64 = 0.9;
    let steps = STEPS as usize;
    let cosine = |peak| CosineAnnealingLrSchedulerConfig::new(peak, steps);
    let burns = |schedule: &dyn Fn(f64) -> LrSchedulerConfig| {
        let config = ModuleLrSchedulerConfig::new(schedule(0.1));
        let config = (0..GROUPS).fold(config, |config, layer| {
            let depth = (GROUPS - 1 - layer) as i32;
            let paths = ["weight", "bias"].map(|name| format!("layers.{layer}.{name}"));
            let group = ParamGroup::from_paths(paths.into());
            config.with_group(group, schedule(0.1 * decay.powi(depth)))
        });
        config.init().expect("the numbers are right")
    };
    let base = Scheduler::new(CosineAnnealing::new(0.1, 0.0, STEPS));
    let ours = Groups::new().layer_wise(decay, &layers_of(&model));
    let cosines = || burns(&|peak| cosine(peak).into());
    let mut pairs = [
        Pair {
            name: "cosine, by layer",
            ours: ours
                .build(base, &model)
                .expect("the layers are there")
                .into(),
            burns: cosines(),
        },
        Pair {
            name: "constants of Burn's",
            ours: burns(&LrSchedulerConfig::from),
            burns: cosines(),
        },
    ];
    let mut contests = pairs.each_mut().map(Pair::contest);
    let times = in_turns(&mut contests, ROUNDS, STEPS_A_TURN);
    let (times, constants) = (&times[0], &times[1]);
    println!("a step of {GROUPS} groups: medians of {ROUNDS} rounds, in ns");
    println!(
        "burn {:.0}  burn-lr {:.0}, {:.2} times as much  bound {BOUND} {}",
        times.other,
        times.ours,
        times.ours / times.other,
        verdict(times.ours <= BOUND * times.other),
    );
    println!(
        "Burn's own constants {:.0}, {:.2} times as much",
        constants.ours,
        constants.ours / constants.other
    );
}
