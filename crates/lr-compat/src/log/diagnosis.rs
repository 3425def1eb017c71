//! The mistakes that give the rates of a log: each is a model of them, which all rows must follow from the
//! first wrong one to the last.

use super::case::{At, Case, FEW, Found};
use super::lengths::lengths;
use super::mistake::{Kind, Mistake, at_step};
use super::shapes;
use super::vary;

/// The most steps that are tried as the one of a resume.
const MOST_RESUMES: u64 = 512;

impl<'a> Case<'a> {
    /// The known mistakes that give the rates, the likeliest first.
    pub fn mistakes(&'a self) -> Vec<Found<'a>> {
        let mut found = self.offsets();
        // Several steps ahead or behind is told last: much else looks like it.
        let far = found.iter().position(|found| found.mistake.is_far());
        let far = far.map(|at| found.remove(at));
        if self.reading.wrong == 1 {
            found.extend(self.single());
            found.extend(far);
            return found;
        }
        found.extend(self.per_epoch());
        // A rate that never changes says nothing of how often the scheduler is stepped.
        let changes = self.rows.iter().any(|row| row.rate != self.rows[0].rate);
        let times = if changes { self.times() } else { Vec::new() };
        let is_resumed = times.is_empty();
        found.extend(times);
        let mut held = self.held();
        if self.stays() {
            found.append(&mut held);
        }
        if is_resumed {
            found.extend(self.times_resumed());
        }
        found.extend(lengths(self));
        found.extend(self.warmed_up());
        found.extend(self.factor());
        found.append(&mut held);
        found.extend(far);
        if found.is_empty() {
            found.extend(vary::numbers(self));
        }
        found
    }

    /// The explanations that fit where no known mistake does, as they would fit many a log.
    pub fn others(&'a self) -> Vec<Found<'a>> {
        let mut found = self.single();
        if found.is_empty() {
            found.extend(self.fitted());
        }
        found
    }

    fn single(&self) -> Vec<Found<'a>> {
        let wrong: Vec<&At> = self.rows[self.first..=self.last]
            .iter()
            .filter(|row| !self.reading.same(self.right(row.step), row.rate))
            .collect();
        let alone = wrong
            .windows(2)
            .all(|pair| pair[1].index > pair[0].index + 1);
        if !alone || wrong.len() as u64 != self.reading.wrong || self.reading.wrong > FEW {
            return Vec::new();
        }
        let steps: Vec<String> = wrong.iter().map(|row| row.step.to_string()).collect();
        let words = match steps.len() {
            1 => format!("step {} alone has another rate", steps[0]),
            _ => format!("the steps {} alone have other rates", steps.join(", ")),
        };
        let wrong: Vec<(u64, f64)> = wrong.iter().map(|row| (row.step, row.rate)).collect();
        let mistake = Mistake::new(Kind::SingleStep, words).with("at", wrong[0].0 as f64);
        let rates = self.rates;
        let model = move |step| {
            let rate = wrong.iter().find(|(at, _)| *at == step);
            rate.map_or_else(|| rates.at(step), |(_, rate)| *rate)
        };
        vec![Found::new(mistake, model)]
    }

    fn per_epoch(&'a self) -> Option<Found<'a>> {
        let longest = self.rows.iter().map(|row| row.step).max()?.min(self.limit);
        for after in [0, 1] {
            let of = move |step: u64, epoch: u64| self.right(step / epoch + after);
            let fits = |epoch: &u64| {
                let model = |step| of(step, *epoch);
                self.explains(0, &model)
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
            return Some(Found::new(mistake, move |step| of(step, from)));
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
            self.explains(0, &model)
        };
        if let Some((times, offset)) = tried.find(fits) {
            let processes = format!("stepped {times} times per update, as by {times} processes");
            let batches = format!("stepped with each of {times} micro-batches of an update");
            let mistakes = [
                Mistake::new(Kind::Times, processes).with("times", times as f64),
                Mistake::new(Kind::Accumulation, batches).with("accumulation", times as f64),
            ];
            let model = move |step| of(step, times, offset);
            return mistakes.map(|mistake| Found::new(mistake, model)).into();
        }
        Vec::new()
    }

    /// The same from a resume on, which may be in a stretch before that the schedule doesn't change in.
    fn times_resumed(&'a self) -> Option<Found<'a>> {
        let before = self.first.checked_sub(1).map(|place| self.rows[place])?;
        let stood = self.since(self.first, &|_| before.rate);
        let (from, at) = (self.between(stood).0, self.step_of(self.first));
        let of = move |step: u64, times: u64, resumed: u64| {
            let since = step.saturating_sub(resumed).saturating_mul(times);
            self.right(resumed.saturating_add(since))
        };
        let resumes = from.max(at.saturating_sub(MOST_RESUMES)).saturating_sub(1)..=at;
        for times in 2..=64 {
            let mut fits = resumes.clone().filter(|resumed| {
                let model = |step| of(step, times, *resumed);
                self.explains(self.first, &model)
            });
            let Some(from) = fits.next() else { continue };
            let to = fits.next_back().unwrap_or(from);
            let words = format!(
                "stepped {times} times per update, from a resume {} on",
                at_step(from, to)
            );
            let mistake = Mistake::new(Kind::Times, words).with("times", times as f64);
            let mistake = mistake.between("resumed_at", from, to);
            let model = move |step| of(step, times, from);
            return Some(Found::new(mistake, model));
        }
        None
    }

    pub(super) fn warmup_again(
        &self,
        (from, to): (u64, u64),
        length: u64,
        model: impl Fn(u64) -> f64 + 'a,
    ) -> Found<'a> {
        let at = at_step(from, to);
        let words = format!("warmed up again for {length} steps, from a resume {at} on");
        let mistake = Mistake::new(Kind::WarmupRepeated, words).between("resumed_at", from, to);
        Found::new(mistake.with("warmup", length as f64), model)
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
            if zero >= -1.0 && self.explains(self.first, &model) {
                // The ramp begins with 0 or above it, of which only the row there can tell.
                let (from, at) = self.between(self.first);
                let zero = zero.max(0.0) as u64;
                let (from, to) = (from.max(zero), at.min(zero + 1));
                let at = if from <= to { (from, to) } else { (at, at) };
                return Some(self.warmup_again(at, length as u64, model));
            }
        }
        let slope = slope_of(&|row| row.rate);
        let zero = (a.step as f64 - a.rate / slope).round();
        let ramp = self.rows[self.first..=self.last].iter();
        let ramp = ramp.map(|row| (row, row.step as f64 - zero));
        let (low, high) = self.factors(ramp.filter(|(_, steps)| *steps > 0.0));
        let slope = low + (high - low) / 2.0;
        let (last, line) = (self.step_of(self.last), move |step: u64| {
            slope * (step as f64 - zero)
        });
        let up = low > 0.0 && low <= high && self.between(self.first).0 as f64 <= zero + 2.0;
        if up && self.holds(self.first, &line) && !self.lasts(&line) {
            let at = zero.max(0.0) as u64;
            // It ends where it meets the schedule, at the next row at the latest.
            let next = self.step_of(self.last + 1).max(last + 1);
            let meets = |step: &u64| line(*step) >= self.right(*step) * (1.0 - 1e-9);
            let end = (last + 1..next).find(meets).unwrap_or(next);
            return Some(self.warmup_again((at, at), end - at.min(end), line));
        }
        None
    }

    /// The least and the largest factor that gives all rates of numbers, to the digits that each rate has.
    fn factors<'r>(&self, rows: impl Iterator<Item = (&'r At, f64)> + Clone) -> (f64, f64) {
        let bound = |side: f64| {
            let rows = rows.clone();
            rows.map(move |(row, of)| (row.rate + side * self.reading.allowed(row.rate)) / of)
        };
        let low = bound(-1.0).fold(f64::NEG_INFINITY, f64::max);
        (low, bound(1.0).fold(f64::INFINITY, f64::min))
    }

