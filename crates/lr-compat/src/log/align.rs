//! Which step a row is of: rows count from 0 or from 1, and have the rate of before or after the scheduler's
//! step.

use super::open::Log;
use super::row::LogError;
use super::rows::{Precision, Rates, Seen, Survey, seen};

/// A way to read a log: row `n` has the rate of step `n + shift`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub shift: i64,
    pub precision: Precision,
    pub largest: f64,
    pub every: u64,
    pub wrong: u64,
    /// The index of the first row that is wrong.
    pub first: u64,
    /// And of the last one.
    pub last: u64,
}

impl Reading {
    pub fn step(&self, row: &Seen) -> Option<u64> {
        row.n.checked_add_signed(self.shift)
    }

    pub fn right(&self, rates: &Rates, row: &Seen) -> Option<f64> {
        self.step(row).map(|step| rates.at(step))
    }

    pub fn same(&self, right: f64, rate: f64) -> bool {
        self.precision.same(right, rate, self.largest)
    }

    /// How far a rate may be from the right one.
    pub fn allowed(&self, rate: f64) -> f64 {
        self.precision.allowed(rate.abs(), self.largest)
    }

    fn count(&mut self, right: Option<f64>, row: &Seen) {
        if right.is_some_and(|right| self.same(right, row.rate)) {
            return;
        }
        if self.wrong == 0 {
            self.first = row.index;
        }
        self.wrong += 1;
        self.last = row.index;
    }
}

/// The shifts that a log may have, the likeliest first; rows without a step are `every` steps apart, of which the
/// first may be step 0.
pub(super) fn shifts(log: &Log, survey: &Survey, every: u64) -> Vec<i64> {
    let from_1 = match log.format().counts_from_1() {
        Some(from_1) => from_1,
        // Rows 1, 2, 3, or 10, 20, 30, or 1, 10, 20.
        None => {
            let even = survey.first > 0 && survey.first == survey.every;
            !survey.numbered || even || (survey.first == 1 && survey.second == survey.every)
        }
    };
    match (from_1, log.format().counts_from_1()) {
        (true, Some(_)) => vec![-1, 0],
        (true, None) if !survey.numbered && every > 1 => vec![-1, 0, 1, -(every as i64)],
        (true, None) => vec![-1, 0, 1],
        (false, _) if survey.first == 0 => vec![0, 1],
        (false, _) => vec![0, -1, 1],
    }
}

/// All readings of a log, in one pass over it: those under which it is right first, then for each precision those
/// under which it is right for longest.
pub(super) fn readings(
    log: &Log,
    rates: &Rates,
    survey: &Survey,
    precisions: &[Precision],
    every: u64,
) -> Result<Vec<Reading>, LogError> {
    let of = |precision: &Precision| {
        let precision = *precision;
        shifts(log, survey, every)
            .into_iter()
            .map(move |shift| Reading {
                shift,
                precision,
                largest: survey.largest,
                every,
                wrong: 0,
                first: u64::MAX,
                last: 0,
            })
    };
    let mut readings: Vec<Reading> = precisions.iter().flat_map(of).collect();
    // Neighbouring rows ask for the same rates.
    let mut asked: [(u64, f64); 3] = [(u64::MAX, f64::NAN); 3];
    for row in seen(log, every)? {
        let row = row?;
        for reading in &mut readings {
            let right = reading.step(&row).map(|step| {
                let place = &mut asked[(step % 3) as usize];
                if place.0 != step {
                    *place = (step, rates.at(step));
                }
                place.1
            });
            reading.count(right, &row);
        }
    }
    let rank = |of: &Reading| {
        precisions
            .iter()
            .position(|precision| *precision == of.precision)
    };
    readings.sort_by_key(|reading| {
        let wrong = reading.wrong > 0;
        (
            wrong,
            rank(reading),
            wrong.then_some(std::cmp::Reverse(reading.first)),
        )
    });
    Ok(readings)
}
