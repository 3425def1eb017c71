//! Rates by parameter group, over a real network.

use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{Module, ParamId};
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamConfig;
use burn::tensor::Device;
use burn_lr::prelude::*;
use burn_lr::{GroupError, LoadError};
use digits::model::Network;

fn network() -> Network {
    Network::new(&Device::flex().autodiff())
}

/// The rate that an optimizer gives the parameter at `path`.
fn rate(rates: &ModuleLearningRate, path: &str) -> f64 {
    rates.lr_from_param(ParamId::new(), Some(path))
}

fn through_bytes(record: LrSchedulerRecord) -> LrSchedulerRecord {
    LrSchedulerRecord::from_bytes(record.into_bytes().unwrap()).unwrap()
}

#[test]
fn layer_wise_decay_gives_each_path_its_rate() {
    let model = network();
    let layers = layers_of(&model);
    assert_eq!(layers, ["input", "hidden", "output"]);
    let schedule = Cosine::new(0.1, 0.01, 20).warmup(5);
    let base = Scheduler::new(schedule);
    let mut lr = Groups::new()
        .layer_wise(0.75, &layers)
        .build(base, &model)
        .unwrap();
    for step in 0..30 {
        let rates = lr.step();
        let base = schedule.at(step);
        let by_hand = [
            ("input.weight", 0.75 * 0.75 * base),
            ("input.bias", 0.75 * 0.75 * base),
            ("hidden.weight", 0.75 * base),
            ("hidden.bias", 0.75 * base),
            ("output.weight", base),
            ("output.bias", base),
        ];
        for (path, expected) in by_hand {
            assert_eq!(rate(&rates, path), expected, "{path} at step {step}");
        }
        assert_eq!(rates.base(), base);
        assert_eq!(lr.rate("hidden", &rates), Some(0.75 * base));
    }
}

#[derive(Module, Debug)]
struct Twelve {
    layer1: Linear,
    layer10: Linear,
    blocks: Vec<Linear>,
}

impl Twelve {
    fn new() -> Self {
        let device = Device::flex();
        let layer = || LinearConfig::new(2, 2).init(&device);
        Self {
            layer1: layer(),
            layer10: layer(),
            blocks: (0..11).map(|_| layer()).collect(),
        }
    }
}

#[test]
fn groups_are_of_whole_path_segments_and_the_last_one_counts() {
    let model = Twelve::new();
    let layers = layers_of(&model);
    assert_eq!(layers.len(), 13);
    assert_eq!(layers[3], "blocks.1");
    let own = Scheduler::new(LinearRamp::new(1.0, 0.0, 10));
    let groups = Groups::new()
        .with(Group::new("layer1").scaled(0.5))
        .with(Group::new("blocks").scaled(0.25))
        .with(Group::new("blocks.1").unfrozen_at(2).scaled(3.0))
        .with(Group::of_paths("biases", |path| path.ends_with(".bias")).scaled(2.0))
        .with(Group::new("blocks.10.weight").scheduled(own));
    let mut lr = groups
        .build(Scheduler::new(Constant::new(0.1)), &model)
        .unwrap();
    for step in 0..4 {
        let rates = lr.step();
        let unfrozen = if step < 2 { 0.0 } else { 0.1 * 3.0 };
        let by_hand = [
            ("layer1.weight", 0.05),
            ("layer10.weight", 0.1),
            ("layer10.bias", 0.2),
            ("blocks.0.weight", 0.025),
            ("blocks.1.weight", unfrozen),
            ("blocks.10.weight", 1.0 - step as f64 / 10.0),
            ("blocks.1.bias", 0.2),
        ];
        for (path, expected) in by_hand {
            assert_eq!(rate(&rates, path), expected, "{path} at step {step}");
        }
    }
    // By hand: the base and its multiples, or a group alone.
    lr.handle().base().set(1.0).unwrap();
    lr.handle()
        .of("blocks.10.weight")
        .unwrap()
        .scale(0.0)
        .unwrap();
    assert!(lr.handle().of("blocks").is_none());
    let rates = lr.step();
    assert_eq!(rate(&rates, "layer1.weight"), 0.5);
    assert_eq!(rate(&rates, "blocks.10.weight"), 0.0);

    // A step that does not count, for all of them.
    lr.handle().base().release();
    lr.handle().of("blocks.10.weight").unwrap().release();
    lr.step();
    lr.skip_step();
    assert_eq!(rate(&lr.step(), "blocks.10.weight"), 1.0 - 5.0 / 10.0);
}

