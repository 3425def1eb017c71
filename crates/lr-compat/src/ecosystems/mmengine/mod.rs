//! MMEngine: `param_scheduler` of a config in YAML or JSON, and the trainings of OpenMMLab that have one.
//!
//! - Schedulers of a list change the rate that is there: by a factor, or what it has above `eta_min`. Only
//!   `CosineRestartLR`, `OneCycleLR` and MMDetection's `QuadraticWarmupLR` set it.
//! - A scheduler acts from `begin` on and before `end`, counted in epochs (`by_epoch`, the default) or iterations.
//!   Without `end` that is the run's. Its own count begins with `begin`, and what it has come to stays.
//! - `LinearLR`, `PolyLR` and `ConstantLR` are at their end at `end - 1`, not at `end`; `CosineAnnealingLR` has
//!   `end - begin` for `T_max`, and past that it climbs towards the optimizer's rate.
//! - `convert_to_iter_based` multiplies all lengths by the steps of an epoch. In an iteration-based loop no epoch ends
//!   before the run.
//! - With `auto_scale_lr` the rate grows with the batch of all processes, which is by default of one.
//! - Where a curve by iterations and another scheduler act at the same steps, the rate is a recurrence.
//! - Schedulers of the momentum (`...Momentum`) are left out.
//!
//! From MMEngine 0.10.7: `optim/scheduler/param_scheduler.py`, `runner/runner.py`.

mod kind;

use lr_schedule::spec::{Data, Link};
use lr_schedule::{DynSchedule, Schedule, ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts, class, scaled};
use super::targets::default_rate;
use crate::args::{Args, buildable, one_or_list};
use crate::build::{constant, feedback, per_epoch, scale, sequence, skip, steps, then};
use crate::torch::rule::plateau;
use kind::Kind;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["mmengine", "openmmlab"],
    recognises: |data| {
        let wrapper = matches!(data.at("optim_wrapper"), Some(Data::Table(_)));
        data.at("param_scheduler").is_some() || wrapper && data.at("train_cfg").is_some()
    },
    read,
};

/// MMEngine's own number for no end.
const NO_END: u64 = 1_000_000_000;

/// The numbers of a run that its schedulers need.
struct Run<'a> {
    base: f64,
    max_epochs: Option<u64>,
    max_iters: Option<u64>,
    facts: &'a Facts,
}

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let all = &mut Args::new("", data).of_many(|_| false);
    let wrapper = &mut all.inside("optim_wrapper").of_many(|_| false);
    let optimizer = &mut wrapper.inside("optimizer").of_many(|_| false);
    let rate = optimizer.maybe_number("lr").or(facts.base_lr);
    let optimizer_class = optimizer.text("type").unwrap_or_default();
    let rate = rate.or(default_rate(&optimizer_class));
    let loader = &mut all.inside("train_dataloader").of_many(|_| false);
    let scaling = &mut all.inside("auto_scale_lr").of_many(|_| false);
    let facts = &Facts {
        batch_size: loader.maybe_count("batch_size").or(facts.batch_size),
        ..facts.clone()
    };
    let ratio = match scaling.flag("enable", false) {
        true => {
            const PLACE: &str = "auto_scale_lr.enable";
            let batch = Facts::needed(facts.batch_size, "batch_size", PLACE)?;
            let of = scaling.steps("base_batch_size", None);
            batch as f64 * facts.processes.unwrap_or(1).max(1) as f64 / of as f64
        }
        false => 1.0,
    };
    scaling.finish(loader.finish(())?)?;
    let train = &mut all.inside("train_cfg").of_many(|_| false);
    let run = Run {
        max_epochs: train.maybe_count("max_epochs"),
        max_iters: train.maybe_count("max_iters"),
        base: facts.rate(rate, "optim_wrapper.optimizer.lr")? * ratio,
        facts,
    };
    let given = all.read("param_scheduler", |data| one_or_list(data, Ok));
    optimizer.finish(wrapper.finish(train.finish(all.finish(())?)?)?)?;
    let given = given.unwrap_or_default();
    let single = given.len() == 1;
    let mut parts = Vec::new();
    for (i, data) in given.into_iter().enumerate() {
        let place = match single {
            true => "param_scheduler".to_string(),
            false => format!("param_scheduler[{i}]"),
        };
        let args = &mut Args::new(&place, data);
        let name = args.text("type");
        let name = name.ok_or_else(|| ScheduleError::missing(format!("{place}.type")))?;
        let name = class(&name);
        if name.ends_with("Momentum") {
            continue;
        }
        if name == "ReduceOnPlateauLR" {
            if single {
                return on_plateau(args, &place, run.base);
            }
            let why = "observes a metric, and can't be one of several here";
            return Err(ScheduleError::unsupported(place, why));
        }
        parts.push(Part::read(name, args, &place, &run)?);
    }
    let by_steps = recurrence(&parts, run.base)?;
    let spec = together(parts, run.base).or_else(|error| by_steps.ok_or(error))?;
    buildable("param_scheduler", spec)
}

