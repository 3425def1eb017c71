//! The schedule with another length.

use std::collections::BTreeSet;

use lr_schedule::{DynSchedule, Schedule};

use super::case::{Case, Found};
use super::mistake::{Kind, Mistake, at_step};
use super::vary::{self, name, told, with_lengths};

/// The number of lengths on either side of one that are tried.
const MOST_CLOSE: usize = 512;

/// The length for which a schedule gives the wrong rows best, of those for which it gives them at all.
fn length(
    case: &Case,
    now: u64,
    total: Option<u64>,
    build: impl Fn(u64) -> Option<DynSchedule>,
) -> Option<(u64, DynSchedule)> {
    let mut tried: BTreeSet<u64> = (1..=256).collect();
    tried.extend((2..=64).map(|times| now.saturating_mul(times)));
    tried.extend((2..=64).map(|part| now / part));
    // Between two lengths of which one is too long at a row and one too short.
    let longest = now.max(case.limit).saturating_mul(64).min(1 << 40);
    let grid = std::iter::successors(Some(1u64), |at| Some(at + (at / 32).max(1)));
    let grid = grid.take_while(|at| *at <= longest);
    let rows = [case.first, (case.first + case.last) / 2, case.last].map(|at| case.rows[at]);
    let misses = |length: u64| {
        let schedule = build(length)?;
        Some(rows.map(|row| schedule.at(row.step) - row.rate))
    };
    let grid: Vec<_> = grid.filter_map(|at| Some((at, misses(at)?))).collect();
    for (i, row) in rows.iter().enumerate() {
        for pair in grid.windows(2) {
            let (mut low, mut high) = (pair[0].0, pair[1].0);
            let last = pair[0].1[i];
            let sign = last * pair[1].1[i];
            if sign.is_nan() || sign > 0.0 {
                continue;
            }
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                match misses(middle).is_some_and(|misses| last * misses[i] > 0.0) {
                    true => low = middle,
                    false => high = middle,
                }
            }
            tried.extend(low.saturating_sub(1)..=high + 1);
            // Of digits that were cut, several lengths may give the row.
            let close = |length: &u64| {
                build(*length).is_some_and(|s| case.reading.same(s.at(row.step), row.rate))
            };
            if sign < 0.0 {
                tried.extend((1..=low).rev().take_while(close).take(MOST_CLOSE));
                tried.extend((high..).take_while(close).take(MOST_CLOSE));
            }
        }
    }
    let fits = tried
        .into_iter()
        .filter(|length| ![0, now].contains(length));
    let fits = fits.filter_map(|length| {
        let schedule = build(length)?;
        if !case.explains(case.first, &|step| schedule.at(step)) {
            return None;
        }
        let rows = case.rows[case.first..].iter();
        let missed: f64 = rows
            .map(|row| (schedule.at(row.step) - row.rate).abs())
            .sum();
        // So many times the steps of the run are likelier than a number near it.
        let odd = total
            .zip(told(&schedule))
            .is_none_or(|(total, new)| new % total.max(1) > 0);
        Some((odd, missed, length, schedule))
    });
    let best = fits.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
    Some((best.2, best.3))
}

/// The schedule with another length: of one part, or of all in proportion.
pub(super) fn lengths<'a>(case: &Case) -> Vec<Found<'a>> {
    let Some(spec) = case.spec() else {
        return Vec::new();
    };
    let all = vary::lengths(&spec);
    let mut tried: Vec<(Option<&str>, u64)> = Vec::new();
    for (path, steps) in all.iter().rev() {
        if !tried.iter().any(|(_, tried)| tried == steps) {
            tried.push((Some(path), *steps));
        }
    }
    let total = told(case.rates.schedule);
    tried.extend(total.filter(|_| all.len() > 1).map(|total| (None, total)));
    for (path, now) in tried.into_iter().filter(|(_, now)| *now > 0) {
        let build = |length: u64| {
            with_lengths(&spec, |steps| match path {
                Some(_) => (steps == now).then_some(length),
                None => Some((steps as f64 * length as f64 / now as f64).round() as u64),
            })
        };
        let Some((length, schedule)) = length(case, now, total, build) else {
            continue;
        };
        let resumed = !case.holds(0, &|step| schedule.at(step));
        // The first step after a resume may still have the rate that was saved.
        let (from, step) = case.between(case.first);
        let from = from.saturating_sub(1);
        let since = match resumed {
            true => format!(", from a resume {} on", at_step(from, step)),
            false => String::new(),
        };
        let is_warmup = path.is_some_and(|path| {
            let last = all.last().is_some_and(|(_, steps)| *steps == now);
            !last && (path.starts_with(".sequence.0.") || name(path) == "warmup")
        });
        // One that changes no length is no other total.
        let new_total = told(&schedule).filter(|new| Some(*new) != total);
        let (Some(total), Some(new_total), false) = (total, new_total, is_warmup) else {
            let name = path.map_or("length", name);
            let words = format!("another schedule: {name} is {length} rather than {now}{since}");
            let mistake = Mistake::new(Kind::AnotherSchedule, words);
            return vec![Found::follows(mistake, schedule)];
        };
        let words = format!("told {new_total} steps rather than {total}{since}");
        let mut mistake = Mistake::new(Kind::WrongTotal, words);
        mistake = mistake.with("told_total", new_total as f64);
        if resumed {
            mistake = mistake.between("resumed_at", from, step);
        }
        let mut all = vec![Found::follows(mistake, schedule.clone())];
        if new_total % total == 0 && new_total > total && !resumed {
            let times = new_total / total;
            let words = format!(
                "told {new_total} steps, {total} times {times}: those of {times} micro-batches per update"
            );
            let mistake = Mistake::new(Kind::Accumulation, words);
            let mistake = mistake.with("accumulation", times as f64);
            let mistake = mistake.with("told_total", new_total as f64);
            all.push(Found::new(mistake, move |step| schedule.at(step)));
        }
        return all;
    }
    Vec::new()
}
