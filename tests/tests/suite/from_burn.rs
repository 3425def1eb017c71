//! Runs that began with Burn's own schedulers: their records, gone on from here.

use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::composed::{ComposedLrSchedulerConfig, SchedulerReduction};
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLrScheduler, ModuleLrSchedulerConfig};
use burn::lr_scheduler::noam::NoamLrSchedulerConfig;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::module::ParamGroup;
use burn_lr::prelude::*;
use burn_lr::{BurnRecordError, DynSchedule};

/// Steps after which a run is gone on with here.
const POSITIONS: [u64; 9] = [0, 1, 2, 29, 30, 31, 100, 101, 1_234];

fn linear() -> LrSchedulerConfig {
    LinearLrSchedulerConfig::new(0.9, 0.01, 100).into()
}

fn cosine() -> LrSchedulerConfig {
    CosineAnnealingLrSchedulerConfig::new(0.9, 100)
        .with_min_lr(0.01)
        .into()
}

fn exponential(gamma: f64) -> LrSchedulerConfig {
    ExponentialLrSchedulerConfig::new(0.9, gamma).into()
}

fn noam() -> LrSchedulerConfig {
    NoamLrSchedulerConfig::new(1.0)
        .with_warmup_steps(400)
        .into()
}

fn step() -> LrSchedulerConfig {
    StepLrSchedulerConfig::new(0.9, 30).with_gamma(0.5).into()
}

fn sequential(parts: Vec<LrSchedulerConfig>, milestones: &[usize]) -> LrSchedulerConfig {
    SequentialLrSchedulerConfig::new(parts, milestones.to_vec()).into()
}

fn composed(parts: &[LrSchedulerConfig], reduction: SchedulerReduction) -> LrSchedulerConfig {
    let config = ComposedLrSchedulerConfig::new().with_reduction(reduction);
    let config = parts
        .iter()
        .cloned()
        .fold(config, |config, part| match part {
            LrSchedulerConfig::Constant(part) => config.constant(part),
            LrSchedulerConfig::Linear(part) => config.linear(part),
            LrSchedulerConfig::Cosine(part) => config.cosine(part),
            LrSchedulerConfig::Exponential(part) => config.exponential(part),
            LrSchedulerConfig::Noam(part) => config.noam(part),
            LrSchedulerConfig::Step(part) => config.step(part),
            LrSchedulerConfig::Composed(part) => config.composed(part),
            part => panic!("Burn can't compose {part:?}"),
        });
    config.into()
}

/// Burn's scheduler, and what its config is called here.
fn both(config: &LrSchedulerConfig) -> (ModuleLrScheduler, Scheduler<DynSchedule>) {
    let burn = ModuleLrSchedulerConfig::new(config.clone()).init().unwrap();
    let text = serde_json::to_string(config).unwrap();
    let spec = lr_compat::burn::parse(&text).unwrap();
    (burn, Scheduler::new(spec.build().unwrap()))
}

/// Checks that a run of Burn's goes on here, after so many steps, as it would have there.
fn goes_on(config: &LrSchedulerConfig, position: u64) {
    let (mut burn, lr) = both(config);
    (0..position).for_each(|_| _ = burn.step());
    let module = burn.to_record();
    // As `ModuleLrScheduler` and burn-train have it, and as the scheduler itself does; also after a
    // trip through a file.
    let bytes = module.clone().into_bytes().unwrap();
    let from_file = LrSchedulerRecord::from_bytes(bytes).unwrap();
    for record in [&module, &module.record("0"), &from_file] {
        let (mut burn, mut lr) = (burn.clone(), lr.clone());
        lr.try_load_burn_record(record).unwrap_or_else(|error| {
            panic!("after {position} steps: {error}, of {config:?}");
        });
        for next in 0..200 {
            let (ours, burn) = (lr.step(), burn.step().base());
            assert!(
                (ours - burn).abs() <= 1e-12,
                "{ours}, Burn {burn}, {next} steps after {position}, of {config:?}"
            );
        }
    }
}

