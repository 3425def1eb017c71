//! Times of Composer: a number and its unit.

use lr_schedule::ScheduleError;
use lr_schedule::spec::Data;

use super::super::ecosystem::Facts;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    Epochs,
    Batches,
    Samples,
    Tokens,
    Shares,
}

#[derive(Debug, Clone, Copy)]
pub struct Time {
    pub value: f64,
    pub unit: Unit,
}

impl Time {
    pub const EPOCH: Self = Self::one(Unit::Epochs);
    pub const RUN: Self = Self::one(Unit::Shares);

    pub const fn one(unit: Unit) -> Self {
        Self { value: 1.0, unit }
    }
}

pub fn time(data: Data) -> Result<Time, ScheduleError> {
    const UNITS: [(&str, Unit); 5] = [
        ("dur", Unit::Shares),
        ("tok", Unit::Tokens),
        ("ep", Unit::Epochs),
        ("ba", Unit::Batches),
        ("sp", Unit::Samples),
    ];
    let of_text = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let mut units = UNITS.iter();
        let (number, unit) =
            units.find_map(|(end, unit)| Some((text.strip_suffix(end)?, *unit)))?;
        let value: f64 = number.trim().replace('_', "").parse().ok()?;
        let valid = (0.0..9e15).contains(&value) && (unit == Unit::Shares || value.fract() == 0.0);
        valid.then_some(Time { value, unit })
    };
    let time = match &data {
        Data::Text(text) => of_text(text),
        _ => None,
    };
    let allowed = "a time, as in 10ep, 100ba, 800sp, 4096tok or 0.1dur";
    time.ok_or_else(|| ScheduleError::invalid("", data, allowed))
}

/// The numbers that times depend on.
pub struct Clock<'a> {
    pub run: Time,
    /// `scale_schedule_ratio`, which `run` has in it.
    pub ratio: f64,
    pub facts: &'a Facts,
}

impl Clock<'_> {
    /// A time in steps, stretched with the run, and the unit that it is counted in.
    pub fn stretched(&self, time: Time, place: &str) -> Result<(f64, Unit), ScheduleError> {
        let (value, unit) = match time.unit {
            Unit::Shares => return self.steps(time, place),
            Unit::Epochs if self.ratio != 1.0 => {
                (time.value * self.facts.epoch(place)? as f64, Unit::Batches)
            }
            unit => (time.value, unit),
        };
        let value = (value * self.ratio).trunc();
        self.steps(Time { value, unit }, place)
    }

    /// A time in steps, and the unit that it is counted in.
    pub fn steps(&self, time: Time, place: &str) -> Result<(f64, Unit), ScheduleError> {
        let needed = |fact: Option<u64>, name| match Facts::needed(fact, name, place)? {
            0 => Err(ScheduleError::invalid(name, 0, "at least 1")),
            count => Ok(count as f64),
        };
        let (samples, tokens) = (self.facts.samples_per_step, self.facts.tokens_per_step);
        let epoch = || self.facts.epoch(place).map(|steps| steps as f64);
        let (value, unit) = match (time.unit, self.run.unit) {
            (Unit::Shares, Unit::Epochs) => {
                let batches = time.value * epoch()? * self.run.value;
                (batches.trunc(), Unit::Batches)
            }
            (Unit::Shares, unit) => ((time.value * self.run.value).trunc(), unit),
            (unit, _) => (time.value, unit),
        };
        Ok(match unit {
            Unit::Epochs => (value * epoch()?, Unit::Batches),
            Unit::Samples => (value / needed(samples, "samples_per_step")?, unit),
            Unit::Tokens => (value / needed(tokens, "tokens_per_step")?, unit),
            Unit::Batches | Unit::Shares => (value, Unit::Batches),
        })
    }
}
