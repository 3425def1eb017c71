//! Changes of a schedule from outside, wherever it is, however many clones there are of it:
//! by hand, by a metric, by steps that don't count.

use std::sync::Mutex;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn_lr::prelude::*;

/// Keeps what is logged on each thread.
struct Log;

thread_local! {
    /// The handle that the next line on this thread asks, and halves what it answers.
    static ASK: std::cell::Cell<Option<LrHandle>> = const { std::cell::Cell::new(None) };
}

static LINES: Mutex<Vec<(std::thread::ThreadId, String)>> = Mutex::new(vec![]);

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.target().starts_with("burn_lr")
    }

    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            if let Some(handle) = ASK.take() {
                handle
                    .set(handle.held().unwrap_or(handle.lr()) / 2.0)
                    .unwrap();
            }
            let line = (std::thread::current().id(), record.args().to_string());
            LINES.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

/// The lines that this thread has logged since the last call.
fn logged() -> Vec<String> {
    let here = std::thread::current().id();
    let mut lines = LINES.lock().unwrap();
    let (mine, others) = lines.drain(..).partition(|(thread, _)| *thread == here);
    *lines = others;
    let mine: Vec<(std::thread::ThreadId, String)> = mine;
    mine.into_iter().map(|(_, line)| line).collect()
}

fn start_log() {
    if log::set_logger(&Log).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

fn through_bytes(record: LrSchedulerRecord) -> LrSchedulerRecord {
    LrSchedulerRecord::from_bytes(record.into_bytes().unwrap()).unwrap()
}

#[test]
fn every_change_is_a_line_with_its_step() {
    start_log();
    logged();
    let rule = ReduceOnPlateauConfig::new()
        .with_patience(0)
        .with_factor(0.5);
    let mut lr = Scheduler::with_feedback(Constant::new(0.5), rule.build().unwrap());
    let handle = lr.handle();
    lr.step();
    handle.set(0.1).unwrap();
    handle.scale(0.5).unwrap();
    assert!(handle.set(-1.0).is_err() && handle.scale(f64::NAN).is_err());
    assert!(logged().is_empty(), "no step has taken it up");
    let mut clone = lr.clone();
    lr.to_record(); // which takes nothing up either
    for lr in [&mut lr, &mut clone] {
        assert_eq!(lr.step(), 0.05);
    }
    assert_eq!(
        logged(),
        [
            "learning rate from step 1 on: set to 0.1",
            "learning rate from step 1 on: multiplied with 0.5",
        ]
    );
    handle.start_decay(10);
    lr.step();
    handle.release();
    assert_eq!(handle.freeze(), Ok(0.5));
    lr.step();
    handle.release();
    lr.skip_step();
    lr.step();
    assert_eq!(
        logged(),
        [
            "learning rate from step 2 on: decays to 0 in 10 steps",
            "learning rate from step 3 on: released",
            "learning rate from step 3 on: set to 0.5",
            "learning rate from step 4 on: released",
            "step 3 does not count and comes again",
        ]
    );
    let metric = lr.metric_handle();
    assert!(metric.post(1, 1.0) && metric.post(2, 2.0) && !metric.post(2, 3.0));
    lr.to_record();
    assert_eq!(lr.step(), 0.25);
    assert_eq!(
        logged(),
        ["learning rate from step 4 on: 0.25, not 0.5: reduce_on_plateau has observed 2"]
    );
    lr.observe(2.0);
    assert_eq!(
        logged(),
        ["learning rate from step 5 on: 0.125, not 0.25: reduce_on_plateau has observed 2"]
    );
}

#[test]
fn a_rate_is_frozen_and_released() {
    let mut lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 10));
    let handle = lr.handle();
    lr.step();
    let rate = lr.step();
    assert_eq!(handle.freeze(), Ok(rate));
    assert_eq!([lr.step(), lr.step()], [rate, rate]);
    let mut resumed = Scheduler::new(LinearRamp::new(0.1, 0.0, 10));
    resumed
        .try_load_record(&through_bytes(lr.to_record()))
        .unwrap();
    assert_eq!(
        (resumed.step(), resumed.handle().held()),
        (rate, Some(rate))
    );
    handle.release();
    assert_eq!(lr.step(), lr.schedule().at(4));
}

