//! Checkpoints: what comes back, and what is refused before anything is changed.

use std::collections::BTreeMap;
use std::fs;

use burn::config::Config;
use burn::module::{Module, Param, ParamId, Quantizer};
use burn::nn::{Linear, LinearConfig, LinearLayout};
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::quantization::{Calibration, QuantScheme};
use burn::tensor::{DType, Device, Int, Tensor};
use burn_lr::prelude::*;
use burn_lr::{CheckpointError, FileError, FileFault, Mismatch};
use tests::torch::Place;
use tests::{Training, devices, tolerance};

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

#[test]
fn a_run_that_trains_on_while_it_is_saved_saves_what_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    for device in devices() {
        let mut writer = BackgroundWriter::new(&path);
        let (mut run, mut run_lr, checkpoint) = trained(&device, 12);
        let mut save_and_go_on = |checkpoint, run: &mut Training, lr: &mut Lr| {
            let saved = run.weights();
            writer.save(checkpoint).unwrap();
            (0..5).for_each(|_| run.step(lr.step()));
            saved
        };
        let first = save_and_go_on(checkpoint, &mut run, &mut run_lr);
        let config = AdamConfig::new();
        let Training {
            model, optimizer, ..
        } = &run;
        let progress = Progress {
            step: 17,
            ..Progress::default()
        };
        let checkpoint = Checkpoint::capture(model, optimizer, &config, &run_lr, progress).unwrap();
        let last = save_and_go_on(checkpoint, &mut run, &mut run_lr);
        assert_ne!(first, last);
        writer.finish().unwrap();

        let checkpoint = Checkpoint::load(&path).unwrap();
        assert_eq!(checkpoint.progress().step, 17);
        let (mut resumed, mut resumed_lr) = (Training::new(config.init(), &device), lr());
        (resumed.model, resumed.optimizer) = checkpoint
            .restore(resumed.model, resumed.optimizer, &config, &mut resumed_lr)
            .unwrap();
        assert_eq!(resumed.weights(), last, "on {device:?}");
        (0..5).for_each(|_| resumed.step(resumed_lr.step()));
        assert_eq!(resumed.weights(), run.weights(), "on {device:?}");
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
    let Err(error) = checkpoint
        .clone()
        .restore(model, optimizer, config, &mut lr)
    else {
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
        linear: Linear,
        head: Linear,
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
        layer: Linear,
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
        let checkpoint = checkpoint.unwrap();
        for to in devices() {
            let model = new(&to, [0, 0, 0]);
            let dtype = model.counts.val().dtype();
            let (model, _) = checkpoint
                .clone()
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
    let mut parts = BTreeMap::new();
    let bits = whole.len() * 8;
    for flip in 0..5_000 {
        let bit = bits * flip / 5_000;
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let part = match load(&bytes).unwrap_err() {
            CheckpointError::File(FileError {
                fault: FileFault::Damaged(part),
                ..
            }) => part,
            other => panic!("bit {bit}: {other}"),
        };
        *parts.entry(part).or_insert(0) += 1;
    }
    let named: Vec<&str> = parts.keys().copied().collect();
    let expected = [
        "header, index or trailer",
        "index or trailer",
        "model",
        "optimizer",
        "scheduler",
        "trailer",
    ];
    assert_eq!(named, expected, "{parts:?}");

    for length in (0..whole.len()).step_by(64) {
        let error = load(&whole[..length]).unwrap_err().to_string();
        let part = if length == 0 { "header" } else { "trailer" };
        assert!(error.contains(part), "cut to {length} bytes: {error}");
    }
    for more in [&b"more"[..], &whole] {
        assert!(load(&[&whole[..], more].concat()).is_err());
        assert!(load(&[more, &whole[..]].concat()).is_err());
    }
    assert!(load(&whole).is_ok());
}

#[test]
fn a_file_is_inspected_without_its_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let (_, _, checkpoint) = trained(&devices()[0], 3);
    checkpoint.with_note("host", "here").save(&path).unwrap();
    let inspection = Checkpoint::inspect(&path).unwrap();
    assert_eq!((inspection.version, inspection.progress.step), (3, 3));
    assert_eq!(inspection.notes["host"], "here");
    let shapes = inspection.parameters.iter();
    let shapes: Vec<_> = shapes
        .map(|parameter| (parameter.path.as_str(), &parameter.shape[..]))
        .collect();
    assert_eq!(
        shapes,
        [("linear.weight", &[10, 1][..]), ("linear.bias", &[1])]
    );
    assert_eq!(inspection.model_size, 11 * 4);
    assert_eq!(inspection.file_size, fs::metadata(&path).unwrap().len());

    // Damage to a part does not show in what is said of it; damage to the index does.
    let whole = fs::read(&path).unwrap();
    let with = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        Checkpoint::inspect(&path)
    };
    let show = |inspection| format!("{inspection:?}"); // a metric is NaN
    assert_eq!(show(with(0).unwrap()), show(inspection));
    let error = with(whole.len() - 100).unwrap_err();
    let CheckpointError::File(FileError { fault, .. }) = error else {
        panic!("{error}");
    };
    assert!(matches!(fault, FileFault::Damaged(_)), "{fault}");
}

