//! An update of the average of ten million weights beside a plain copy of them, in turns; and how much memory the
//! average takes, in a process of its own. On every enabled backend; on Linux, for memory.
//!
//! `BENCH_ROUNDS` is how many turns there are [default: 30].

use std::env;

use benches::{Contest, Network, devices, in_turns, memory, timed, verdict};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;

/// The bound, as a multiple of the time that a copy takes.
const BOUND: f64 = 2.0;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, backend, "memory"] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return measure_memory(backend);
    }
    let rounds = env::var("BENCH_ROUNDS").ok();
    let rounds = rounds.and_then(|text| text.parse().ok()).unwrap_or(30);
    for (name, device) in devices() {
        let model = Network::new(&device);
        let mut ema = WeightAverage::ema(&model, Constant::new(0.999));
        let mut swa = WeightAverage::swa(&model, 0, 1);
        let plain = model.valid();
        let mut updates = [("ema", &mut ema), ("swa", &mut swa)].map(|(rule, average)| {
            average.update(&model); // the first sample is a copy
            let (model, plain, device) = (&model, plain.clone(), device.clone());
            Contest {
                name: rule.to_string(),
                ours: timed({
                    let device = device.clone();
                    move || {
                        average.update(model);
                        wait(&device)
                    }
                }),
                other: timed(move || {
                    let _copy = plain.clone().map(&mut Copy);
                    wait(&device)
                }),
            }
        });
        in_turns(&mut updates, 2, 1);
        let times = in_turns(&mut updates, rounds, 1);
        for (contest, times) in updates.iter().zip(times) {
            let [ours, copy] = [times.ours, times.other].map(|nanos| nanos / 1e6);
            println!(
                "{name}: {} update {ours:.2} ms, copy {copy:.2} ms: {:.2} times, bound {BOUND} {}",
                contest.name,
                ours / copy,
                verdict(ours <= BOUND * copy),
            );
        }
        println!(
            "{name}: {}",
            memory::in_a_process_of_its_own(&[name, "memory"])
        );
    }
}

/// Waits until the device has done what it was given.
fn wait(device: &Device) -> f64 {
    device.sync().expect("the device works");
    0.0
}

/// Gives a module values of its own: reads each once, and writes it once.
struct Copy;

impl ModuleMapper for Copy {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let is_trained = tensor.is_require_grad();
            let copy = tensor.clone().detach().add_scalar(0.0).detach();
            copy.set_require_grad(is_trained)
        })
    }
}

/// Prints what an average adds to the memory of this process, and what an update takes besides for as long as it lasts.
fn measure_memory(backend: &str) {
    let mut devices = devices().into_iter();
    let (_, device) = devices.find(|(name, _)| *name == backend).unwrap();
    let model = Network::new(&device).map(&mut Copy);
    let weights = (model.num_params() * 4) >> 20;
    wait(&device);
    let before = memory::resident();
    let mut average = WeightAverage::ema(&model, Constant::new(0.999));
    memory::forget_peak();
    for _ in 0..5 {
        average.update(&model); // from the second on, it has tensors of its own
        wait(&device);
    }
    let [now, peak] = [memory::resident(), memory::peak()].map(|mib| mib.saturating_sub(before));
    println!("weights of {weights} MiB; the average takes {now} MiB, and {peak} MiB in an update");
}