#[test]
fn a_groups_own_schedule_is_scaled_and_unfrozen_too() {
    let build = |factor: f64, from: u64| {
        let own = Scheduler::new(LinearRamp::new(1.0, 0.0, 10));
        let head = Group::new("output").scheduled(own);
        let head = head.scaled(factor).unfrozen_at(from);
        let base = Scheduler::new(Constant::new(0.1));
        Groups::new().with(head).build(base, &network()).unwrap()
    };
    let mut lr = build(0.5, 3);
    for step in 0..12 {
        let rates = lr.step();
        let own = 1.0 - f64::from(step.min(10)) / 10.0;
        let expected = if step < 3 { 0.0 } else { own * 0.5 };
        assert_eq!(rate(&rates, "output.bias"), expected, "at step {step}");
        assert_eq!(lr.handle().of("output").unwrap().lr(), own);
    }
    // They are part of what a record is recognised by.
    let record = through_bytes(lr.record());
    let mut same = build(0.5, 3);
    same.try_load_record(&record).unwrap();
    assert_eq!(same.handle().of("output").unwrap().steps(), 12);
    for mut other in [build(0.25, 3), build(0.5, 4)] {
        let error = other.try_load_record(&record).unwrap_err();
        assert!(matches!(error, LoadError::Kind { .. }), "{error}");
    }
}

#[test]
fn what_cannot_be_a_group_is_refused_with_what_there_is() {
    let build = |groups: Groups| {
        let base = Scheduler::new(Constant::new(0.1));
        groups.build(base, &network()).unwrap_err()
    };
    assert_eq!(
        build(Groups::new().with(Group::new("head"))).to_string(),
        "the group `head` is of no parameter; there are input.weight, input.bias, hidden.weight, \
         hidden.bias, output.weight, output.bias"
    );
    let covered = Groups::new()
        .with(Group::new("input.bias"))
        .with(Group::new("input"));
    assert_eq!(
        build(covered),
        GroupError::Shadowed {
            name: "input.bias".to_string()
        }
    );
    let twins = Groups::new()
        .with(Group::new("input"))
        .with(Group::new("input"));
    assert_eq!(
        build(twins),
        GroupError::Duplicate {
            name: "input".to_string()
        }
    );
    assert_eq!(
        build(Groups::new().with(Group::new("input").scaled(-1.0))).to_string(),
        "input.factor: must be finite and at least 0, got -1"
    );
    assert_eq!(
        build(Groups::new().layer_wise(f64::NAN, &["input", "output"])).to_string(),
        "layer_wise.decay: must be finite and at least 0, got NaN"
    );
}

fn with_rule(decay: f64) -> burn_lr::GroupScheduler {
    let rule = ReduceOnPlateauConfig::new().with_patience(0);
    let base = Scheduler::with_feedback(Constant::new(0.1).warmup(5), rule.build().unwrap());
    let own = Scheduler::new(LinearRamp::new(0.5, 0.0, 50));
    let groups = Groups::new()
        .layer_wise(decay, &["input", "hidden"])
        .with(Group::new("output").scheduled(own));
    groups.build(base, &network()).unwrap()
}

