//! Reading of configs, which is the same for all libraries.

use std::fmt::Display;

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use crate::values::number_of_group;
pub(crate) use crate::values::{
    count, integer, list, list_of_text, number, one_or_list, table, with_numbers,
};

/// JSON text as data.
pub(crate) fn json(text: &str) -> Result<Data, ScheduleError> {
    serde_json::from_str(text)
        .map_err(|error| ScheduleError::unsupported("the text", format!("can't be read: {error}")))
}

/// The name and the arguments of `{"scheduler": NAME, "args": {...}}`.
pub(crate) fn config(data: Data) -> Result<(String, Data), ScheduleError> {
    let mut fields = data.into_fields("", "field", &["scheduler", "args"])?;
    let name = match fields.take("scheduler") {
        Some(Data::Text(name)) => name.rsplit('.').next().unwrap_or(&name).to_string(),
        Some(other) => {
            return Err(ScheduleError::invalid(
                "scheduler",
                other,
                "the name of one",
            ));
        }
        None => return Err(ScheduleError::missing("scheduler")),
    };
    let args = fields.take("args").unwrap_or(Data::Table(Vec::new()));
    Ok((name, args))
}

/// The spec of the scheduler called `name`, if it can be built: arguments that are each within their
/// bounds may be too large together.
pub(crate) fn buildable(name: &str, spec: Spec) -> Result<Spec, ScheduleError> {
    let built = match &spec {
        Spec::Feedback { .. } => spec.build_feedback().map(drop),
        spec => spec.build().map(drop),
    };
    built.map_err(|error| error.inside(name))?;
    Ok(spec)
}

