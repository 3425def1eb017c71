//! The mistakes that give the rates of a log: each is a model of them, which all rows must follow from the
//! first wrong one to the last.

use lr_schedule::Schedule;

use super::case::{At, Case, Found};
use super::mistake::{Kind, Mistake, at_step};
use super::shapes;
use super::vary;

impl<'a> Case<'a> {
    /// The whole list, the likeliest first; empty where no known mistake gives the rates.
    pub fn mistakes(&'a self) -> Vec<Found<'a>> {
        if self.first >= self.rows.len() {
            return Vec::new();
        }
        let mut found = self.offsets();
        if self.reading.wrong == 1 {
            found.extend(self.single());
            return found;
        }
        found.extend(self.per_epoch());
        found.extend(self.times());
        found.extend(vary::lengths(self));
        found.extend(self.warmed_up());
        found.extend(self.factor());
        found.extend(self.held());
        if found.is_empty() {
            found.extend(vary::numbers(self));
        }
        if found.is_empty() {
            found.extend(self.single());
        }
        if found.is_empty() {
            found.extend(self.fitted());
        }
        found
    }

    /// From a row on, the rates of other steps.
    fn offsets(&'a self) -> Vec<Found<'a>> {
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
            if offset < 0 && offset.unsigned_abs() >= self.step_of(since) {
                let at = offset.unsigned_abs();
                match lasts {
                    true => {
                        let (from, to) = restarts.unwrap_or((at, at));
                        restarts = Some((from.min(at), to.max(at)));
                    }
                    false => again = Some(at),
                }
            }
            let is_nearer = nearest.is_none_or(|nearest| offset.abs() < nearest.abs());
            if is_nearer && (lasts || self.reading.wrong > 2) {
                nearest = Some(offset);
            }
        }
        let mut found = Vec::new();
        if let Some(offset) = nearest.filter(|offset| offset.abs() == 1 || restarts.is_none()) {
            let is_warm_up = again.is_some() && offset.abs() > 1;
            if !is_warm_up {
                found.push(self.offset(offset));
            }
        }
        if let Some((from, to)) = restarts {
            let words = format!(
                "a run that was resumed {} began again at step 0",
                at_step(from, to)
            );
            let mistake = Mistake::new(Kind::Restarted, words).between("resumed_at", from, to);
            let model = move |step| self.ahead(step, -(to as i64));
            found.push(Found::new(mistake, self.first, model));
        }
        if let Some(at) = again {
            let length = self.step_of(self.last) + 1 - at;
            found.push(self.warmup_again(at, length, move |step| self.ahead(step, -(at as i64))));
        }
        found
    }

    fn offset(&'a self, offset: i64) -> Found<'a> {
        let model = move |step| self.ahead(step, offset);
        let since = self.since(self.first, &model);
        let steps = match offset.abs() {
            1 => "a step".to_string(),
            steps => format!("{steps} steps"),
        };
        let side = if offset > 0 { "ahead" } else { "behind" };
        let before = since
            .checked_sub(1)
            .map_or(0, |before| self.step_of(before) + 1);
        let (from, to) = (before, self.step_of(self.first));
        let words = match since {
            0 => format!("all rates are {steps} {side}"),
            _ => format!("{steps} {side}, from a resume {} on", at_step(from, to)),
        };
        let mistake = Mistake::new(Kind::OffByOne, words).with("offset", offset as f64);
        let mistake = match since {
            0 => mistake,
            _ => mistake.between("resumed_at", from, to),
        };
        Found::new(mistake, self.first, model)
    }

    fn single(&self) -> Vec<Found<'a>> {
        let wrong: Vec<&At> = self.rows[self.first..=self.last]
            .iter()
            .filter(|row| !self.reading.same(self.right(row.step), row.rate))
            .collect();
        let alone = wrong
            .windows(2)
            .all(|pair| pair[1].index > pair[0].index + 1);
        if !alone || wrong.len() as u64 != self.reading.wrong || wrong.len() > 5 {
            return Vec::new();
        }
        let steps: Vec<String> = wrong.iter().map(|row| row.step.to_string()).collect();
        let words = match steps.len() {
            1 => format!("step {} alone has another rate", steps[0]),
            _ => format!("the steps {} alone have other rates", steps.join(", ")),
        };
        let wrong: Vec<(u64, f64)> = wrong.iter().map(|row| (row.step, row.rate)).collect();
        let mistake = Mistake::new(Kind::SingleStep, words).with("at", wrong[0].0 as f64);
        let model = move |step| {
            let rate = wrong.iter().find(|(at, _)| *at == step);
            rate.map_or(f64::NAN, |(_, rate)| *rate)
        };
        vec![Found::new(mistake, self.first, model)]
    }

    fn per_epoch(&'a self) -> Option<Found<'a>> {
        let longest = self.rows.iter().map(|row| row.step).max()?.min(self.limit);
        for after in [0, 1] {
            let of = move |step: u64, epoch: u64| self.right(step / epoch + after);
            let fits = |epoch: &u64| {
                let model = |step| of(step, *epoch);
                self.holds(0, &model) && self.lasts(&model)
            };
            let mut epochs = (2..=longest.max(2)).filter(fits);
            let Some(from) = epochs.next() else { continue };
            let to = epochs.next_back().unwrap_or(from);
            let words = match (from == to, to >= longest) {
                (true, _) => format!("stepped once per epoch of {from} steps"),
                (_, true) => format!("stepped once per epoch of at least {from} steps, or never"),
                _ => format!("stepped once per epoch of {from} to {to} steps"),
            };
            let mistake = Mistake::new(Kind::PerEpoch, words);
            let mistake = mistake.between("steps_per_epoch", from, to);
            return Some(Found::new(mistake, 0, move |step| of(step, from)));
        }
        None
    }

    fn times(&'a self) -> Vec<Found<'a>> {
        let mut tried = (2..=4096u64).flat_map(|times| {
            let between = if times <= 64 { 1..times - 1 } else { 1..1 };
            let offsets = [0, times - 1].into_iter().chain(between);
            offsets.map(move |offset| (times, offset))
        });
        let of = move |step: u64, times: u64, offset: u64| {
            self.right(step.saturating_mul(times).saturating_add(offset))
        };
        let fits = |(times, offset): &(u64, u64)| {
            let model = |step| of(step, *times, *offset);
            self.holds(0, &model) && self.lasts(&model)
        };
        if let Some((times, offset)) = tried.find(fits) {
            let processes = format!("stepped {times} times per update, as by {times} processes");
            let batches = format!("stepped with each of {times} micro-batches of an update");
            let mistakes = [
                Mistake::new(Kind::Times, processes).with("times", times as f64),
                Mistake::new(Kind::Accumulation, batches).with("accumulation", times as f64),
            ];
            let model = move |step| of(step, times, offset);
            return mistakes.map(|mistake| Found::new(mistake, 0, model)).into();
        }
        // From a resume on.
        let at = self.step_of(self.first);
        for resumed in [at.saturating_sub(1), at] {
            for times in 2..=64u64 {
                let model = move |step: u64| {
                    self.right(
                        resumed.saturating_add(step.saturating_sub(resumed).saturating_mul(times)),
                    )
                };
                if at > 0 && self.holds(self.first, &model) && self.lasts(&model) {
                    let words = format!("stepped {times} times per update from step {resumed} on");
                    let mistake = Mistake::new(Kind::Times, words).with("times", times as f64);
                    let mistake = mistake.with("resumed_at", resumed as f64);
                    return vec![Found::new(mistake, self.first, model)];
                }
            }
        }
        Vec::new()
    }

    fn warmup_again(&self, at: u64, length: u64, model: impl Fn(u64) -> f64 + 'a) -> Found<'a> {
        let words = format!("warmed up again for {length} steps, from a resume at step {at} on");
        let mistake = Mistake::new(Kind::WarmupRepeated, words).with("resumed_at", at as f64);
        Found::new(mistake.with("warmup", length as f64), self.first, model)
    }

    /// A second warm-up: a ramp that the schedule is multiplied with, or one up to the schedule.
    fn warmed_up(&'a self) -> Option<Found<'a>> {
        let (a, b) = (self.rows[self.first], *self.rows.get(self.first + 1)?);
        if self.first == 0 || b.step <= a.step {
            return None;
        }
        // A wide distance gives the slope of rates of few digits.
        let slope_of = |value: &dyn Fn(&At) -> f64| {
            let last = self.rows[self.last];
            let last = if last.step > a.step { last } else { b };
            (value(&last) - value(&a)) / (last.step - a.step) as f64
        };
        let share = |row: &At| row.rate / self.right(row.step);
        let length = (1.0 / slope_of(&share)).round();
        if (2.0..1e9).contains(&length) {
            // The share is 0 at this step.
            let zero = a.step as f64 - (share(&a) * length).round();
            let model = move |step: u64| {
                let share = (step as f64 - zero) / length;
                self.right(step) * share.clamp(0.0, 1.0)
            };
            if zero >= -1.0 && self.holds(self.first, &model) && self.lasts(&model) {
                let at = if share(&a) == 0.0 { zero } else { zero + 1.0 };
                return Some(self.warmup_again(at as u64, length as u64, model));
            }
        }
        let slope = slope_of(&|row| row.rate);
        let zero = a.step as f64 - a.rate / slope;
        let (last, line) = (self.step_of(self.last), move |step: u64| {
            slope * (step as f64 - zero)
        });
        let up = slope > 0.0 && self.step_of(self.first - 1) as f64 <= zero + 1.0;
        if up && self.holds(self.first, &line) && !self.lasts(&line) {
            let at = zero.round().max(0.0) as u64;
            return Some(self.warmup_again(at, last + 1 - at.min(last), line));
        }
        None
    }

    /// All rates times a number.
    fn factor(&'a self) -> Option<Found<'a>> {
        let rows = &self.rows[self.first..=self.last];
        let row = rows.iter().max_by(|a, b| {
            self.right(a.step)
                .abs()
                .total_cmp(&self.right(b.step).abs())
        })?;
        let factor = row.rate / self.right(row.step);
        let model = move |step| factor * self.right(step);
        let fits = factor.is_finite() && factor != 0.0 && self.holds(self.first, &model);
        if !fits || !(self.lasts(&model) || self.reading.wrong > 2) {
            return None;
        }
        let factor = vary::tidy(factor, 1e-6);
        let whole = self.holds(0, &model);
        let words = match whole {
            true => format!("all rates are {factor} times those of the schedule"),
            false => format!(
                "from step {} on, rates are {factor} times those of the schedule",
                self.step_of(self.first)
            ),
        };
        let mistake = Mistake::new(Kind::BaseRate, words).with("factor", factor);
        Some(Found::new(mistake, self.first, model))
    }

    fn held(&'a self) -> Vec<Found<'a>> {
        let value = self.rows[self.first].rate;
        let model = move |_: u64| value;
        if !self.holds(self.first, &model) {
            return Vec::new();
        }
        let since = self.since(self.first, &model);
        let at = self.step_of(self.first);
        // It may have been held from any of the rows on that have it already.
        let (from, to) = match since < self.first {
            true => (self.step_of(since), self.step_of(self.first - 1)),
            false => (at, at),
        };
        let until = match self.lasts(&model) {
            true => String::new(),
            false => format!(", until step {}", self.step_of(self.last)),
        };
        let words = format!(
            "the rate is held at {value}, from {}{until}",
            &at_step(from, to)[3..]
        );
        let mistake = Mistake::new(Kind::Held, words).between("at", from, to);
        let held = Found::new(mistake.with("value", value), self.first, model);
        let largest = (0..=256).map(|part| self.right(self.limit * part / 256));
        let largest = largest.chain([self.right(to)]).fold(0.0, f64::max);
        let mut found = vec![held];
        if self.reading.same(largest, value) && until.is_empty() {
            let words = format!("a schedule that stays at its peak, {value}");
            let mistake = Mistake::new(Kind::AnotherSchedule, words);
            found.insert(0, Found::new(mistake, self.first, model));
        }
        found
    }

    /// Another schedule, of all rows.
    fn fitted(&'a self) -> Option<Found<'a>> {
        let rows: Vec<(u64, f64)> = self.rows.iter().map(|row| (row.step, row.rate)).collect();
        let same = |right: f64, rate: f64| self.reading.same(right, rate);
        let spec = shapes::search(&rows, self.reading.largest, &same)?;
        let schedule = spec.build().ok()?;
        let words = format!("another schedule, {}", spec.name());
        let mut mistake = Mistake::new(Kind::AnotherSchedule, words);
        mistake.spec = Some(spec);
        Some(Found::new(mistake, 0, move |step| schedule.at(step)))
    }
}
