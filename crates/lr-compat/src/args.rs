//! What all libraries' configs are read with.

use lr_schedule::spec::{Data, Fields};
use lr_schedule::{ScheduleError, Spec};

/// JSON text as data.
pub(crate) fn json(text: &str) -> Result<Data, ScheduleError> {
    serde_json::from_str(text)
        .map_err(|error| ScheduleError::unsupported("the text", format!("can't be read: {error}")))
}

/// The name and the arguments of `{"scheduler": NAME, "args": {...}}`.
pub(crate) fn config(data: Data) -> Result<(String, Data), ScheduleError> {
    let mut fields = data.into_fields("", "field", &["scheduler", "args"])?;
    let name = match fields.take("scheduler") {
        Some(Data::Text(name)) => match name.rsplit_once('.') {
            Some((_, name)) => name.to_string(),
            None => name,
        },
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

/// The spec of the scheduler called `name`, which can be built: what its arguments are each within
/// their bounds for may still be too large together.
pub(crate) fn buildable(name: &str, spec: Spec) -> Result<Spec, ScheduleError> {
    let built = match &spec {
        Spec::Feedback { .. } => spec.build_feedback().map(drop),
        spec => spec.build().map(drop),
    };
    match built {
        Ok(()) => Ok(spec),
        Err(error) => Err(error.inside(name)),
    }
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

/// The arguments of one scheduler, taken by their names.
pub(crate) struct Args {
    owner: String,
    fields: Fields,
}

impl Args {
    /// The arguments in `data`, all of which are `known`.
    pub fn new(owner: &str, data: Data, known: &[&'static str]) -> Result<Self, ScheduleError> {
        Ok(Self {
            fields: data.into_fields(owner, "argument", known)?,
            owner: owner.to_string(),
        })
    }

    /// Where the argument called `name` is, in an error.
    pub fn place(&self, name: &str) -> String {
        match self.owner.as_str() {
            "" => name.to_string(),
            owner => format!("{owner}.{name}"),
        }
    }

    fn wrong<T>(&self, name: &str, data: Data, allowed: &'static str) -> Result<T, ScheduleError> {
        Err(ScheduleError::invalid(self.place(name), data, allowed))
    }

    /// That `valid` holds for the argument called `name`.
    pub fn check(
        &self,
        valid: bool,
        name: &str,
        value: impl std::fmt::Display,
        allowed: &'static str,
    ) -> Result<(), ScheduleError> {
        match valid {
            true => Ok(()),
            false => Err(ScheduleError::invalid(self.place(name), value, allowed)),
        }
    }

    /// That a list is in ascending order.
    pub fn check_ascending<T: PartialOrd + Copy + std::fmt::Display>(
        &self,
        name: &str,
        list: &[T],
    ) -> Result<(), ScheduleError> {
        let falls = list.windows(2).position(|pair| pair[1] < pair[0]);
        falls.map_or(Ok(()), |i| {
            let name = format!("{name}[{}]", i + 1);
            self.check(false, &name, list[i + 1], "at least the one before it")
        })
    }

    /// Whatever is given.
    pub fn data(&mut self, name: &str) -> Option<Data> {
        self.fields.take(name)
    }

    fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, ScheduleError> {
        value.ok_or_else(|| ScheduleError::missing(self.place(name)))
    }

    /// A number, or a list of one: libraries take a list with one for each parameter group.
    pub fn maybe_number(&mut self, name: &str) -> Result<Option<f64>, ScheduleError> {
        const ALLOWED: &str = "a finite number";
        let data = match self.fields.take(name) {
            None => return Ok(None),
            Some(Data::List(mut list)) if list.len() == 1 => list.remove(0),
            Some(data) => data,
        };
        match data {
            Data::Number(number) if number.is_finite() => Ok(Some(number)),
            Data::Integer(number) => Ok(Some(number as f64)),
            Data::List(_) => self.wrong(name, data, "one number, for one parameter group"),
            other => self.wrong(name, other, ALLOWED),
        }
    }

    pub fn number(&mut self, name: &str, default: f64) -> Result<f64, ScheduleError> {
        Ok(self.maybe_number(name)?.unwrap_or(default))
    }

    pub fn required_number(&mut self, name: &str) -> Result<f64, ScheduleError> {
        let number = self.maybe_number(name)?;
        self.required(name, number)
    }

    /// A number that is at least 0.
    pub fn not_negative(&mut self, name: &str, default: f64) -> Result<f64, ScheduleError> {
        let number = self.number(name, default)?;
        self.check(number >= 0.0, name, number, "at least 0")?;
        Ok(number)
    }

    /// A number between 0 and 1.
    pub fn share(&mut self, name: &str, default: f64) -> Result<f64, ScheduleError> {
        let number = self.number(name, default)?;
        self.check(
            (0.0..=1.0).contains(&number),
            name,
            number,
            "between 0 and 1",
        )?;
        Ok(number)
    }

    /// A number above 0.
    pub fn positive(&mut self, name: &str, default: f64) -> Result<f64, ScheduleError> {
        let number = self.number(name, default)?;
        self.check(number > 0.0, name, number, "above 0")?;
        Ok(number)
    }

    /// An integer, which Python may write as `10.0`.
    pub fn maybe_integer(&mut self, name: &str) -> Result<Option<i64>, ScheduleError> {
        let data = self.fields.take(name);
        let Some(data) = data else { return Ok(None) };
        match integer(&data) {
            Some(integer) => Ok(Some(integer)),
            None => self.wrong(name, data, "a whole number"),
        }
    }

    pub fn required_integer(&mut self, name: &str) -> Result<i64, ScheduleError> {
        let integer = self.maybe_integer(name)?;
        self.required(name, integer)
    }

    pub fn integer(&mut self, name: &str, default: i64) -> Result<i64, ScheduleError> {
        Ok(self.maybe_integer(name)?.unwrap_or(default))
    }

    pub fn maybe_count(&mut self, name: &str) -> Result<Option<u64>, ScheduleError> {
        let Some(integer) = self.maybe_integer(name)? else {
            return Ok(None);
        };
        match u64::try_from(integer) {
            Ok(count) => Ok(Some(count)),
            Err(_) => self.wrong(name, Data::Integer(integer.into()), "at least 0"),
        }
    }

    pub fn count(&mut self, name: &str, default: u64) -> Result<u64, ScheduleError> {
        Ok(self.maybe_count(name)?.unwrap_or(default))
    }

    pub fn required_count(&mut self, name: &str) -> Result<u64, ScheduleError> {
        let count = self.maybe_count(name)?;
        self.required(name, count)
    }

    /// A count of at least 1.
    pub fn required_steps(&mut self, name: &str) -> Result<u64, ScheduleError> {
        let count = self.required_count(name)?;
        self.check(count >= 1, name, count, "at least 1")?;
        Ok(count)
    }

    pub fn flag(&mut self, name: &str, default: bool) -> Result<bool, ScheduleError> {
        match self.fields.take(name) {
            None => Ok(default),
            Some(Data::Bool(flag)) => Ok(flag),
            Some(other) => self.wrong(name, other, "true or false"),
        }
    }

    /// One of `choices`, each of which is what its name means.
    pub fn choice<T: Clone>(
        &mut self,
        name: &str,
        default: &str,
        choices: &[(&'static str, T)],
    ) -> Result<T, ScheduleError> {
        let given = match self.fields.take(name) {
            None => default.to_string(),
            Some(Data::Text(given)) => given,
            Some(other) => return self.wrong(name, other, "a name"),
        };
        let found = choices.iter().find(|(choice, _)| *choice == given);
        match found {
            Some((_, meaning)) => Ok(meaning.clone()),
            None => {
                let names: Vec<_> = choices
                    .iter()
                    .map(|(name, _)| format!("{name:?}"))
                    .collect();
                let allowed = format!("one of {}", names.join(", "));
                Err(ScheduleError::invalid(
                    self.place(name),
                    format!("{given:?}"),
                    allowed,
                ))
            }
        }
    }

    /// A list; empty where it is not given.
    pub fn list(&mut self, name: &str) -> Result<Vec<Data>, ScheduleError> {
        match self.fields.take(name) {
            None => Ok(Vec::new()),
            Some(Data::List(list)) => Ok(list),
            Some(other) => self.wrong(name, other, "a list"),
        }
    }

    pub fn integers(&mut self, name: &str) -> Result<Vec<i64>, ScheduleError> {
        let list = self.list(name)?.into_iter().enumerate();
        let integers = list.map(|(i, data)| {
            let place = format!("{}[{i}]", self.place(name));
            integer(&data).ok_or_else(|| ScheduleError::invalid(place, data, "a whole number"))
        });
        integers.collect()
    }

    /// Counts, in the order in which they are given.
    pub fn counts(&mut self, name: &str) -> Result<Vec<u64>, ScheduleError> {
        let integers = self.integers(name)?.into_iter().enumerate();
        let counts = integers.map(|(i, integer)| {
            let place = format!("{}[{i}]", self.place(name));
            u64::try_from(integer).map_err(|_| ScheduleError::invalid(place, integer, "at least 0"))
        });
        counts.collect()
    }

    pub fn numbers(&mut self, name: &str) -> Result<Vec<f64>, ScheduleError> {
        let list = self.list(name)?;
        self.finite(name, list)
    }

    /// The numbers in a list that was given as `name`.
    pub fn finite(&self, name: &str, list: Vec<Data>) -> Result<Vec<f64>, ScheduleError> {
        let list = list.into_iter().enumerate();
        let numbers = list.map(|(i, data)| match data {
            Data::Number(number) if number.is_finite() => Ok(number),
            Data::Integer(number) => Ok(number as f64),
            other => {
                let place = format!("{}[{i}]", self.place(name));
                Err(ScheduleError::invalid(place, other, "a finite number"))
            }
        });
        numbers.collect()
    }

    /// What `read` makes of each of a list's items, of which there is at least one.
    pub fn each<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Data) -> Result<T, ScheduleError>,
    ) -> Result<Vec<T>, ScheduleError> {
        let list = self.list(name)?;
        self.check(!list.is_empty(), name, "none", "a list of at least one")?;
        let items = list.into_iter().enumerate().map(|(i, item)| {
            read(item).map_err(|error| error.inside(&format!("{}[{i}]", self.place(name))))
        });
        items.collect()
    }
}

fn integer(data: &Data) -> Option<i64> {
    match data {
        Data::Integer(integer) => i64::try_from(*integer).ok(),
        // Up to 2^53 every number is what it says.
        Data::Number(number) if number.trunc() == *number && number.abs() <= 9e15 => {
            Some(*number as i64)
        }
        _ => None,
    }
}
