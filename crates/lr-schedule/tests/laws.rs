//! What holds for every schedule, on generated ones.

use lr_schedule::prelude::*;
use proptest::prelude::*;

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 1e-12..1.0f64, 0.0..f64::MAX]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..200, 1..=u64::MAX]
}

fn factor() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64, 1.0..1e3f64]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Linear),
        Just(Shape::Cosine),
        Just(Shape::OneMinusSqrt)
    ]
}

/// Curves and recipes whose numbers are anything that is allowed and not negative.
fn curve() -> impl Strategy<Value = DynSchedule> {
    prop_oneof![
        rate().prop_map(|r| Constant::new(r).into_dyn()),
        (rate(), rate(), count()).prop_map(|(a, b, n)| Linear::new(a, b, n).into_dyn()),
        (rate(), rate(), count()).prop_map(|(a, b, n)| Cosine::new(a, b, n).into_dyn()),
        (rate(), rate(), count(), shape())
            .prop_map(|(a, b, n, s)| Anneal::new(a, b, n, s).into_dyn()),
        (rate(), rate(), count()).prop_map(|(a, b, n)| CosineAnnealing::new(a, b, n).into_dyn()),
        (rate(), rate(), count(), 1e-3..20.0f64)
            .prop_map(|(a, b, n, p)| Polynomial::new(a, b, n, p).into_dyn()),
        (rate(), factor()).prop_map(|(a, g)| Exponential::new(a, g).into_dyn()),
        (rate(), count(), factor()).prop_map(|(a, n, g)| Step::new(a, n, g).into_dyn()),
        (rate(), prop::collection::vec(any::<u64>(), 0..5), factor())
            .prop_map(|(a, m, g)| MultiStep::new(a, m, g).into_dyn()),
        (rate(), rate(), count(), 1u64..20)
            .prop_map(|(a, b, n, m)| WarmRestarts::new(a, b, n, m).into_dyn()),
        (rate(), rate(), count(), count())
            .prop_map(|(a, b, n, m)| WarmRestarts::new(a, b, n, m).into_dyn()),
        (rate(), count(), 1e-3..50.0f64)
            .prop_map(|(a, n, c)| HardRestarts::new(a, n, c).into_dyn()),
        (rate(), count(), 0.0..=1.0f64, shape(), any::<bool>()).prop_map(|(a, n, p, s, three)| {
            OneCycleConfig::new(a, n)
                .with_pct_start(p)
                .with_anneal_strategy(s)
                .with_three_phase(three)
                .build()
                .unwrap()
                .into_dyn()
        }),
        (rate(), rate(), count(), count(), count(), shape(), shape()).prop_map(
            |(peak, min, w, s, d, up, down)| {
                WarmupStableDecayConfig::new(peak, w, s, d)
                    .with_min_lr(min)
                    .with_warmup_shape(up)
                    .with_decay_shape(down)
                    .build()
                    .unwrap()
                    .into_dyn()
            }
        ),
    ]
}

fn schedule() -> impl Strategy<Value = DynSchedule> {
    curve().prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), any::<u64>(), inner.clone())
                .prop_map(|(a, n, b)| a.take(n).then(b).into_dyn()),
            (inner.clone(), factor()).prop_map(|(a, f)| a.scale(f).into_dyn()),
            (inner, count(), rate(), shape()).prop_map(|(a, n, start, shape)| {
                let warmup = WarmupConfig::new(n).with_start(start).with_shape(shape);
                a.warmup_with(warmup).into_dyn()
            }),
        ]
    })
}

