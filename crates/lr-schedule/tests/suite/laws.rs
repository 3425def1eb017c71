//! Laws that hold for every schedule, on generated ones.

use crate::common::{any_steps, curve, factor, shape, spec, with_recurrence};
use lr_schedule::curves::CURVES;
use lr_schedule::prelude::*;
use proptest::prelude::*;

fn build(spec: &Spec) -> DynSchedule {
    spec.build()
        .unwrap_or_else(|error| panic!("{error}: {spec:?}"))
}

fn step() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..500, any::<u64>(), Just(u64::MAX)]
}

#[test]
fn the_example_of_every_curve_has_rates() {
    for (curve, steps) in CURVES
        .iter()
        .flat_map(|curve| [(curve, 50), (curve, 10_000)])
    {
        let schedule = (curve.example)(steps);
        let mut rates = (0..=steps).map(|n| schedule.at(n));
        let name = curve.name;
        assert!(rates.all(|rate| rate.is_finite() && rate >= 0.0), "{name}");
    }
}

#[test]
fn a_growing_rate_is_the_largest_number_at_the_last_step_there_is_too() {
    let schedule = Exponential::new(2e-131, 996.5).skip(u64::MAX - 57);
    let mut previous = f64::NAN;
    for n in 0..60 {
        previous = schedule.advance(n, previous);
        assert_eq!((previous, schedule.at(n)), (f64::MAX, f64::MAX), "at {n}");
    }
}

