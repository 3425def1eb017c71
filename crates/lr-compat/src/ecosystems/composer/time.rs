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

pub fn time(data: Data) -> Result<Time, ScheduleError> {
    const UNITS: [(&str, Unit); 5] = [
        ("dur", Unit::Shares),
        ("tok", Unit::Tokens),
        ("ep", Unit::Epochs),
        ("ba", Unit::Batches),
        ("sp", Unit::Samples),
    ];
    let wrong = |data| {
        let allowed = "a time, as in 10ep, 100ba, 800sp, 4096tok or 0.1dur";
        Err(ScheduleError::invalid("", data, allowed))
    };
    let Data::Text(text) = &data else {
        return wrong(data);
    };
    let text = text.trim().to_ascii_lowercase();
    let found = UNITS
        .iter()
        .find_map(|(end, unit)| Some((text.strip_suffix(end)?, *unit)));
    let read = found.and_then(|(number, unit)| {
        let value: f64 = number.trim().replace('_', "").parse().ok()?;
        let valid = (0.0..9e15).contains(&value) && (unit == Unit::Shares || value.fract() == 0.0);
        valid.then_some(Time { value, unit })
    });
    read.map_or_else(|| wrong(data), Ok)
}

/// The numbers that times depend on.
pub struct Clock<'a> {
    pub run: Time,
    /// `scale_schedule_ratio`, which `run` has in it.
    pub ratio: f64,
    pub samples: Option<u64>,
    pub tokens: Option<u64>,
    pub facts: &'a Facts,
}

impl Clock<'_> {
    /// A time in steps, stretched with the run, and the unit that it is counted in.
    pub fn stretched(&self, time: Time, place: &str) -> Result<(f64, Unit), ScheduleError> {
        let stretched = |value: f64| (value * self.ratio).trunc();
        let time = match time.unit {
            Unit::Shares => time,
            Unit::Epochs if self.ratio != 1.0 => Time {
                value: stretched(time.value * self.facts.epoch(place)? as f64),
                unit: Unit::Batches,
            },
            unit => Time {
                value: stretched(time.value),
                unit,
            },
        };
        self.steps(time, place)
    }

    /// A time in steps, and the unit that it is counted in.
    pub fn steps(&self, time: Time, place: &str) -> Result<(f64, Unit), ScheduleError> {
        let needed = |fact: Option<u64>, name| match Facts::needed(fact, name, place)? {
            0 => Err(ScheduleError::invalid(name, 0, "at least 1")),
            count => Ok(count as f64),
        };
        let epoch = || self.facts.epoch(place).map(|steps| steps as f64);
        let Time { value, unit } = match (time.unit, self.run.unit) {
            (Unit::Shares, Unit::Epochs) => Time {
                value: (time.value * epoch()? * self.run.value).trunc(),
                unit: Unit::Batches,
            },
            (Unit::Shares, unit) => Time {
                value: (time.value * self.run.value).trunc(),
                unit,
            },
            _ => time,
        };
        Ok(match unit {
            Unit::Epochs => (value * epoch()?, Unit::Batches),
            Unit::Samples => (value / needed(self.samples, "samples_per_step")?, unit),
            Unit::Tokens => (value / needed(self.tokens, "tokens_per_step")?, unit),
            Unit::Batches | Unit::Shares => (value, Unit::Batches),
        })
    }
}
