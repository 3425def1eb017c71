//! Averages of weights in checkpoints: they go on bit for bit, and another one is refused.
//!
//! `fixtures/checkpoint-average.bpk` is of the run below, after [`STEPS`] steps with an EMA on `flex`, and is made by
//! `cargo test -p tests averages -- --ignored`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::Device;
use burn_lr::prelude::*;
use burn_lr::{Averaged, CheckpointError, FileError, FileFault, Mismatch};
use linear::model::Model;
use tests::{Training, devices, tolerance};

const STEPS: u64 = 12;

type Lr = Scheduler<Cosine>;
type Rule = fn(&Model) -> WeightAverage<Model>;

fn ema(model: &Model) -> WeightAverage<Model> {
    WeightAverage::ema(model, Constant::new(0.9))
}

fn swa(model: &Model) -> WeightAverage<Model> {
    WeightAverage::swa(model, 5, 3).with_averaged_buffers()
}

/// A run whose model has an average.
struct Run {
    training: Training,
    average: Option<WeightAverage<Model>>,
    lr: Lr,
}

impl Run {
    fn new(rule: Option<Rule>, device: &Device) -> Self {
        let training = Training::new(AdamConfig::new().init(), device);
        Self {
            average: rule.map(|rule| rule(&training.model)),
            training,
            lr: Scheduler::new(Cosine::new(0.1, 0.0, 90)),
        }
    }

    fn module(&self) -> Averaged<Model> {
        Averaged {
            model: self.training.model.clone(),
            average: self.average.clone(),
        }
    }

    fn train(&mut self, steps: u64) {
        for _ in 0..steps {
            self.training.step(self.lr.step());
            if let Some(average) = &mut self.average {
                average.update(&self.training.model);
            }
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let (config, progress) = (AdamConfig::new(), Progress::default());
        let optimizer: &ModuleOptimizer = &self.training.optimizer;
        Checkpoint::capture(&self.module(), optimizer, &config, &self.lr, progress).unwrap()
    }

    fn resume(mut self, checkpoint: Checkpoint) -> Result<Self, CheckpointError> {
        let (optimizer, config) = (AdamConfig::new().init(), AdamConfig::new());
        let module = self.module();
        let (module, optimizer) = checkpoint.restore(module, optimizer, &config, &mut self.lr)?;
        (self.training.model, self.average) = (module.model, module.average);
        self.training.optimizer = optimizer;
        Ok(self)
    }

    /// All that is saved of the model and its average that has fractions, and the counts.
    fn state(&self) -> (BTreeMap<String, Vec<f32>>, Option<[u64; 2]>) {
        let bytes = self.module().into_record().into_bytes().unwrap();
        let tensors = burn_pack::Reader::from_bytes(bytes).unwrap().into_tensors();
        let floats = tensors.unwrap().into_iter().filter(|t| t.dtype.is_float());
        let numbers = |bytes: &[u8]| {
            let numbers = bytes.chunks_exact(4);
            numbers
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect()
        };
        let floats =
            floats.map(|tensor| (tensor.name.clone(), numbers(&tensor.to_bytes().unwrap())));
        let counts = self.average.as_ref();
        let counts = counts.map(|average| [average.updates(), average.samples()]);
        (floats.collect(), counts)
    }
}

fn saved(run: &Run) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    run.checkpoint().save(&path).unwrap();
    (directory, path)
}

#[test]
fn an_average_goes_on_bit_for_bit_and_on_another_backend() {
    for rule in [ema as Rule, swa] {
        for (from, to) in devices()
            .iter()
            .flat_map(|from| devices().into_iter().map(move |to| (from.clone(), to)))
        {
            let mut whole = Run::new(Some(rule), &from);
            whole.train(STEPS);
            let directory = tempfile::tempdir().unwrap();
            let dir = CheckpointDir::new(directory.path());
            let mut writer = dir.writer(Retention::new()).unwrap();
            writer.save_in_background(whole.checkpoint()).unwrap();
            let saved = whole.state();
            whole.train(28);
            writer.finish().unwrap();

            let checkpoint = dir.latest().unwrap().unwrap().checkpoint;
            let mut resumed = Run::new(Some(rule), &to).resume(checkpoint).unwrap();
            assert!(resumed.state() == saved, "from {from:?} to {to:?}");
            assert_ne!(
                saved.0["linear.weight"],
                saved.0["weight-average.linear.weight"]
            );
            resumed.train(28);
            let ((whole, counts), (resumed, again)) = (whole.state(), resumed.state());
            assert_eq!(counts, again);
            let tolerance = tolerance(&from).max(tolerance(&to));
            for (name, values) in &whole {
                let others = &resumed[name];
                assert!(from != to || values == others, "{name} on {from:?}");
                let largest = values
                    .iter()
                    .fold(0.0f32, |most, value| most.max(value.abs()));
                for (value, other) in values.iter().zip(others) {
                    let difference = f64::from((value - other).abs());
                    assert!(difference <= tolerance * f64::from(largest), "{name}");
                }
            }
        }
    }
}

