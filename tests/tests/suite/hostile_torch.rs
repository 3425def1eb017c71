//! Files of PyTorch's with anything in them, all the way into Burn's optimizers: what can't be gone on
//! from is an error, and what can trains a step. Nothing panics. (What reading them alone does is held
//! in lr-torch's tests.)
//!
//! `PROPTEST_CASES` sets how many there are.

use std::cell::RefCell;
use std::path::Path;

use crate::common::cases;
use crate::torch_file::{Entries, entries, packed};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;
use burn_lr::pytorch::{
    OptimizerState, ReadOptions, TorchFile, TorchLoadError, TorchNames, TorchOptimizer,
    TorchOptimizerKind, load_weights,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

/// A run of PyTorch's on the diabetes data: weights, optimizer and scheduler.
type Seed = [Entries; 3];

fn seeds() -> Vec<Seed> {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/runs");
    let runs = std::fs::read_dir(runs).unwrap();
    let mut folders: Vec<_> = runs.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("linear-")
    });
    folders.sort();
    assert!(folders.len() >= 9);
    let read = |folder: &Path, name| entries(&std::fs::read(folder.join(name)).unwrap());
    let seed = |folder| ["model.pt", "optimizer.pt", "scheduler.pt"].map(|name| read(folder, name));
    folders.iter().map(|folder| seed(folder)).collect()
}

#[derive(Debug, Clone)]
enum Mutation {
    /// One of a pickle's numbers.
    Number(Index, f64),
    /// One of its small integers.
    Integer(Index, u8),
    /// A byte of it.
    Byte(Index, u8),
    /// A byte of the tensors.
    Tensor(Index, Index, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let numbers = [
        0.0,
        -1.0,
        1.0,
        0.999_999_999,
        1e-30,
        1e-300,
        1e39,
        1e300,
        2_147_483_647.0,
        9e15,
        f64::NAN,
        f64::INFINITY,
    ];
    prop_oneof![
        4 => (any::<Index>(), select(numbers.to_vec())).prop_map(|(at, n)| Mutation::Number(at, n)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, n)| Mutation::Integer(at, n)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        2 => (any::<Index>(), any::<Index>(), any::<u8>())
            .prop_map(|(entry, at, byte)| Mutation::Tensor(entry, at, byte)),
    ]
}

fn mutate(file: &mut Entries, mutation: &Mutation) {
    let is_pickle = |name: &str| name.ends_with("/data.pkl");
    let pickle = file.iter().position(|(name, _)| is_pickle(name)).unwrap();
    let pickle = &mut file[pickle].1;
    // Where an operation of this kind may stand.
    let places = |bytes: &[u8], operation: u8| -> Vec<usize> {
        let found = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == operation);
        found.map(|(at, _)| at + 1).collect()
    };
    match mutation {
        Mutation::Number(at, number) => {
            let places = places(pickle, b'G');
            if !places.is_empty() {
                let start = *at.get(&places);
                for (byte, new) in pickle[start..].iter_mut().zip(number.to_be_bytes()) {
                    *byte = new;
                }
            }
        }
        Mutation::Integer(at, number) => {
            let places = places(pickle, b'K');
            if !places.is_empty()
                && let Some(byte) = pickle.get_mut(*at.get(&places))
            {
                *byte = *number;
            }
        }
        Mutation::Byte(at, byte) => {
            let at = at.index(pickle.len());
            pickle[at] = *byte;
        }
        Mutation::Tensor(entry, at, byte) => {
            let tensors = file.iter_mut().filter(|(name, _)| name.contains("/data/"));
            let mut tensors: Vec<_> = tensors.map(|(_, bytes)| bytes).collect();
            tensors.retain(|bytes| !bytes.is_empty());
            if !tensors.is_empty() {
                let entry = entry.index(tensors.len());
                let at = at.index(tensors[entry].len());
                tensors[entry][at] = *byte;
            }
        }
    }
}

