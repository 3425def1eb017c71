//! The schedule with another length.

use lr_schedule::spec::Data;
use lr_schedule::{DynSchedule, Schedule, ScheduleExt, Spec};

use super::case::{Case, Found};
use super::mistake::{Kind, Mistake, at_step};
use super::vary::{Leaf, found, leaves, name, told, with};

/// So many lengths on either side of one are tried.
const MOST_CLOSE: usize = 512;

/// A way to build the schedule for a length.
type Build<'b> = &'b dyn Fn(u64) -> Option<(Spec, DynSchedule)>;

/// The length for which a schedule gives the wrong rows best, of those for which it gives them at all.
fn length(
    case: &Case,
    now: u64,
    total: Option<u64>,
    build: Build,
) -> Option<(u64, Spec, DynSchedule)> {
    let mut tried: Vec<u64> = (1..=256).collect();
    tried.extend((2..=64).map(|times| now.saturating_mul(times)));
    tried.extend((2..=64).map(|part| now / part));
    // Between two lengths of which one is too long at a row and one too short.
    let longest = now.max(case.limit).saturating_mul(64).min(1 << 40);
    let rows = [case.first, (case.first + case.last) / 2, case.last].map(|at| case.rows[at]);
    let miss = |length: u64| {
        let schedule = build(length).map(|(_, schedule)| schedule);
        rows.map(|row| {
            schedule
                .as_ref()
                .map_or(f64::NAN, |s| s.at(row.step) - row.rate)
        })
    };
    let mut before: Option<(u64, [f64; 3])> = None;
    let mut at = 1u64;
    while at <= longest {
        let missed = miss(at);
        for (i, row) in rows.iter().enumerate() {
            let Some((mut low, last)) = before.map(|(at, missed)| (at, missed[i])) else {
                continue;
            };
            let sign = last * missed[i];
            if sign.is_nan() || sign > 0.0 {
                continue;
            }
            let mut high = at;
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                let rate = build(middle).map_or(f64::NAN, |(_, s)| s.at(row.step) - row.rate);
                match last * rate > 0.0 {
                    true => low = middle,
                    false => high = middle,
                }
            }
            tried.extend(low.saturating_sub(1).max(1)..=high + 1);
            // Of digits that were cut, several lengths may give the row.
            let close = |length: &u64| {
                build(*length).is_some_and(|(_, s)| case.reading.same(s.at(row.step), row.rate))
            };
            if sign < 0.0 {
                tried.extend((1..=low).rev().take_while(close).take(MOST_CLOSE));
                tried.extend((high..).take_while(close).take(MOST_CLOSE));
            }
        }
        before = Some((at, missed));
        at += (at / 32).max(1);
    }
    tried.sort_unstable();
    tried.dedup();
    let fits = tried
        .into_iter()
        .filter(|length| *length != now && *length > 0);
    let fits = fits.filter_map(|length| {
        let (spec, schedule) = build(length)?;
        let model = |step| schedule.at(step);
        if !(case.holds(case.first, &model) && case.lasts(&model)) {
            return None;
        }
        let missed = case.rows[case.first..]
            .iter()
            .map(|row| (model(row.step) - row.rate).abs());
        // So many times the steps of the run are likelier than a number near it.
        let odd = total
            .zip(told(&spec))
            .is_none_or(|(total, new)| new % total.max(1) > 0);
        Some((odd, missed.sum::<f64>(), length, spec, schedule))
    });
    let best = fits.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
    Some((best.2, best.3, best.4))
}

/// The schedule with another length: of one part, or of all in proportion.
pub(super) fn lengths<'a>(case: &Case) -> Vec<Found<'a>> {
    let Some(spec) = case.schedule.to_spec().filter(|spec| !spec.recurs()) else {
        return Vec::new();
    };
    let all = leaves(&spec, true);
    let total = told(&spec);
    let mut tried: Vec<(Option<&Leaf>, u64)> = Vec::new();
    for leaf in all.iter().rev() {
        let Data::Integer(value) = leaf.value else {
            continue;
        };
        if !tried.iter().any(|(_, tried)| i128::from(*tried) == value) {
            tried.extend(u64::try_from(value).ok().map(|value| (Some(leaf), value)));
        }
    }
    tried.extend(total.filter(|_| all.len() > 1).map(|total| (None, total)));
    for (leaf, now) in tried {
        if now == 0 {
            continue;
        }
        let build = |length: u64| {
            with(&spec, &|_, value| match (leaf, value) {
                (Some(leaf), _) => (*value == leaf.value).then_some(Data::Integer(length.into())),
                (None, Data::Integer(steps)) => {
                    let scaled = *steps as f64 * length as f64 / now as f64;
                    Some(Data::Integer(scaled.round() as i128))
                }
                _ => None,
            })
        };
        let Some((length, new, schedule)) = length(case, now, total, &build) else {
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
        let is_warmup = leaf.is_some_and(|leaf| {
            let last = all.last().is_some_and(|last| last.value == leaf.value);
            !last && (leaf.path.starts_with(".sequence.0.") || name(&leaf.path) == "warmup")
        });
        let (Some(total), Some(new_total), false) = (total, told(&new), is_warmup) else {
            let name = leaf.map_or("length", |leaf| name(&leaf.path));
            let words = format!("another schedule: {name} is {length} rather than {now}{since}");
            let mut mistake = Mistake::new(Kind::AnotherSchedule, words);
            mistake.spec = Some(new);
            return vec![found(case, mistake, schedule)];
        };
        let words = format!("told {new_total} steps rather than {total}{since}");
        let mut mistake = Mistake::new(Kind::WrongTotal, words);
        mistake = mistake.with("told_total", new_total as f64);
        if resumed {
            mistake = mistake.between("resumed_at", from, step);
        }
        mistake.spec = Some(new.clone());
        let mut all = vec![found(case, mistake, schedule)];
        if new_total % total == 0 && new_total > total && !resumed {
            let times = new_total / total;
            let words = format!(
                "told {new_total} steps, {total} times {times}: those of {times} micro-batches per update"
            );
            let mistake = Mistake::new(Kind::Accumulation, words);
            let mistake = mistake.with("accumulation", times as f64);
            let mistake = mistake.with("told_total", new_total as f64);
            let schedule = build(length).map(|(_, schedule)| schedule);
            all.extend(schedule.map(|schedule| found(case, mistake, schedule)));
        }
        return all;
    }
    Vec::new()
}
