//! Records of Burn's own schedulers: where in a schedule of ours they are.

mod error;
mod node;

use lr_schedule::curves::{CurveSpec, ExponentialSpec, LinearRampSpec};
use std::collections::BTreeSet;

use burn::lr_scheduler::LrSchedulerRecord;
use burn_pack::Scalar;
use lr_schedule::spec::Length;
use lr_schedule::{Schedule, ScheduleExt, Spec};

pub use error::BurnRecordError;
use node::{Node, Taken};

use crate::record::Progress;
use crate::scheduler::Scheduler;

impl<S: Schedule> Scheduler<S> {
    /// Continues where one of Burn's own schedulers was, from what its `to_record` gave or burn-train
    /// saved.
    ///
    /// The schedule at hand is what Burn's scheduler is called here: `LinearRamp`, `CosineAnnealing`,
    /// `Exponential`, `Noam`, `Step`, and products, sums and sequences of these; the crate
    /// `lr-compat` makes it from Burn's own config. The next rates are then those that Burn's would
    /// have been, up to rounding. A record of Burn's holds little more than how many steps there were,
    /// so that the options can't be compared: only `Exponential` stores a rate, and `Linear` the
    /// steps that are left.
    ///
    /// ```
    /// use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
    /// use burn_lr::prelude::*;
    ///
    /// let mut burn = LinearLrSchedulerConfig::new(0.1, 0.0, 100).init()?;
    /// for _ in 0..30 {
    ///     burn.step();
    /// }
    /// let mut lr = Scheduler::new(LinearRamp::new(0.1, 0.0, 100));
    /// lr.try_load_burn_record(&burn.to_record())?;
    /// assert_eq!(lr.position(), 30);
    /// assert!((lr.step() - burn.step().base()).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The record may be that of a `ModuleLrScheduler` without groups, which has the scheduler's own
    /// one level deeper. Of one with groups, `record.record("1")` is that of the group 1, and so on.
    ///
    /// # Errors
    ///
    /// A record of another kind of scheduler than the schedule at hand, one whose parts can't belong
    /// together, or one without a position; the scheduler stays as it is then.
    pub fn try_load_burn_record(
        &mut self,
        record: &LrSchedulerRecord,
    ) -> Result<(), BurnRecordError> {
        let spec = self.schedule().to_spec().ok_or(BurnRecordError::NoSpec)?;
        let position = position(&spec, record)?;
        let last = position.saturating_sub(1);
        let rate = self.schedule().at(last);
        self.restore(Progress::at(position, rate), vec![]);
        Ok(())
    }
}

/// The number of steps that the scheduler of `record` took, being what `spec` describes.
fn position(spec: &Spec, record: &LrSchedulerRecord) -> Result<u64, BurnRecordError> {
    let node = Node::new(record);
    if node.scalars.contains_key("version") {
        return Err(BurnRecordError::Own);
    }
    let taken = match (taken(spec, &node), node.children()) {
        (Ok(taken), _) => taken,
        // As a `ModuleLrScheduler` writes it.
        (Err(_), Some(groups)) if groups == BTreeSet::from([0]) => taken(spec, &node.child(0))?,
        (Err(error), Some(groups)) if groups.len() > 1 && !is_of_several(spec) => {
            let groups = groups.len();
            log::debug!("not of one scheduler: {error}");
            return Err(BurnRecordError::Groups { groups });
        }
        (Err(error), _) => return Err(error),
    };
    match taken == Taken::ANY {
        true => Err(BurnRecordError::NoPosition),
        false => Ok(taken.best),
    }
}

/// Whether Burn's scheduler for it has others in it.
fn is_of_several(spec: &Spec) -> bool {
    match spec {
        Spec::Scale { of, .. } => is_of_several(of),
        spec => matches!(spec, Spec::Product(_) | Spec::Sum(_) | Spec::Sequence(_)),
    }
}

