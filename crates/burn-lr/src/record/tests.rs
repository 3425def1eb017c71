use burn::lr_scheduler::LrSchedulerRecord;
use burn_pack::Scalar;

use super::error::LoadError;
use super::fields::scalars;
use super::state::SchedulerState;
use crate::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn schedule() -> impl Schedule + Clone + Send + Sync + std::fmt::Debug + 'static {
    Cosine::new(0.1, 0.001, 90).warmup(10)
}

fn stepped(n: usize) -> LrSchedulerRecord {
    let mut lr = Scheduler::new(schedule());
    for _ in 0..n {
        lr.step();
    }
    lr.to_record()
}

#[test]
fn a_state_is_the_same_after_it_was_stored() {
    let lr = Scheduler::new(schedule());
    let handle = lr.handle();
    handle.set(0.5).unwrap();
    handle.scale(0.5).unwrap();
    let state = SchedulerState::read(&lr.to_record()).unwrap();
    assert_eq!(state.progress.applied.over.set, Some(0.25));
    assert_eq!(SchedulerState::read(&state.store()), Ok(state));
}

#[test]
fn every_field_is_needed_and_checked() {
    let record = stepped(7);
    let load = |record: &LrSchedulerRecord| Scheduler::new(schedule()).try_load_record(record);
    let with = |name, value: Scalar| {
        let error = load(&record.clone().with_scalar(name, value));
        error.unwrap_err().to_string()
    };
    assert_eq!(load(&record), Ok(()));
    assert_eq!(load(&LrSchedulerRecord::new()), Err(LoadError::Empty));

    let all = scalars(&record).unwrap();
    for name in all.keys().cloned() {
        let others = all.iter().filter(|(other, _)| **other != name);
        let without = others.fold(LrSchedulerRecord::new(), |record, (name, value)| {
            record.with_scalar(name, *value)
        });
        let result = load(&without);
        match name.as_str() {
            // Without it, the probes still tell schedules apart,
            "schedule.fingerprint" => assert_eq!(result, Ok(())),
            // and the schedule still knows what it gave.
            "scheduled" => assert_eq!(result, Ok(())),
            "version" => assert!(matches!(result, Err(LoadError::Foreign { .. }))),
            _ => assert_eq!(result, Err(LoadError::Missing { field: name })),
        }
    }
    for (name, value, expected) in [
        ("kind", Scalar::UInt(9), "1 or 2, got 9"),
        ("position", Scalar::Int(-1), "a count, got -1"),
        ("rate", true.into(), "a number with a fraction, got true"),
        (
            "control.set",
            f64::NAN.into(),
            "finite and at least 0, got NaN",
        ),
        (
            "control.factor",
            (-0.5).into(),
            "finite and at least 0, got -0.5",
        ),
    ] {
        let expected = format!("the record's `{name}` must be {expected}");
        assert_eq!(with(name, value), expected);
    }
    assert_eq!(
        with("version", Scalar::UInt(2)),
        "the record has version 2; this library reads up to 1"
    );
    assert_eq!(
        with("kind", Scalar::UInt(2)),
        "the record is of a scheduler with a feedback rule, not of a scheduler without a feedback rule"
    );
    let burn = LrSchedulerRecord::new().with_scalar("current_iter", 7usize);
    assert_eq!(
        load(&burn).unwrap_err().to_string(),
        "the record is not of this library: it holds current_iter"
    );
}

#[test]
fn another_schedule_is_refused_unless_it_was_asked_for() {
    let record = stepped(7);
    let mut lr = Scheduler::new(Cosine::new(0.1, 0.001, 91).warmup(10));
    assert_eq!(
        lr.try_load_record(&record).unwrap_err().to_string(),
        format!(
            "the record is of another schedule: at step 100 that gave 0.001, this one gives \
             {}; `accept_another_schedule` goes on with this one",
            lr.schedule().at(100)
        )
    );
    assert_eq!(lr.position(), 0);

    // The same rates at every probe, from another description.
    let mut lr = Scheduler::new(Constant::new(0.1).take(u64::MAX));
    let same = Scheduler::new(Constant::new(0.1)).to_record();
    assert_eq!(
        lr.try_load_record(&same),
        Err(LoadError::AnotherDescription)
    );

    // A closure has no description, so its rates alone have to do.
    let mut lr = Scheduler::new(from_fn(|n| schedule().at(n)));
    assert_eq!(lr.try_load_record(&record), Ok(()));

    // An infinite rate, or one that outgrows all others, hides no difference before it.
    let growing = |at_1: f64| {
        from_fn(move |n| match n {
            0 => f64::INFINITY,
            1 => at_1,
            n => 1e300 * n as f64,
        })
    };
    let saved = Scheduler::new(growing(1.0)).to_record();
    assert_eq!(Scheduler::new(growing(1.0)).try_load_record(&saved), Ok(()));
    let differs = Scheduler::new(growing(2.0)).try_load_record(&saved);
    assert!(matches!(
        differs,
        Err(LoadError::AnotherSchedule { step: 1, .. })
    ));

    let mut lr = Scheduler::new(Constant::new(0.5)).accept_another_schedule();
    lr.try_load_record(&record).unwrap();
    assert_eq!((lr.position(), lr.step()), (7, 0.5));
}

