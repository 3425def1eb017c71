//! Generated specs of every kind there is, all of them valid.

use lr_schedule::combine::{BatchRule, NoiseKind};
use lr_schedule::curves::{
    Bound, CURVES, CurveKind, CurveSpec, CyclicConfig, FieldKind, FieldType, WarmRestartsSpec,
};
use lr_schedule::spec::{BatchSize, Data, Length, Link};
use lr_schedule::{Shape, Spec};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

pub fn rate() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), 1e-12..1.0f64, magnitude()]
}

pub fn positive() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(1.0), Just(0.5), 1e-3..50.0f64, magnitude()]
}

/// Magnitudes as often near 0 as far from it.
fn magnitude() -> impl Strategy<Value = f64> + Clone {
    (-308.0..308.0f64).prop_map(|exponent| 10f64.powf(exponent))
}

/// A number of steps that is at least 1.
pub fn count() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![1u64..200, 1..=u64::MAX]
}

pub fn steps() -> impl Strategy<Value = Length> + Clone {
    count().prop_map(Length::Steps)
}

pub fn any_steps() -> impl Strategy<Value = Length> + Clone {
    prop_oneof![0u64..200, any::<u64>()].prop_map(Length::Steps)
}

pub fn factor() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64, 1.0..1e3f64]
}

pub fn shape() -> impl Strategy<Value = Shape> + Clone {
    let power = || 1e-3..20.0f64;
    prop_oneof![
        Just(Shape::Linear),
        Just(Shape::Cosine),
        Just(Shape::OneMinusSqrt),
        Just(Shape::Log),
        Just(Shape::Rex),
        power().prop_map(|power| Shape::Polynomial { power }),
        power().prop_map(|power| Shape::Power { power }),
        power().prop_map(|power| Shape::CosinePower { power }),
        (1e-6..0.999f64).prop_map(|ratio| Shape::Exponential { ratio }),
        (-9.0..0.0f64, 0.1..9.0f64).prop_map(|(lower, upper)| Shape::Tanh { lower, upper }),
        (1e-6..0.999f64).prop_map(|beta| Shape::Reflected { beta }),
    ]
}

/// A momentum or a share.
fn share() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64]
}

/// A valid curve of any kind, from the bounds of its fields.
fn curve_of(kind: &'static CurveKind) -> BoxedStrategy<Spec> {
    let fields = kind.fields.iter().map(|field| {
        let name = field.name.to_string();
        value_of(field).prop_map(move |value| (name.clone(), value))
    });
    let fields: Vec<_> = fields.collect();
    let valid = |fields| {
        let spec = Spec::from_data(Data::entry(kind.name, Data::Table(fields))).unwrap();
        spec.build().is_ok().then(|| falling(spec))
    };
    fields
        .prop_filter_map("fields that make no curve together", valid)
        .boxed()
}

/// A rate that grows from the higher one away from the lower one comes to nothing.
fn falling(spec: Spec) -> Spec {
    match spec {
        Spec::Curve(CurveSpec::Cyclic(of)) if of.max < of.base => Spec::from(CyclicConfig {
            gamma: of.gamma.min(1.0),
            ..of
        }),
        spec => spec,
    }
}

fn value_of(field: &FieldKind) -> BoxedStrategy<Data> {
    let integer = |value: u64| Data::Integer(value.into());
    let number = match field.bound {
        Bound::AtLeast0 => factor().boxed(),
        Bound::Share => share().boxed(),
        Bound::Above0 => positive().boxed(),
        _ => rate().boxed(),
    };
    let whole = match field.bound {
        Bound::AtLeast1 => count().boxed(),
        _ => prop_oneof![0u64..200, any::<u64>()].boxed(),
    };
    match field.of {
        FieldType::Number => number.prop_map(Data::Number).boxed(),
        FieldType::Count | FieldType::Length => whole.prop_map(integer).boxed(),
        FieldType::Flag => any::<bool>().prop_map(Data::Bool).boxed(),
        FieldType::Name(names) => select(names)
            .prop_map(|name| Data::Text(name.to_string()))
            .boxed(),
        FieldType::Shape => shape().prop_map(shape_data).boxed(),
        FieldType::Numbers => vec(number.prop_map(Data::Number), 0..5)
            .prop_map(Data::List)
            .boxed(),
        FieldType::Lengths => (vec(whole, 0..5), any::<bool>())
            .prop_map(move |(mut list, ascending)| {
                if ascending {
                    list.sort_unstable();
                }
                Data::List(list.into_iter().map(integer).collect())
            })
            .boxed(),
        other => unreachable!("{other:?} is not generated"),
    }
}

fn shape_data(shape: Shape) -> Data {
    let (kind, numbers) = shape.to_parts();
    let (name, parameters) = Shape::KINDS[kind];
    let numbers = parameters.iter().zip(numbers);
    let numbers = numbers.map(|(name, number)| (name.to_string(), Data::Number(number)));
    match parameters {
        [] => Data::Text(name.to_string()),
        _ => Data::entry(name, Data::Table(numbers.collect())),
    }
}

/// Curves, and what only one of them has.
pub fn curve() -> BoxedStrategy<Spec> {
    let of = |name: &str| {
        let kind = CURVES.iter().find(|curve| curve.name == name);
        curve_of(kind.expect("there is one"))
    };
    let momentum = of("one_cycle").prop_map(|cycle| {
        let (_, fields) = cycle.to_data().into_entry("schedule").unwrap();
        Spec::from_data(Data::entry("one_cycle_momentum", fields)).unwrap()
    });
    let endless = of("restarts").prop_map(|spec| match spec {
        Spec::Curve(CurveSpec::Restarts(of)) => Spec::from(of.with_limit(None)),
        spec => spec,
    });
    let few_times_as_long =
        (rate(), rate(), steps(), 1u64..20).prop_map(|(max, min, t_0, t_mult)| {
            Spec::from(WarmRestartsSpec::new(max, min, t_0, t_mult))
        });
    let curves = Union::new(CURVES.iter().map(curve_of));
    prop_oneof![9 => curves, 1 => momentum, 1 => endless, 1 => few_times_as_long].boxed()
}