fn taken(spec: &Spec, node: &Node) -> Result<Taken, BurnRecordError> {
    let name = spec.name();
    match spec {
        // The mean of several is their sum, scaled.
        Spec::Scale { of, .. } | Spec::Take { of, .. } => taken(of, node),
        Spec::Sequence(parts) => sequence(parts, node),
        // A sequence of one is called by its part here.
        one if node.count_of_steps().is_some() => sequence(std::slice::from_ref(one), node),
        Spec::Curve(CurveSpec::Constant(_)) => match node.scalars.is_empty() {
            true => Ok(Taken::ANY),
            false => Err(node.kind(name, "nothing")),
        },
        Spec::Curve(CurveSpec::LinearRamp(LinearRampSpec {
            steps: Length::Steps(steps),
            ..
        })) => {
            let all = steps.saturating_add(1);
            let allowed = format!("a count of at most {all}");
            node.only(name, "remaining_iters", &allowed, |scalar| {
                let taken = all.checked_sub(u64::try_from(scalar).ok()?)?;
                Some(match taken == all {
                    true => Taken::at_least(taken),
                    false => Taken::exactly(taken),
                })
            })
        }
        Spec::Curve(CurveSpec::CosineAnnealing(_)) => {
            // The last step's number; before the first, the greatest one that there is.
            node.only(name, "current_iter", "a count", |scalar| {
                let last = u64::try_from(scalar).ok()?;
                Some(Taken::exactly(last.wrapping_add(1)))
            })
        }
        Spec::Curve(CurveSpec::Step(_)) => {
            // The last step's number; before the first, -1.
            let allowed = "a whole number of at least -1";
            node.only(name, "iter_idx", allowed, |scalar| {
                let next = i64::try_from(scalar).ok()?.checked_add(1)?;
                Some(Taken::exactly(u64::try_from(next).ok()?))
            })
        }
        Spec::Curve(CurveSpec::Noam(_)) => {
            const MAX: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
            let allowed = "a whole number from 0 to 2^53";
            node.only(name, "step", allowed, |scalar| match scalar {
                Scalar::Float(steps) if steps.fract() == 0.0 && (0.0..=MAX).contains(&steps) => {
                    Some(Taken::exactly(steps as u64))
                }
                _ => None,
            })
        }
        &Spec::Curve(CurveSpec::Exponential(ExponentialSpec { start, gamma })) => {
            let allowed = "a finite number of at least 0";
            let saved = node.only(name, "previous_lr", allowed, |scalar| match scalar {
                Scalar::Float(rate) if rate.is_finite() && rate >= 0.0 => Some(rate),
                _ => None,
            })?;
            let at = node.at.clone();
            exponential(start, gamma, saved).map_err(|given| BurnRecordError::Rate {
                at,
                saved,
                given,
            })
        }
        Spec::Product(parts) | Spec::Sum(parts) => {
            let count = parts.len();
            let is_of_them = |numbers: BTreeSet<usize>| numbers.last().is_some_and(|n| *n < count);
            if !node.scalars.is_empty() && !node.children().is_some_and(is_of_them) {
                return Err(node.kind(name, "a record for each of its parts"));
            }
            let mut all = Taken::ANY;
            for (index, part) in parts.iter().enumerate() {
                let child = node.child(index);
                let found = taken(part, &child)?;
                all = all.and(found).ok_or_else(|| child.apart(found, all))?;
            }
            Ok(all)
        }
        _ => Err(BurnRecordError::NotBurns {
            at: node.at.clone(),
            name,
        }),
    }
}

/// Steps of `start · gammaⁿ`, of which Burn stores the last rate, made of the one before; `Err` with
/// the nearest rate there is.
fn exponential(start: f64, gamma: f64, previous: f64) -> Result<Taken, f64> {
    /// Rates of which steps can't be told any more, and that nobody can tell from 0.
    const SMALL: f64 = 1e-290;
    let steps_until = |rate: f64| 1.0 + (rate / start).ln() / gamma.ln();
    if !(start > 0.0 && gamma > 0.0 && gamma <= 1.0) {
        return Err(start);
    }
    if gamma < 1.0 && previous < SMALL.min(start) {
        return Ok(Taken::at_least(steps_until(SMALL.min(start)).ceil() as u64));
    }
    let nearest = match gamma < 1.0 {
        true => steps_until(previous).round().max(0.0),
        false => 1.0, // the same at any
    };
    // Each of Burn's steps rounds once.
    let error = (nearest + 8.0) * 4.0 * f64::EPSILON;
    let expected = start * gamma.powf(nearest - 1.0);
    let is_it = (previous - expected).abs() <= error * expected;
    if !is_it {
        return Err(expected);
    }
    if gamma == 1.0 {
        return Ok(Taken::ANY);
    }
    let (nearest, apart) = (nearest as u64, (error / -gamma.ln()).ceil() as u64);
    Ok(Taken {
        best: nearest,
        least: nearest.saturating_sub(apart),
        most: nearest.saturating_add(apart),
    })
}

/// Burn steps one part at a time, and counts all steps.
fn sequence(parts: &[Spec], node: &Node) -> Result<Taken, BurnRecordError> {
    const FIELD: &str = "step";
    let another_kind = || node.kind("sequence", "`step` as a count, and a record for each part");
    let scalar = node.count_of_steps().ok_or_else(another_kind)?;
    let steps = u64::try_from(scalar).map_err(|_| node.invalid(FIELD, scalar, "a count"))?;
    let mut begin = 0u64;
    for (index, part) in parts.iter().enumerate() {
        let child = node.child(index);
        // The last one has no end that counts.
        let length = match index + 1 == parts.len() {
            true => u64::MAX,
            false => part
                .build()
                .ok()
                .and_then(|part| part.length())
                .unwrap_or(u64::MAX),
        };
        let expected = Taken::exactly(steps.saturating_sub(begin).min(length));
        let found = taken(part, &child)?;
        expected
            .and(found)
            .ok_or_else(|| child.apart(found, expected))?;
        begin = begin.saturating_add(length);
    }
    let known = |name: &String| match name.split_once('.') {
        Some((index, _)) => index.parse().is_ok_and(|index: usize| index < parts.len()),
        None => name == FIELD,
    };
    match node.scalars.keys().all(known) {
        true => Ok(Taken::exactly(steps)),
        false => Err(another_kind()),
    }
}