#[test]
fn each_of_burns_schedulers_goes_on_here() {
    for config in [
        linear(),
        LinearLrSchedulerConfig::new(1e-5, 0.5, 1).into(),
        cosine(),
        exponential(0.97),
        exponential(0.9999),
        exponential(1e-3),
        noam(),
        step(),
        StepLrSchedulerConfig::new(0.9, 1).into(),
    ] {
        for position in POSITIONS {
            goes_on(&config, position);
        }
    }
    goes_on(&exponential(0.9999), 100_000);
    goes_on(&exponential(0.5), 5_000); // long since too small for a number
}

#[test]
fn nested_ones_go_on_too() {
    let several = [
        cosine(),
        exponential(0.9999),
        step(),
        linear(),
        0.7.into(),
        noam(),
    ];
    for reduction in [
        SchedulerReduction::Prod,
        SchedulerReduction::Sum,
        SchedulerReduction::Avg,
    ] {
        let composed_once = composed(&several, reduction);
        let within = composed(
            &[composed_once.clone(), 0.5.into()],
            SchedulerReduction::Avg,
        );
        let in_sequence = sequential(
            vec![
                linear(),
                composed_once.clone(),
                sequential(vec![step(), exponential(0.97)], &[20]),
            ],
            &[30, 101],
        );
        for config in [composed_once, within, in_sequence] {
            for position in POSITIONS {
                goes_on(&config, position);
            }
        }
    }
    for config in [
        sequential(vec![linear(), 0.5.into(), cosine(), noam()], &[1, 70, 500]),
        sequential(vec![0.5.into(), 0.1.into()], &[30]),
        sequential(
            vec![sequential(vec![step(), linear()], &[10]), exponential(0.97)],
            &[100],
        ),
        sequential(vec![cosine()], &[]),
        composed(&[cosine()], SchedulerReduction::Prod),
        composed(
            &[composed(&[linear()], SchedulerReduction::Sum)],
            SchedulerReduction::Prod,
        ),
    ] {
        for position in POSITIONS {
            goes_on(&config, position);
        }
    }
}

/// Tries to go on here with what `config` stands for, and gives the error.
fn refused(record: &LrSchedulerRecord, config: &LrSchedulerConfig) -> BurnRecordError {
    let (_, mut lr) = both(config);
    let error = lr.try_load_burn_record(record).unwrap_err();
    assert_eq!(lr.position(), 0, "it moved");
    error
}

fn after(config: &LrSchedulerConfig, steps: u64) -> LrSchedulerRecord {
    let (mut burn, _) = both(config);
    (0..steps).for_each(|_| _ = burn.step());
    burn.to_record().record("0")
}

#[test]
fn a_constant_stores_nothing_and_that_is_said() {
    let constant: LrSchedulerConfig = 0.1.into();
    let error = refused(&after(&constant, 10), &constant);
    assert_eq!(error, BurnRecordError::NoPosition);
    assert_eq!(
        error.to_string(),
        "the record holds no position: Burn stores nothing for a rate that is constant"
    );
    let several = composed(&[constant.clone(), constant], SchedulerReduction::Sum);
    assert_eq!(
        refused(&after(&several, 10), &several),
        BurnRecordError::NoPosition
    );
}

#[test]
fn another_kind_of_scheduler_is_refused() {
    let kinds = [
        linear(),
        cosine(),
        exponential(0.9),
        noam(),
        step(),
        0.1.into(),
        sequential(vec![linear(), cosine()], &[10]),
        composed(&[linear(), cosine()], SchedulerReduction::Prod),
    ];
    for (index, saved) in kinds.iter().enumerate() {
        for (other, given) in kinds.iter().enumerate() {
            if index != other && index != 5 {
                let error = refused(&after(saved, 3), given);
                assert!(
                    matches!(
                        error,
                        BurnRecordError::Kind { .. } | BurnRecordError::Groups { .. }
                    ),
                    "{saved:?} as {given:?}: {error}"
                );
            }
        }
    }
    assert_eq!(
        refused(&after(&cosine(), 3), &linear()).to_string(),
        "the record: for a schedule that is `linear`, Burn stores remaining_iters; the record has \
         current_iter"
    );
}

