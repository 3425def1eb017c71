//! The schedule with one of its numbers, or its length, another.

use lr_schedule::spec::Data;
use lr_schedule::{DynSchedule, Schedule, ScheduleExt, Spec};

use super::case::{Case, Found};
use super::mistake::{Kind, Mistake};

/// Counts that are no lengths.
const NO_LENGTHS: [&str; 6] = [
    "seed",
    "t_mult",
    "limit",
    "model_size",
    "reference",
    "batch",
];

/// A number of a spec: the names that lead to it, and its value.
struct Leaf {
    path: String,
    value: Data,
}

fn visit(data: &mut Data, path: &str, f: &mut dyn FnMut(&str, &mut Data)) {
    match data {
        Data::Table(entries) => {
            for (name, value) in entries {
                visit(value, &format!("{path}.{name}"), f);
            }
        }
        Data::List(values) => {
            for (i, value) in values.iter_mut().enumerate() {
                visit(value, &format!("{path}.{i}"), f);
            }
        }
        Data::Integer(_) | Data::Number(_) => f(path, data),
        _ => {}
    }
}

fn name(path: &str) -> &str {
    let mut names = path.rsplit('.');
    let named = names.find(|name| name.parse::<usize>().is_err());
    named.unwrap_or(path)
}

fn leaves(spec: &Spec, lengths: bool) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    visit(&mut spec.to_data(), "", &mut |path, value| {
        let is_length = matches!(value, Data::Integer(_)) && !NO_LENGTHS.contains(&name(path));
        if is_length == lengths {
            let (path, value) = (path.to_string(), value.clone());
            leaves.push(Leaf { path, value });
        }
    });
    leaves
}

/// The spec with other values at some places.
fn with(spec: &Spec, new: &dyn Fn(&str, &Data) -> Option<Data>) -> Option<(Spec, DynSchedule)> {
    let mut data = spec.to_data();
    visit(&mut data, "", &mut |path, value| {
        if let Some(new) = new(path, value) {
            *value = new;
        }
    });
    let spec = Spec::from_data(data).ok()?;
    let schedule = spec.build().ok()?;
    (!spec.recurs()).then_some((spec, schedule))
}

/// The steps that a schedule is told, its warm-up and all of its parts counted in; `None` where it has no end.
pub(super) fn told(spec: &Spec) -> Option<u64> {
    fn of(data: &Data) -> Option<u64> {
        let Data::Table(entries) = data else {
            return None;
        };
        let [(name, fields)] = entries.as_slice() else {
            return None;
        };
        let length = |name: &str| match fields.at(name) {
            Some(Data::Integer(steps)) => u64::try_from(*steps).ok(),
            _ => None,
        };
        let sum = |names: [&str; 3]| {
            let mut lengths = names.into_iter().map(length);
            lengths.try_fold(0u64, |sum, length| sum.checked_add(length?))
        };
        let inner = fields.at("of");
        match (name.as_str(), fields) {
            ("sequence", Data::List(parts)) => {
                let mut parts = parts.iter().map(of);
                parts.try_fold(0u64, |sum, part| sum.checked_add(part?))
            }
            ("product" | "sum", Data::List(parts)) => parts.iter().filter_map(of).max(),
            ("take", _) => length("steps"),
            ("warmup" | "delay", _) => length("steps")?.checked_add(of(inner?)?),
            ("warmup_stable_decay", _) => sum(["warmup", "stable", "decay"]),
            ("tri_stage", _) => sum(["warmup", "hold", "decay"]),
            ("step" | "cyclic" | "warm_restarts" | "restarts", _) => None,
            _ if inner.is_some() => of(inner?),
            _ => ["total_steps", "t_max", "steps"]
                .into_iter()
                .find_map(length),
        }
    }
    of(&spec.to_data())
}

/// The schedule as it would be for a run of `total` steps: its last part is as long as that leaves.
pub(super) fn retold(spec: Spec, total: u64) -> Spec {
    let Some(now) = told(&spec).filter(|now| *now != total) else {
        return spec;
    };
    let last = leaves(&spec, true).pop();
    let last = last.and_then(|last| match last.value {
        Data::Integer(steps) => Some((last.path, steps + i128::from(total) - i128::from(now))),
        _ => None,
    });
    let new = last
        .filter(|(_, steps)| *steps > 0)
        .and_then(|(last, steps)| {
            with(&spec, &|path, _| {
                (path == last).then_some(Data::Integer(steps))
            })
        });
    new.map_or(spec, |(new, _)| new)
}

