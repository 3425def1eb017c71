//! Specs in few words, for readers of configs here and in lr-torch.

use lr_schedule::curves::{
    AnnealSpec, ConstantSpec, CosineSpec, LinearRampSpec, MultiStepSpec, PiecewiseConstantSpec,
    PolynomialSpec,
};
use lr_schedule::spec::Length;
use lr_schedule::{RuleSpec, Shape, Spec};

pub fn steps(steps: u64) -> Length {
    Length::Steps(steps)
}

pub fn constant(rate: f64) -> Spec {
    Spec::from(ConstantSpec { rate })
}

/// A rule over a schedule.
pub fn feedback(rule: RuleSpec, of: Spec) -> Spec {
    Spec::Feedback {
        rule,
        of: Box::new(of),
    }
}

/// A straight line; of no steps, its end.
pub fn linear(start: f64, end: f64, steps: u64) -> Spec {
    anneal(start, end, steps, Shape::Linear)
}

/// A ramp of any shape; of no steps, its end.
pub fn anneal(start: f64, end: f64, steps: u64, shape: Shape) -> Spec {
    let steps = match steps {
        0 => return constant(end),
        steps => Length::Steps(steps),
    };
    match shape {
        Shape::Linear => Spec::from(LinearRampSpec::new(start, end, steps)),
        Shape::Cosine => Spec::from(CosineSpec::new(start, end, steps)),
        shape => Spec::from(AnnealSpec::new(start, end, steps, shape)),
    }
}

/// A power of a straight line, for which any power will do; of no steps, its end.
pub fn polynomial(start: f64, end: f64, of: u64, power: f64) -> Spec {
    match (of, power) {
        (0, _) | (_, 1.0) => linear(start, end, of),
        _ => Spec::from(PolynomialSpec::new(start, end, of, power)),
    }
}

/// Each of `values` up to the step of its boundary, the last one without an end.
pub fn piecewise(
    values: impl IntoIterator<Item = f64>,
    boundaries: impl IntoIterator<Item = u64>,
) -> Spec {
    let boundaries = boundaries.into_iter().map(steps);
    Spec::from(PiecewiseConstantSpec {
        values: values.into_iter().collect(),
        boundaries: boundaries.collect(),
    })
}

pub fn multi_step(start: f64, milestones: impl IntoIterator<Item = u64>, gamma: f64) -> Spec {
    let milestones: Vec<Length> = milestones.into_iter().map(steps).collect();
    Spec::from(MultiStepSpec::new(start, milestones, gamma))
}

/// `of` with epochs of so many steps for its steps.
pub fn per_epoch(count: u64, of: Spec) -> Spec {
    Spec::PerEpoch {
        steps: steps(count),
        of: Box::new(of),
    }
}

pub fn scale(factor: f64, of: Spec) -> Spec {
    Spec::Scale {
        factor,
        of: Box::new(of),
    }
}

/// A warm-up of any shape, in front of a schedule.
pub fn warmed_up(count: u64, start: f64, shape: Shape, of: Spec) -> Spec {
    Spec::Warmup {
        steps: steps(count),
        start,
        shape,
        of: Box::new(of),
    }
}

pub fn skip(count: u64, of: Spec) -> Spec {
    match count {
        0 => of,
        count => Spec::Skip {
            steps: steps(count),
            of: Box::new(of),
        },
    }
}

pub fn delay(count: u64, of: Spec) -> Spec {
    match count {
        0 => of,
        count => Spec::Delay {
            steps: steps(count),
            of: Box::new(of),
        },
    }
}

/// `first` for so many steps, then `next`.
pub fn then(count: u64, first: Spec, next: Spec) -> Spec {
    sequence(vec![(count, first)], next)
}

/// Each of `before` for its number of steps, then `last`.
pub fn sequence(before: Vec<(u64, Spec)>, last: Spec) -> Spec {
    let before = before.into_iter().filter(|(count, _)| *count > 0);
    let take = |(count, part)| Spec::Take {
        steps: steps(count),
        of: Box::new(part),
    };
    let mut parts: Vec<Spec> = before.map(take).collect();
    parts.push(last);
    match parts.len() {
        1 => parts.remove(0),
        _ => Spec::Sequence(parts),
    }
}

pub fn clamp(min: Option<f64>, max: Option<f64>, of: Spec) -> Spec {
    Spec::Clamp {
        min,
        max,
        of: Box::new(of),
    }
}
