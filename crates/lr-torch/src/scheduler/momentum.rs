//! The momentum that schedulers move.

use lr_compat::build::{constant, delay, sequence, skip};
use lr_compat::torch::part::rate;
use lr_schedule::Spec;

use super::node::Node;
use crate::error::TorchError;

impl Node<'_> {
    /// The momentum from here on, counted from 0, where it moves any.
    fn momentum_ahead(&self, now: Option<f64>) -> Result<Option<Spec>, TorchError> {
        Ok(match self {
            Self::Leaf(leaf) => {
                let at = leaf.begun()?;
                leaf.momentum.clone().map(|spec| skip(at, spec))
            }
            Self::Chain(parts) => {
                let mut last = None;
                for part in parts {
                    last = part.momentum_ahead(now)?.or(last);
                }
                last
            }
            Self::Sequence(of) => {
                let mut moves = false;
                let mut momentum = now;
                let mut ahead = Vec::new();
                for (part, length, current) in of.ahead() {
                    let spec = match (current, part) {
                        (true, part) => part.momentum_ahead(momentum)?,
                        (false, part) => part.leaf().and_then(|leaf| leaf.momentum.clone()),
                    };
                    moves |= spec.is_some();
                    let spec = spec.or(momentum.map(constant));
                    momentum = spec.as_ref().map(|spec| rate(spec, length - 1));
                    ahead.push((length, spec));
                }
                if !moves {
                    return Ok(None);
                }
                let ahead = ahead.into_iter();
                let known = ahead.map(|(length, spec)| Some((length, spec?)));
                let Some(mut known) = known.collect::<Option<Vec<_>>>() else {
                    return of.state.unsupported(
                        "moves the momentum later on, which until then is in the optimizer's \
                         param_groups: give the optimizer's state too",
                    );
                };
                let last = known.pop();
                last.map(|(_, last)| sequence(known, last))
            }
        })
    }

    /// The momentum of a scheduler that has come to step `position`, when it is `now`.
    pub fn momentum(&self, position: u64, now: Option<f64>) -> Result<Option<Spec>, TorchError> {
        if let Self::Leaf(leaf) = self
            && leaf.at == Some(position)
        {
            return Ok(leaf.momentum.clone());
        }
        let ahead = self.momentum_ahead(now)?;
        Ok(ahead.map(|spec| delay(position, spec)))
    }
}
