use lr_schedule::{Schedule, Spec};

use super::align::{Reading, shifts};
use super::case::sample;
use super::open::{Format, Log};
use super::points::Point;
use super::row::LogError;
use super::rows::{Precision, Survey, seen};
use super::shapes;
use super::vary::{retold, short};

/// The schedule that a log followed, as far as it can be told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fit {
    /// The schedule; `None` where it can't be told.
    pub spec: Option<Spec>,
    /// The reason why it can't be told, or how far it can.
    pub words: String,
}

/// Names the schedule that a log followed: one of the common shapes, whose rates are those of every row.
///
/// The shapes: constant, linear, cosine, polynomial, exponential, inverse square root and inverse time, `1-sqrt`,
/// steps, also behind a linear warm-up or a stable part; one cycle, triangles, and cosines that restart. Of a log
/// whose digits were cut, it says that it can't tell.
///
/// # Errors
///
/// A log that can't be read.
pub fn fit(log: &Log) -> Result<Fit, LogError> {
    let survey = Survey::of(log)?;
    let unknown = |words: String| Ok(Fit { spec: None, words });
    if !survey.numbered && log.format() != Format::Burn && log.format() != Format::Csv {
        return unknown("can't tell: the log says of no rate at which step it was".to_string());
    }
    let (reading, mut rows) = kept(log, &survey)?;
    // Rates that had 64 bits, of which the log has 32.
    let of_32_bits = reading.precision == OF_32_BITS;
    if of_32_bits {
        for (_, rate) in &mut rows {
            *rate = short(*rate, |short| short as f32 == *rate as f32);
        }
    }
    let same = |right: f64, rate: f64| reading.same(right, rate);
    let Some(spec) = shapes::search(&rows, survey.largest, &same) else {
        let digits = survey.digits.significant;
        return unknown(match digits < 10 && survey.distinct >= 8 {
            true => {
                format!("can't tell: the rates have {digits} digits, which several schedules give")
            }
            false => "can't tell: it is none of the common shapes".to_string(),
        });
    };
    let schedule = spec.build()?;
    for row in seen(log, 1)? {
        let row = row?;
        let right = reading.step(&row).map(|step| schedule.at(step));
        if !reading.is_right(right, &row) {
            return unknown(format!(
                "can't tell: row {} leaves what the others are",
                row.n
            ));
        }
    }
    let mut words = Vec::new();
    if of_32_bits {
        words.push("to the 32 bits that the log has");
    }
    if let [(0, first), (1, second), ..] = rows.as_slice()
        && second > first
        && same(2.0 * first, *second)
    {
        words.push("if it was logged after the scheduler's step, this a step later, from 0 up");
    }
    let words = words.join("; ");
    Ok(Fit {
        spec: Some(spec),
        words,
    })
}

impl Log {
    /// The schedule of a `Trainer`'s run, from its log alone: the shape that the rates have, over as many steps as
    /// `trainer_state.json` says that the run has. `None` where the rates have no shape that is known, as after
    /// most mistakes, and for other logs.
    ///
    /// # Errors
    ///
    /// A log that can't be read.
    pub fn trainer_schedule(&self) -> Result<Option<Spec>, LogError> {
        if self.format() != Format::Trainer {
            return Ok(None);
        }
        let total = self.max_steps()?;
        let spec = fit(self)?.spec;
        let whole = |spec: Spec| total.and_then(|total| retold(&spec, total)).unwrap_or(spec);
        Ok(spec.map(whole))
    }
}

/// The rates of a log with their steps, counted from 0, to be drawn. Of a log of many rows, some in between
/// are left out, but none at which the rate changes after it stood.
///
/// # Errors
///
/// A log that can't be read.
pub fn points(log: &Log) -> Result<Vec<(u64, f64)>, LogError> {
    let survey = Survey::of(log)?;
    Ok(kept(log, &survey)?.1)
}

const OF_32_BITS: Precision = Precision::Share(1.2e-7);

/// The rows that are looked at, as they are most likely to be read.
fn kept(log: &Log, survey: &Survey) -> Result<(Reading, Vec<Point>), LogError> {
    let cut = survey.digits.significant <= 9;
    let of_32_bits = survey.single && (log.format() == Format::TensorBoard || !cut);
    let reading = Reading {
        shift: shifts(log, survey, 1)[0],
        precision: if of_32_bits {
            OF_32_BITS
        } else {
            Precision::Share(1e-10)
        },
        largest: survey.largest,
        every: 1,
        wrong: 0,
        first: 0,
        last: survey.rows.saturating_sub(1),
    };
    let rows = sample(log, survey, None, &reading)?;
    let points = rows.iter().map(|row| (row.step, row.rate)).collect();
    Ok((reading, points))
}
