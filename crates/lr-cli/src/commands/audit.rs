use std::fmt::Write as _;
use std::path::PathBuf;

use lr_compat::log::{Audit, Difference, Format, Log, Mistake, audit};
use lr_schedule::{DynSchedule, Spec};
use lr_torch::{TorchError, TorchFile, TrainingArguments};
use serde_json::{Value, json};

use crate::cli;
use crate::failure::Failure;
use crate::input::{Source, Text};
use crate::output;

pub fn run(options: &cli::Audit) -> Result<bool, Failure> {
    if options
        .tolerance
        .is_some_and(|share| !(share >= 0.0 && share.is_finite()))
    {
        return Err(Failure::usage("--tolerance: must be at least 0"));
    }
    let log = Log::open(&options.log.path, options.log.column.as_deref())?;
    let (against, schedule) = schedule(options, &log)?;
    let audit = audit(&log, &schedule, options.tolerance)?;
    match options.log.json {
        true => output::json(&json_of(options, &against, &audit))?,
        false => output::print(&output::printable(&text(&against, &audit)))?,
    }
    Ok(audit.first.is_none())
}

/// The schedule that the log is compared with, and its name.
fn schedule(options: &cli::Audit, log: &Log) -> Result<(String, DynSchedule), Failure> {
    let Some(against) = &options.against else {
        return of_trainer(options, log);
    };
    let text = match against.trim_start().starts_with('{') {
        true => Text::Expression(against.clone(), None),
        false => Text::File(PathBuf::from(against)),
    };
    let source = Source {
        text,
        from: options.from,
        case: options.case.clone(),
        field: options.field.clone(),
        facts: options.length.facts(options.base_lr),
        run: options.length.run()?,
    };
    let curve = super::curves(&[source])?.remove(0);
    Ok((curve.label, curve.schedule))
}

/// The schedule of a Trainer's run, which needs no config: that of the arguments that are saved beside its log,
/// or else the shape of its rates.
fn of_trainer(options: &cli::Audit, log: &Log) -> Result<(String, DynSchedule), Failure> {
    let mut origin = options.log.path.display().to_string();
    let arguments = log.files()[0].with_file_name("training_args.bin");
    let (label, spec) = if log.format() == Format::Trainer && arguments.is_file() {
        origin = arguments.display().to_string();
        let wrong = |error: TorchError| Failure::input(&origin, error);
        let file = TorchFile::open(&arguments).map_err(wrong)?;
        let arguments = TrainingArguments::read(&file.root()).map_err(wrong)?;
        let base = options.base_lr.or(arguments.number("learning_rate"));
        let unknown = || Failure::input(&origin, "has no learning_rate: give --base-lr");
        let spec = arguments.schedule(base.ok_or_else(unknown)?, log.max_steps()?);
        let wrong = |error| Failure::input(&origin, format!("{error}: give --against SPEC"));
        (origin.clone(), spec.map_err(wrong)?)
    } else if let Some(spec) = log.trainer_schedule()? {
        let text = serde_json::to_string(&spec).unwrap_or_default();
        (format!("the shape of its rates, {text}"), spec)
    } else {
        let problem = "says not which schedule it should have followed: give --against SPEC";
        return Err(Failure::usage(format!("{origin}: {problem}")));
    };
    let built = spec.build();
    let built = built.map_err(|error| Failure::schedule(&origin, &error))?;
    Ok((label, built))
}

fn text(against: &str, audit: &Audit) -> String {
    let (from, to) = audit.steps;
    let every = match audit.every {
        1 => String::new(),
        every => format!(", every {every} steps"),
    };
    let (rows, format) = (audit.rows, audit.format.name());
    let counted = u8::from(audit.counted_from_1);
    let has = match audit.after_step {
        true => {
            "the rate of the step after their own: logged after the scheduler's step, or one step ahead"
        }
        false => "the rate of their own step",
    };
    let mut text = format!(
        "{rows} rates of the steps {from} to {to}{every} ({format})\n\
         rows are counted from {counted}, and have {has}\n"
    );
    let tolerance = &audit.tolerance;
    let (Some(first), Some(largest)) = (audit.first, audit.largest) else {
        let _ = writeln!(text, "right: all are those of {against}, to {tolerance}");
        return text;
    };
    let _ = writeln!(text, "wrong: not those of {against}");
    for (which, found) in [("first", first), ("most", largest)] {
        let (step, rate, right) = (found.step, found.rate, found.right);
        let by = rate - right;
        let _ = writeln!(
            text,
            "{which} at step {step}: {rate} rather than {right}, by {by:e}"
        );
    }
    let _ = writeln!(text, "at {} of {rows} steps, to {tolerance}", audit.wrong);
    text += match audit.mistakes.len() {
        0 | 1 => "mistake:\n",
        _ => "mistakes that give these rates, which they can't tell apart:\n",
    };
    for mistake in &audit.mistakes {
        let _ = writeln!(text, "  {mistake}");
    }
    text
}

fn json_of(options: &cli::Audit, against: &str, audit: &Audit) -> Value {
    let difference = |found: Difference| {
        json!({
            "step": found.step,
            "row": found.row,
            "rate": found.rate,
            "right": found.right,
            "difference": found.rate - found.right,
        })
    };
    let mistake = |mistake: &Mistake| {
        let spec = mistake.spec.as_ref().map(Spec::to_data);
        let mut fields = json!({"kind": mistake.kind.name(), "words": mistake.words, "spec": spec});
        for (name, value) in &mistake.numbers {
            let whole = value.trunc() == *value && value.abs() < 9e15;
            fields[name] = match whole {
                true => json!(*value as i64),
                false => json!(value),
            };
        }
        fields
    };
    json!({
        "log": options.log.path.display().to_string(),
        "format": audit.format.name(),
        "against": against,
        "rows": audit.rows,
        "steps": {"start": audit.steps.0, "end": audit.steps.1, "every": audit.every},
        "row_n_is_step": if audit.counted_from_1 { "n - 1" } else { "n" },
        "row_has_the_rate_of": match audit.after_step {
            true => "the step after its own",
            false => "its own step",
        },
        "tolerance": audit.tolerance,
        "right": audit.first.is_none(),
        "first_wrong_step": audit.first.map(|first| first.step),
        "first": audit.first.map(difference),
        "largest": audit.largest.map(difference),
        "wrong": audit.wrong,
        "kind": audit.mistakes.first().map_or("right", |mistake| mistake.kind.name()),
        "mistakes": audit.mistakes.iter().map(mistake).collect::<Vec<_>>(),
    })
}
