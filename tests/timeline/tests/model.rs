//! The timeline of a run, in the orders in which threads can step clones, append events and ask a
//! handle. What is compiled here are the sources of `burn-lr`, with loom's primitives for the standard
//! library's.
//!
//! The one thing that they hang on is that a clone with others begins a step and finds its events
//! under one lock. Where a clone counts as up to date although there are others (`is_single` always
//! true), `an_event_is_before_the_same_step_for_all_clones` fails.

// A part of the sources, of which no part is used by all tests.
#![allow(dead_code)]

#[path = "../../../crates/burn-lr/src/timeline/mod.rs"]
mod timeline;

/// The primitives, from loom.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

/// Numbers for loom's threads, which all run on one of the system's.
mod on_thread {
    use std::hash::{DefaultHasher, Hash, Hasher};

    pub(crate) fn id() -> u64 {
        let mut hasher = DefaultHasher::new();
        loom::thread::current().id().hash(&mut hasher);
        hasher.finish() | 1
    }
}

use loom::thread;
use timeline::event::{Action, Applied};
use timeline::{Cursor, Timeline};

/// Tries every order in which a thread is interrupted at most three times, which suffices for almost any
/// mistake (without a bound it takes five minutes).
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// A clone of a scheduler, of whose steps the override and the number are kept.
struct Clone {
    cursor: Cursor,
    taken: u64,
    applied: Applied,
    steps: Vec<Step>,
}

/// The number of a step, its factor, and how many metrics were observed before it.
#[derive(Debug, PartialEq)]
struct Step {
    position: u64,
    factor: f64,
    metrics: usize,
}

impl Clone {
    fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            taken: 0,
            applied: Applied::default(),
            steps: vec![],
        }
    }

    fn step(&mut self) {
        let mut metrics = self.steps.last().map_or(0, |step| step.metrics);
        let events = match self.cursor.begin(self.taken) {
            true => vec![],
            false => self.cursor.take(self.taken, true),
        };
        for event in events {
            self.applied.apply(&event.action, self.taken);
            metrics += usize::from(matches!(event.action, Action::Metric(_)));
        }
        self.steps.push(Step {
            position: self.applied.position(self.taken),
            factor: self.applied.over.factor,
            metrics,
        });
        self.taken += 1;
    }

    fn stepped(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.step();
        }
        self
    }
}

fn scale(timeline: &Timeline) {
    timeline.append(Action::Scale(0.5));
}

/// Two clones that take `count` steps each while `meanwhile` is done on a third thread: their steps.
fn two_clones(count: usize, meanwhile: impl Fn(&Timeline) + Send + 'static) -> [Clone; 2] {
    let first = Cursor::new();
    let timeline = first.timeline().clone();
    let clones = [first.clone(), first].map(Clone::new);
    let threads = clones.map(|clone| thread::spawn(move || clone.stepped(count)));
    meanwhile(&timeline);
    threads.map(|thread| thread.join().unwrap())
}

/// The steps that both have taken are the same. (The last event may come after the last step of one.)
fn assert_same([first, second]: &[Clone; 2]) {
    for (a, b) in first.steps.iter().zip(&second.steps) {
        assert_eq!(a, b, "of {:?} and {:?}", first.steps, second.steps);
    }
}

#[test]
fn an_event_is_before_the_same_step_for_all_clones() {
    model(|| assert_same(&two_clones(2, scale)));
}

#[test]
fn metrics_and_changes_by_hand_keep_their_order() {
    model(|| {
        let clones = two_clones(1, |timeline| {
            scale(timeline);
            timeline.append(Action::Metric(1.0));
        });
        assert_same(&clones);
        for clone in &clones {
            let [step] = &clone.steps[..] else {
                panic!("one step");
            };
            assert!(step.metrics == 0 || step.factor == 0.5, "{step:?}");
        }
    });
}

#[test]
fn a_step_that_both_skip_is_taken_back_once() {
    model(|| {
        let first = Cursor::new();
        let clones = [first.clone(), first].map(Clone::new);
        let mut clones = clones.map(|clone| clone.stepped(1));
        let second = clones[1].cursor.timeline().clone();
        let [a, b] = clones.each_mut().map(|clone| {
            let cursor = &clone.cursor;
            (cursor.timeline().clone(), clone.taken)
        });
        assert_eq!((a.1, b.1), (1, 1));
        let threads = clones.map(|mut clone| {
            thread::spawn(move || {
                clone.cursor.skip();
                clone.step();
                clone
            })
        });
        let clones = threads.map(|thread| thread.join().unwrap());
        let positions = clones.map(|mut clone| {
            clone.step();
            clone
                .steps
                .iter()
                .map(|step| step.position)
                .collect::<Vec<_>>()
        });
        assert_eq!(positions[0], positions[1]);
        assert_eq!(second.steps(), 2);
    });
}

/// A handle counts the steps that are taken less those that don't count, at any moment.
#[test]
fn a_handle_counts_steps_while_one_is_skipped() {
    model(|| {
        let mut clone = Clone::new(Cursor::new());
        clone.step();
        let timeline = clone.cursor.timeline().clone();
        let stepping = thread::spawn(move || clone.stepped(1));
        timeline.skip();
        assert!(timeline.steps() <= 1);
        let clone = stepping.join().unwrap();
        assert_eq!(timeline.steps(), 1);
        assert_eq!(clone.taken, 2);
    });
}

#[test]
fn an_event_that_comes_before_a_step_in_time_is_found_by_it() {
    model(|| {
        let mut clone = Clone::new(Cursor::new());
        let timeline = clone.cursor.timeline().clone();
        clone.step();
        let appending = {
            let timeline = timeline.clone();
            thread::spawn(move || scale(&timeline))
        };
        clone.step();
        appending.join().unwrap();
        clone.step();
        assert_eq!(clone.steps[2].factor, 0.5);
        assert_eq!(timeline.expected().factor, 0.5);
    });
}

#[test]
fn a_clone_that_ends_takes_nothing_of_its_run_into_the_next_one() {
    model(|| {
        let kept = Cursor::new();
        let timeline = kept.timeline().clone();
        let running = Clone::new(kept.clone());
        let stepping = thread::spawn(move || drop(running.stepped(2)));
        scale(&timeline);
        stepping.join().unwrap();
        // Appended before the run or after it, the event is the kept clone's own.
        let factor = match kept.pending().len() {
            0 => 1.0,
            _ => 0.5,
        };
        assert_eq!(timeline.expected().factor, factor);
        let kept = Clone::new(kept).stepped(1);
        assert_eq!(kept.steps[0].factor, factor);
        assert_eq!(timeline.run(), 2);
    });
}