#[test]
fn a_recurrence_takes_one_step_at_a_time_before_and_after_a_resume() {
    let updates = Arc::new(AtomicU64::new(0));
    let schedule = |updates: Arc<AtomicU64>| {
        let factor = |n: u64| 0.9 + 0.2 * (n as f64).sin().abs();
        Recurrence::new(0.1, move |n, rate| {
            updates.fetch_add(1, Ordering::Relaxed);
            rate * factor(n)
        })
        .warmup(5)
        .into_dyn()
    };
    let mut lr = Scheduler::new(schedule(updates.clone()));
    for _ in 0..1_000 {
        lr.step();
    }
    assert_eq!(updates.load(Ordering::Relaxed), 994); // one for each after the first
    let record = lr.to_record();
    let record = LrSchedulerRecord::from_bytes(record.into_bytes().unwrap()).unwrap();

    let mut resumed = Scheduler::new(schedule(updates.clone()));
    resumed.try_load_record(&record).unwrap();
    updates.store(0, Ordering::Relaxed);
    for _ in 0..100 {
        assert_eq!(resumed.step().to_bits(), lr.step().to_bits());
    }
    assert_eq!(updates.load(Ordering::Relaxed), 200);

    // The last rate of another schedule is nothing to go on from.
    let mut other = Scheduler::new(Recurrence::new(0.5, |_, rate| rate * 0.5));
    assert!(other.try_load_record(&record).is_err());
    let mut other = other.accept_another_schedule();
    other.try_load_record(&record).unwrap();
    assert_eq!(other.step(), 0.5f64.powi(1001));
}

#[test]
fn a_decay_that_was_asked_for_goes_on_after_a_resume() {
    let make = || Scheduler::new(Constant::new(0.1).warmup(10));
    let mut lr = make();
    for _ in 0..20 {
        lr.step();
    }
    let shape = Shape::Polynomial { power: 2.0 };
    lr.handle().start_decay_with(10, 0.02, shape).unwrap();
    // Saved before a step has taken it up, and then between any two.
    for step in 20..40 {
        let mut resumed = make();
        resumed.try_load_record(&lr.to_record()).unwrap();
        lr = resumed;
        let left = (1.0 - f64::from(step - 20) / 10.0).max(0.0).powi(2);
        let expected = 0.02 + (0.1 - 0.02) * left;
        let rate = lr.step();
        assert!(
            (rate - expected).abs() < 1e-15,
            "{rate}, not {expected} at {step}"
        );
        assert_eq!(lr.handle().decay_start(), Some(20));
    }
    // A clone has the same decay, and release takes it back for both.
    let mut clone = lr.clone();
    assert_eq!((clone.step(), lr.step()), (0.02, 0.02));
    lr.handle().release();
    assert_eq!((clone.step(), lr.step()), (0.1, 0.1));
    assert_eq!(lr.handle().decay_start(), None);

    let handle = lr.handle();
    let end = handle.start_decay_with(5, -0.1, Shape::Linear).unwrap_err();
    assert_eq!(
        end.to_string(),
        "start_decay.end: must be finite and at least 0, got -0.1"
    );
    let shape = handle.start_decay_with(5, 0.0, Shape::Exponential { ratio: 2.0 });
    assert!(shape.is_err() && handle.decay_start().is_none());

    handle.start_decay(5);
    lr.step();
    let unknown = lr.to_record().with_scalar("control.decay.shape", 99u64);
    assert_eq!(
        make().try_load_record(&unknown).unwrap_err().to_string(),
        "the record's `control.decay.shape` must be that of a known shape, got 99"
    );
}

#[test]
#[should_panic(expected = "can't resume the learning rate: the record is empty")]
fn burns_own_load_says_why_it_stops() {
    Scheduler::new(schedule()).load_record(LrSchedulerRecord::new());
}
