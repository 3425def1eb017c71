//! A log as steps and rates, whatever it numbers its rows with.

use std::collections::{BTreeMap, BTreeSet};

use lr_schedule::{DynSchedule, Schedule, ScheduleExt};

use super::number::Digits;
use super::open::{Format, Log};
use super::row::LogError;

/// The most rows that are kept for the search of a mistake: the whole of most logs.
pub(super) const MOST_KEPT: usize = 1 << 14;

/// The most different numbers of steps between two rows that are counted.
const MOST_GAPS: usize = 64;

/// A row: which it is, its number in the log, and its rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub index: u64,
    pub n: u64,
    pub rate: f64,
}

/// The findings of one pass over a log.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub rows: u64,
    pub first: u64,
    /// The number of the second row.
    pub second: u64,
    pub last: u64,
    /// The commonest number of steps from a row to the next.
    pub every: u64,
    pub largest: f64,
    pub numbered: bool,
    /// All rates are numbers of 32 bits.
    pub single: bool,
    pub digits: Digits,
    /// The number of rates that differ, as far as it is counted: 8.
    pub distinct: usize,
    /// Evenly spaced rows; all of them where there are few.
    pub kept: Vec<Seen>,
    stride: u64,
}

/// The number of a row without a step: `every` steps after the one before, and counted from 1, but for
/// burn-train's, which are all of a run's steps.
pub(super) fn place(format: Format, index: u64, every: u64) -> u64 {
    match format {
        Format::Burn => index,
        _ => (index + 1).saturating_mul(every),
    }
}

/// The rows of a log.
pub(super) fn seen(
    log: &Log,
    every: u64,
) -> Result<impl Iterator<Item = Result<Seen, LogError>> + use<>, LogError> {
    let format = log.format();
    let rows = log.rows()?.enumerate();
    Ok(rows.map(move |(index, row)| {
        let index = index as u64;
        row.map(|row| Seen {
            index,
            n: row.step.unwrap_or(place(format, index, every)),
            rate: row.rate,
        })
    }))
}

impl Survey {
    pub fn of(log: &Log) -> Result<Self, LogError> {
        let mut survey = Self {
            numbered: true,
            single: true,
            stride: 1,
            ..Self::default()
        };
        let mut values = BTreeSet::new();
        let mut gaps = BTreeMap::new();
        let mut before = None;
        for (index, row) in log.rows()?.enumerate() {
            let (index, row) = (index as u64, row?);
            survey.numbered &= row.step.is_some();
            let n = row.step.unwrap_or(place(log.format(), index, 1));
            match index {
                0 => survey.first = n,
                1 => survey.second = n,
                _ => {}
            }
            if let Some(gap) = before.and_then(|before| n.checked_sub(before))
                && (gaps.contains_key(&gap) || gaps.len() < MOST_GAPS)
            {
                *gaps.entry(gap).or_insert(0u64) += 1;
            }
            before = Some(n);
            survey.rows += 1;
            survey.last = survey.last.max(n);
            if row.rate.is_finite() {
                survey.largest = survey.largest.max(row.rate.abs());
            }
            survey.single &= f64::from(row.rate as f32) == row.rate;
            let digits = &mut survey.digits;
            digits.significant = digits.significant.max(row.digits.significant);
            digits.decimals = digits.decimals.max(row.digits.decimals);
            if values.len() < 8 {
                values.insert(row.rate.to_bits());
            }
            survey.keep(Seen {
                index,
                n,
                rate: row.rate,
            });
        }
        survey.distinct = values.len();
        let apart = gaps.into_iter().filter(|(gap, _)| *gap > 0);
        let commonest = apart.max_by_key(|(gap, count)| (*count, std::cmp::Reverse(*gap)));
        survey.every = commonest.map_or(1, |(gap, _)| gap);
        Ok(survey)
    }

    fn keep(&mut self, row: Seen) {
        if row.index.is_multiple_of(self.stride) {
            self.kept.push(row);
        }
        if self.kept.len() > MOST_KEPT {
            self.stride *= 2;
            let stride = self.stride;
            self.kept.retain(|row| row.index.is_multiple_of(stride));
        }
    }

    pub fn kept_all(&self) -> bool {
        self.stride == 1
    }

    /// The ways in which rates can have been written, the most exact first.
    pub fn precisions(&self) -> Vec<Precision> {
        let Digits {
            significant,
            decimals,
        } = self.digits;
        // Sums of many steps are as exact as their number lets them be.
        let exact = (1e-12 * (self.last as f64 / 1e3)).clamp(1e-12, 1e-9);
        const OF_32_BITS: Precision = Precision::Share(1e-6);
        if self.single && self.largest > 0.0 {
            return vec![OF_32_BITS];
        }
        let mut all = vec![Precision::Share(exact)];
        if (7..=9).contains(&significant) {
            all.push(OF_32_BITS);
        }
        if (2..=9).contains(&significant) && self.distinct >= 3 {
            all.push(Precision::Decimals(decimals));
            all.push(Precision::Significant(significant));
        }
        all
    }
}

/// The exactness of the rates of a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Precision {
    /// A share of the largest.
    Share(f64),
    /// Cut to so many digits behind the point.
    Decimals(u32),
    /// Cut to so many digits of each.
    Significant(u32),
}

impl Precision {
    /// Whether a logged rate may be `right`, where the largest is `largest`.
    pub fn same(self, right: f64, rate: f64, largest: f64) -> bool {
        let size = right.abs().max(rate.abs());
        (right - rate).abs() <= self.allowed(size, largest)
    }

    /// The distance from the right rate that one of this size may have.
    pub fn allowed(self, size: f64, largest: f64) -> f64 {
        let allowed = match self {
            Self::Share(share) => share * largest,
            Self::Decimals(digits) => 0.5000001 * 10f64.powi(-(digits as i32)),
            Self::Significant(digits) => match size > 0.0 && size.is_finite() {
                true => 0.5000001 * 10f64.powi(size.log10().floor() as i32 + 1 - digits as i32),
                false => 0.0,
            },
        };
        allowed.max(1e-12 * largest)
    }
}

/// The rates of a schedule at any step in a time that doesn't grow with it: those of a recurrence are
/// gone through once.
pub(super) struct Rates<'a> {
    pub schedule: &'a DynSchedule,
    gone: Option<Vec<f64>>,
}

/// The most steps of a recurrence that are kept.
const MOST_GONE: u64 = 1 << 22;

impl<'a> Rates<'a> {
    pub fn of(schedule: &'a DynSchedule, last: u64) -> Self {
        let recurs = schedule.to_spec().is_some_and(|spec| spec.recurs());
        let gone = recurs.then(|| {
            let mut rates = vec![schedule.at(0)];
            for step in 1..=last.saturating_add(2).min(MOST_GONE) {
                rates.push(schedule.advance(step, rates[step as usize - 1]));
            }
            rates
        });
        Self { schedule, gone }
    }

    pub fn at(&self, step: u64) -> f64 {
        let Some(gone) = &self.gone else {
            return self.schedule.at(step);
        };
        let rate = usize::try_from(step).ok().and_then(|step| gone.get(step));
        rate.copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::Precision;

    #[test]
    fn a_rate_without_end_is_no_other() {
        assert!(!Precision::Significant(4).same(1.0, f64::INFINITY, 1.0));
        assert!(Precision::Significant(4).same(1.0, 1.0004, 1.0));
    }
}
