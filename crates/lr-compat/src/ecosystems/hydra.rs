//! Hydra: a scheduler with its `_target_`, anywhere in the file, over the `lr` of the optimizer's.
//!
//! - Schedulers of PyTorch, transformers and timm are known. The parts of a `SequentialLR` or a `ChainedScheduler`
//!   are written in the same way.
//! - `${a.b}` stands for the value at that place. (OmegaConf; other interpolations are not resolved.)
//! - Hydra doesn't say when the scheduler is stepped. Beside an `interval` of `step` or `epoch` it is that, as in
//!   Lightning; else once an epoch where the steps of one are given, and once a step where they aren't.
//!
//! From Hydra 1.3: `hydra/_internal/instantiate/_instantiate2.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts};
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
    let root = data.clone();
    let data = resolved(data, &root, 0);
    let found = FORM.scheduler(&data, facts)?;
    let epoch = match found.interval.as_deref() {
        Some("step") => return Ok(found.spec),
        Some("epoch") => Some(facts.epoch(&found.place)?),
        _ => facts.steps_per_epoch,
    };
    Ok(match (epoch, found.spec) {
        (Some(epoch), spec) if !matches!(spec, Spec::Feedback { .. }) => per_epoch(epoch, spec),
        (_, spec) => spec,
    })
}

/// Data with the values that whole texts stand for.
fn resolved(data: Data, root: &Data, depth: u8) -> Data {
    match data {
        Data::Text(text) => {
            let name = text
                .strip_prefix("${")
                .and_then(|text| text.strip_suffix('}'));
            match name.and_then(|name| root.at(name)) {
                // One that stands for another; a circle ends here.
                Some(value @ Data::Text(_)) if depth < 16 => {
                    resolved(value.clone(), root, depth + 1)
                }
                Some(Data::Table(_) | Data::List(_)) | None => Data::Text(text),
                Some(value) => value.clone(),
            }
        }
        Data::List(items) => {
            let items = items.into_iter().map(|item| resolved(item, root, depth));
            Data::List(items.collect())
        }
        Data::Table(entries) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(name, data)| (name, resolved(data, root, depth)));
            Data::Table(entries.collect())
        }
        other => other,
    }
}