/// Schedules of every kind but recurrences: all that cost the same at any step.
pub fn spec() -> impl Strategy<Value = Spec> {
    curve().prop_recursive(4, 24, 3, |inner| {
        let of = || inner.clone().prop_map(Box::new);
        let bound = |a: f64, b: f64| (a.min(b), a.max(b));
        prop_oneof![
            (of(), any_steps()).prop_map(|(of, steps)| Spec::Take { steps, of }),
            (of(), any_steps()).prop_map(|(of, steps)| Spec::Skip { steps, of }),
            (of(), any_steps()).prop_map(|(of, steps)| Spec::Delay { steps, of }),
            (of(), steps()).prop_map(|(of, every)| Spec::Repeat { every, of }),
            (of(), steps()).prop_map(|(of, steps)| Spec::PerEpoch { steps, of }),
            (of(), factor()).prop_map(|(of, factor)| Spec::Scale { factor, of }),
            (of(), any_steps(), rate(), shape()).prop_map(|(of, steps, start, shape)| {
                Spec::Warmup {
                    steps,
                    start,
                    shape,
                    of,
                }
            }),
            (of(), any_steps(), any_steps(), rate(), shape()).prop_map(
                |(of, start, steps, end, shape)| Spec::Cooldown {
                    start,
                    steps,
                    end,
                    shape,
                    of
                }
            ),
            (of(), rate(), rate(), any::<[bool; 2]>()).prop_map(move |(of, a, b, given)| {
                let (min, max) = bound(a, b);
                Spec::Clamp {
                    min: given[0].then_some(min),
                    max: given[1].then_some(max),
                    of,
                }
            }),
            (of(), count(), count(), any::<bool>()).prop_map(|(of, reference, batch, linear)| {
                Spec::BatchScale {
                    rule: if linear {
                        BatchRule::Linear
                    } else {
                        BatchRule::SquareRoot
                    },
                    reference,
                    batch: BatchSize::Samples(batch),
                    of,
                }
            }),
            (
                (of(), any::<u64>(), any::<bool>()),
                factor(),
                0.01..=1.0f64,
                any_steps(),
                option::of(any_steps())
            )
                .prop_map(|((of, seed, normal), std, limit, from, to)| Spec::Noise {
                    seed,
                    kind: if normal {
                        NoiseKind::Normal
                    } else {
                        NoiseKind::Uniform
                    },
                    std,
                    limit,
                    from,
                    to,
                    of,
                }),
            vec(inner.clone(), 0..4).prop_map(Spec::Product),
            vec(inner.clone(), 0..4).prop_map(Spec::Sum),
            (vec((any_steps(), of()), 0..3), inner.clone()).prop_map(|(before, last)| {
                let before = before.into_iter();
                let mut parts: Vec<Spec> =
                    before.map(|(steps, of)| Spec::Take { steps, of }).collect();
                parts.push(last);
                Spec::Sequence(parts)
            }),
        ]
    })
}

pub fn link() -> impl Strategy<Value = Link> {
    let leaf = prop_oneof![
        curve().prop_map(|of| Link::Multiply { of: Box::new(of) }),
        curve().prop_map(|of| Link::Set { of: Box::new(of) }),
        (rate(), rate(), steps()).prop_map(|(start, floor, t_max)| Link::Anneal {
            start,
            floor,
            t_max
        }),
        (rate(), any_steps(), shape()).prop_map(|(target, steps, shape)| Link::Settle {
            target,
            steps,
            shape
        }),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (boxed(), any_steps(), option::of(rate()), boxed()).prop_map(
                |(first, steps, start, next)| Link::Then {
                    first,
                    steps,
                    start,
                    next
                }
            ),
            (any_steps(), boxed()).prop_map(|(steps, of)| Link::Skip { steps, of }),
            vec(inner.clone(), 0..3).prop_map(Link::Chain),
        ]
    })
}

pub fn recurrence() -> impl Strategy<Value = Spec> {
    (rate(), vec(link(), 0..4)).prop_map(|(start, links)| Spec::Recurrence { start, links })
}

/// A recurrence, perhaps inside of what passes its steps on.
pub fn with_recurrence() -> impl Strategy<Value = Spec> {
    recurrence().prop_recursive(3, 8, 2, |inner| {
        let of = || inner.clone().prop_map(Box::new);
        let few = || (0u64..20).prop_map(Length::Steps);
        let some = || (1u64..20).prop_map(Length::Steps);
        prop_oneof![
            (of(), few()).prop_map(|(of, steps)| Spec::Take { steps, of }),
            (of(), few()).prop_map(|(of, steps)| Spec::Skip { steps, of }),
            (of(), few()).prop_map(|(of, steps)| Spec::Delay { steps, of }),
            (of(), some()).prop_map(|(of, every)| Spec::Repeat { every, of }),
            (of(), some()).prop_map(|(of, steps)| Spec::PerEpoch { steps, of }),
            (of(), factor()).prop_map(|(of, factor)| Spec::Scale { factor, of }),
            (of(), few(), rate(), shape()).prop_map(|(of, steps, start, shape)| Spec::Warmup {
                steps,
                start,
                shape,
                of
            }),
            (few(), of(), inner.clone())
                .prop_map(|(steps, of, next)| Spec::Sequence(vec![Spec::Take { steps, of }, next])),
        ]
    })
}