/// Clones that are stepped on threads of their own, each at its own pace, while others change what
/// is in force: all have the same rate at the same step.
#[test]
fn clones_at_different_steps_take_up_a_change_at_the_same_one() {
    const STEPS: usize = 20_000;
    for round in 0..20 {
        let rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .with_factor(0.99);
        let lr = Scheduler::with_feedback(Cosine::new(0.5, 0.1, 15_000), rule.build().unwrap());
        let (handle, metric) = (lr.handle(), lr.metric_handle());
        let clones: Vec<_> = (0..3).map(|_| ModuleLrScheduler::new(lr.clone())).collect();
        drop(lr);
        let rates: Vec<Vec<u64>> = std::thread::scope(|scope| {
            let step = |mut lr: ModuleLrScheduler| {
                let rates = (0..STEPS).map(|_| lr.step().base().to_bits());
                (rates.collect(), lr) // which is a clone until all are done
            };
            let clones = clones.into_iter();
            let stepping: Vec<_> = clones.map(|lr| scope.spawn(move || step(lr))).collect();
            for n in 0..300 {
                match (n + round) % 5 {
                    0 => handle.scale(0.999).unwrap(),
                    1 => handle.set(f64::from(n)).unwrap(),
                    2 => handle.start_decay(1_000),
                    3 => drop(metric.post(n as u64, f64::from(n))),
                    _ => handle.release(),
                }
            }
            let done = stepping.into_iter().map(|steps| steps.join().unwrap());
            let (rates, _clones): (Vec<_>, Vec<_>) = done.unzip();
            rates
        });
        for other in &rates[1..] {
            let same = rates[0].iter().zip(other).position(|(a, b)| a != b);
            assert_eq!(same, None, "in round {round}");
        }
    }
}

#[test]
fn what_a_clone_has_not_come_to_is_saved_with_it() {
    let make = || {
        let rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .with_factor(0.5);
        Scheduler::with_feedback(LinearRamp::new(1.0, 0.0, 100), rule.build().unwrap())
    };
    let mut first = make();
    let (handle, metric) = (first.handle(), first.metric_handle());
    let mut second = first.clone();
    first.observe(1.0);
    second.observe(1.0);
    for _ in 0..10 {
        first.step();
    }
    handle.scale(0.5).unwrap();
    metric.post(1, 2.0);
    first.skip_step();
    handle.start_decay(5);
    let mut rates: Vec<f64> = (10..30).map(|_| first.step()).collect();
    // The other is still at step 0.
    let mut resumed = make();
    resumed
        .try_load_record(&through_bytes(second.to_record()))
        .unwrap();
    for lr in [&mut second, &mut resumed] {
        for step in 0..10 {
            assert_eq!(lr.step(), lr.schedule().at(step));
        }
        let later: Vec<f64> = (10..30).map(|_| lr.step()).collect();
        assert_eq!(later, rates);
        assert_eq!((lr.position(), lr.skipped()), (29, 1));
    }
    rates.truncate(1);
    assert_eq!(rates, [(1.0 - 0.09) * 0.5 * 0.5]); // step 9 again, scaled and cut
    assert_eq!(second.handle().decay_start(), Some(9));
    assert_eq!(resumed.handle().decay_start(), Some(9));
}

#[test]
fn a_clone_that_was_kept_goes_on_where_it_was() {
    let mut lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 1_000));
    let handle = lr.handle();
    for _ in 0..100 {
        lr.step();
    }
    let kept = lr.clone();
    for _ in 100..500 {
        lr.step();
    }
    // The loss has exploded: back, with half the rate.
    lr = kept.clone();
    handle.scale(0.5).unwrap();
    assert_eq!(lr.step(), lr.schedule().at(100) * 0.5);
    assert_eq!((lr.position(), handle.steps()), (101, 101));
}