#[test]
fn what_burn_writes_by_itself_is_no_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.bpk");
    let model = Training::new(SgdConfig::new().init(), &devices()[0]).model;
    model.into_record().save(&path).unwrap();
    let error = Checkpoint::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("is not a checkpoint: it has no trailer"),
        "{error}"
    );
    let error = Checkpoint::load(directory.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("none: can't be read: "), "{error}");
}

#[test]
fn a_failed_save_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let (_, _, checkpoint) = trained(&devices()[0], 3);
    let error = checkpoint
        .save(directory.path().join("no/such/directory"))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no/such/directory: can't be written: "),
        "{error}"
    );
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
fn a_state_that_could_not_be_restored_is_not_saved() {
    let device = &devices()[0];
    let mut training = Training::new(AdamConfig::new().init(), device);
    training.step(0.1);
    training.model = linear::model::Model::new(device); // Burn keeps the old one's state
    training.step(0.1);
    let captured = Checkpoint::capture(
        &training.model,
        &training.optimizer,
        &AdamConfig::new(),
        &lr(),
        Progress::default(),
    );
    let directory = tempfile::tempdir().unwrap();
    let saved = captured.unwrap().save(directory.path().join("run"));
    let error = saved.unwrap_err().to_string();
    assert!(error.contains("the model has no parameter"), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[derive(Module, Debug)]
struct Body {
    linear: Linear,
}

#[derive(Module, Debug)]
struct BodyAndHead {
    linear: Linear,
    head: Linear,
}

fn step<M: Module>(
    (model, mut optimizer): (M, ModuleOptimizer),
    forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    device: &Device,
) -> (M, ModuleOptimizer) {
    let input = Tensor::from_data([[0.5, -1.0, 2.0]], device);
    let loss = forward(&model, input).powf_scalar(2.0).sum();
    let grads = GradientsParams::from_grads(loss.backward(), &model);
    (optimizer.step(0.1, model, grads), optimizer)
}

/// Such a layer is saved transposed. (Its weights come back as they were, in another order in memory,
/// by which products are rounded otherwise.)
#[test]
fn a_layer_of_column_layout_goes_on_whether_it_has_values_or_not() {
    let config = AdamConfig::new();
    for device in devices() {
        let layer = LinearConfig::new(3, 2).with_layout(LinearLayout::Col);
        let forward = |layer: &Linear, input| layer.forward(input);
        let weight = |layer: &Linear| layer.weight.val().into_data();
        let (trained, optimizer) = step((layer.init(&device), config.init()), forward, &device);
        let progress = Progress::default();
        let checkpoint =
            Checkpoint::capture(&trained, &optimizer, &config, &lr(), progress).unwrap();
        let saved = weight(&trained);
        let (whole, _) = step((trained.clone(), optimizer), forward, &device);
        for model in [layer.init(&device), trained] {
            let checkpoint = checkpoint.clone();
            let restored = checkpoint.restore(model, config.init(), &config, &mut lr());
            let (model, optimizer) = restored.unwrap();
            assert_eq!(weight(&model), saved, "on {device:?}");
            let (resumed, _) = step((model, optimizer), forward, &device);
            let (whole, resumed) = (weight(&whole), weight(&resumed));
            for (whole, resumed) in whole.iter::<f64>().zip(resumed.iter::<f64>()) {
                let off = (whole - resumed).abs();
                assert!(off < tolerance(&device), "{off} on {device:?}");
            }
        }
    }
}

/// Burn would make it 32 bits, in silence.
#[test]
fn an_optimizers_state_is_not_rounded() {
    let place = Place {
        device: Device::flex().autodiff(),
        dtype: DType::F64,
    };
    let config = AdamConfig::new();
    let input = || place.tensor(vec![0.5, -1.0, 2.0], [1, 3]);
    let (model, mut optimizer) = (place.layer(3, 2), config.init());
    let grads = GradientsParams::from_grads(model.forward(input()).sum().backward(), &model);
    let model = optimizer.step(0.1, model, grads);
    let progress = Progress::default();
    let checkpoint = Checkpoint::capture(&model, &optimizer, &config, &lr(), progress).unwrap();
    let error = refused(&checkpoint, place.layer(3, 2), config.init(), &config, lr());
    let text = error.to_string();
    assert!(text.contains("is F64, and Burn loads"), "{text}");
    // The weights come back as they were.
    let fresh = checkpoint.restoring().with_fresh_optimizer();
    let restored = fresh.restore(place.layer(3, 2), config.init(), &config, &mut lr());
    let weights = [&model, &restored.unwrap().0].map(|layer| layer.weight.val().into_data());
    assert_eq!(weights[0], weights[1]);
}

#[test]
fn a_part_of_a_model_goes_on_where_that_was_asked_for() {
    let device = &devices()[0];
    let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
    let config = AdamConfig::new();
    let old = BodyAndHead {
        linear: layer(3, 4),
        head: layer(4, 2),
    };
    let both = |model: &BodyAndHead, input| model.head.forward(model.linear.forward(input));
    let (old, optimizer) = step((old, config.init()), both, device);
    let progress = Progress::default();
    let checkpoint = Checkpoint::capture(&old, &optimizer, &config, &lr(), progress).unwrap();

    // One layer less: its state is left out, and that of the other goes on.
    let body = || Body {
        linear: layer(3, 4),
    };
    let error = refused(&checkpoint, body(), config.init(), &config, lr());
    assert!(error.to_string().contains("`head.weight` is unexpected"));
    assert_eq!(checkpoint.differences(&body()).len(), 2);
    let partial = checkpoint.clone().restoring().accept_partial_model();
    let (model, optimizer) = partial
        .restore(body(), config.init(), &config, &mut lr())
        .unwrap();
    assert_eq!(
        model.linear.weight.val().into_data(),
        old.linear.weight.val().into_data()
    );
    assert_eq!(optimizer.to_record().len(), 4); // two moments of two parameters
    let _ = step(
        (model, optimizer),
        |model, input| model.linear.forward(input),
        device,
    );

    // One layer more: it stays as it is, without a state.
    let captured =
        Checkpoint::capture(&body(), &config.init(), &config, &lr(), Progress::default());
    let new = BodyAndHead {
        linear: layer(3, 4),
        head: layer(4, 2),
    };
    let head = new.head.weight.val().into_data();
    let captured = captured.unwrap();
    let partial = captured.restoring().accept_partial_model();
    let (new, optimizer) = partial
        .restore(new, config.init(), &config, &mut lr())
        .unwrap();
    assert_eq!(new.head.weight.val().into_data(), head);
    let _ = step((new, optimizer), both, device);

    // Another shape is another parameter all the same.
    let other = Body {
        linear: layer(3, 5),
    };
    let partial = checkpoint.restoring().accept_partial_model();
    let error = partial.restore(other, config.init(), &config, &mut lr());
    assert!(matches!(error, Err(CheckpointError::Model { mismatches }) if mismatches.len() == 2));
}

#[test]
fn other_options_and_another_optimizer_are_asked_for_by_name() {
    let device = &devices()[0];
    let (training, _, checkpoint) = trained(device, 3);
    let other = AdamConfig::new().with_beta_1(0.8);
    let restore = checkpoint
        .clone()
        .restoring()
        .accept_other_optimizer_options();
    let model = training.model.clone();
    let (model, optimizer) = restore
        .restore(model, other.init(), &other, &mut lr())
        .unwrap();
    assert_eq!(optimizer.to_record().len(), 4);

    // Not any optimizer, though.
    let sgd = SgdConfig::new();
    let restore = checkpoint
        .clone()
        .restoring()
        .accept_other_optimizer_options();
    let error = restore.restore(model.clone(), sgd.init(), &sgd, &mut lr());
    let error = error.map(drop).unwrap_err().to_string();
    assert!(
        error.contains("is not part of this optimizer's state"),
        "{error}"
    );
    let restore = checkpoint.restoring().with_fresh_optimizer();
    let (_, optimizer) = restore.restore(model, sgd.init(), &sgd, &mut lr()).unwrap();
    assert!(optimizer.to_record().is_empty());
}

#[test]
fn another_batch_size_moves_the_position() {
    let (training, _, checkpoint) = trained(&devices()[0], 12);
    let config = AdamConfig::new();
    let restore = |saved, given, lr: &mut Lr| {
        checkpoint
            .clone()
            .restoring()
            .accept_another_batch_size(saved, given)
            .restore(training.model.clone(), config.init(), &config, lr)
            .map(drop)
    };
    let mut half = Scheduler::new(Cosine::new(0.1, 0.0, 45).warmup(5)).accept_another_schedule();
    restore(32, 64, &mut half).unwrap();
    assert_eq!(half.position(), 6);
    let error = restore(32, 0, &mut lr()).unwrap_err().to_string();
    assert_eq!(error, "given: must be at least 1, got 0");
}

#[test]
fn quantized_weights_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("quantized.bpk");
    let mut quantizer = Quantizer::new(Calibration::MinMax, QuantScheme::default());
    let model = LinearConfig::new(3, 5).init(&Device::flex()); // 15 values, and scales after them
    let model = model.quantize_weights(&mut quantizer);
    let config = SgdConfig::new();
    let progress = Progress::default();
    let checkpoint = Checkpoint::capture(&model, &config.init(), &config, &lr(), progress);
    checkpoint.unwrap().save(&path).unwrap();

    let found = Checkpoint::inspect(&path).unwrap();
    let mut kinds = found.parameters.iter().map(|saved| saved.dtype);
    assert!(kinds.any(|dtype| matches!(dtype, DType::QFloat(_))));
    let checkpoint = Checkpoint::load(&path).unwrap();
    let restored = checkpoint.restore(model.clone(), config.init(), &config, &mut lr());
    let (restored, _) = restored.unwrap();
    let weight = |model: &Linear| model.weight.val().into_data();
    assert_eq!(weight(&restored), weight(&model));
}