/// One scheduler of the list, its lengths in its own steps.
struct Part {
    place: String,
    /// The iterations of one of its steps.
    every: u64,
    begin: u64,
    end: u64,
    kind: Kind,
}

impl Part {
    fn read(name: &str, args: &mut Args, place: &str, run: &Run) -> Result<Self, ScheduleError> {
        if args.integer("last_step", -1) != -1 {
            args.refuse("last_step", "must be that of a beginning, -1");
        }
        args.flag("verbose", false);
        let by_epoch = args.flag("by_epoch", true);
        let convert = args.flag("convert_to_iter_based", false);
        let (valid, allowed) = (by_epoch || !convert, "false without by_epoch");
        args.check(valid, "convert_to_iter_based", "true", allowed);
        let iterations = run.max_iters.is_some();
        let default_end = match (by_epoch, iterations) {
            (true, true) => Some(1),
            (true, false) => run.max_epochs.or(run.facts.epochs),
            (false, _) => run.max_iters.or_else(|| {
                let of_epochs = || run.max_epochs?.checked_mul(run.facts.steps_per_epoch?);
                of_epochs().or(run.facts.total_steps)
            }),
        };
        let begin = args.count("begin", 0);
        let end = args.maybe_count("end").or(default_end).unwrap_or(NO_END);
        args.check(end > begin, "end", end, "above `begin`");
        let epoch = match (by_epoch, iterations && !convert) {
            (true, false) => run.facts.epoch(place)?,
            // The epoch of an iteration-based loop is the run.
            (true, true) => run.max_iters.unwrap_or(1).max(1),
            (false, _) => 1,
        };
        // With `convert`, the lengths are in epochs, and a step is an iteration.
        let (scale, every) = if convert { (epoch, 1) } else { (1, epoch) };
        let length = |count: u64| match count {
            NO_END => NO_END,
            count => count.saturating_mul(scale),
        };
        let (begin, end) = (length(begin), length(end));
        let own = end.saturating_sub(begin).max(1);
        let kind = Kind::read(name, args, own, scale, run.base)?;
        args.finish(Self {
            place: place.to_string(),
            every,
            begin: begin.saturating_mul(every),
            end: end.saturating_mul(every),
            kind,
        })
    }

    /// The factor that it is at each step of the run, if it is one.
    fn factor(&self) -> Result<Option<Spec>, ScheduleError> {
        let Kind::Factor(curve) = &self.kind else {
            return Ok(None);
        };
        let held = self.held(curve.clone())?;
        Ok(Some(then(self.begin, constant(1.0), held)))
    }

    /// Its curve, which has a step for each of its own, in iterations, and the last of these for ever.
    fn held(&self, curve: Spec) -> Result<Spec, ScheduleError> {
        let own = ((self.end - self.begin) / self.every).max(1);
        let last = curve.build().map_err(|error| error.inside(&self.place))?;
        let by_iterations = |of: Spec| match self.every {
            1 => of,
            every => per_epoch(every, of),
        };
        let until = (self.end - self.begin).max(1);
        Ok(match last.length() {
            // It is at its end there in any case.
            Some(length) if length < own => by_iterations(curve),
            _ => then(until, by_iterations(curve), constant(last.at(own - 1))),
        })
    }
}

