//! Schedulers that a config names by their classes, somewhere in it: what Hydra and Lightning have in common.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::Facts;
use super::envelope::over;
use crate::args::{count, number, table, unknown_scheduler};
use crate::{timm, torch, transformers};

/// A way to write an object with its class.
pub(super) struct Form {
    /// The key of the class.
    pub class: &'static str,
    /// The key of the arguments, where they are not beside the class.
    pub args: Option<&'static str>,
    /// Keys beside the arguments that are none.
    pub others: &'static [&'static str],
}

/// A scheduler in a config.
pub(super) struct Found {
    pub spec: Spec,
    /// Its place.
    pub place: String,
    /// The `interval` of Lightning's dict, where it stands in one.
    pub interval: Option<String>,
    /// Its `frequency`, of how many of these a step is.
    pub frequency: u64,
}

/// An object with a class, its place, and the table that it is in.
struct Object<'d> {
    class: &'d str,
    data: &'d Data,
    place: String,
    parent: &'d Data,
}

impl Form {
    /// Whether a config has a scheduler of this form.
    pub fn has_scheduler(&self, data: &Data) -> bool {
        self.objects(data).iter().any(Object::is_scheduler)
    }

    /// The one scheduler in a config, over the rate of the optimizer in it.
    pub fn scheduler(&self, data: &Data, facts: &Facts) -> Result<Found, ScheduleError> {
        let objects = self.objects(data);
        let (schedulers, others): (Vec<_>, Vec<_>) =
            objects.iter().partition(|object| object.is_scheduler());
        let scheduler = match schedulers.as_slice() {
            [] => return Err(ScheduleError::missing("scheduler")),
            [scheduler] => scheduler,
            [_, second, ..] => {
                let why = "is a second scheduler; name the place of one";
                return Err(ScheduleError::unsupported(second.place.as_str(), why));
            }
        };
        let mut rates = Vec::new();
        let mut defaults = Vec::new();
        for object in others {
            let args = self
                .args
                .map_or(Some(object.data), |args| object.data.at(args));
            let rate = args.and_then(|args| args.at("lr"));
            if rate.is_none() && object.place.contains("optim") {
                defaults.extend(default_rate(object.name()));
            }
            if let Some(rate) = rate.filter(|_| {
                object.class.to_lowercase().contains("optim") || object.place.contains("optim")
            }) {
                let place = format!("{}.lr", object.place);
                rates.push(number(rate.clone()).map_err(|error| error.inside(&place))?);
            }
        }
        rates.dedup();
        // One without its class, which the program knows.
        for table in [scheduler.parent, data] {
            if let (true, Some(rate)) = (rates.is_empty(), table.at("optimizer.lr")) {
                let read = number(rate.clone());
                rates.push(read.map_err(|error| error.inside("optimizer.lr"))?);
            }
        }
        let base = match rates.as_slice() {
            [rate] => Some(*rate),
            [] if facts.base_lr.is_none() && defaults.len() == 1 => defaults.pop(),
            _ => facts.base_lr,
        };
        let place = scheduler.place.clone();
        let interval = match scheduler.parent.at("interval") {
            Some(Data::Text(interval)) => Some(interval.clone()),
            _ => None,
        };
        let frequency = match scheduler.parent.at("frequency") {
            Some(frequency) => {
                let place = format!("{}.frequency", scheduler.outer());
                let read = count(frequency.clone()).and_then(|frequency| match frequency {
                    0 => Err(ScheduleError::invalid("", 0, "at least 1")),
                    frequency => Ok(frequency),
                });
                read.map_err(|error| error.inside(&place))?
            }
            None => 1,
        };
        let config = self.envelope(scheduler.data.clone());
        let name = scheduler.name();
        let read = if torch::SCHEDULERS.contains(&name) {
            torch::from_data
        } else if transformers::SCHEDULERS.contains(&name) {
            transformers::from_data
        } else if timm::SCHEDULERS.contains(&name) {
            timm::from_data
        } else {
            return Err(unknown_scheduler(name, torch::SCHEDULERS).inside(&place));
        };
        let spec = over(base, config, read, "");
        Ok(Found {
            spec: spec.map_err(|error| error.inside(&place))?,
            place,
            interval,
            frequency,
        })
    }

    /// All objects that are not part of a scheduler.
    fn objects<'d>(&self, data: &'d Data) -> Vec<Object<'d>> {
        let mut found = Vec::new();
        let mut open = vec![(data, String::new(), data)];
        while let Some((data, place, parent)) = open.pop() {
            let join = |name: &str| ScheduleError::missing(name).inside(&place).place;
            if let Some(Data::Text(class)) = data.at(self.class) {
                let object = Object {
                    class,
                    data,
                    place: place.clone(),
                    parent,
                };
                let whole = object.is_scheduler();
                found.push(object);
                if whole {
                    continue;
                }
            }
            match data {
                Data::Table(entries) => {
                    let inner = entries
                        .iter()
                        .map(|(name, inner)| (inner, join(name), data));
                    open.extend(inner);
                }
                Data::List(items) => {
                    let inner = items.iter().enumerate();
                    open.extend(inner.map(|(i, inner)| (inner, join(&format!("[{i}]")), data)));
                }
                _ => {}
            }
        }
        found
    }

    /// The same as `{"scheduler": NAME, "args": {...}}`, and so with what is part of it.
    fn envelope(&self, data: Data) -> Data {
        let has_class = matches!(data.at(self.class), Some(Data::Text(_)));
        match data {
            Data::List(items) => {
                Data::List(items.into_iter().map(|item| self.envelope(item)).collect())
            }
            Data::Table(mut entries) if has_class => {
                let taken = |entries: &mut Vec<(String, Data)>, name: &str| {
                    let at = entries.iter().position(|(entry, _)| entry == name);
                    at.map(|at| entries.remove(at).1)
                };
                let class = taken(&mut entries, self.class).unwrap_or(Data::Nothing);
                let args = match self.args {
                    Some(args) => taken(&mut entries, args).unwrap_or(Data::Table(Vec::new())),
                    None => Data::Table(entries),
                };
                let args = match args {
                    Data::Table(mut args) => {
                        args.retain(|(name, _)| !self.others.contains(&name.as_str()));
                        let args = args.into_iter();
                        Data::Table(
                            args.map(|(name, data)| (name, self.envelope(data)))
                                .collect(),
                        )
                    }
                    other => other,
                };
                table([("scheduler", class), ("args", args)])
            }
            other => other,
        }
    }
}

/// The rate that an optimizer of PyTorch has where none is given.
pub(super) fn default_rate(class: &str) -> Option<f64> {
    Some(match class {
        "Adam" | "AdamW" | "Muon" | "RAdam" | "SGD" | "SparseAdam" => 0.001,
        "Adamax" | "NAdam" => 0.002,
        "ASGD" | "Adafactor" | "Adagrad" | "RMSprop" | "Rprop" => 0.01,
        "Adadelta" | "LBFGS" => 1.0,
        _ => return None,
    })
}

impl Object<'_> {
    /// The place of the table that it is in.
    fn outer(&self) -> &str {
        self.place.rsplit_once('.').map_or("", |(outer, _)| outer)
    }

    fn name(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or(self.class)
    }

    fn is_scheduler(&self) -> bool {
        let name = self.name();
        let known = [
            torch::SCHEDULERS,
            transformers::SCHEDULERS,
            timm::SCHEDULERS,
        ];
        self.class.contains("lr_scheduler.") || known.iter().any(|known| known.contains(&name))
    }
}
