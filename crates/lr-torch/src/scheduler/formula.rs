//! The schedule of a scheduler from its position on: a formula, or its steps.

use lr_compat::build::delay;
use lr_compat::torch::part::{Part, closed_product, closed_sequence, rate};
use lr_schedule::spec::Link;
use lr_schedule::{Schedule, Spec};

use super::node::Node;
use crate::error::TorchError;

/// The number of steps that a formula is compared with the links, and the difference it may have, as a share of
/// the largest rate. Where the two are of one mind their rounding may still part them: PyTorch's
/// cosine goes on from its lowest point with an error of about 2e-17 times the square of `T_max`.
const COMPARED_STEPS: u64 = 256;
const CLOSE: f64 = 5e-13;

impl Node<'_> {
    /// The schedule of a scheduler that has come to step `position`, when the rate is `lr`: a
    /// formula where one gives the rates that PyTorch would come to, and else what it does from step
    /// to step.
    pub fn schedule(&self, position: u64, lr: f64) -> Result<Spec, TorchError> {
        let links = match self.link()? {
            Link::Chain(links) => links,
            link => vec![link],
        };
        let rest = Spec::Recurrence { start: lr, links };
        let stepped = rest.build()?;
        let closed = |base| self.closed(position, base);
        let agrees = |spec: &Spec| agree(spec, position, &stepped);
        if let Some(spec) = closed(self.base()) {
            if agrees(&spec) {
                return Ok(spec);
            }
            // Another rate than that of the schedule, of which what multiplies keeps the factor.
            let base = self.base() * (lr / rate(&spec, position));
            if let Some(spec) = closed(base).filter(|spec| self.multiplies() && agrees(spec)) {
                return Ok(spec);
            }
        }
        Ok(delay(position, rest))
    }

    /// The rate that a formula gives at step `position`, where there is one.
    pub fn rate_now(&self, position: u64) -> Option<f64> {
        let spec = self.closed(position, self.base())?;
        spec.build().ok()?;
        Some(rate(&spec, position))
    }

    /// Whether all it does to the rate is to multiply it.
    fn multiplies(&self) -> bool {
        match self {
            Self::Leaf(leaf) => matches!(leaf.part, Part::Multiply(_)),
            Self::Sequence(_) => false,
            Self::Chain(parts) => parts.iter().all(Self::multiplies),
        }
    }

    /// The formula of the whole schedule, which has been stepped `position` times, of a base rate.
    fn closed(&self, position: u64, base: f64) -> Option<Spec> {
        match self {
            Self::Leaf(leaf) if leaf.at == Some(position) => {
                leaf.part.part_of_sequence(base, true, &leaf.group)
            }
            Self::Leaf(_) => None,
            Self::Sequence(sequence) => {
                let count = sequence.count;
                let mut stretches = Vec::new();
                for (part, steps) in &sequence.parts {
                    let leaf = part.leaf()?;
                    let counts = match steps.contains(&count) {
                        true => leaf.at == Some(count - steps.start),
                        false => steps.start <= count || leaf.begins_at == 0,
                    };
                    if !counts || count != position {
                        return None;
                    }
                    if !steps.is_empty() {
                        stretches.push((steps.end - steps.start, &leaf.part, &leaf.group));
                    }
                }
                let (_, last, group) = stretches.pop()?;
                closed_sequence(stretches.into_iter(), (last, group), base)
            }
            Self::Chain(parts) => match parts.as_slice() {
                [part] => part.closed(position, base),
                parts => {
                    let leaves = parts.iter().map(Self::leaf).collect::<Option<Vec<_>>>()?;
                    let together = leaves.iter().all(|leaf| leaf.at == Some(position));
                    let parts = leaves.iter().map(|leaf| &leaf.part);
                    together.then(|| closed_product(parts, base)).flatten()
                }
            },
        }
    }
}

/// Whether a formula at `position` gives what the links that begin there do.
fn agree(spec: &Spec, position: u64, stepped: &dyn Schedule) -> bool {
    let Ok(closed) = spec.build() else {
        return false;
    };
    let (mut rate, mut largest, mut difference) = (f64::NAN, 0.0f64, 0.0f64);
    for step in 0..=COMPARED_STEPS {
        rate = stepped.advance(step, rate);
        let formula = closed.at(position.saturating_add(step));
        largest = largest.max(rate.abs());
        difference = difference.max((rate - formula).abs());
    }
    difference <= CLOSE * largest
}
