//! The arguments of transformers' `Trainer`, which it saves beside its states.

use lr_compat::ecosystems::trainer;
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use crate::dict::Key;
use crate::error::TorchError;
use crate::value::{Scalar, Value};

/// The `training_args.bin` that transformers' `Trainer` saves: an object, whose attributes are read as data.
///
/// ```
/// use lr_torch::{ReadOptions, TorchFile, TrainingArguments};
/// use lr_schedule::Schedule;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/saved/hf/linear/checkpoint-60");
/// let arguments = TorchFile::open(format!("{folder}/training_args.bin"))?;
/// let arguments = TrainingArguments::read(&arguments.root())?;
/// let scheduler = TorchFile::open(format!("{folder}/scheduler.pt"))?;
/// let state = ReadOptions::new()
///     .with_schedule(|base_lr| arguments.schedule(base_lr, None))
///     .read(&scheduler.root())?;
/// assert_eq!(state.position, 60);
/// assert_eq!(state.groups[0].spec.build()?.at(115), 0.0);
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingArguments {
    /// The attributes that are numbers, flags, texts, enums of texts, or lists and dicts of these.
    pub attributes: Vec<(String, Data)>,
}

/// The depth of attributes in each other, and the number of values in all of them.
const MAX_DEPTH: usize = 4;
const MAX_VALUES: usize = 2_000;

impl TrainingArguments {
    /// Whether `value` is an object with such attributes.
    pub fn are(value: &Value<'_>) -> bool {
        let state = value.state();
        state.is_some_and(|state| state.has("lr_scheduler_type") && state.has("learning_rate"))
    }

    /// Reads the object.
    ///
    /// # Errors
    ///
    /// Anything but an object with attributes.
    pub fn read(value: &Value<'_>) -> Result<Self, TorchError> {
        let Some(state) = value.state() else {
            return value.wrong("an object of transformers' TrainingArguments");
        };
        let mut left = MAX_VALUES;
        let attributes = table(state.entries()?, 0, &mut left);
        Ok(Self { attributes })
    }

    /// The attribute of that name.
    pub fn get(&self, name: &str) -> Option<&Data> {
        let mut attributes = self.attributes.iter();
        attributes.find_map(|(known, data)| (known == name).then_some(data))
    }

    /// The attribute of that name, where it is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Data::Integer(integer) => Some(*integer as f64),
            Data::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The schedule of an optimizer, or one of its groups, whose rate is `base_lr`, in a run of `total_steps`.
    /// Those are what `trainer_state.json` has as `max_steps`. Default: the attribute `max_steps`.
    ///
    /// # Errors
    ///
    /// No length that is known, and arguments that make no schedule.
    pub fn schedule(&self, base_lr: f64, total_steps: Option<u64>) -> Result<Spec, ScheduleError> {
        let number = |name| self.number(name).unwrap_or(0.0);
        let total = match (total_steps, number("max_steps")) {
            (Some(total), _) => total,
            (None, steps) if steps >= 1.0 => steps as u64,
            _ => {
                let why = "is not said: give the number of steps, which trainer_state.json has";
                return Err(ScheduleError::unsupported("max_steps", why));
            }
        };
        let name = match self.get("lr_scheduler_type") {
            Some(Data::Text(name)) => name,
            _ => "linear",
        };
        let own = match self.get("lr_scheduler_kwargs") {
            Some(Data::Table(own)) => Some(own.clone()),
            _ => None,
        };
        let warmup = [number("warmup_steps"), number("warmup_ratio")];
        trainer(name, own, warmup, total, base_lr)
    }
}

fn table(
    entries: Vec<(Key<'_>, Value<'_>)>,
    depth: usize,
    left: &mut usize,
) -> Vec<(String, Data)> {
    let entries = entries.into_iter();
    let named =
        entries.filter_map(|(key, value)| Some((key.to_string(), data(&value, depth, left)?)));
    named.collect()
}

/// A value that is made of numbers, flags, texts and enums of them; so many may be `left`.
fn data(value: &Value<'_>, depth: usize, left: &mut usize) -> Option<Data> {
    *left = left.checked_sub(1)?;
    if depth > MAX_DEPTH {
        return None;
    }
    if value.is_none() {
        return Some(Data::Nothing);
    }
    match value.scalar() {
        Some(Scalar::Bool(flag)) => return Some(Data::Bool(flag)),
        Some(Scalar::Int(integer)) => return Some(Data::Integer(integer.into())),
        Some(Scalar::Float(number)) => return Some(Data::Number(number)),
        _ => {}
    }
    // A tensor of one.
    if let Ok(number) = value.number() {
        let integer = value.integer().map(|integer| Data::Integer(integer.into()));
        return Some(integer.unwrap_or(Data::Number(number)));
    }
    if let Ok(text) = value.text() {
        return Some(Data::Text(text.to_string()));
    }
    if let Ok(entries) = value.entries() {
        return Some(Data::Table(table(entries, depth + 1, left)));
    }
    if let Ok(items) = value.items() {
        let items = items.iter().filter_map(|item| data(item, depth + 1, left));
        return Some(Data::List(items.collect()));
    }
    match value.call().as_slice() {
        [of] => Some(Data::Text(of.text().ok()?.to_string())), // an enum
        _ => None,
    }
}
