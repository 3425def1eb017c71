//! Schedulers that a config names by their classes, somewhere in it: what Hydra and Lightning have in common.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Facts, class};
use super::envelope::{Reader, over};
use super::interpolation::resolved;
use crate::args::{Args, number, table, unknown_scheduler};
use crate::build::per_epoch;
use crate::{timm, torch, transformers};

/// A way to write an object with its class.
pub(super) struct Form {
    /// The key of the class.
    pub class: &'static str,
    /// The key of the arguments, where they are not beside the class.
    pub args: Option<&'static str>,
    /// Keys among the arguments that are none.
    pub others: &'static [&'static str],
    /// Whether a scheduler is stepped once an epoch where nothing says when.
    pub by_epoch: bool,
}

/// The libraries whose schedulers are known.
const LIBRARIES: [(&[&str], Reader); 3] = [
    (torch::SCHEDULERS, torch::named),
    (transformers::SCHEDULERS, transformers::named),
    (timm::SCHEDULERS, timm::named),
];

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

    /// The schedule of the one scheduler in a config, over the rate of the optimizer in it.
    pub fn read(&self, data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
        let data = &resolved(data);
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
        let number_at =
            |data: &Data, place: &str| number(data.clone()).map_err(|error| error.inside(place));
        let (mut rates, mut defaults) = (Vec::new(), Vec::new());
        for object in others {
            let named = object.place.contains("optim");
            match self.args_of(object.data).and_then(|args| args.at("lr")) {
                Some(rate) if named || object.class.to_lowercase().contains("optim") => {
                    rates.push(number_at(rate, &format!("{}.lr", object.place))?);
                }
                None if named => defaults.extend(default_rate(object.name())),
                _ => {}
            }
        }
        rates.dedup();
        // One without its class, which the program knows.
        for table in [scheduler.parent, data] {
            if let (true, Some(rate)) = (rates.is_empty(), table.at("optimizer.lr")) {
                rates.push(number_at(rate, "optimizer.lr")?);
            }
        }
        let base = match rates.as_slice() {
            [rate] => Some(*rate),
            [] if facts.base_lr.is_none() && defaults.len() == 1 => defaults.pop(),
            _ => facts.base_lr,
        };
        let place = scheduler.place.as_str();
        let read = scheduler
            .reader()
            .ok_or_else(|| unknown_scheduler(scheduler.name(), torch::SCHEDULERS).inside(place))?;
        let spec = over(base, self.envelope(scheduler.data), read, "");
        let spec = spec.map_err(|error| error.inside(place))?;
        let frequency = scheduler.frequency()?;
        if let Spec::Feedback { .. } = spec {
            return Ok(spec);
        }
        let steps = match scheduler.parent.at("interval") {
            Some(Data::Text(interval)) if interval == "step" => 1,
            Some(Data::Text(interval)) if interval == "epoch" => facts.epoch(place)?,
            _ if self.by_epoch => facts.epoch(place)?,
            _ => facts.steps_per_epoch.unwrap_or(1),
        };
        Ok(match steps.saturating_mul(frequency) {
            0 | 1 if !self.by_epoch => spec,
            steps => per_epoch(steps, spec),
        })
    }

    /// The arguments of an object, and what is beside them.
    fn args_of<'d>(&self, data: &'d Data) -> Option<&'d Data> {
        self.args.map_or(Some(data), |args| data.at(args))
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
    fn envelope(&self, data: &Data) -> Data {
        match (data, data.at(self.class)) {
            (Data::List(items), _) => {
                Data::List(items.iter().map(|item| self.envelope(item)).collect())
            }
            (_, Some(class @ Data::Text(_))) => {
                let args = match self.args_of(data) {
                    Some(Data::Table(args)) => {
                        let args = args.iter().map(|(name, data)| (name.as_str(), data));
                        let args = args.filter(|(name, _)| !self.others.contains(name));
                        table(args.map(|(name, data)| (name, self.envelope(data))))
                    }
                    other => other.cloned().unwrap_or(Data::Table(Vec::new())),
                };
                table([("scheduler", class.clone()), ("args", args)])
            }
            _ => data.clone(),
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
    fn name(&self) -> &str {
        class(self.class)
    }

    fn reader(&self) -> Option<Reader> {
        let mut libraries = LIBRARIES.iter();
        let known = libraries.find(|(known, _)| known.contains(&self.name()));
        known.map(|(_, read)| *read)
    }

    fn is_scheduler(&self) -> bool {
        self.class.contains("lr_scheduler.") || self.reader().is_some()
    }

    /// The `frequency` beside a scheduler in Lightning's dict: how many of its intervals a step is.
    fn frequency(&self) -> Result<u64, ScheduleError> {
        let outer = self.place.rsplit_once('.').map_or("", |(outer, _)| outer);
        let given = self.parent.at("frequency").cloned();
        let given = given.unwrap_or(Data::Nothing);
        let args = &mut Args::new(outer, table([("frequency", given)]));
        let frequency = args.steps("frequency", 1);
        args.finish(frequency)
    }
}