/// The number in fewer digits, where that says the same.
pub(super) fn short(number: f64, same: impl Fn(f64) -> bool) -> f64 {
    let shorter = (1..=12).map(|digits| format!("{number:.digits$e}").parse::<f64>());
    let shorter = shorter.flatten().find(|short| same(*short));
    shorter.unwrap_or(number)
}

/// The number in fewer digits, which are it but for this share of it.
pub(super) fn tidy(number: f64, share: f64) -> f64 {
    short(number, |short| (short / number - 1.0).abs() < share)
}

/// A way to build the schedule for a length.
type Build<'b> = &'b dyn Fn(u64) -> Option<(Spec, DynSchedule)>;

/// The length for which a schedule gives the wrong rows best, of those for which it gives them at all.
fn length(case: &Case, now: u64, build: Build) -> Option<(u64, Spec, DynSchedule)> {
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
        Some((missed.sum::<f64>(), length, spec, schedule))
    });
    let best = fits.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((best.1, best.2, best.3))
}

fn found<'a>(case: &Case, mistake: Mistake, schedule: DynSchedule) -> Found<'a> {
    let whole = case.holds(0, &|step| schedule.at(step));
    let from = if whole { 0 } else { case.first };
    Found::new(mistake, from, move |step| schedule.at(step))
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
        let Some((length, new, schedule)) = length(case, now, &build) else {
            continue;
        };
        let resumed = !case.holds(0, &|step| schedule.at(step));
        let step = case.rows[case.first].step;
        let since = match resumed {
            true => format!(", from a resume at step {} on", step.saturating_sub(1)),
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
            mistake = mistake.with("resumed_at", step.saturating_sub(1) as f64);
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

/// The schedule with another number, which is the same wherever that number stands in it.
pub(super) fn numbers<'a>(case: &Case) -> Vec<Found<'a>> {
    let Some(spec) = case.schedule.to_spec().filter(|spec| !spec.recurs()) else {
        return Vec::new();
    };
    let peak = case
        .rows
        .iter()
        .map(|row| case.right(row.step))
        .fold(0.0, f64::max);
    let mut tried: Vec<Data> = Vec::new();
    for leaf in leaves(&spec, false) {
        let Data::Number(now) = leaf.value else {
            continue;
        };
        if now == 0.0 || tried.contains(&leaf.value) {
            continue;
        }
        tried.push(leaf.value.clone());
        let build = |number: f64| {
            with(&spec, &|_, value| {
                (*value == leaf.value).then_some(Data::Number(number))
            })
        };
        let Some((number, new, schedule)) = number(case, now, &build) else {
            continue;
        };
        let is_base = case.reading.same(peak, now) || now >= peak;
        let since = match case.holds(0, &|step| schedule.at(step)) {
            true => String::new(),
            false => format!(", from step {} on", case.rows[case.first].step),
        };
        let words = match is_base {
            true => format!("the base rate is {number} rather than {now}{since}"),
            false => {
                let name = name(&leaf.path);
                format!("another schedule: {name} is {number} rather than {now}{since}")
            }
        };
        let mut mistake = match is_base {
            true => Mistake::new(Kind::BaseRate, words).with("factor", number / now),
            false => Mistake::new(Kind::AnotherSchedule, words),
        };
        mistake.spec = Some(new);
        return vec![found(case, mistake, schedule)];
    }
    Vec::new()
}

fn number(
    case: &Case,
    now: f64,
    build: &dyn Fn(f64) -> Option<(Spec, DynSchedule)>,
) -> Option<(f64, Spec, DynSchedule)> {
    let rows = case.rows[case.first..=case.last].iter();
    let wrong = |row: &super::case::At| (case.right(row.step) - row.rate).abs();
    let row = *rows.max_by(|a, b| wrong(a).total_cmp(&wrong(b)))?;
    let miss = |number: f64| build(number).map_or(f64::NAN, |(_, s)| s.at(row.step) - row.rate);
    let fits = |number: f64| {
        let (spec, schedule) = build(number)?;
        let model = |step| schedule.at(step);
        let fits = case.holds(case.first, &model) && case.lasts(&model);
        fits.then_some((spec, schedule))
    };
    let mut before: Option<(f64, f64)> = None;
    for part in -160..=160 {
        let high = now * 1.06f64.powi(part);
        let missed = miss(high);
        if let Some((low, last)) = before
            && last * missed <= 0.0
        {
            let (mut low, mut high) = (low, high);
            for _ in 0..200 {
                let middle = low + (high - low) / 2.0;
                match last * miss(middle) > 0.0 {
                    true => low = middle,
                    false => high = middle,
                }
            }
            let number = short(high, |short| fits(short).is_some());
            if let Some((spec, schedule)) = fits(number) {
                return Some((number, spec, schedule));
            }
        }
        before = Some((high, missed));
    }
    None
}