    /// All rates times a number.
    fn factor(&'a self) -> Option<Found<'a>> {
        let rows = &self.rows[self.first..=self.last];
        let rows = rows.iter().map(|row| (row, self.right(row.step)));
        let (row, right) = rows
            .clone()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let (low, high) = self.factors(rows.filter(|(_, right)| *right > 0.0));
        let factor = match low <= high && low.is_finite() && high.is_finite() {
            true => vary::short(low + (high - low) / 2.0, |short| {
                (low..=high).contains(&short)
            }),
            false => row.rate / right,
        };
        let model = move |step| factor * self.right(step);
        let fits = factor.is_finite() && factor != 0.0 && self.holds(self.first, &model);
        if !fits || !(self.lasts(&model) || self.reading.wrong > 2) {
            return None;
        }
        let factor = vary::tidy(factor, 1e-6);
        let rates = match self.holds(0, &model) {
            true => "all rates".to_string(),
            false => format!("from step {} on, rates", self.step_of(self.first)),
        };
        let words = format!("{rates} are {factor} times those of the schedule");
        let mistake = Mistake::new(Kind::BaseRate, words).with("factor", factor);
        Some(Found::new(mistake, model))
    }

    /// Whether the rate stays what it is to the end, where that of the schedule changes, or from before the first
    /// wrong row on.
    fn stays(&self) -> bool {
        let row = self.rows[self.first];
        let stays = |_: u64| row.rate;
        let right = self.right(row.step);
        let mut rows = self.rows[self.first..].iter();
        let changes = rows.any(|row| !self.reading.same(right, self.right(row.step)));
        self.explains(self.first, &stays)
            && (changes || self.since(self.first, &stays) < self.first)
    }

    fn held(&'a self) -> Vec<Found<'a>> {
        let value = self.rows[self.first].rate;
        let model = move |_: u64| value;
        if !self.holds(self.first, &model) {
            return Vec::new();
        }
        let since = self.since(self.first, &model);
        // It may have been held from any of the rows on that have it already, or from between two rows.
        let from = self.between(since).0;
        let is_before = since < self.first;
        let to = self.step_of(self.first - usize::from(is_before));
        let there = (from..to).take(4096);
        let mut there = there.filter(|step| self.reading.same(self.right(*step), value));
        let (from, to) = match (is_before, there.next()) {
            (true, first) => (first.unwrap_or(from).min(to), to),
            (false, Some(first)) => (first, there.last().unwrap_or(first)),
            (false, None) => (from, to),
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
        let held = Found::new(mistake.with("value", value), model);
        let largest = (0..=256).map(|part| self.right(self.limit * part / 256));
        let largest = largest.chain([self.right(to)]).fold(0.0, f64::max);
        let mut found = vec![held];
        if self.reading.same(largest, value) && until.is_empty() {
            let words = format!("a schedule that stays at its peak, {value}");
            let mistake = Mistake::new(Kind::AnotherSchedule, words);
            found.insert(0, Found::new(mistake, model));
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
        let mistake = Mistake::new(Kind::AnotherSchedule, words);
        Some(Found::follows(mistake, schedule))
    }
}
