//! Two mistakes, one after the other: a run that began again at 0 and was then held, or one that began again twice.

use super::case::{Case, Found, Model};
use super::mistake::{Kind, Mistake, steps_off};
use super::rows::Precision;

impl Case<'_> {
    /// The first of two mistakes, where the second gives all rates after its own.
    pub fn twice(&self) -> Option<Mistake> {
        // So many rows, at least, each of the two must give; fewer where the rates are exact.
        let fewest = match self.reading.precision {
            Precision::Share(share) if share <= 1e-6 => 5,
            _ => 8,
        };
        let mut until = self.first + fewest;
        let mut beyond = self.rows.len();
        if until + fewest > beyond {
            return None;
        }
        // The last row up to which one mistake gives the rates.
        self.until(until).one()?;
        while beyond - until > 1 {
            let middle = until + (beyond - until) / 2;
            match self.until(middle).one() {
                Some(_) => until = middle,
                None => beyond = middle,
            }
        }
        if until + fewest > self.rows.len() {
            return None;
        }
        let part = self.until(until);
        let Found { mut mistake, model } = part.one()?;
        let then = self.then(until, &model)?;
        let (last, next) = (self.step_of(until - 1), self.step_of(until));
        mistake.words = format!(
            "{}, up to step {last}; from step {next} on {then}",
            mistake.words
        );
        Some(mistake.with("until", last as f64))
    }

    fn one(&self) -> Option<Found<'_>> {
        let mut found = self.mistakes().into_iter();
        found.find(|found| found.mistake.kind != Kind::AnotherSchedule && !found.mistake.is_far())
    }

    /// The rates from a row to the last, in words.
    fn then(&self, from: usize, before: &Model) -> Option<String> {
        let rows = &self.rows[from..];
        let first = rows[0];
        let holds = |model: &dyn Fn(u64) -> f64| rows.iter().rev().all(|row| self.same(model, row));
        if holds(&|_| first.rate) {
            return Some(format!("the rate is held at {}", first.rate));
        }
        if holds(&|step| self.right(step)) {
            return Some("the rates are right".to_string());
        }
        let moved = |offset: &i64| {
            let moved = |step: u64| step.checked_add_signed(*offset);
            holds(&|step| self.ahead(step, *offset))
                || holds(&|step| moved(step).map_or(f64::NAN, before))
        };
        let offsets = (0..=self.limit).map(|step| step as i64 - first.step as i64);
        let offsets = offsets.filter(|offset| *offset != 0);
        // From 0 on again, before other steps.
        let begins = self.between(from).0 as i64;
        let (again, others): (Vec<i64>, Vec<i64>) = offsets.partition(|offset| -offset >= begins);
        if let Some(offset) = again.into_iter().rev().find(moved) {
            return Some(format!(
                "the run is one that began again at step {}",
                -offset
            ));
        }
        let offset = others
            .into_iter()
            .filter(moved)
            .min_by_key(|offset| offset.abs())?;
        Some(format!("the run is {}", steps_off(offset)))
    }
}
