//! Single curves, adapters and recipes at their edges.

use lr_schedule::prelude::*;

#[test]
fn grouping_changes_neither_rates_nor_spec() {
    let (a, b, c) = (
        LinearRamp::new(0.0, 1.0, 3),
        Cosine::new(1.0, 0.5, 4),
        Constant::new(0.25),
    );
    let left = a.then(b).then(c);
    let right = a.then(b.then(c));
    for n in 0..20 {
        assert_eq!(left.at(n), right.at(n));
    }
    assert_eq!(left.to_spec(), right.to_spec());
    assert_eq!(left.at(3), 1.0);
    assert_eq!(left.at(7), 0.25);
}

#[test]
fn cycles_of_a_step_or_two_and_phases_of_no_width_stay_finite() {
    for total_steps in 1..6 {
        for pct_start in [0.0, 0.1, 0.5, 1.0] {
            for three_phase in [false, true] {
                let schedule = OneCycleConfig::new(0.1, total_steps)
                    .with_pct_start(pct_start)
                    .with_three_phase(three_phase)
                    .build()
                    .unwrap();
                for n in (0..10).chain([u64::MAX]) {
                    let (lr, momentum) = (schedule.at(n), schedule.momentum().at(n));
                    assert!((0.0..=0.1).contains(&lr), "{schedule:?} at {n}: {lr}");
                    assert!((0.85..=0.95).contains(&momentum));
                }
            }
        }
    }
}

#[test]
fn the_last_rate_is_held() {
    let schedule = OneCycle::new(0.1, 100);
    assert_eq!(schedule.at(99), schedule.at(u64::MAX));
    assert_eq!(schedule.momentum().at(u64::MAX), 0.95);
}

#[test]
fn a_cycle_begins_at_its_peak_where_logarithms_fall_short() {
    let config = RestartsConfig::new(0.1, 0.0, 10).with_t_mult(3.0);
    let exact = config.build().unwrap();
    let mut begin = 0;
    for i in 0..20u32 {
        assert_eq!(exact.at(begin), 0.1, "cycle {i}");
        begin += 10 * 3u64.pow(i);
    }
    // The fifth restart: log(243, 3) < 5, with the logarithm that Python has.
    #[cfg(feature = "std")]
    {
        let timm = config.with_index(CycleIndex::Logarithm).build().unwrap();
        assert!(timm.at(10 * 121) < 1e-15);
    }
}

#[test]
fn cycles_that_become_shorter_come_to_an_end() {
    let config = RestartsConfig::new(0.1, 0.001, 100).with_t_mult(0.5);
    let schedule = config.build().unwrap();
    assert_eq!(schedule.at(100), 0.1);
    assert_eq!(schedule.at(200), 0.001);
    assert_eq!(schedule.at(u64::MAX), 0.001);
}

#[test]
fn a_height_that_grows_stays_finite() {
    let schedule = CyclicConfig::new(0.001, 0.1, 3)
        .with_scaling(CycleScaling::Decay)
        .with_gamma(1e9)
        .build()
        .unwrap();
    for n in (0..200).chain([u64::MAX - 1, u64::MAX]) {
        let rate = schedule.at(n);
        assert!(rate.is_finite() && rate >= 0.0, "{rate} at {n}");
    }
}

#[test]
#[cfg(feature = "serde")]
fn restarts_come_down_to_0_where_a_text_says_no_lowest_rate() {
    let text = r#"{"restarts": {"max": 0.1, "steps": 10, "limit": 1}}"#;
    let spec: Spec = serde_json::from_str(text).unwrap();
    let schedule = spec.build().unwrap();
    assert_eq!([schedule.at(5), schedule.at(10)], [0.05, 0.0]);
}
