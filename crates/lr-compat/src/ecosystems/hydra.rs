//! Hydra: a scheduler with its `_target_`, anywhere in the file, over the `lr` of the optimizer's.
//!
//! - Schedulers of PyTorch, transformers and timm are known. The parts of a `SequentialLR` or a `ChainedScheduler`
//!   are written in the same way.
//! - `${a.b}` stands for the value at that place, `${.b}` for the one beside it. (OmegaConf; resolvers such as `${oc.env:LR}` are
//!   left as they stand.)
//! - Hydra doesn't say when the scheduler is stepped. Beside an `interval` of `step` or `epoch` it is that, as in
//!   Lightning, or so many as its `frequency` says; else once an epoch where the steps of one are given, and once a step where they aren't.
//!
//! From Hydra 1.3: `hydra/_internal/instantiate/_instantiate2.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts};
use super::interpolation::resolved;
use super::targets::Form;
use crate::build::per_epoch;

const FORM: Form = Form {
    class: "_target_",
    args: None,
    others: &[
        "_partial_",
        "_recursive_",
        "_convert_",
        "_args_",
        "optimizer",
    ],
};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["hydra"],
    recognises: |data| FORM.has_scheduler(data),
    read,
};

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let found = FORM.scheduler(&resolved(data), facts)?;
    let steps = match found.interval.as_deref() {
        Some("step") => 1,
        Some("epoch") => facts.epoch(&found.place)?,
        _ => facts.steps_per_epoch.unwrap_or(1),
    };
    Ok(match (steps.saturating_mul(found.frequency), found.spec) {
        (steps @ 2.., spec) if !matches!(spec, Spec::Feedback { .. }) => per_epoch(steps, spec),
        (_, spec) => spec,
    })
}