#[test]
fn a_step_that_does_not_count_comes_again() {
    let schedule = Cosine::new(0.1, 0.0, 50).warmup(10);
    let mut lr = Scheduler::new(schedule);
    lr.skip_step(); // there is none
    let mut counted = 0;
    for attempt in 0..100 {
        let mut resumed = Scheduler::new(schedule);
        resumed
            .try_load_record(&through_bytes(lr.to_record()))
            .unwrap();
        lr = resumed;
        assert_eq!(lr.step(), schedule.at(counted));
        if attempt % 7 == 3 {
            lr.skip_step();
            lr.skip_step(); // twice is once
            assert_eq!((lr.position(), lr.handle().steps()), (counted, counted));
        } else {
            counted += 1;
        }
    }
    assert_eq!((lr.position(), lr.skipped()), (counted, 14));

    // A recurrence goes on from what it gave before.
    let recurrence = Recurrence::new(1.0, |n, rate| rate * (1.0 - 0.5 / n as f64));
    let mut lr = Scheduler::new(recurrence.clone());
    for step in 0..10 {
        for _again in 0..2 {
            assert_eq!(lr.step().to_bits(), recurrence.at(step).to_bits());
            lr.skip_step();
        }
        lr.step();
    }
}

#[test]
fn a_skipped_step_is_skipped_by_all_clones() {
    let mut lr = Scheduler::new(LinearRamp::new(1.0, 0.0, 100));
    let handle = lr.handle();
    let mut clone = lr.clone();
    for lr in [&mut lr, &mut clone] {
        for step in 0..5 {
            assert_eq!(lr.step(), lr.schedule().at(step));
        }
    }
    // Each worker finds that the gradients were not finite, and says so.
    lr.skip_step();
    clone.skip_step();
    handle.skip_step();
    for lr in [&mut lr, &mut clone] {
        assert_eq!((lr.step(), lr.skipped()), (0.96, 1));
    }
}

fn plateau() -> Scheduler<Constant, ReduceOnPlateau> {
    let rule = ReduceOnPlateauConfig::new()
        .with_patience(0)
        .with_factor(0.5);
    Scheduler::with_feedback(Constant::new(1.0), rule.build().unwrap())
}

#[test]
fn clones_that_train_one_after_the_other_hear_nothing_of_each_other() {
    let prototype = plateau();
    let (handle, metric) = (prototype.handle(), prototype.metric_handle());
    handle.set(0.25).unwrap(); // before any of them, so for all of them
    // A fold, as Burn does it: in a scheduler of its own, through handles.
    let fold = |lr: Scheduler<Constant, ReduceOnPlateau>| {
        let mut lr = ModuleLrScheduler::new(lr);
        let mut rates = vec![];
        for step in 0..20 {
            rates.push(lr.step().base());
            match step {
                3 => handle.release(),
                5 => handle.skip_step(),
                7 => assert!(metric.post(1, 1.0)),
                9 => assert!(metric.post(2, 2.0) && !metric.post(2, 3.0)),
                12 => handle.start_decay(4),
                _ => (),
            }
        }
        assert_eq!(handle.steps(), 19);
        rates
    };
    let made_before = [prototype.clone(), prototype.clone()];
    let first = fold(prototype.clone());
    let cut = [0.5, 0.5, 0.5, 0.5, 0.375, 0.25, 0.125, 0.0];
    assert_eq!(first[..4], [0.25; 4]);
    assert_eq!(first[4..10], [1.0; 6]);
    assert_eq!(first[10..18], cut);
    assert_eq!(handle.held(), Some(0.25), "as it was before the fold");
    let mut others = made_before.map(&fold).to_vec();
    others.push(fold(prototype.clone()));
    let mut resumed = plateau();
    let record = through_bytes(prototype.to_record());
    resumed.try_load_record(&record).unwrap();
    assert_eq!((resumed.step(), prototype.position()), (0.25, 0));
    others.push(fold(prototype));
    for other in others {
        assert_eq!(first, other);
    }
}

