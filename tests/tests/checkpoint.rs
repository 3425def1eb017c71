//! Checkpoints: what comes back, and what is refused before anything is changed.

use std::fs;

use burn::config::Config;
use burn::module::{Module, Param, ParamId};
use burn::nn::{Linear as Layer, LinearConfig};
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_lr::prelude::*;
use burn_lr::{CheckpointError, Mismatch};
use tests::{Training, devices};

type Lr = Scheduler<burn_lr::combine::Warmup<Cosine>>;

fn lr() -> Lr {
    Scheduler::new(Cosine::new(0.1, 0.0, 90).warmup(10))
}

/// A run of some steps, and its checkpoint.
fn trained(device: &Device, steps: u64) -> (Training, Lr, Checkpoint) {
    let mut training = Training::new(AdamConfig::new().init(), device);
    let mut lr = lr();
    for _ in 0..steps {
        training.step(lr.step());
    }
    let progress = Progress {
        epoch: 2,
        step: steps,
        seed: u64::MAX,
        metrics: [
            ("loss".to_string(), f64::NAN),
            ("accuracy".to_string(), 0.5),
        ]
        .into(),
    };
    let Training {
        model, optimizer, ..
    } = &training;
    let config = AdamConfig::new();
    let checkpoint = Checkpoint::capture(model, optimizer, &config, &lr, progress).unwrap();
    (training, lr, checkpoint)
}

#[test]
fn a_run_goes_on_from_a_file_bit_for_bit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run"); // no extension is added
    for device in devices() {
        let (mut whole, mut whole_lr, checkpoint) = trained(&device, 12);
        checkpoint.with_note("host", "here").save(&path).unwrap();

        let checkpoint = Checkpoint::load(&path).unwrap();
        let progress = checkpoint.progress();
        assert_eq!(
            (progress.epoch, progress.step, progress.seed),
            (2, 12, u64::MAX)
        );
        assert!(progress.metrics["loss"].is_nan() && progress.metrics["accuracy"] == 0.5);
        assert_eq!(checkpoint.note("host"), Some("here"));
        assert_eq!(
            checkpoint.schedule().unwrap(),
            r#"{"warmup":{"steps":10,"start":0.0,"shape":"linear","of":{"cosine":{"start":0.1,"end":0.0,"steps":90}}}}"#
        );
        assert!(
            checkpoint
                .optimizer_config()
                .contains(r#""kind":"AdamConfig""#)
        );

        let config = AdamConfig::new();
        let mut resumed = Training::new(config.init(), &device);
        let mut resumed_lr = lr();
        (resumed.model, resumed.optimizer) = checkpoint
            .restore(resumed.model, resumed.optimizer, &config, &mut resumed_lr)
            .unwrap();
        for _ in 12..40 {
            whole.step(whole_lr.step());
            resumed.step(resumed_lr.step());
        }
        assert_eq!(whole.weights(), resumed.weights(), "on {device:?}");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "a scratch file is left"
        );
    }
}

/// Tries to restore, and gives the error; the scheduler must not have moved.
fn refused<M: Module, C: Config>(
    checkpoint: &Checkpoint,
    model: M,
    optimizer: ModuleOptimizer,
    config: &C,
    mut lr: impl Resumable,
) -> CheckpointError {
    let before = lr.record().into_bytes().unwrap();
    let Err(error) = checkpoint.restore(model, optimizer, config, &mut lr) else {
        panic!("it was restored");
    };
    let after = lr.record().into_bytes().unwrap();
    assert!(
        before[..] == after[..],
        "the scheduler was changed: {error}"
    );
    error
}

#[test]
fn another_model_is_refused_with_every_difference() {
    #[derive(Module, Debug)]
    struct Another {
        linear: Layer,
        head: Layer,
    }
    let device = &devices()[0];
    let (_, _, checkpoint) = trained(device, 3);
    let another = Another {
        linear: LinearConfig::new(11, 1).with_bias(false).init(device),
        head: LinearConfig::new(1, 1).with_bias(false).init(device),
    };
    let config = AdamConfig::new();
    let error = refused(&checkpoint, another, config.init(), &config, lr());
    assert_eq!(
        error.to_string(),
        "the checkpoint is of another model: `head.weight` is missing, `linear.bias` is \
         unexpected, `linear.weight` is F32[10, 1], not F32[11, 1]"
    );
    let CheckpointError::Model { mismatches } = error else {
        panic!("{error}");
    };
    let unexpected = Mismatch::Unexpected {
        path: "linear.bias".to_string(),
    };
    assert_eq!(mismatches[1], unexpected);
}