#[test]
fn a_factor_that_overflows_alone_is_right_for_a_small_rate() {
    for start in [1e-300, -1e-300] {
        let rates = [
            Exponential::new(start, 10.0).at(312),
            ExponentialDecay::new(start, 10.0, 1.0).at(312),
        ];
        for rate in rates {
            assert!(
                (rate / (start * 1e300 * 1e12) - 1.0).abs() <= 1e-12,
                "{rate}"
            );
        }
    }
    assert_eq!(ExponentialDecay::new(0.0, 10.0, 1e-300).at(u64::MAX), 0.0);
    assert_eq!(
        ExponentialDecay::new(1e-300, 10.0, 1e-300).at(u64::MAX),
        f64::MAX
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_rate_is_finite_and_not_negative(spec in spec(), n in step()) {
        let rate = build(&spec).at(n);
        prop_assert!(rate.is_finite() && rate >= 0.0, "{spec:?} at {n}: {rate}");
    }

    #[test]
    fn any_step_is_what_stepping_there_gives(spec in spec(), steps in 1u64..60) {
        let schedule = build(&spec);
        let mut previous = f64::NAN;
        for n in 0..steps {
            previous = schedule.advance(n, previous);
            prop_assert_eq!(previous, schedule.at(n));
        }
    }

    #[test]
    fn and_so_it_is_of_a_recurrence_wherever_it_is(spec in with_recurrence(), steps in 1u64..60) {
        let schedule = build(&spec);
        let mut previous = f64::NAN;
        for n in 0..steps {
            previous = schedule.advance(n, previous);
            prop_assert!(previous.is_finite(), "{spec:?} at {n}: {previous}");
            prop_assert_eq!(previous, schedule.at(n), "{:?} at {}", spec, n);
        }
    }

    #[test]
    fn what_has_an_end_holds_its_last_rate(spec in spec(), beyond in any::<u64>()) {
        let schedule = build(&spec);
        if let Some(length) = schedule.length() {
            let last = schedule.at(length);
            prop_assert_eq!(schedule.at(length.saturating_add(beyond)), last);
        }
    }

    #[test]
    fn lengths_add_up_and_parts_stay_what_they_are(
        a in spec(), b in spec(), taken in 0u64..1000, others in [0u64..1000, 1..1000], n in 0u64..5000,
    ) {
        let (a, b) = (build(&a), build(&b));
        let length = b.length();
        let plus = |steps: u64| length.map(|length| length.saturating_add(steps));

        let joined = a.clone().take(taken).then(b.clone());
        let listed = sequence([a.clone().take(taken).into_dyn(), b.clone()]);
        prop_assert_eq!(joined.length(), plus(taken));
        prop_assert_eq!(listed.length(), joined.length());
        let expected = if n < taken { a.at(n) } else { b.at(n - taken) };
        prop_assert_eq!((joined.at(n), listed.at(n)), (expected, expected));

        let [steps, every] = others;
        let warmed = b.clone().warmup(steps);
        prop_assert_eq!(warmed.length(), plus(steps));
        match n.checked_sub(steps) {
            Some(n) => prop_assert_eq!(warmed.at(n + steps), b.at(n)),
            None => prop_assert!(warmed.at(n) <= b.at(0) * (1.0 + 1e-15)),
        }
        let late = b.clone().delay(steps);
        prop_assert_eq!(late.length(), plus(steps));
        prop_assert_eq!(late.at(n), b.at(n.saturating_sub(steps)));
        // What comes too late and begins in its middle is what it was.
        let again = late.skip(steps);
        prop_assert_eq!(again.at(n), b.at(n));
        if plus(steps) < Some(u64::MAX) {
            prop_assert_eq!(again.length(), length);
        }

        prop_assert_eq!(b.clone().repeat(every).at(n), b.at(n % every));
        let epochs = b.clone().per_epoch(every);
        prop_assert_eq!(epochs.length(), length.map(|length| length.saturating_mul(every)));
        prop_assert_eq!(epochs.at(n), b.at(n / every));
    }

    #[test]
    fn factors_multiply_and_bounds_bound(
        a in spec(), b in spec(), f in factor(), g in factor(), bound in crate::common::rate(), n in step(),
    ) {
        let (a, b) = (build(&a), build(&b));
        let close = |x: f64, y: f64| (x - y).abs() <= 1e-15 * x.abs().max(y.abs()) || x.max(y) > 1e300;
        let tiny = |x: f64| x < 1e-300;

        let (twice, once) = (a.clone().scale(f).scale(g).at(n), a.clone().scale(f * g).at(n));
        prop_assert!(close(twice, once) || tiny(twice), "{twice} and {once}");
        let (pair, order) = (product([a.clone(), b.clone()]).at(n), product([b.clone(), a.clone()]).at(n));
        prop_assert_eq!(pair, order);
        prop_assert!(close(pair, a.at(n) * b.at(n)) || pair == f64::MAX);
        prop_assert_eq!(sum([a.clone(), b.clone()]).at(n), sum([b.clone(), a.clone()]).at(n));

        let rate = a.at(n);
        prop_assert_eq!(a.clone().clamp(Some(bound), None).at(n), rate.max(bound));
        prop_assert_eq!(a.clone().clamp(None, Some(bound)).at(n), rate.min(bound));
        let inside = a.clone().clamp(Some(0.0), Some(f64::MAX));
        prop_assert_eq!(inside.at(n), rate);
    }

    #[test]
    fn a_cooldown_begins_at_the_rate_there_was_and_ends_at_its_own(
        a in curve(), start in any_steps(), steps in 1u64..1000, end in crate::common::rate(), shape in shape(),
    ) {
        let Length::Steps(start) = start else { unreachable!() };
        let a = build(&a);
        let config = CooldownConfig::new(start, steps).with_end(end).with_shape(shape);
        let cooled = a.clone().cooldown(config);
        prop_assert_eq!(cooled.at(start.saturating_add(steps)), if start.checked_add(steps).is_some() { end } else { cooled.at(u64::MAX) });
        if start > 0 {
            prop_assert_eq!(cooled.at(start - 1), a.at(start - 1));
        }
        let (low, high) = (a.at(start).min(end), a.at(start).max(end));
        let rate = cooled.at(start);
        prop_assert!(rate >= low * (1.0 - 1e-15) && rate <= high * (1.0 + 1e-15));
    }

    #[test]
    fn noise_stays_within_its_limit(a in curve(), seed in any::<u64>(), limit in 0.01..=1.0f64, n in step()) {
        let a = build(&a);
        let noisy = a.clone().noise(NoiseConfig::new(seed).with_limit(limit));
        let (rate, scheduled) = (noisy.at(n), a.at(n));
        prop_assert!((rate - scheduled).abs() <= scheduled * limit * (1.0 + 1e-12) || rate == f64::MAX);
        prop_assert_eq!(rate, noisy.at(n));
    }
}

#[test]
fn a_closure_has_no_spec_and_neither_has_what_holds_one() {
    let closure = from_fn(|n| n as f64);
    assert!(closure.to_spec().is_none());
    let nested = LinearRamp::new(0.0, 1.0, 3)
        .then(closure.take(5))
        .warmup(2)
        .scale(2.0);
    assert!(nested.to_spec().is_none());
    assert!(
        sum([Constant::new(0.1).into_dyn(), nested.into_dyn()])
            .to_spec()
            .is_none()
    );
    assert!(Recurrence::new(0.1, |_, rate| rate).to_spec().is_none());
}

#[test]
fn numbers_that_make_no_schedule_are_named() {
    let message = |error: ScheduleError| error.to_string();
    assert_eq!(
        message(LinearRamp::try_new(f64::NAN, 0.0, 10).unwrap_err()),
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
    let one_cycle = OneCycleConfig::new(0.1, 100).with_pct_start(1.5);
    assert_eq!(
        message(one_cycle.build().unwrap_err()),
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
    assert_eq!(
        message(PiecewiseConstant::try_new([0.1, 0.2, 0.3], [5, 4]).unwrap_err()),
        "piecewise_constant.boundaries[1]: must be at least the one before it, got 4"
    );
}