#[test]
fn groups_are_resumed_in_burns_hands_and_in_a_checkpoint() {
    let all = |rates: ModuleLearningRate| {
        ["input", "hidden", "output"].map(|layer| rate(&rates, &format!("{layer}.weight")))
    };
    let mut lr = with_rule(0.5);
    for _ in 0..20 {
        lr.step();
    }
    lr.handle().base().scale(0.3).unwrap();
    let mut burns = ModuleLrScheduler::from(with_rule(0.5)).load_record(lr.record());
    let mut ours = with_rule(0.5);
    ours.try_load_record(&through_bytes(lr.record())).unwrap();
    for _ in 0..20 {
        let expected = all(lr.step());
        assert_eq!((all(burns.step()), all(ours.step())), (expected, expected));
    }

    let (model, config) = (network(), AdamConfig::new());
    let optimizer = config.init();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint.bpk");
    let progress = Progress::default();
    let checkpoint = Checkpoint::capture(&model, &optimizer, &config, &lr, progress).unwrap();
    checkpoint.save(&path).unwrap();
    let checkpoint = Checkpoint::load(&path).unwrap();
    assert!(
        checkpoint
            .schedule()
            .unwrap()
            .contains(r#""groups":[{"name":"hidden""#)
    );
    let mut resumed = with_rule(0.5);
    checkpoint
        .restore(network(), config.init(), &config, &mut resumed)
        .unwrap();
    assert_eq!(all(resumed.step()), all(lr.step()));
}

#[test]
fn other_groups_are_refused() {
    let mut lr = with_rule(0.5);
    lr.step();
    let record = lr.record();
    let message = |result: Result<(), LoadError>| result.unwrap_err().to_string();
    assert_eq!(
        message(with_rule(0.25).try_load_record(&record)),
        "the record is of 3 parameter groups, but others, not of 3 parameter groups"
    );
    let base = || Scheduler::new(Constant::new(0.1));
    let mut none = Groups::new().build(base(), &network()).unwrap();
    assert_eq!(
        message(none.try_load_record(&record)),
        "the record is of 3 parameter groups, not of one rate for all parameters"
    );
    let mut plain = ModuleLrScheduler::new(base());
    plain.step();
    assert_eq!(
        message(with_rule(0.5).try_load_record(&plain.to_record())),
        "the record is of one rate for all parameters, not of 3 parameter groups"
    );
    // The other way round, and a schedule of a group's own.
    let error = base().try_load_record(&record.record("0"));
    assert!(message(error).starts_with("the record is not of this library"));
    let other = |end: f64| {
        let own = Group::new("output").scheduled(Scheduler::new(from_fn(move |n| end * n as f64)));
        Groups::new().with(own).build(base(), &network()).unwrap()
    };
    let error = other(1.0).try_load_record(&other(2.0).record());
    assert!(message(error).starts_with("of the group `output`: the record is of another schedule"));
    // Nothing was changed by any of it.
    let mut unchanged = with_rule(0.25);
    assert!(unchanged.try_load_record(&record).is_err());
    assert_eq!(unchanged.handle().base().steps(), 0);
}

#[test]
fn clones_of_groups_go_on_by_themselves() {
    let mut lr = with_rule(0.5);
    lr.step();
    let mut clone = lr.clone();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let mut clone = lr.clone();
            std::thread::spawn(move || {
                let rates = (0..100).map(|_| rate(&clone.step(), "input.weight"));
                rates.collect::<Vec<f64>>()
            })
        })
        .collect();
    // Two on one thread, in turns.
    for _ in 0..50 {
        let (ours, clones) = (lr.step(), clone.step());
        assert_eq!(rate(&ours, "input.weight"), rate(&clones, "input.weight"));
    }
    let [first, second] = threads
        .try_into()
        .unwrap_or_else(|_| panic!("there are two"));
    let (first, second): (Vec<f64>, Vec<f64>) = (first.join().unwrap(), second.join().unwrap());
    assert_eq!(first, second);
    assert_eq!(
        first[49],
        rate(
            &{
                let mut l = with_rule(0.5);
                for _ in 0..50 {
                    l.step();
                }
                l.step()
            },
            "input.weight"
        )
    );
}
