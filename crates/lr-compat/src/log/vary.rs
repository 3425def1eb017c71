//! The schedule with one of its numbers another.

use lr_schedule::spec::Data;
use lr_schedule::{DynSchedule, Schedule, ScheduleExt, Spec};

use super::case::{At, Case, Found};
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

/// The numbers of a spec that are of a kind, with the names that lead to each.
fn leaves<T>(spec: &Spec, of: impl Fn(&str, &Data) -> Option<T>) -> Vec<(String, T)> {
    let mut leaves = Vec::new();
    visit(&mut spec.to_data(), "", &mut |path, value| {
        leaves.extend(of(name(path), value).map(|value| (path.to_string(), value)));
    });
    leaves
}

/// The length that a number of a spec is, if it is one.
fn length(name: &str, value: &Data) -> Option<u64> {
    match value {
        Data::Integer(steps) if !NO_LENGTHS.contains(&name) => u64::try_from(*steps).ok(),
        _ => None,
    }
}

/// The lengths in a spec, with the names that lead to each.
pub(super) fn lengths(spec: &Spec) -> Vec<(String, u64)> {
    leaves(spec, length)
}

/// The schedule of a spec with other lengths in place of some.
pub(super) fn with_lengths(spec: &Spec, new: impl Fn(u64) -> Option<u64>) -> Option<DynSchedule> {
    with(spec, |path, value| {
        let new = new(length(name(path), value)?)?;
        Some(Data::Integer(new.into()))
    })
}

/// The schedule of a spec with other values at some places.
fn with(spec: &Spec, new: impl Fn(&str, &Data) -> Option<Data>) -> Option<DynSchedule> {
    let mut data = spec.to_data();
    visit(&mut data, "", &mut |path, value| {
        if let Some(new) = new(path, value) {
            *value = new;
        }
    });
    Spec::from_data(data).ok()?.build().ok()
}

/// The steps that a schedule is told, its warm-up and all of its parts counted in; `None` where it has no end.
pub(super) fn told(schedule: &DynSchedule) -> Option<u64> {
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
                    [run @ .., last] if run.len() > 1 && last.at("constant").is_some() => run,
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
            ("restarts", _) => None,
            _ if inner.is_some() => of(inner?),
            _ => ["total_steps", "t_max", "steps"]
                .into_iter()
                .find_map(length),
        }
    }
    let data = schedule.description();
    data.and_then(|data| of(&data)).or(schedule.length())
}

/// The schedule as it would be for a run of `total` steps: its last part is as long as that leaves.
pub(super) fn retold(spec: &Spec, total: u64) -> Option<Spec> {
    let (last, steps) = lengths(spec).pop()?;
    let steps = (steps + total).checked_sub(told(&spec.build().ok()?)?)?;
    let new = with(spec, |path, _| {
        (path == last).then(|| Data::Integer(steps.into()))
    });
    new?.to_spec()
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

/// The schedule with another number, which is the same wherever that number stands in it.
pub(super) fn numbers<'a>(case: &Case) -> Option<Found<'a>> {
    let spec = case.spec()?;
    let rates = case.rows.iter().map(|row| case.right(row.step));
    let peak = rates.fold(0.0, f64::max);
    let mut tried = vec![0.0];
    let leaves = leaves(&spec, |_, value| match value {
        Data::Number(number) => Some(*number),
        _ => None,
    });
    for (path, now) in leaves {
        if tried.contains(&now) {
            continue;
        }
        tried.push(now);
        let Some((number, schedule)) = number(case, &spec, now) else {
            continue;
        };
        let name = name(&path);
        let is_base = RATES.contains(&name) && (case.reading.same(peak, now) || now >= peak);
        let since = match case.holds(0, &|step| schedule.at(step)) {
            true => String::new(),
            false => format!(", from step {} on", case.step_of(case.first)),
        };
        let changed = format!("is {number} rather than {now}{since}");
        let mistake = match is_base {
            true => {
                let words = format!("the base rate {changed}");
                Mistake::new(Kind::BaseRate, words).with("factor", number / now)
            }
            false => {
                let words = format!("another schedule: {name} {changed}");
                Mistake::new(Kind::AnotherSchedule, words)
            }
        };
        return Some(Found::follows(mistake, schedule));
    }
    None
}

/// The number for which the schedule gives the wrong rows, instead of one that it has.
fn number(case: &Case, spec: &Spec, now: f64) -> Option<(f64, DynSchedule)> {
    let build = |number: f64| {
        with(spec, |_, value| {
            (*value == Data::Number(now)).then_some(Data::Number(number))
        })
    };
    let wrong = |row: &&At| (case.right(row.step) - row.rate).abs();
    let rows = case.rows[case.first..=case.last].iter();
    let row = rows.max_by(|a, b| wrong(a).total_cmp(&wrong(b)))?;
    let miss = |number: f64| build(number).map_or(f64::NAN, |s| s.at(row.step) - row.rate);
    let fits = |number: f64| {
        build(number).filter(|schedule| case.explains(case.first, &|step| schedule.at(step)))
    };
    let grid = (-160..=160).map(|part| now * 1.06f64.powi(part));
    let grid: Vec<(f64, f64)> = grid.map(|number| (number, miss(number))).collect();
    grid.windows(2).find_map(|pair| {
        let ((mut low, missed), (mut high, next)) = (pair[0], pair[1]);
        let sign = missed * next;
        if sign.is_nan() || sign > 0.0 {
            return None;
        }
        for _ in 0..200 {
            let middle = low + (high - low) / 2.0;
            match missed * miss(middle) > 0.0 {
                true => low = middle,
                false => high = middle,
            }
        }
        let number = short(high, |short| fits(short).is_some());
        Some((number, fits(number)?))
    })
}
