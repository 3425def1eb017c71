//! The schedule with one of its numbers another.

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

/// Names of numbers that a schedule begins with, or that its peak is.
const RATES: [&str; 8] = [
    "start", "end", "rate", "max", "base", "peak", "max_lr", "values",
];

/// A number of a spec: the names that lead to it, and its value.
pub(super) struct Leaf {
    pub path: String,
    pub value: Data,
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

pub(super) fn name(path: &str) -> &str {
    let mut names = path.rsplit('.');
    let named = names.find(|name| name.parse::<usize>().is_err());
    named.unwrap_or(path)
}

pub(super) fn leaves(spec: &Spec, lengths: bool) -> Vec<Leaf> {
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
pub(super) fn with(
    spec: &Spec,
    new: &dyn Fn(&str, &Data) -> Option<Data>,
) -> Option<(Spec, DynSchedule)> {
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
                // After two parts or more, a rate that stays is what comes after the run.
                let parts = match parts.as_slice() {
                    [run @ .., Data::Table(last)]
                        if run.len() > 1
                            && last.first().is_some_and(|(name, _)| name == "constant") =>
                    {
                        run
                    }
                    parts => parts,
                };
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

pub(super) fn found<'a>(case: &Case, mistake: Mistake, schedule: DynSchedule) -> Found<'a> {
    let whole = case.holds(0, &|step| schedule.at(step));
    let from = if whole { 0 } else { case.first };
    Found::new(mistake, from, move |step| schedule.at(step))
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
        let is_rate = RATES.contains(&name(&leaf.path));
        let is_base = is_rate && (case.reading.same(peak, now) || now >= peak);
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
