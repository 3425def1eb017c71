//! Tests of the timeline in one thread; `tests/timeline` has those of several.

use lr_schedule::Shape;

use crate::timeline::Cursor;
use crate::timeline::event::{Action, Applied};
use crate::timeline::member::MAX_BY_HAND;

fn set(cursor: &Cursor, lr: f64) {
    cursor.timeline().append(Action::Set(lr));
}

fn waiting(cursor: &Cursor, is: fn(&Action) -> bool) -> usize {
    let pending = cursor.pending();
    pending.iter().filter(|event| is(&event.action)).count()
}

#[test]
fn only_changes_by_hand_become_fewer() {
    let cursor = Cursor::new();
    let mut ahead = cursor.clone();
    ahead.take(0, true);
    ahead.skip();
    for n in 0..3 * MAX_BY_HAND {
        set(&cursor, n as f64);
        cursor.timeline().append(Action::Metric(n as f64));
    }
    assert_eq!(waiting(&cursor, |action| *action == Action::Skip), 1);
    let metrics = waiting(&cursor, |action| matches!(action, Action::Metric(_)));
    assert_eq!(metrics, 3 * MAX_BY_HAND);
    assert_eq!(waiting(&cursor, Action::is_by_hand), MAX_BY_HAND);
    let last = 3 * MAX_BY_HAND - 1;
    assert_eq!(cursor.timeline().expected().set, Some(last as f64));
    assert_eq!(ahead.take(1, false).len(), cursor.pending().len());
}

#[test]
fn an_event_of_a_run_does_not_displace_one_before_it() {
    let cursor = Cursor::new();
    set(&cursor, 0.5);
    let mut running = cursor.clone();
    running.take(0, true);
    for n in 0..2 * MAX_BY_HAND {
        set(&cursor, n as f64);
    }
    assert_eq!(cursor.pending().len(), 1 + MAX_BY_HAND);
    drop(running);
    assert_eq!(cursor.pending().len(), 1);
}

#[test]
fn a_sum_of_events_is_what_they_give_one_after_the_other() {
    let mut cursor = Cursor::new();
    let mut idle = cursor.clone();
    cursor.take(0, true);
    let append = |action| cursor.timeline().append(action);
    for n in 0..MAX_BY_HAND as u64 {
        match n % 3 {
            0 => append(Action::Scale(0.99)),
            1 => append(Action::StartDecay {
                steps: n,
                end: 0.0,
                shape: Shape::Linear,
            }),
            _ => append(Action::Scale(1.01)),
        }
    }
    let expected = cursor.timeline().expected();
    append(Action::Scale(1.0));
    append(Action::Scale(1.0));
    assert_eq!(idle.pending().len(), MAX_BY_HAND);
    let mut applied = Applied::default();
    for event in idle.take(1, false) {
        applied.apply(&event.action, 1);
    }
    assert_eq!(applied.over, expected);
}