pub(crate) fn unknown_scheduler(name: &str, known: &[&'static str]) -> ScheduleError {
    ScheduleError::unknown("", "scheduler", name, known)
}

/// The rate that the optimizer was given, for libraries that take it from there.
pub(crate) fn check_base(base_lr: f64) -> Result<f64, ScheduleError> {
    match base_lr.is_finite() && base_lr >= 0.0 {
        true => Ok(base_lr),
        false => Err(ScheduleError::invalid(
            "base_lr",
            base_lr,
            "finite and at least 0",
        )),
    }
}

/// The arguments of one scheduler, read by their names.
///
/// A default of `None` makes an argument required. An argument that is missing or wrong is read as its
/// default, or without one as 1 or the first of its choices, and [`finish`](Self::finish) gives the error.
pub(crate) struct Args {
    owner: String,
    /// The arguments that are not read yet, in their order.
    unread: Vec<(String, Data)>,
    known: Vec<&'static str>,
    /// Whether an argument that nobody reads is of the schedule, by its name.
    own: fn(&str) -> bool,
    /// The first error of a read.
    error: Option<ScheduleError>,
}

impl Args {
    /// The arguments in `data`, of the scheduler called `owner` in errors.
    pub fn new(owner: &str, data: Data) -> Self {
        let (unread, error) = match data {
            Data::Table(entries) => (entries, None),
            other => {
                let error = ScheduleError::invalid(owner, other, "a table of arguments");
                (Vec::new(), Some(error))
            }
        };
        Self {
            owner: owner.to_string(),
            unread,
            known: Vec::new(),
            own: |_| true,
            error,
        }
    }

    /// The same among others, which are left alone: of the arguments that nobody reads, those are errors that are the
    /// schedule's `own` by their names, or a slip away from one that is read.
    pub fn of_many(mut self, own: fn(&str) -> bool) -> Self {
        self.own = own;
        self
    }

    /// The arguments in the table called `name`, whose errors have their place in this one; none where it
    /// is not given.
    pub fn inside(&mut self, name: &'static str) -> Self {
        let table = self.read(name, Ok).unwrap_or(Data::Table(Vec::new()));
        self.within(name, table)
    }

    /// The arguments in a table that was read as the one called `name`.
    pub fn within(&self, name: &str, table: Data) -> Self {
        let place = ScheduleError::missing(name).inside(&self.owner).place;
        Self::new(&place, table)
    }

    /// Gives `value`, which was made of the arguments, or the error: that of an argument that has not been
    /// read, or else the first one.
    pub fn finish<T>(&mut self, value: T) -> Result<T, ScheduleError> {
        let unread = self.unread.iter().map(|(name, _)| name);
        let mut unknown = unread.filter(|name| (self.own)(name) || is_slip(name, &self.known));
        let unknown = unknown
            .next()
            .map(|name| ScheduleError::unknown(self.owner.as_str(), "argument", name, &self.known));
        unknown.or(self.error.take()).map_or(Ok(value), Err)
    }

    /// The arguments that have not been read yet, for another reader.
    pub fn rest(&mut self) -> Data {
        Data::Table(std::mem::take(&mut self.unread))
    }

    fn fail(&mut self, name: &str, error: ScheduleError) {
        let error = error.inside(name).inside(&self.owner);
        self.error.get_or_insert(error);
    }

    /// Fails unless `valid`, for the argument called `name`.
    pub fn check(&mut self, valid: bool, name: &str, value: impl Display, allowed: &'static str) {
        if !valid {
            self.fail(name, ScheduleError::invalid("", value, allowed));
        }
    }

    /// Fails unless a list is in ascending order.
    pub fn check_ascending<T: PartialOrd + Display>(&mut self, name: &str, list: &[T]) {
        if let Some(i) = list.windows(2).position(|pair| pair[1] < pair[0]) {
            let place = format!("{name}[{}]", i + 1);
            self.check(false, &place, &list[i + 1], "at least the one before it");
        }
    }

    /// Fails, for a reason that is a sentence.
    pub fn refuse(&mut self, name: &str, why: &'static str) {
        self.fail(name, ScheduleError::unsupported("", why));
    }

    /// Leaves out arguments that change no rate.
    pub fn pass_over(&mut self, names: &[&'static str]) {
        for name in names {
            self.read(name, Ok);
        }
    }

    /// Fails where an argument is given.
    pub fn refuse_given(&mut self, name: &'static str, why: &'static str) {
        if self.read(name, Ok).is_some() {
            self.refuse(name, why);
        }
    }

    /// Reads an argument as `of` does; `None` where it is not given or wrong.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        of: impl FnOnce(Data) -> Result<T, ScheduleError>,
    ) -> Option<T> {
        self.known.push(name);
        let at = self.unread.iter().position(|(given, _)| given == name)?;
        let read = match self.unread.remove(at).1 {
            Data::Nothing => return None,
            data => of(data),
        };
        read.map_err(|error| self.fail(name, error)).ok()
    }

    fn value<T>(
        &mut self,
        name: &'static str,
        default: impl Into<Option<T>>,
        instead: T,
        of: impl FnOnce(Data) -> Result<T, ScheduleError>,
    ) -> T {
        let value = self.read(name, of).or(default.into());
        value.unwrap_or_else(|| {
            self.fail(name, ScheduleError::missing(""));
            instead
        })
    }

    pub fn maybe_number(&mut self, name: &'static str) -> Option<f64> {
        self.read(name, number_of_group)
    }

    pub fn number(&mut self, name: &'static str, default: impl Into<Option<f64>>) -> f64 {
        self.value(name, default, 1.0, number_of_group)
    }

    /// A number that is at least 0.
    pub fn not_negative(&mut self, name: &'static str, default: impl Into<Option<f64>>) -> f64 {
        let number = self.number(name, default);
        self.check(number >= 0.0, name, number, "at least 0");
        number
    }

    /// A number above 0.
    pub fn positive(&mut self, name: &'static str, default: impl Into<Option<f64>>) -> f64 {
        let number = self.number(name, default);
        self.check(number > 0.0, name, number, "above 0");
        number
    }

    /// A number between 0 and 1.
    pub fn share(&mut self, name: &'static str, default: f64) -> f64 {
        let number = self.number(name, default);
        let valid = (0.0..=1.0).contains(&number);
        self.check(valid, name, number, "between 0 and 1");
        number
    }

    /// A number that is above 0 and below 1.
    pub fn fraction(&mut self, name: &'static str, default: impl Into<Option<f64>>) -> f64 {
        let number = self.number(name, default);
        let valid = number > 0.0 && number < 1.0;
        self.check(valid, name, number, "above 0 and below 1");
        number
    }

    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |data| match data {
            Data::Text(text) => Ok(text),
            other => Err(ScheduleError::invalid("", other, "a name")),
        })
    }

    pub fn maybe_count(&mut self, name: &'static str) -> Option<u64> {
        self.read(name, count)
    }

    pub fn integer(&mut self, name: &'static str, default: impl Into<Option<i64>>) -> i64 {
        self.value(name, default, 1, integer)
    }

    pub fn count(&mut self, name: &'static str, default: impl Into<Option<u64>>) -> u64 {
        self.value(name, default, 1, count)
    }

    /// A count of at least 1.
    pub fn steps(&mut self, name: &'static str, default: impl Into<Option<u64>>) -> u64 {
        let count = self.count(name, default);
        self.check(count >= 1, name, count, "at least 1");
        count
    }

    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.value(name, default, default, |data| match data {
            Data::Bool(flag) => Ok(flag),
            other => Err(ScheduleError::invalid("", other, "true or false")),
        })
    }

    /// One of `choices`, each of which has a name.
    pub fn choice<T: Clone>(
        &mut self,
        name: &'static str,
        default: impl Into<Option<T>>,
        choices: &[(&'static str, T)],
    ) -> T {
        self.value(name, default, choices[0].1.clone(), |data| {
            let Data::Text(given) = &data else {
                return Err(ScheduleError::invalid("", data, "a name"));
            };
            let found = choices.iter().find(|(choice, _)| choice == given);
            found.map(|(_, choice)| choice.clone()).ok_or_else(|| {
                let names = choices.iter().map(|(name, _)| format!("{name:?}"));
                let names: Vec<String> = names.collect();
                ScheduleError::invalid("", data, format!("one of {}", names.join(", ")))
            })
        })
    }

    /// The items of a list, each as `of` reads it; none where it is not given or wrong.
    pub fn items<T>(
        &mut self,
        name: &'static str,
        of: impl FnMut(Data) -> Result<T, ScheduleError>,
    ) -> Vec<T> {
        self.read(name, |data| list(data, of)).unwrap_or_default()
    }

    /// The items of a list of at least one.
    pub fn each<T>(
        &mut self,
        name: &'static str,
        of: impl FnMut(Data) -> Result<T, ScheduleError>,
    ) -> Vec<T> {
        let items = self.items(name, of);
        self.check(!items.is_empty(), name, "none", "a list of at least one");
        items
    }

    /// Items that follow each other: each but the last with its number of steps, and the last.
    pub fn sequence<T>(
        &mut self,
        of: impl FnMut(Data) -> Result<T, ScheduleError>,
    ) -> Result<(Vec<(u64, T)>, T), ScheduleError> {
        let mut schedulers = self.each("schedulers", of);
        let milestones = self.items("milestones", count);
        let (count, allowed) = (milestones.len(), "one fewer than schedulers");
        self.check(count + 1 == schedulers.len(), "milestones", count, allowed);
        self.check_ascending("milestones", &milestones);
        self.finish(())?;
        let begins = std::iter::once(&0).chain(&milestones);
        let lengths = milestones.iter().zip(begins);
        let lengths = lengths.map(|(end, begin)| end - begin);
        let last = schedulers.pop().expect("there is at least one");
        Ok((lengths.zip(schedulers).collect(), last))
    }

    /// Checks that PyTorch's `last_epoch` is that of a beginning.
    pub fn check_last_epoch(&mut self) {
        let last_epoch = self.integer("last_epoch", -1);
        let allowed = "-1, a beginning; a run is resumed from its saved state";
        self.check(last_epoch == -1, "last_epoch", last_epoch, allowed);
    }
}

/// Whether a name is one of these but for a letter that is wrong, missing, too many or exchanged with the
/// next.
fn is_slip(name: &str, known: &[&str]) -> bool {
    let near = |known: &&&str| name.len().abs_diff(known.len()) <= 1 && known.len() > 5;
    let mut near = known.iter().filter(near);
    near.any(|known| strsim::osa_distance(name, known) == 1)
}