#[test]
fn without_an_average_nothing_is_as_it_was_not() {
    let mut run = Run::new(None, &devices()[0]);
    run.train(STEPS);
    let (_directory, path) = saved(&run);
    let (model, optimizer) = (&run.training.model, &run.training.optimizer);
    let config = AdamConfig::new();
    let plain = Checkpoint::capture(model, optimizer, &config, &run.lr, Progress::default());
    let beside = path.with_extension("plain");
    plain.unwrap().save(&beside).unwrap();
    assert!(fs::read(path).unwrap() == fs::read(beside).unwrap());
}

#[test]
fn another_average_or_none_is_refused_by_name() {
    let device = &devices()[0];
    let refused = |from: Option<Rule>, to: Option<Rule>| {
        let (_directory, path) = saved(&Run::new(from, device));
        let checkpoint = Checkpoint::load(path).unwrap();
        match Run::new(to, device).resume(checkpoint) {
            Err(CheckpointError::Model { mismatches }) => mismatches,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was restored"),
        }
    };
    let paths = ["linear.bias", "linear.weight", "rule", "samples", "updates"];
    let names = |mismatches: Vec<Mismatch>, expected: fn(&Mismatch) -> Option<&String>| {
        let names = mismatches
            .iter()
            .map(|mismatch| expected(mismatch).unwrap());
        let names: Vec<String> = names
            .map(|path| path.strip_prefix("weight-average.").unwrap())
            .map(|path| path.split(' ').next().unwrap().to_string())
            .collect();
        assert_eq!(names, paths);
    };
    names(refused(None, Some(ema)), |mismatch| match mismatch {
        Mismatch::Missing { path } => Some(path),
        _ => None,
    });
    names(refused(Some(ema), None), |mismatch| match mismatch {
        Mismatch::Unexpected { path } => Some(path),
        _ => None,
    });
    let mismatches = refused(Some(ema), Some(swa));
    assert_eq!(
        mismatches
            .iter()
            .map(Mismatch::to_string)
            .collect::<Vec<_>>(),
        [
            r#"`weight-average.rule {"swa":{"from":5,"every":3}} with buffers` is missing"#,
            r#"`weight-average.rule {"ema":{"constant":{"rate":0.9}}}` is unexpected"#,
        ]
    );
}

#[test]
fn another_rule_goes_on_where_it_is_asked_for() {
    let device = &devices()[0];
    let mut run = Run::new(Some(ema), device);
    run.train(STEPS);
    let (_directory, path) = saved(&run);
    let mut other = Run::new(Some(swa), device);
    let restoring = Checkpoint::load(path).unwrap().restoring();
    let config = AdamConfig::new();
    let (module, _) = restoring
        .accept_partial_model()
        .restore(other.module(), config.init(), &config, &mut other.lr)
        .unwrap();
    (other.training.model, other.average) = (module.model, module.average);
    assert_eq!(other.state(), run.state());
}

#[test]
fn damage_to_an_average_is_found() {
    let mut run = Run::new(Some(ema), &devices()[0]);
    run.train(STEPS);
    let (_directory, path) = saved(&run);
    let whole = fs::read(&path).unwrap();
    let first = run.state().0["weight-average.linear.weight"][0].to_le_bytes();
    let at = whole.windows(4).position(|bytes| bytes == first).unwrap();
    for at in at..at + 11 * 4 + 3 * 8 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        match Checkpoint::load(&path).unwrap_err() {
            CheckpointError::File(FileError {
                fault: FileFault::Damaged("model"),
                ..
            }) => {}
            other => panic!("byte {at}: {other}"),
        }
    }
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoint-average.bpk")
}

#[test]
#[ignore = "writes the fixture"]
fn write_fixture() {
    let mut run = Run::new(Some(ema), &devices()[0]);
    run.train(STEPS);
    run.checkpoint().save(fixture()).unwrap();
}

#[test]
fn what_was_saved_once_still_goes_on() {
    for device in devices() {
        let mut whole = Run::new(Some(ema), &device);
        whole.train(STEPS);
        let checkpoint = Checkpoint::load(fixture()).unwrap();
        let resumed = Run::new(Some(ema), &device).resume(checkpoint).unwrap();
        let ((whole, counts), (resumed, again)) = (whole.state(), resumed.state());
        assert_eq!((counts, again), (Some([12, 12]), Some([12, 12])));
        for (name, values) in &whole {
            for (value, other) in values.iter().zip(&resumed[name]) {
                assert!((value - other).abs() < 1e-3, "{name}: {value}, {other}");
            }
        }
    }
}
