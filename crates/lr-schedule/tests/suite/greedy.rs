//! The rule that cuts and raises.

use lr_schedule::feedback::Value;
use lr_schedule::prelude::*;

#[test]
fn a_restored_rule_goes_on_as_the_one_that_was_stored() {
    let config = GreedyConfig::new()
        .with_patience(2)
        .with_cooldown(1)
        .with_warmup(2)
        .with_window(Some(3))
        .with_reset_start(2);
    let mut rule = config.build().unwrap();
    let (mut lowest, mut highest) = (f64::MAX, 0.0f64);
    for i in 0..400 {
        let mut other = config.build().unwrap();
        let state = rule.state();
        other.restore(&state).unwrap();
        assert_eq!(other, rule, "after {i} values");
        let falling = 10.0 - f64::from(i) / 20.0;
        rule.observe(if i < 60 { falling } else { 7.0 }, 0.1);
        (lowest, highest) = (lowest.min(rule.rate(0.1)), highest.max(rule.rate(0.1)));
    }
    assert!(highest > 0.1 && lowest < 0.01, "{lowest} to {highest}");
}

#[test]
fn a_window_that_can_not_be_is_refused() {
    let config = GreedyConfig::new().with_window(Some(3));
    let mut rule = config.build().unwrap();
    rule.observe(1.0, 0.1);
    let state = rule.state().with("window", Value::Count(4));
    let error = rule.restore(&state);
    assert_eq!(
        error.unwrap_err().to_string(),
        "`window` must be at most the length of the rule's window, got the count 4"
    );
}

#[test]
fn what_is_no_number_counts_as_bad_and_stays_out_of_the_mean() {
    let config = GreedyConfig::new().with_patience(0).with_window(Some(4));
    let mut rule = config.build().unwrap();
    rule.observe(1.0, 0.1);
    let raised = rule.rate(0.1);
    rule.observe(f64::NAN, 0.1);
    assert!(rule.rate(0.1) < raised);
    rule.observe(0.5, 0.1);
    assert_eq!(rule.state().get("best"), Some(Value::Number(0.75)));
}