fn step() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..500, any::<u64>(), Just(u64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_rate_is_finite_and_not_negative(schedule in schedule(), n in step()) {
        let rate = schedule.at(n);
        prop_assert!(rate.is_finite() && rate >= 0.0, "{:?} at {n}: {rate}", schedule.to_spec());
    }

    #[test]
    fn what_has_an_end_holds_its_last_rate(schedule in schedule(), beyond in any::<u64>()) {
        if let Some(length) = schedule.length() {
            let last = schedule.at(length);
            prop_assert_eq!(schedule.at(length.saturating_add(beyond)), last);
        }
    }

    #[test]
    fn take_then_and_warmup_add_up_and_keep_their_parts(
        a in schedule(), b in schedule(), taken in 0u64..1000, warmup in 0u64..1000, n in 0u64..5000,
    ) {
        let joined = a.clone().take(taken).then(b.clone());
        prop_assert_eq!(joined.length(), b.length().map(|b| b.saturating_add(taken)));
        let expected = if n < taken { a.at(n) } else { b.at(n - taken) };
        prop_assert_eq!(joined.at(n), expected);

        let warmed = b.clone().warmup(warmup);
        prop_assert_eq!(warmed.length(), b.length().map(|b| b.saturating_add(warmup)));
        if n >= warmup {
            prop_assert_eq!(warmed.at(n), b.at(n - warmup));
        } else {
            prop_assert!(warmed.at(n) <= b.at(0) * (1.0 + 1e-15));
        }
    }

    #[test]
    fn specs_are_equal_where_and_only_where_the_numbers_are(
        a in few_schedules(), b in few_schedules(), n in 0u64..10,
    ) {
        let (spec_a, spec_b) = (a.to_spec().unwrap(), b.to_spec().unwrap());
        #[cfg(feature = "serde")]
        {
            let json = |spec| serde_json::to_string(spec).unwrap();
            prop_assert_eq!(spec_a == spec_b, json(&spec_a) == json(&spec_b));
        }
        if spec_a == spec_b {
            prop_assert_eq!(a.at(n), b.at(n));
        }
    }
}

/// So few that equal ones are drawn often, and different ones too.
fn few_schedules() -> impl Strategy<Value = DynSchedule> {
    let rate = || prop_oneof![Just(0.0), Just(0.5)];
    let curve = prop_oneof![
        rate().prop_map(|r| Constant::new(r).into_dyn()),
        (rate(), rate(), 1u64..3).prop_map(|(a, b, n)| Linear::new(a, b, n).into_dyn()),
        (rate(), rate(), 1u64..3).prop_map(|(a, b, n)| Cosine::new(a, b, n).into_dyn()),
        (rate(), 1u64..3, rate()).prop_map(|(a, n, g)| Step::new(a, n, g).into_dyn()),
    ];
    (curve, 0u64..3).prop_map(|(curve, warmup)| curve.warmup(warmup).into_dyn())
}

#[test]
fn a_closure_has_no_spec_and_neither_has_what_holds_one() {
    let closure = from_fn(|n| n as f64);
    assert!(closure.to_spec().is_none());
    let nested = Linear::new(0.0, 1.0, 3)
        .then(closure.take(5))
        .warmup(2)
        .scale(2.0);
    assert!(nested.to_spec().is_none());
}

#[test]
fn numbers_that_make_no_schedule_are_named() {
    let message = |error: ScheduleError| error.to_string();
    assert_eq!(
        message(Linear::try_new(f64::NAN, 0.0, 10).unwrap_err()),
        "linear.start: must be finite, got NaN"
    );
    assert_eq!(
        message(Step::try_new(0.1, 10, -0.5).unwrap_err()),
        "step.gamma: must be finite and at least 0, got -0.5"
    );
    assert_eq!(
        message(WarmRestarts::try_new(0.1, 0.0, 20, 0).unwrap_err()),
        "warm_restarts.t_mult: must be at least 1, got 0"
    );
    assert_eq!(
        message(
            OneCycleConfig::new(0.1, 100)
                .with_pct_start(1.5)
                .build()
                .unwrap_err()
        ),
        "one_cycle.pct_start: must be between 0 and 1, got 1.5"
    );
    assert_eq!(
        message(
            WarmupStableDecayConfig::new(0.1, 1, 1, 0)
                .build()
                .unwrap_err()
        ),
        "warmup_stable_decay.decay: must be at least 1, got 0"
    );
}
