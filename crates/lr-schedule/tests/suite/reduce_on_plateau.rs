//! The rule that cuts.

use lr_schedule::feedback::{State, StateError, Value};
use lr_schedule::prelude::*;

fn restore(rule: &mut ReduceOnPlateau, state: &State) -> Result<(), StateError> {
    rule.restore(state)
}

fn cut_after(rule: &mut ReduceOnPlateau, metrics: impl IntoIterator<Item = f64>) -> bool {
    let before = rule.rate(1.0);
    for metric in metrics {
        rule.observe(metric, 1.0);
    }
    rule.rate(1.0) < before
}

#[test]
fn a_negative_metric_that_improves_is_no_plateau() {
    // A tenth better each time, with a threshold of a hundredth of its size.
    let config = ReduceOnPlateauConfig::new()
        .with_patience(0)
        .with_threshold(0.01);
    let mut rule = config.build().unwrap();
    assert!(!cut_after(&mut rule, (0..20).map(|i| -(1.1f64.powi(i)))));
    let mut rule = config.with_mode(Mode::Max).build().unwrap();
    assert!(!cut_after(&mut rule, (0..20).map(|i| -0.9f64.powi(i))));
    // Equal values are one, whatever their sign.
    for value in [-1.0, 0.0, 1.0] {
        let mut rule = ReduceOnPlateauConfig::new()
            .with_patience(0)
            .build()
            .unwrap();
        assert!(cut_after(&mut rule, [value, value]));
    }
}

#[test]
fn values_that_are_not_finite_count_as_bad_and_are_never_the_best() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut rule = ReduceOnPlateauConfig::new()
            .with_patience(2)
            .build()
            .unwrap();
        assert!(!cut_after(&mut rule, [1.0, value, value]));
        assert!(cut_after(&mut rule, [value]));
        assert_eq!(rule.state().get("best"), Some(Value::Number(1.0)));
    }
}

#[test]
fn a_floor_does_not_lift_what_the_schedule_puts_below_it() {
    let mut rule = ReduceOnPlateauConfig::new()
        .with_patience(0)
        .with_min_lr(0.05)
        .build()
        .unwrap();
    assert!(cut_after(&mut rule, [1.0, 1.0]));
    assert_eq!(rule.rate(0.01), 0.01);
    assert_eq!(rule.rate(0.2), 0.05);
    assert_eq!(rule.rate(2.0), 0.2);
}

#[test]
fn a_restored_rule_goes_on_as_the_one_that_was_stored() {
    let config = ReduceOnPlateauConfig::new()
        .with_patience(3)
        .with_cooldown(2);
    let metrics = |i: i32| 1.0 + 0.1 * f64::from(i % 5);
    let mut rule = config.build().unwrap();
    for i in 0..40 {
        let mut other = config.build().unwrap();
        restore(&mut other, &rule.state()).unwrap();
        assert_eq!(other, rule, "after {i} values");
        rule.observe(metrics(i), 0.1);
    }
    assert!(rule.rate(0.1) < 0.1);
}

#[test]
fn an_impossible_state_is_refused_and_changes_nothing() {
    let mut rule = ReduceOnPlateau::new(Mode::Min);
    let before = rule.clone();
    let scale = |scale| before.state().with("scale", Value::Number(scale));
    for (state, message) in [
        (State::new(), "`scale` is missing"),
        (
            scale(-1.0),
            "`scale` must be between 0 and 1, got the number -1",
        ),
        (
            scale(f64::NAN),
            "`scale` must be between 0 and 1, got the number NaN",
        ),
        (
            before.state().with("bad_values", Value::Number(1.5)),
            "`bad_values` must be a count, got the number 1.5",
        ),
        (
            before.state().with("best", Value::Number(f64::INFINITY)),
            "`best` must be finite, got the number inf",
        ),
    ] {
        assert_eq!(restore(&mut rule, &state).unwrap_err().to_string(), message);
        assert_eq!(rule, before);
    }
}