fn model() -> Linear {
    LinearConfig::new(10, 1).init(&Device::flex().autodiff())
}

fn step(model: Linear, optimizer: &mut ModuleOptimizer, rate: f64) -> Linear {
    let device = Device::flex().autodiff();
    let outputs = model.forward(Tensor::<2>::ones([2, 10], &device));
    let grads = GradientsParams::from_grads(outputs.sum().backward(), &model);
    optimizer.step(rate, model, grads)
}

/// Continues from the files as far as it can, and trains two steps from wherever it has come; the error
/// of the first of them that it can't go on from.
fn go_on([weights, optimizer, scheduler]: &Seed) -> Result<(), TorchLoadError> {
    let open = |file: &Entries| TorchFile::from_bytes(packed(file));
    let names = TorchNames::new().with_key_remapping(r"^0\.", "")?;
    let weights = open(weights)
        .map_err(TorchLoadError::from)
        .and_then(|file| load_weights(model(), &file.root(), &names));
    let (model, failed) = match weights {
        Ok(model) => (model, None),
        Err(error) => (model(), Some(error)),
    };
    let _ = step(model.clone(), &mut SgdConfig::new().build().into(), 0.01);

    let file = open(optimizer)?;
    for kind in [
        TorchOptimizerKind::Sgd,
        TorchOptimizerKind::Adam,
        TorchOptimizerKind::AdamW,
        TorchOptimizerKind::RmsProp,
        TorchOptimizerKind::Adagrad,
        TorchOptimizerKind::Adafactor,
    ] {
        if let Ok(saved) = TorchOptimizer::read_as(kind, &file.root()) {
            let _ = (saved.rates(), saved.momentum_config(0));
            if let Ok(mut optimizer) = saved.init(&model, &names) {
                let trained = step(model.clone(), &mut optimizer, 0.01);
                let _ = step(trained, &mut optimizer, 0.01);
            }
        }
    }
    let saved = TorchOptimizer::read(&file.root())?;
    let mut optimizer = saved.init(&model, &names)?;
    let state = OptimizerState::read(&file.root())?;
    let file = open(scheduler)?;
    let state = ReadOptions::new()
        .with_optimizer(&state)
        .read(&file.root())?;
    let schedule = |group| Scheduler::from_torch(&state, group);
    let groups = (0..state.groups.len()).map(schedule);
    if let Ok(groups) = groups.collect::<Result<Vec<_>, _>>() {
        let mut lr = saved.schedule(groups, &model, &names)?;
        lr.step();
    }
    let rate = match Scheduler::from_torch(&state, 0) {
        Ok(mut lr) => lr.step(),
        Err(_) => Scheduler::from_torch(&state, 0)?.step(),
    };
    let trained = step(model, &mut optimizer, rate);
    let _ = step(trained, &mut optimizer, rate);
    failed.map_or(Ok(()), Err)
}

#[test]
fn whatever_is_in_a_file_nothing_panics() {
    let seeds = seeds();
    for seed in &seeds {
        go_on(seed).unwrap();
    }
    let ends = RefCell::new([0, 0]);
    let which = (any::<Index>(), 0..3usize);
    let strategy = (which, vec(mutation(), 1..4));
    let mut runner = TestRunner::new(cases());
    let run = runner.run(&strategy, |((seed, file), mutations)| {
        let mut seed = seed.get(&seeds).clone();
        for mutation in &mutations {
            mutate(&mut seed[file], mutation);
        }
        let end = usize::from(go_on(&seed).is_ok());
        ends.borrow_mut()[end] += 1;
        Ok(())
    });
    run.unwrap();
    let [refused, gone_on] = ends.into_inner();
    let both = refused > gone_on / 20 && gone_on > refused / 20;
    assert!(
        both || refused + gone_on < 1_000,
        "{refused} were refused, and {gone_on} were gone on from"
    );
}
