//! The step that a row is of: rows count from 0 or from 1, and have the rate of before or after the scheduler's
//! step.

use std::cmp::Reverse;

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

    /// Whether a row has the right rate, where there is one.
    pub fn is_right(&self, right: Option<f64>, row: &Seen) -> bool {
        right.is_some_and(|right| self.same(right, row.rate))
    }

    pub fn same(&self, right: f64, rate: f64) -> bool {
        self.precision.same(right, rate, self.largest)
    }

    /// The distance from the right rate that is allowed.
    pub fn allowed(&self, rate: f64) -> f64 {
        self.precision.allowed(rate.abs(), self.largest)
    }

    fn count(&mut self, right: Option<f64>, row: &Seen) {
        if self.is_right(right, row) {
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
    // Rows 1, 2, 3, or 10, 20, 30, or 1, 10, 20.
    let even = survey.first > 0 && survey.first == survey.every;
    let even = even || (survey.first == 1 && survey.second == survey.every);
    match log.format().counts_from_1() {
        Some(true) => vec![-1, 0],
        None if !survey.numbered && every > 1 => vec![-1, 0, 1, -(every as i64)],
        None if !survey.numbered || even => vec![-1, 0, 1],
        _ if survey.first == 0 => vec![0, 1],
        _ => vec![0, -1, 1],
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
    let mut readings = Vec::new();
    for shift in shifts(log, survey, every) {
        readings.extend(precisions.iter().map(|precision| Reading {
            shift,
            precision: *precision,
            largest: survey.largest,
            every,
            wrong: 0,
            first: u64::MAX,
            last: 0,
        }));
    }
    for row in seen(log, every)? {
        let row = row?;
        for of_shift in readings.chunks_mut(precisions.len()) {
            let right = of_shift[0].right(rates, &row);
            for reading in of_shift {
                reading.count(right, &row);
            }
        }
    }
    readings.sort_by_key(|reading| {
        let mut ranks = precisions.iter();
        let rank = ranks.position(|precision| *precision == reading.precision);
        (reading.wrong > 0, rank, Reverse(reading.first))
    });
    Ok(readings)
}