#[test]
fn a_kept_clone_goes_on_from_what_was_in_force_when_it_was_made() {
    let mut lr = plateau();
    let (handle, metric) = (lr.handle(), lr.metric_handle());
    handle.scale(0.5).unwrap();
    for _ in 0..5 {
        lr.step();
    }
    handle.scale(0.5).unwrap(); // asked for, so the kept one has it too
    let kept = lr.clone();
    for epoch in 1..=5 {
        lr.step();
        assert!(metric.post(epoch, epoch as f64));
        handle.scale(0.5).unwrap();
        handle.skip_step();
    }
    assert_eq!(handle.factor(), 0.25 / 32.0);
    // Back to it, twice: each time a tenth of what it had.
    for tenths in [0.1, 0.1 * 0.1] {
        lr = kept.clone();
        assert_eq!((lr.position(), lr.skipped()), (5, 0));
        handle.scale(0.1).unwrap();
        assert_eq!([lr.step(), lr.step()], [0.25 * tenths; 2]);
        assert_eq!((handle.factor(), handle.steps()), (0.25 * tenths, 7));
        assert!(metric.post(1, 1.0), "of another run");
    }
    // One that is kept in front does not hold up those behind it.
    let front = lr.clone();
    let mut behind = plateau();
    behind.step();
    lr.try_load_record(&behind.to_record()).unwrap();
    lr.step();
    handle.set(0.75).unwrap();
    assert_eq!((lr.step(), lr.position(), front.position()), (0.75, 3, 7));
}

#[test]
fn a_handle_outlives_the_last_clone() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let handle = lr.handle();
    assert_eq!([lr.step(), lr.clone().step()], [0.1, 0.1]);
    lr.step();
    handle.scale(0.5).unwrap();
    drop(lr);
    assert_eq!(
        (handle.lr(), handle.steps(), handle.factor()),
        (0.1, 2, 0.5)
    );
    handle.scale(0.5).unwrap();
    assert_eq!((handle.factor(), handle.held()), (0.25, None));
    handle.set(0.75).unwrap();
    assert_eq!((handle.steps(), handle.held()), (2, Some(0.75)));
}

#[test]
fn a_worker_that_comes_late_hears_what_it_has_missed() {
    let mut first = plateau();
    let (handle, metric) = (first.handle(), first.metric_handle());
    let idle = first.clone();
    let mut rates = vec![];
    for step in 0..10u32 {
        rates.push(first.step());
        match step {
            2 => handle.set(0.25).unwrap(),
            4 => handle.release(),
            5 => assert!(metric.post(1, 1.0) && metric.post(2, 2.0)),
            8 => handle.skip_step(),
            _ => (),
        }
    }
    let mut late = idle.clone();
    let same: Vec<f64> = (0..9).map(|_| late.step()).collect();
    assert_eq!(same, rates[..9]);
    // The one in front is done, and what holds from its last step on does for the other too.
    handle.set(0.75).unwrap();
    drop(first);
    assert_eq!([late.step(), late.step()], [rates[9], 0.75]);
    assert_eq!((late.position(), late.skipped()), (10, 1));
}

#[test]
fn workers_at_different_steps_skip_one_step() {
    let schedule = LinearRamp::new(1.0, 0.0, 100);
    let mut lr = Scheduler::new(schedule);
    let handle = lr.handle();
    let mut ahead = lr.clone();
    /// Takes a step on another thread.
    fn elsewhere(lr: &mut Scheduler<LinearRamp>) -> f64 {
        std::thread::scope(|scope| scope.spawn(|| lr.step()).join().unwrap())
    }
    for _ in 0..5 {
        assert_eq!(lr.step(), elsewhere(&mut ahead));
    }
    // Both find that the gradients of step 4 were not finite; one has gone on by then.
    elsewhere(&mut ahead);
    lr.skip_step();
    assert_eq!(elsewhere(&mut ahead), schedule.at(5));
    handle.skip_step(); // here, where step 4 was the last one
    for step in [5, 5, 6, 7] {
        assert_eq!(lr.step(), schedule.at(step));
    }
    for step in [6, 7] {
        assert_eq!(elsewhere(&mut ahead), schedule.at(step));
    }
    assert_eq!((lr.skipped(), ahead.skipped()), (1, 1));

    // Another one, and the next; the other comes to the first of them later.
    lr.skip_step();
    lr.step();
    handle.skip_step();
    ahead.skip_step();
    elsewhere(&mut ahead);
    ahead.skip_step();
    assert_eq!((lr.skipped(), ahead.skipped()), (3, 3));
    assert_eq!(lr.step(), elsewhere(&mut ahead));
}

