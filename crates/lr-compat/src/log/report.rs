use std::cmp::Reverse;

use lr_schedule::DynSchedule;

use super::align::{Reading, readings};
use super::case::{Case, verified};
use super::mistake::{Kind, Mistake};
use super::open::{Format, Log};
use super::row::LogError;
use super::rows::{Precision, Rates, Survey, seen};
use super::vary::told;

/// A log beside the schedule that it should have followed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Audit {
    /// The format of the log.
    pub format: Format,
    /// The number of rates it has.
    pub rows: u64,
    /// The first step that it has a rate of, counted from 0, and the last.
    pub steps: (u64, u64),
    /// The number of steps between two rows.
    pub every: u64,
    /// Whether its rows are counted from 1: row `n` is step `n - 1`.
    pub counted_from_1: bool,
    /// Whether a row has the rate of the step after its own, as where a program logs after the scheduler's step.
    pub after_step: bool,
    /// The distance from the right rate that is allowed, in words.
    pub tolerance: String,
    /// The first step with a wrong rate; `None` where all are right.
    pub first: Option<Difference>,
    /// The step whose rate is furthest from the right one.
    pub largest: Option<Difference>,
    /// The number of rates that are wrong.
    pub wrong: u64,
    /// The mistakes that give these rates, the likeliest first. Several may give the same.
    pub mistakes: Vec<Mistake>,
}

/// A rate that is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The step, counted from 0.
    pub step: u64,
    /// The step's number in the log.
    pub row: u64,
    /// The rate in the log.
    pub rate: f64,
    /// The schedule's.
    pub right: f64,
}

/// The most steps that are searched for a mistake.
const MOST_STEPS: u64 = 1 << 24;

/// The most spacings of rows without a step that are searched for a mistake.
const MOST_SPACINGS: usize = 4;

/// Compares a log with a schedule, and finds the mistake that gives its rates.
///
/// `tolerance` is how far a rate may be from the right one, as a share of the largest. By default that follows
/// from how the rates were written: 1e-12 (up to 1e-9 where a run has many steps), 1e-6 for numbers of 32 bits,
/// half a unit of the last digit where digits were cut.
///
/// # Errors
///
/// A log that can't be read, or has no rates.
pub fn audit(log: &Log, schedule: &DynSchedule, tolerance: Option<f64>) -> Result<Audit, LogError> {
    let survey = Survey::of(log)?;
    if survey.rows == 0 {
        return Err(LogError::invalid(log.files()[0].display(), "has no rates"));
    }
    let total = told(schedule);
    let precisions = match tolerance {
        Some(share) => vec![Precision::Share(share)],
        None => survey.precisions(),
    };
    let everies = match survey.numbered {
        true => vec![survey.every],
        false => spacings(log, &survey, schedule, total),
    };
    // A single number that is too large makes no search long.
    let likely = survey.rows.saturating_mul(survey.every).saturating_mul(4);
    let limit = |every: u64| {
        let last = match survey.numbered {
            true => survey.last.min(likely),
            false => survey.rows.saturating_mul(every),
        };
        last.max(total.unwrap_or(0)).min(MOST_STEPS) + 1
    };
    let longest = everies.iter().copied().map(limit).max();
    let rates = Rates::of(schedule, longest.unwrap_or(1));
    let mut all = Vec::new();
    for every in everies {
        let readings = readings(log, &rates, &survey, &precisions, every)?;
        if readings[0].wrong == 0 {
            return report(log, &survey, &rates, readings[0], Vec::new());
        }
        all.push(readings);
    }
    // The spacing under which a log is right for longest, or else the likeliest.
    let right_for = |readings: &Vec<Reading>| {
        let rows = readings.iter().map(|reading| reading.first).max();
        rows.filter(|rows| *rows > 8)
    };
    all.sort_by_key(|readings| Reverse(right_for(readings)));
    if right_for(&all[0]).is_some() {
        all.retain(|readings| right_for(readings).is_some());
    }
    all.truncate(MOST_SPACINGS);
    let readings: Vec<Reading> = all.into_iter().flatten().collect();
    let best = readings[0];
    let case = |reading: &Reading| {
        let limit = limit(reading.every);
        Case::new(log, &survey, &rates, *reading, limit)
    };
    // A known mistake under any reading before what explains less.
    for known in [true, false] {
        for reading in &readings {
            let case = case(reading)?;
            if case.first >= case.rows.len() {
                continue;
            }
            let mut found = match known {
                true => case.mistakes(),
                false => case.others(),
            };
            if !survey.kept_all() {
                found = verified(log, &case, found)?;
            }
            if !found.is_empty() {
                let mistakes = found.into_iter().map(|found| found.mistake).collect();
                return report(log, &survey, &rates, *reading, mistakes);
            }
        }
    }
    let likely = readings.iter().filter(|of| of.every == best.every);
    for reading in likely.filter(|_| survey.kept_all()) {
        if let Some(mistake) = case(reading)?.twice() {
            return report(log, &survey, &rates, *reading, vec![mistake]);
        }
    }
    // Digits that were cut are no mistake of many kinds.
    let cut = survey.distinct >= 8 && survey.digits.significant <= 9;
    let mut least = readings.iter().filter(|_| cut);
    let least = least.find(|of| Some(&of.precision) == precisions.last());
    let unknown = "none of the known mistakes gives these rates";
    let mistakes = vec![Mistake::new(Kind::AnotherSchedule, unknown)];
    report(log, &survey, &rates, *least.unwrap_or(&best), mistakes)
}

