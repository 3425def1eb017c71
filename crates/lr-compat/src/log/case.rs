//! A log beside its schedule, as the search of a mistake sees it.

use lr_schedule::{DynSchedule, Schedule, ScheduleExt, Spec};

use super::align::Reading;
use super::mistake::Mistake;
use super::open::Log;
use super::row::LogError;
use super::rows::{Rates, Seen, Survey, place, seen};

/// A row as it is compared: the step whose rate it has, and its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub index: u64,
    pub step: u64,
    pub rate: f64,
}

/// The most wrong rows, each by itself, that are named one by one.
pub(super) const FEW: u64 = 5;

pub(super) type Model<'a> = Box<dyn Fn(u64) -> f64 + 'a>;

/// A mistake, and the rates that it gives.
pub(super) struct Found<'a> {
    pub mistake: Mistake,
    pub model: Model<'a>,
}

impl<'a> Found<'a> {
    pub fn new(mistake: Mistake, model: impl Fn(u64) -> f64 + 'a) -> Self {
        let model = Box::new(model);
        Self { mistake, model }
    }

    /// Another schedule was followed.
    pub fn follows(mut mistake: Mistake, schedule: DynSchedule) -> Self {
        mistake.spec = schedule.to_spec();
        Self::new(mistake, move |step| schedule.at(step))
    }
}

pub(super) struct Case<'a> {
    pub rates: &'a Rates<'a>,
    pub reading: Reading,
    pub rows: Vec<At>,
    /// The places in `rows` of the first wrong row and of the last.
    pub first: usize,
    pub last: usize,
    /// No step beyond is looked at.
    pub limit: u64,
}

impl<'a> Case<'a> {
    pub fn new(
        log: &Log,
        survey: &Survey,
        rates: &'a Rates<'a>,
        reading: Reading,
        limit: u64,
    ) -> Result<Self, LogError> {
        let rows = sample(log, survey, Some(rates), &reading)?;
        let first = rows.partition_point(|row| row.index < reading.first);
        let last = rows.partition_point(|row| row.index <= reading.last).max(1) - 1;
        Ok(Self {
            rates,
            reading,
            rows,
            first,
            last,
            limit,
        })
    }

    /// The schedule, where its rates are a formula of its numbers.
    pub fn spec(&self) -> Option<Spec> {
        self.rates.schedule.to_spec().filter(|spec| !spec.recurs())
    }

    /// The same up to a row, without it.
    pub fn until(&self, end: usize) -> Case<'a> {
        let rows = self.rows[..end].to_vec();
        let wrong = |row: &&At| !self.reading.same(self.right(row.step), row.rate);
        let mut reading = self.reading;
        reading.wrong = rows.iter().filter(wrong).count() as u64;
        let last = rows.iter().rposition(|row| wrong(&row)).unwrap_or(0);
        reading.last = rows[last].index;
        Self {
            reading,
            rows,
            last,
            ..*self
        }
    }

    pub fn same(&self, model: &dyn Fn(u64) -> f64, row: &At) -> bool {
        self.reading.same(model(row.step), row.rate)
    }

    /// Whether a model gives the rates from a row to the last wrong one.
    pub fn holds(&self, from: usize, model: &dyn Fn(u64) -> f64) -> bool {
        let rows = &self.rows[from.min(self.last + 1)..=self.last];
        // Rows far from each other tell most models at once.
        let far = rows.iter().step_by((rows.len() / 64).max(1));
        rows.last()
            .into_iter()
            .chain(far)
            .chain(rows)
            .all(|row| self.same(model, row))
    }

    /// Whether it also gives those after the last wrong one.
    pub fn lasts(&self, model: &dyn Fn(u64) -> f64) -> bool {
        let after = self.rows.get(self.last + 1..).unwrap_or_default();
        after.iter().all(|row| self.same(model, row))
    }

    /// Whether it gives all rates from a row on.
    pub fn explains(&self, from: usize, model: &dyn Fn(u64) -> f64) -> bool {
        self.holds(from, model) && self.lasts(model)
    }

    /// The first row from which on a model gives all rates up to `before`.
    pub fn since(&self, before: usize, model: &dyn Fn(u64) -> f64) -> usize {
        let rows = self.rows[..before].iter().rev();
        before - rows.take_while(|row| self.same(model, row)).count()
    }

    /// The steps between which what is seen from a row on began: those after the row before it.
    pub fn between(&self, place: usize) -> (u64, u64) {
        let at = self.step_of(place);
        // Steps before one that comes again are no bound.
        let before = self.rows[..place].iter().rev();
        let from = match before.map(|row| row.step).find(|step| *step < at) {
            Some(before) => before + 1,
            None => at.saturating_sub(self.reading.every - 1),
        };
        (from, at)
    }

    pub fn right(&self, step: u64) -> f64 {
        self.rates.at(step)
    }

    pub fn ahead(&self, step: u64, offset: i64) -> f64 {
        let step = step.checked_add_signed(offset);
        step.map_or(f64::NAN, |step| self.right(step))
    }

    pub fn step_of(&self, place: usize) -> u64 {
        self.rows.get(place).map_or(0, |row| row.step)
    }
}