/// The schedulers of a list, over the optimizer's rate.
fn together(mut parts: Vec<Part>, base: f64) -> Result<Spec, ScheduleError> {
    // Beside another scheduler only a factor has a formula.
    let beside = parts.iter().map(|part| {
        let meets = |other: &&Part| other.begin < part.end && part.begin < other.end;
        parts.iter().filter(meets).count() > 1
    });
    let beside: Vec<bool> = beside.collect();
    for (part, beside) in parts.iter_mut().zip(beside) {
        if let (true, Kind::From(_, factor, _)) = (beside, &mut part.kind)
            && let Some(factor) = factor.take()
        {
            part.kind = Kind::Factor(factor);
        }
    }
    parts.sort_by_key(|part| part.begin);
    // All factors at once, over the rate that the others give between them.
    let (mut factors, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        match part.factor()? {
            Some(factor) => factors.push((part.end, factor.build()?, factor)),
            None => others.push(part),
        }
    }
    // From a step on, a rate times the factors that may still change, which do so from 1.
    let since = |from: u64, rate: f64| {
        let later = factors.iter().filter(|(end, ..)| *end > from);
        let later = later.map(|(_, built, factor)| match from {
            0 => factor.clone(),
            _ => scale(1.0 / built.at(from - 1), skip(from, factor.clone())),
        });
        scaled(rate, later.collect())
    };
    let mut before = Vec::new();
    let (mut rest, mut from) = (since(0, base), 0);
    for part in others {
        let Kind::From(curve, ..) = &part.kind else {
            continue;
        };
        let (begin, end) = (part.begin, part.end);
        let steady = |(until, built, _): &(u64, DynSchedule, Spec)| {
            *until <= begin || built.at(begin) == built.at(end - 1)
        };
        if begin < from || !factors.iter().all(steady) {
            let why = "changes the rate while another scheduler does, in a way that isn't a factor: a \
                       rate that has no formula";
            return Err(ScheduleError::unsupported(part.place, why));
        }
        let rate = |spec: &Spec, step| {
            let built = spec.build().map_err(|error| error.inside(&part.place))?;
            Ok::<f64, ScheduleError>(built.at(step))
        };
        let spec = part.held(curve(rate(&rest, begin - from)?))?;
        let reached = rate(&spec, end - begin)?;
        before.extend([(begin - from, rest), (end - begin, spec)]);
        (rest, from) = (since(end, reached), end);
    }
    // One without an end leaves nothing after it.
    if from >= NO_END
        && let Some((_, last)) = before.pop()
    {
        rest = last;
    }
    Ok(sequence(before, rest))
}

/// The schedulers of a list, by the change that each makes at every step; `None` where one has none of a form.
fn recurrence(parts: &[Part], base: f64) -> Result<Option<Spec>, ScheduleError> {
    let multiply = |of: Spec| Link::Multiply { of: Box::new(of) };
    let stays = || multiply(constant(1.0));
    let after = |count: u64, first: Link, start: Option<f64>, next: Link| match count {
        0 => next,
        count => Link::Then {
            first: Box::new(first),
            steps: steps(count),
            start,
            next: Box::new(next),
        },
    };
    // One that sets the rate may change what another one takes for the optimizer's.
    let sets = |part: &Part| matches!(part.kind, Kind::From(_, _, Some(Link::Set { .. })));
    let is_curve = |part: &&Part| matches!(part.kind, Kind::From(..));
    if parts.iter().filter(is_curve).count() > 1 && parts.iter().any(sets) {
        return Ok(None);
    }
    let (mut start, mut links) = (base, Vec::new());
    for part in parts.iter().filter(|part| part.begin == 0) {
        match &part.kind {
            Kind::Factor(curve) => start *= curve.build()?.at(0),
            Kind::From(_, _, Some(Link::Set { of })) => start = of.build()?.at(0),
            Kind::From(..) => {}
        }
    }
    // Those by epoch come after those by iteration.
    let (epochs, iterations): (Vec<&Part>, Vec<&Part>) =
        parts.iter().partition(|part| part.every > 1);
    for part in iterations.into_iter().chain(epochs) {
        links.push(match (part.factor()?, &part.kind) {
            (Some(factor), _) => multiply(factor),
            (None, Kind::From(_, _, Some(way))) if part.every == 1 => {
                let first = match way {
                    Link::Set { of } => Some(of.build()?.at(0)),
                    _ => None,
                };
                let held = after(part.end - part.begin, way.clone(), None, stays());
                after(part.begin, stays(), first, held)
            }
            _ => return Ok(None),
        });
    }
    Ok(Some(Spec::Recurrence { start, links }))
}

/// The rule that hears a metric, which is a schedule's only one.
fn on_plateau(args: &mut Args, place: &str, base: f64) -> Result<Spec, ScheduleError> {
    args.pass_over(&[
        "monitor",
        "verbose",
        "by_epoch",
        "begin",
        "end",
        "last_step",
    ]);
    let rules = [("less", "min"), ("greater", "max")];
    let rule = args.choice("rule", "min", &rules);
    let Data::Table(mut given) = args.rest() else {
        return Err(ScheduleError::missing(place));
    };
    given.push(("mode".to_string(), Data::Text(rule.to_string())));
    args.finish(())?;
    let names = [
        ("threshold_rule", "threshold_mode"),
        ("min_value", "min_lr"),
    ];
    let rule = plateau(place, Data::Table(given), &names)?;
    Ok(feedback(rule, constant(base)))
}