/// The numbers of steps that may lie between rows without a step: so many that the rows are the whole run, or else a
/// beginning of it; the usual ones where no run is known.
fn spacings(log: &Log, survey: &Survey, schedule: &DynSchedule, total: Option<u64>) -> Vec<u64> {
    const USUAL: [u64; 11] = [1, 10, 5, 50, 100, 20, 25, 500, 200, 250, 1000];
    if log.format().counts_from_1() == Some(false) {
        return vec![1];
    }
    let Some(end) = total else {
        return USUAL.to_vec();
    };
    // A schedule that ends at its peak is a warm-up, and no run.
    let rates = Rates::of(schedule, end.min(MOST_STEPS));
    let before = (0..256).map(|part| rates.at((end as f64 * f64::from(part) / 256.0) as u64));
    let is_run = rates.at(end) < before.fold(0.0, f64::max);
    if !is_run {
        return USUAL.to_vec();
    }
    let whole = (end as f64 / survey.rows as f64).round().max(1.0) as u64;
    let mut all = vec![whole];
    let usual = USUAL.into_iter().filter(|every| *every < whole);
    all.extend(usual);
    let others = (1..whole)
        .rev()
        .take(64)
        .filter(|every| !USUAL.contains(every));
    all.extend(others);
    all
}

fn report(
    log: &Log,
    survey: &Survey,
    rates: &Rates,
    reading: Reading,
    mistakes: Vec<Mistake>,
) -> Result<Audit, LogError> {
    let (mut first, mut largest) = (None, None::<Difference>);
    if reading.wrong > 0 {
        for row in seen(log, reading.every)? {
            let row = row?;
            let right = reading.right(rates, &row);
            if reading.is_right(right, &row) {
                continue;
            }
            let difference = Difference {
                step: reading.step(&row).unwrap_or(0),
                row: row.n,
                rate: row.rate,
                right: right.unwrap_or(f64::NAN),
            };
            let by = |difference: &Difference| (difference.rate - difference.right).abs();
            first.get_or_insert(difference);
            if largest.is_none_or(|largest| by(&difference) > by(&largest)) {
                largest = Some(difference);
            }
        }
    }
    let every = reading.every;
    let step = |n: u64| {
        let n = if survey.numbered { n } else { n * every };
        n.saturating_add_signed(reading.shift)
    };
    let from_1 = log.format().counts_from_1();
    let counted_from_1 = from_1.unwrap_or(reading.shift == -1);
    Ok(Audit {
        format: log.format(),
        rows: survey.rows,
        steps: (step(survey.first), step(survey.last)),
        every,
        counted_from_1,
        after_step: reading.shift + i64::from(counted_from_1) > 0,
        tolerance: match reading.precision {
            Precision::Share(share) => format!("{share:e} of the largest rate"),
            Precision::Decimals(digits) => format!("{digits} digits behind the point"),
            Precision::Significant(digits) => format!("{digits} digits of each rate"),
        },
        first,
        largest,
        wrong: reading.wrong,
        mistakes,
    })
}