#[test]
fn other_options_are_refused_where_the_record_tells() {
    let error = refused(&after(&exponential(0.9), 10), &exponential(0.8));
    assert!(matches!(error, BurnRecordError::Rate { .. }), "{error}");
    let shorter: LrSchedulerConfig = LinearLrSchedulerConfig::new(0.9, 0.01, 50).into();
    let error = refused(&after(&linear(), 10), &shorter);
    assert_eq!(
        error.to_string(),
        "the record: `remaining_iters` must be a count of at most 51, got 91"
    );
    let parts = || vec![step(), linear()];
    let error = refused(
        &after(&sequential(parts(), &[10]), 30),
        &sequential(parts(), &[20]),
    );
    assert_eq!(
        error.to_string(),
        "the record's `0`: by its numbers, it took 10 steps; by the others, 20"
    );
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let record = LrSchedulerRecord::new;
    for (record, config) in [
        (record().with_scalar("remaining_iters", -1i64), linear()),
        (record().with_scalar("remaining_iters", 0.5), linear()),
        (record().with_scalar("current_iter", -1i64), cosine()),
        (record().with_scalar("iter_idx", -2i64), step()),
        (record().with_scalar("iter_idx", i64::MAX), step()),
        (record().with_scalar("step", -1.0), noam()),
        (record().with_scalar("step", 0.5), noam()),
        (record().with_scalar("step", f64::NAN), noam()),
        (record().with_scalar("step", 1e300), noam()),
        (
            record().with_scalar("previous_lr", f64::NAN),
            exponential(0.9),
        ),
        (
            record().with_scalar("previous_lr", f64::INFINITY),
            exponential(0.9),
        ),
        (record().with_scalar("previous_lr", -0.1), exponential(0.9)),
        (
            record().with_scalar("step", -1i64),
            sequential(vec![linear()], &[]),
        ),
    ] {
        let error = refused(&record, &config);
        // A sequence of one is that one here, which stores something else.
        assert!(
            matches!(
                error,
                BurnRecordError::Invalid { .. } | BurnRecordError::Kind { .. }
            ),
            "{error}"
        );
    }
    for previous in [1e300, 0.9 / 0.9 / 0.9, 0.85] {
        let error = refused(
            &record().with_scalar("previous_lr", previous),
            &exponential(0.9),
        );
        assert!(
            matches!(error, BurnRecordError::Rate { .. }),
            "{previous}: {error}"
        );
    }
}

#[test]
fn what_has_no_counterpart_in_burn_is_said() {
    let record = after(&cosine(), 3);
    let mut lr = Scheduler::new(CosineAnnealing::new(0.9, 0.0, 100).warmup(10));
    assert_eq!(
        lr.try_load_burn_record(&record).unwrap_err().to_string(),
        "the record: none of Burn's schedulers is like `warmup`"
    );
    let mut lr = Scheduler::new(from_fn(|_| 0.1));
    assert_eq!(
        lr.try_load_burn_record(&record),
        Err(BurnRecordError::NoSpec)
    );
    let mut lr = Scheduler::new(CosineAnnealing::new(0.9, 0.0, 100));
    assert_eq!(
        lr.try_load_burn_record(&lr.to_record()),
        Err(BurnRecordError::Own)
    );
    assert_eq!(lr.clone().try_load_burn_record(&record), Ok(()));
    assert!(lr.try_load_burn_record(&LrSchedulerRecord::new()).is_err());
}

#[test]
fn each_group_of_a_module_scheduler_is_its_own() {
    let config = ModuleLrSchedulerConfig::new(cosine())
        .with_group(ParamGroup::from_predicate("head"), linear());
    let mut burn = config.init().unwrap();
    (0..10).for_each(|_| _ = burn.step());
    let record = burn.to_record();
    assert_eq!(
        refused(&record, &cosine()),
        BurnRecordError::Groups { groups: 2 }
    );
    for (group, config) in [("0", cosine()), ("1", linear())] {
        let (_, mut lr) = both(&config);
        lr.try_load_burn_record(&record.record(group)).unwrap();
        assert_eq!(lr.position(), 10);
    }
}
