use super::{LrFinder, LrFinderConfig, Outcome, RangeTest, Sweep};

fn of(losses: &[f64], config: LrFinderConfig) -> RangeTest {
    let mut losses = losses.iter();
    let mut finder = config.build().unwrap();
    while let (Some(_), Some(&loss)) = (finder.next_rate(), losses.next()) {
        finder.observe(loss);
    }
    finder.finish()
}

/// The rates of the same factor are fastai's: `tests/tests/suite/finder.rs`.
#[test]
fn rates_go_from_start_to_one_step_before_the_end() {
    let config = LrFinderConfig::new().with_steps(10).with_start(0.1);
    let found = of(&[1.0; 10], config.with_end(1.1).with_sweep(Sweep::Linear));
    for (point, rate) in found.points().iter().zip([0.1, 0.2, 0.3]) {
        assert!((point.rate - rate).abs() < 1e-15);
    }
    assert!((found.points()[9].rate - 1.0).abs() < 1e-15);
    assert_eq!(found.outcome(), Outcome::Complete);
}

#[test]
fn the_smoothed_loss_has_no_bias() {
    let config = LrFinderConfig::new().with_smoothing(0.5);
    let found = of(&[4.0, 1.0, 2.0], config);
    let smoothed: Vec<f64> = found.points().iter().map(|point| point.smoothed).collect();
    // 2 / 0.5, (1 + 0.5) / 0.75, (0.75 + 1) / 0.875
    assert_eq!(smoothed, [4.0, 2.0, 2.0]);
    assert_eq!(found.outcome(), Outcome::Unfinished);
    let found = of(&[4.0, 1.0, 2.0], config.with_smoothing(0.0));
    let mut points = found.points().iter();
    assert!(points.all(|point| point.loss == point.smoothed));
}

#[test]
fn it_ends_where_the_loss_diverges() {
    let raw = LrFinderConfig::new().with_smoothing(0.0);
    let losses = [1.0, 0.5, 2.0, 2.1, 0.1];
    // -2 is lower than -1, and 3 times 1 above -1 is 2
    for losses in [losses, [-1.0, -0.5, 1.9, 2.1, 3.0]] {
        let found = of(&losses, raw);
        assert_eq!(found.points().len(), 4);
        assert_eq!(found.outcome(), Outcome::Diverged);
    }
    let found = of(&losses, raw.with_divergence(Some(5.0)));
    assert_eq!(found.points().len(), 5);
    let found = of(&[1.0, 1e9, f64::NAN], raw.with_divergence(None));
    let Outcome::NotFinite { step: 2, loss, .. } = found.outcome() else {
        panic!("{:?}", found.outcome());
    };
    assert!(loss.is_nan() && found.points().len() == 2);
}

#[test]
fn nothing_is_observed_after_the_end() {
    let mut finder = LrFinder::new();
    finder.observe(f64::INFINITY);
    assert_eq!(finder.next_rate(), None);
    finder.observe(1.0);
    assert_eq!(finder.finish().points().len(), 0);
}

#[test]
fn options_have_bounds() {
    let config = LrFinderConfig::new();
    for (bad, field) in [
        (config.with_start(0.0), "start"),
        (config.with_start(f64::NAN), "start"),
        (config.with_end(1e-7), "end"),
        (config.with_end(f64::INFINITY), "end"),
        (config.with_steps(9), "steps"),
        (config.with_smoothing(1.0), "smoothing"),
        (config.with_smoothing(-0.1), "smoothing"),
        (config.with_divergence(Some(1.0)), "divergence"),
    ] {
        assert_eq!(bad.build().unwrap_err().place, format!("lr_finder.{field}"));
    }
}
