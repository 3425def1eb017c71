//! Hugging Face `TrainingArguments`, and what takes them over as they are: TRL, LLaMA-Factory, and the arguments
//! of transformers' own scripts.
//!
//! - An epoch has `ceil(samples / (per_device_train_batch_size · processes))` batches, or with
//!   `dataloader_drop_last` rounded down, and `ceil(batches / gradient_accumulation_steps)` steps; the run has
//!   `ceil(num_train_epochs · steps)`. `max_steps` goes before all of that. (`Trainer.set_initial_training_values`;
//!   older versions round the steps of an epoch down.)
//! - `warmup_steps` of 1 or more are steps; below 1 they are a share, and the steps are rounded up. So are
//!   those of `warmup_ratio`, which counts where there are no `warmup_steps`.
//!   (`TrainingArguments.get_warmup_steps`; `warmup_ratio` as in transformers 4.)
//! - `per_gpu_train_batch_size`, as in transformers 4, goes before the newer name.
//! - Without `lr_scheduler_type` it is linear, without `learning_rate` 5e-5. TRL's own defaults of the rate depend
//!   on the trainer, which the file doesn't say.
//!
//! From transformers 5.24: `trainer.py`, `training_args.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, has_any};
use super::envelope::{is_one_of, over_base};
use super::interpolation::resolved;
use crate::args::{Args, table, with_numbers};
use crate::transformers::{self, NAMES, SCHEDULERS};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["transformers", "hf", "trl", "llama_factory"],
    recognises: |data| {
        let short = NAMES.iter().any(|(name, _)| is_one_of(data, &[*name]));
        let beside = "max_steps num_train_epochs per_device_train_batch_size output_dir \
                      per_gpu_train_batch_size gradient_accumulation_steps warmup_ratio warmup_steps";
        let is_trainer = data.at("lr_scheduler_type").is_some()
            || data.at("learning_rate").is_some() && has_any(data, beside);
        // axolotl's files have `learning_rate` too.
        short || is_one_of(data, SCHEDULERS) || is_trainer && data.at("base_model").is_none()
    },
    read: |data, facts| match data.at("scheduler") {
        Some(_) => over_base(data, facts, transformers::named),
        None => read(data, facts),
    },
};

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let data = with_numbers(resolved(data));
    let of_trl = data.at("dataset_name").is_some();
    let own = |name: &str| name.starts_with("lr_scheduler") || name.starts_with("warmup_");
    let args = &mut Args::new("", data).of_many(own);
    let rate = args.maybe_number("learning_rate");
    let name = args.text("lr_scheduler_type");
    let kwargs = args.read("lr_scheduler_kwargs", kwargs);
    let warmup = args.not_negative("warmup_steps", 0.0);
    let ratio = args.share("warmup_ratio", 0.0);
    let max_steps = args.integer("max_steps", -1);
    let epochs = args.not_negative("num_train_epochs", 3.0);
    let batch = facts.batch_size.unwrap_or(8);
    let batch = args.steps("per_device_train_batch_size", batch);
    let batch = args.steps("per_gpu_train_batch_size", batch);
    let accumulation = facts.accumulation.unwrap_or(1);
    let accumulation = args.steps("gradient_accumulation_steps", accumulation);
    let drop_last = args.flag("dataloader_drop_last", facts.drop_last);
    args.finish(())?;
    let default = if of_trl { None } else { Some(5e-5) };
    let base = facts.rate(rate.or(facts.base_lr).or(default), "learning_rate")?;
    let max_steps = u64::try_from(max_steps).ok().filter(|steps| *steps > 0);
    let total = match (max_steps.or(facts.total_steps), facts.steps_per_epoch) {
        (Some(steps), _) => steps,
        (None, Some(steps)) => share(epochs, steps),
        (None, None) => {
            let samples = Facts::needed(facts.samples, "samples", "num_train_epochs")?;
            let batch = batch.saturating_mul(facts.processes.unwrap_or(1).max(1));
            let batches = match drop_last {
                true => samples / batch,
                false => samples.div_ceil(batch),
            };
            share(epochs, batches.div_ceil(accumulation).max(1))
        }
    };
    let name = name.as_deref().unwrap_or("linear");
    trainer(name, kwargs, [warmup, ratio], total, base)
}

/// The schedule of a `Trainer` whose `lr_scheduler_type` and `lr_scheduler_kwargs` these are, with its `warmup_steps`
/// and `warmup_ratio`, over a run of `total` steps at the rate `base`.
///
/// # Errors
///
/// A name or an argument that transformers has not, and arguments that make no schedule.
pub fn trainer(
    name: &str,
    kwargs: Option<Vec<(String, Data)>>,
    [warmup_steps, warmup_ratio]: [f64; 2],
    total: u64,
    base: f64,
) -> Result<Spec, ScheduleError> {
    let warmup = match warmup_steps {
        steps if steps >= 1.0 => steps as u64,
        part if part > 0.0 => share(part, total),
        _ => share(warmup_ratio, total),
    };
    scheduler(name, "lr_scheduler_type", kwargs, [warmup, total], base)
}

/// A share of steps, rounded up.
fn share(share: f64, of: u64) -> u64 {
    (share * of as f64).ceil() as u64
}

/// A table of arguments, which the command line gives as JSON.
pub(super) fn kwargs(data: Data) -> Result<Vec<(String, Data)>, ScheduleError> {
    let wrong = |data| Err(ScheduleError::invalid("", data, "a table of arguments"));
    match data {
        Data::Table(entries) => Ok(entries),
        Data::Text(text) => match serde_json::from_str(&text) {
            Ok(Data::Table(entries)) => Ok(entries),
            _ => wrong(Data::Text(text)),
        },
        other => wrong(other),
    }
}

/// The scheduler that `get_scheduler` makes, of which `field` has the name, for so many steps of warm-up and
/// in all.
pub(super) fn scheduler(
    name: &str,
    field: &str,
    kwargs: Option<Vec<(String, Data)>>,
    [warmup, total]: [u64; 2],
    base: f64,
) -> Result<Spec, ScheduleError> {
    let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    if !known.contains(&name) {
        return Err(ScheduleError::unknown(field, "scheduler", name, &known));
    }
    let kwargs = Data::Table(kwargs.unwrap_or_default());
    let args = table([
        ("num_warmup_steps", Data::Integer(warmup.into())),
        ("num_training_steps", Data::Integer(total.into())),
        ("scheduler_specific_kwargs", kwargs),
    ]);
    transformers::named(name, args, base).map_err(|mut error| {
        // In place of the function's name, which the file doesn't have.
        let inner = error.place.split_once('.').map(|(_, inner)| inner);
        error.place = inner.unwrap_or_default().to_string();
        error.inside("lr_scheduler_kwargs")
    })
}