#[test]
fn a_scheduler_that_observes_before_its_first_step_begins_a_run_with_it() {
    let mut lr = plateau();
    let (handle, metric) = (lr.handle(), lr.metric_handle());
    lr.observe(1.0);
    assert_eq!([lr.step(), lr.step()], [1.0; 2]);
    assert_eq!(handle.steps(), 2);
    assert!(metric.post(1, 2.0) && !metric.post(1, 2.0));
    assert_eq!(lr.step(), 0.5);

    let mut resumed = plateau();
    resumed.try_load_record(&lr.to_record()).unwrap();
    let handle = resumed.handle();
    resumed.observe(3.0);
    assert_eq!((resumed.step(), handle.steps()), (0.25, 4));
}

#[test]
fn steps_that_do_not_count_and_metrics_are_never_pushed_out() {
    let mut lr = plateau();
    let (handle, metric) = (lr.handle(), lr.metric_handle());
    let mut behind = lr.clone();
    for _ in 0..10 {
        lr.step();
    }
    assert!(metric.post(1, 1.0));
    handle.skip_step();
    assert!(metric.post(2, 2.0));
    for n in 1..=5_000 {
        handle.set(f64::from(n)).unwrap();
    }
    handle.release();
    let mut resumed = plateau();
    let record = through_bytes(behind.to_record());
    resumed.try_load_record(&record).unwrap();
    let rates: Vec<f64> = (0..5).map(|_| lr.step()).collect();
    assert_eq!((rates, lr.skipped()), (vec![0.5; 5], 1));
    for lr in [&mut behind, &mut resumed] {
        let rates: Vec<f64> = (0..15).map(|_| lr.step()).collect();
        assert_eq!(
            (&rates[..10], &rates[10..]),
            (&[1.0; 10][..], &[0.5; 5][..])
        );
        assert_eq!((lr.position(), lr.skipped()), (14, 1));
    }
}

#[test]
fn what_logs_a_change_may_ask_the_handle() {
    start_log();
    let mut lr = Scheduler::new(Constant::new(0.5));
    let handle = lr.handle();
    let asked = std::thread::spawn(move || {
        ASK.set(Some(handle.clone()));
        handle.set(0.25).unwrap();
        lr.step();
        ASK.take();
        lr.step()
    });
    let start = std::time::Instant::now();
    while !asked.is_finished() {
        assert!(start.elapsed().as_secs() < 20, "it hangs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(asked.join().unwrap(), 0.125);
}

#[test]
fn a_saved_change_that_cannot_be_is_refused() {
    let make = || Scheduler::new(Constant::new(0.1));
    let message = |name: &str, value: u64| {
        let record = make().to_record().with_scalar("later.count", 1u64);
        let record = record.with_scalar("later.0.after", 3u64);
        let record = record
            .with_scalar("later.0.kind", 2u64)
            .with_scalar(name, value);
        let mut lr = make();
        let error = lr
            .try_load_record(&record)
            .err()
            .map(|error| error.to_string());
        assert_eq!(lr.position(), 0);
        (error.unwrap_or_default(), lr)
    };
    for count in [2, u64::MAX] {
        assert_eq!(
            message("later.count", count).0,
            "the record lacks `later.1.after`"
        );
    }
    assert_eq!(
        message("later.0.kind", 4).0,
        "the record's `later.0.kind` must be 1, 2 or 3, got 4"
    );
    assert_eq!(
        message("later.0.kind", 1).0,
        "the record lacks `later.0.factor`"
    );
    // More steps that don't count than were taken.
    let (error, mut lr) = message("later.0.after", 0);
    assert_eq!((error.as_str(), lr.step(), lr.step()), ("", 0.1, 0.1));
    assert_eq!(lr.position(), 2);
}