/// Rows for the search: all, or those around the first and the last wrong one, those at which the rate changes
/// after it stood, those that are wrong where they are few, and some in between.
pub(super) fn sample(
    log: &Log,
    survey: &Survey,
    rates: Option<&Rates>,
    reading: &Reading,
) -> Result<Vec<At>, LogError> {
    let mut rows = survey.kept.clone();
    if !survey.numbered {
        for row in &mut rows {
            row.n = place(log.format(), row.index, reading.every);
        }
    }
    if !survey.kept_all() {
        rows.extend(striking(log, rates, reading)?);
        rows.sort_by_key(|row| row.index);
        rows.dedup_by_key(|row| row.index);
    }
    let rows = rows.iter().filter_map(|row| {
        let step = reading.step(row)?;
        let (index, rate) = (row.index, row.rate);
        Some(At { index, step, rate })
    });
    Ok(rows.collect())
}

/// The rows around the first and the last wrong one, those at which the rate changes after it stood, and those that
/// are wrong where they are few.
fn striking(log: &Log, rates: Option<&Rates>, reading: &Reading) -> Result<Vec<Seen>, LogError> {
    const MOST_CHANGES: usize = 2048;
    let near = |index: u64, at: u64| index + 64 >= at && index <= at.saturating_add(512);
    let rates = rates.filter(|_| reading.wrong <= FEW);
    let (mut rows, mut changes) = (Vec::new(), 0);
    let mut before: Option<(Seen, bool)> = None;
    for row in seen(log, reading.every)? {
        let row = row?;
        let stood = before.is_some_and(|(before, _)| before.rate == row.rate);
        if let Some((last, true)) = before
            && !stood
            && changes < MOST_CHANGES
        {
            changes += 1;
            rows.extend([last, row]);
        }
        let is_wrong =
            rates.is_some_and(|rates| !reading.is_right(reading.right(rates, &row), &row));
        if row.index < 64
            || near(row.index, reading.first)
            || near(row.index, reading.last)
            || is_wrong
        {
            rows.push(row);
        }
        before = Some((row, stood));
    }
    Ok(rows)
}

/// The cases whose rates are those of all rows, also of rows outside the sample.
pub(super) fn verified<'a>(
    log: &Log,
    case: &Case,
    found: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, LogError> {
    let from = |found: &Found| match case.holds(0, &found.model) {
        true => 0,
        false => case.reading.first,
    };
    let mut found: Vec<_> = found
        .into_iter()
        .map(|found| (from(&found), found))
        .collect();
    for row in seen(log, case.reading.every)? {
        let row = row?;
        if row.index > case.reading.last {
            break;
        }
        if let Some(step) = case.reading.step(&row) {
            let same = |found: &Found| case.reading.same((found.model)(step), row.rate);
            found.retain(|(from, found)| row.index < *from || same(found));
        }
    }
    Ok(found.into_iter().map(|(_, found)| found).collect())
}
