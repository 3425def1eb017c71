//! The rates of other steps, from a row on: runs that began again, or are some steps ahead or behind.

use super::case::{Case, Found};
use super::mistake::{Kind, Mistake, at_step, steps_off};

impl<'a> Case<'a> {
    /// The rates of other steps from a row on: those of a run that began again at 0, or of the nearest steps.
    pub fn offsets(&'a self) -> Vec<Found<'a>> {
        let row = self.rows[self.first];
        let mut restarts: Option<(u64, u64)> = None;
        let mut nearest: Option<i64> = None;
        let mut again = None;
        for step in 0..=self.limit {
            let offset = step as i64 - row.step as i64;
            if offset == 0 || !self.reading.same(self.right(step), row.rate) {
                continue;
            }
            let model = |step| self.ahead(step, offset);
            if !self.holds(self.first, &model) {
                continue;
            }
            let since = self.since(self.first, &model);
            let lasts = self.lasts(&model);
            if offset < 0 && offset.unsigned_abs() >= self.between(since).0 {
                let at = offset.unsigned_abs();
                match lasts {
                    true => {
                        let (from, to) = restarts.unwrap_or((at, at));
                        restarts = Some((from.min(at), to.max(at)));
                    }
                    false if at < self.step_of(self.last) => again = Some(at),
                    false => {}
                }
            }
            let is_nearer = nearest.is_none_or(|nearest| offset.abs() < nearest.abs());
            if is_nearer && (lasts || self.reading.wrong > 2) {
                nearest = Some(offset);
            }
        }
        let mut found = Vec::new();
        let other = restarts.is_some() || again.is_some();
        let nearest = nearest.filter(|offset| offset.abs() == 1 || !other);
        found.extend(nearest.map(|offset| self.offset(offset)));
        if let Some((from, to)) = restarts {
            let words = format!(
                "a run that was resumed {} began again at step 0",
                at_step(from, to)
            );
            let mistake = Mistake::new(Kind::Restarted, words).between("resumed_at", from, to);
            let model = move |step| self.ahead(step, -(to as i64));
            found.push(Found::new(mistake, model));
        }
        if let Some(at) = again {
            let length = self.step_of(self.last) + 1 - at;
            let model = move |step| self.ahead(step, -(at as i64));
            found.push(self.warmup_again((at, at), length, model));
        }
        found
    }

    fn offset(&'a self, offset: i64) -> Found<'a> {
        let model = move |step| self.ahead(step, offset);
        let since = self.since(self.first, &model);
        let off = steps_off(offset);
        let to = self.step_of(self.first);
        let from = self.between(since).0.min(to);
        let words = match since {
            0 => format!("all rates are {off}"),
            _ => format!("{off}, from a resume {} on", at_step(from, to)),
        };
        let mut mistake = Mistake::new(Kind::OffByOne, words).with("offset", offset as f64);
        if since > 0 {
            mistake = mistake.between("resumed_at", from, to);
        }
        Found::new(mistake, model)
    }
}