#[test]
fn integers_of_another_backends_size_are_the_same_integers() {
    #[derive(Module, Debug)]
    struct Counting {
        layer: Layer,
        counts: Param<Tensor<1, Int>>,
    }
    let new = |device: &Device, counts: [i32; 3]| Counting {
        layer: LinearConfig::new(2, 1).init(device),
        counts: Param::initialized(ParamId::new(), Tensor::from_data(counts, device)),
    };
    let config = SgdConfig::new();
    for from in devices() {
        let saved = new(&from, [1, -2, 3]);
        let progress = Progress::default();
        let checkpoint = Checkpoint::capture(&saved, &config.init(), &config, &lr(), progress);
        for to in devices() {
            let model = new(&to, [0, 0, 0]);
            let dtype = model.counts.val().dtype();
            let restored = checkpoint.as_ref().unwrap();
            let (model, _) = restored
                .restore(model, config.init(), &config, &mut lr())
                .unwrap();
            assert_eq!(model.counts.val().dtype(), dtype);
            let counts: Vec<i32> = model.counts.val().try_into_vec_as().unwrap();
            assert_eq!(counts, [1, -2, 3], "from {from:?} to {to:?}");
        }
    }
}

#[test]
fn another_optimizer_is_refused_even_where_its_state_looks_the_same() {
    let device = &devices()[0];
    let (training, _, checkpoint) = trained(device, 3);
    let model = || training.model.clone();

    let config = AdamWConfig::new();
    let error = refused(&checkpoint, model(), config.init(), &config, lr());
    assert!(error.to_string().contains("AdamWConfig"), "{error}");

    let config = AdamConfig::new().with_beta_1(0.8);
    let error = refused(&checkpoint, model(), config.init(), &config, lr());
    assert!(
        matches!(error, CheckpointError::OptimizerConfig { .. }),
        "{error}"
    );

    // A config that claims to be the saved one, over an optimizer that Burn would leave empty.
    let error = refused(
        &checkpoint,
        model(),
        SgdConfig::new().init(),
        &AdamConfig::new(),
        lr(),
    );
    assert!(
        error
            .to_string()
            .contains("is not part of this optimizer's state"),
        "{error}"
    );
}

#[test]
fn another_schedule_is_refused_unless_it_was_asked_for() {
    let device = &devices()[0];
    let (training, _, checkpoint) = trained(device, 3);
    let config = AdamConfig::new();
    let another = || Scheduler::new(Constant::new(0.1));
    let error = refused(
        &checkpoint,
        training.model.clone(),
        config.init(),
        &config,
        another(),
    );
    assert!(
        error
            .to_string()
            .starts_with("the record is of another schedule"),
        "{error}"
    );

    let mut another = another().accept_another_schedule();
    checkpoint
        .restore(training.model, config.init(), &config, &mut another)
        .unwrap();
    assert_eq!((another.position(), another.step()), (3, 0.1));
}

#[test]
fn a_file_that_has_changed_is_refused_wherever_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let (_, _, checkpoint) = trained(&devices()[0], 3);
    checkpoint.save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Checkpoint::load(&path)
    };
    let mut parts = std::collections::BTreeSet::new();
    for bit in (0..whole.len() * 8).step_by(61) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match load(&bytes).unwrap_err() {
            CheckpointError::Damaged { part, .. } => drop(parts.insert(part)),
            CheckpointError::NotACheckpoint { .. } | CheckpointError::Version { .. } => {}
            other => panic!("bit {bit}: {other}"),
        }
    }
    let expected = [
        "header, index or length",
        "header, index or padding",
        "model",
        "optimizer",
        "scheduler",
    ];
    assert_eq!(parts.into_iter().collect::<Vec<_>>(), expected);
    for length in (0..whole.len()).step_by(64) {
        assert!(load(&whole[..length]).is_err(), "cut to {length} bytes");
    }
    assert!(load(&[&whole[..], b"more"].concat()).is_err());
    assert!(load(&whole).is_ok());
}

#[test]
fn what_burn_writes_by_itself_is_no_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.bpk");
    let model = Training::new(SgdConfig::new().init(), &devices()[0]).model;
    model.into_record().save(&path).unwrap();
    let error = Checkpoint::load(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("is not a checkpoint: it has no `format`"),
        "{error}"
    );
    let error = Checkpoint::load(directory.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("can't read `"), "{error}");
}

#[test]
fn a_failed_save_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let (_, _, checkpoint) = trained(&devices()[0], 3);
    let error = checkpoint
        .save(directory.path().join("no/such/directory"))
        .unwrap_err();
    assert!(error.to_string().starts_with("can't write `"), "{error}");
    // A directory is in the way of the last step, the rename.
    let path = directory.path().join("taken");
    fs::create_dir_all(path.join("inside")).unwrap();
    assert!(checkpoint.save(&path).is_err());
    assert!(path.join("inside").exists());
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        1,
        "a scratch file is left"
    );
}

#[test]
fn a_state_that_could_not_be_restored_is_not_captured() {
    let device = &devices()[0];
    let mut training = Training::new(AdamConfig::new().init(), device);
    training.step(0.1);
    training.model = linear::model::Model::new(device); // Burn keeps the old one's state
    training.step(0.1);
    let error = Checkpoint::capture(
        &training.model,
        &training.optimizer,
        &AdamConfig::new(),
        &lr(),
        Progress::default(),
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the model has no parameter"), "{error}");
}
