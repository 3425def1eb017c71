//! Saved on one backend, gone on with on another: all that was saved arrives as it left.

use std::collections::BTreeMap;

use burn::config::Config;
use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::Device;
use burn_lr::prelude::*;
use burn_pack::Reader;
use tests::{Training, devices, tolerance};

fn lr() -> Scheduler<burn_lr::combine::Warmup<Constant>, ReduceOnPlateau> {
    let rule = ReduceOnPlateauConfig::new()
        .with_patience(1)
        .build()
        .unwrap();
    Scheduler::with_feedback(Constant::new(0.01).warmup(5), rule)
}

/// All that there is of model, optimizer and scheduler, by name, as Burn writes it.
fn state(training: &Training, lr: &impl Resumable) -> BTreeMap<String, Vec<u8>> {
    let Training {
        model, optimizer, ..
    } = training;
    let mut state = BTreeMap::new();
    for (part, bytes) in [
        ("model", model.clone().into_record().into_bytes()),
        ("optimizer", optimizer.into_bytes()),
        ("scheduler", lr.record().into_bytes()),
    ] {
        let reader = Reader::from_bytes(bytes.unwrap()).unwrap();
        for (name, value) in reader.scalars() {
            state.insert(format!("{part} {name}"), format!("{value:?}").into_bytes());
        }
        for tensor in reader.into_tensors().unwrap() {
            let bytes = tensor.to_bytes().unwrap().to_vec();
            state.insert(format!("{part} {}", tensor.name), bytes);
        }
    }
    state
}

/// Checks each ordered pair of the enabled backends, with an optimizer whose state has these tensors.
fn arrives<C: Config>(config: &C, init: impl Fn(&C) -> ModuleOptimizer, tensors: &[&str]) {
    let train = |training: &mut Training, lr: &mut dyn LrScheduler, steps: u64| {
        (0..steps).for_each(|_| training.step(lr.step()));
    };
    let pair = |from: &Device, to: &Device| {
        let (mut here, mut here_lr) = (Training::new(init(config), from), lr());
        train(&mut here, &mut here_lr, 8);
        for loss in [0.5, 0.6, 0.7] {
            here_lr.observe(loss); // which cuts the rate
        }
        let before = state(&here, &here_lr);
        for tensor in tensors {
            let ending = format!(".{tensor}");
            let is_it = |name: &&String| name.starts_with("optimizer ") && name.ends_with(&ending);
            assert_eq!(
                before.keys().filter(is_it).count(),
                2,
                "{tensor}: {:?}",
                before.keys()
            );
        }

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint.bpk");
        let (model, optimizer, progress) = (&here.model, &here.optimizer, Progress::default());
        let captured = Checkpoint::capture(model, optimizer, config, &here_lr, progress);
        captured.unwrap().save(&path).unwrap();

        let (mut there, mut there_lr) = (Training::new(init(config), to), lr());
        let (model, optimizer) = Checkpoint::load(&path)
            .unwrap()
            .restore(there.model, there.optimizer, config, &mut there_lr)
            .unwrap();
        there = Training::new(optimizer, to);
        there.model = model;
        let between = format!("from {from:?} to {to:?}");
        assert!(state(&there, &there_lr) == before, "{between}");

        train(&mut here, &mut here_lr, 20);
        train(&mut there, &mut there_lr, 20);
        let rates = [here_lr.handle().lr(), there_lr.handle().lr()];
        assert!(
            rates[0] < 0.01 && rates[0] == rates[1],
            "{between}: {rates:?}"
        );
        let (here, there) = (here.weights(), there.weights());
        let largest = here
            .iter()
            .fold(0.0f32, |most, weight| most.max(weight.abs()));
        let tolerance = tolerance(from).max(tolerance(to));
        for (here, there) in here.iter().zip(&there) {
            assert!(
                f64::from((here - there).abs()) <= tolerance * f64::from(largest),
                "{between}: {here}, {there}"
            );
        }
    };
    for from in devices() {
        for to in devices() {
            pair(&from, &to);
        }
    }
}

#[test]
fn adams_moments_arrive() {
    arrives(
        &AdamConfig::new(),
        AdamConfig::init,
        &["moment_1", "moment_2"],
    );
    let amsgrad = AdamWConfig::new().with_amsgrad(true);
    arrives(
        &amsgrad,
        AdamWConfig::init,
        &["moment_1", "moment_2", "max_moment_2"],
    );
}

#[test]
fn velocities_and_averages_arrive() {
    let momentum = SgdConfig::new().with_momentum(Some(MomentumConfig::new()));
    arrives(&momentum, SgdConfig::init, &["velocity"]);
    let centered = RmsPropConfig::new().with_centered(true).with_momentum(0.9);
    arrives(&centered, RmsPropConfig::init, &["square_avg"]);
}
