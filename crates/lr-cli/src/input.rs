//! The schedules that a command is about.

use std::path::PathBuf;

use lr_compat::ecosystems::Facts;
use lr_schedule::curves::from_fn;
use lr_schedule::feedback::{DynFeedback, Feedback};
use lr_schedule::spec::{Data, TrainingLength};
use lr_schedule::{DynSchedule, Schedule, ScheduleExt, Spec};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::document::Document;
use crate::failure::Failure;
use crate::library::{self, Library};

pub enum Text {
    File(PathBuf),
    /// A text of the command line, and which of those it is, where there are several.
    Expression(String, Option<usize>),
}

/// A spec, as the command line gives it.
pub struct Source {
    pub text: Text,
    pub from: Option<Library>,
    pub case: Option<String>,
    pub field: Option<String>,
    pub facts: Facts,
    /// The run, where it is known how long that is.
    pub run: Option<TrainingLength>,
}

/// A file of parity cases: configs of a library, and the rates that it really gave.
#[derive(Deserialize)]
struct Table {
    library: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    scheduler: String,
    args: Data,
    base_lr: Option<f64>,
    #[serde(default)]
    lr: Vec<f64>,
    metrics: Option<Vec<Value>>,
}

/// A spec that has been read.
pub struct Input {
    /// Its name.
    pub label: String,
    /// Its origin, in errors.
    pub origin: String,
    /// The spec, with all lengths in steps where it is known how long the run is; or the name of a scheduler that is made of
    /// a function, which no file holds.
    spec: Result<Spec, String>,
    /// The rates that the file says it gave, where it has some.
    rates: Vec<f64>,
    /// The metrics that its rule observes, a value each step.
    metrics: Option<Vec<f64>>,
}

/// A schedule that can be drawn.
pub struct Curve {
    pub label: String,
    pub schedule: DynSchedule,
    /// A note for the reader.
    pub note: Option<String>,
    /// The number of steps that shows it: those that its file has rates of, or what it takes.
    pub span: Option<u64>,
}

impl Source {
    pub fn origin(&self) -> String {
        match &self.text {
            Text::File(path) if path.as_os_str() == "-" => "standard input".to_string(),
            Text::File(path) => path.display().to_string(),
            Text::Expression(_, None) => "-e".to_string(),
            Text::Expression(_, Some(which)) => format!("-e (the {})", ordinal(*which)),
        }
    }

    pub fn load(&self) -> Result<Input, Failure> {
        let document = match &self.text {
            Text::File(path) => Document::read(path)?,
            Text::Expression(text, _) => Document::expression(text, self.origin()),
        };
        match document.cases() {
            Some(table) => self.case(&document.origin, table),
            None => self.single(&document),
        }
    }

    fn single(&self, document: &Document) -> Result<Input, Failure> {
        if let Some(id) = &self.case {
            let problem = format!("--case {id}: the file has no cases");
            return Err(Failure::input(&document.origin, problem));
        }
        let mut data = document.data()?;
        let mut origin = document.origin.clone();
        if let Some(field) = &self.field {
            let inside = data.at(field).cloned();
            data = inside.ok_or_else(|| {
                Failure::input(&origin, format!("{field}: is not there, or no table"))
            })?;
            origin = format!("{origin}: {field}");
        }
        let spec = self.spec(self.from, data, &self.facts, &origin)?;
        let label = match &self.text {
            Text::File(path) if path.as_os_str() != "-" => {
                let stem = path.file_stem().unwrap_or(path.as_os_str());
                stem.to_string_lossy().into_owned()
            }
            _ => spec.name().to_string(),
        };
        Ok(Input {
            label,
            origin,
            spec: Ok(spec),
            rates: Vec::new(),
            metrics: None,
        })
    }

    fn case(&self, origin: &str, table: Map<String, Value>) -> Result<Input, Failure> {
        let wrong = |problem: String| Failure::input(origin, problem);
        let Table { library, cases } =
            serde_json::from_value(table.into()).map_err(|error| wrong(error.to_string()))?;
        let known = self.from.or_else(|| library::named(&library));
        let library =
            known.ok_or_else(|| wrong(format!("library: {library:?} is none that is known")))?;
        let Some(id) = &self.case else {
            let ids: Vec<_> = cases.iter().map(|case| case.id.as_str()).collect();
            let (count, ids) = (ids.len(), ids.join(", "));
            let problem = format!("{origin}: has {count} cases; choose one with --case: {ids}");
            return Err(Failure::usage(problem));
        };
        let case = cases.into_iter().find(|case| case.id == *id);
        let case = case.ok_or_else(|| wrong(format!("there is no case {id}")))?;

        let origin = format!("{origin}: {id}");
        let is_function = matches!(case.scheduler.as_str(), "LambdaLR" | "MultiplicativeLR");
        let (mut spec, mut metrics) = (Err(case.scheduler.clone()), None);
        if !is_function || case.lr.is_empty() {
            let config = Data::Table(vec![
                ("scheduler".to_string(), Data::Text(case.scheduler)),
                ("args".to_string(), case.args),
            ]);
            let facts = Facts {
                base_lr: self.facts.base_lr.or(case.base_lr),
                ..self.facts.clone()
            };
            spec = Ok(self.spec(Some(library), config, &facts, &origin)?);
            if let Some(values) = case.metrics {
                metrics = values.iter().map(metric).collect::<Option<Vec<_>>>();
                let wrong = || Failure::input(&origin, "metrics: must be numbers");
                metrics.as_ref().ok_or_else(wrong)?;
            }
        }
        Ok(Input {
            label: case.id,
            origin,
            spec,
            rates: case.lr,
            metrics,
        })
    }

    /// The spec of a config, for the run.
    fn spec(
        &self,
        from: Option<Library>,
        config: Data,
        facts: &Facts,
        origin: &str,
    ) -> Result<Spec, Failure> {
        let wrong = |error| Failure::schedule(origin, &error);
        let spec = library::spec(from, config, facts).map_err(wrong)?;
        let Some(run) = &self.run else {
            return Ok(spec);
        };
        if facts.batch_size.is_none() && needs_batch(&spec.to_data()) {
            let problem = "batch_scale.batch: is the run's, so give --batch-size (and --epochs, not \
                           --total-steps)";
            return Err(Failure::input(origin, problem));
        }
        spec.resolve(run).map_err(wrong)
    }
}

fn ordinal(which: usize) -> String {
    let ending = match (which % 10, which % 100 / 10) {
        (1, tens) if tens != 1 => "st",
        (2, tens) if tens != 1 => "nd",
        (3, tens) if tens != 1 => "rd",
        _ => "th",
    };
    format!("{which}{ending}")
}

/// A metric as Python's JSON has it: `null` for what is no number.
fn metric(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    }
}

/// Whether a batch size in a spec is that of the run.
fn needs_batch(spec: &Data) -> bool {
    match spec {
        Data::Table(entries) => entries.iter().any(|(name, value)| {
            (name == "batch" && *value == Data::Text("run".to_string())) || needs_batch(value)
        }),
        Data::List(values) => values.iter().any(needs_batch),
        _ => false,
    }
}

impl Input {
    pub fn spec(&self) -> Result<&Spec, Failure> {
        self.spec.as_ref().map_err(|scheduler| {
            let problem = format!("{scheduler}: takes a function, which a spec can't hold");
            Failure::input(&self.origin, problem)
        })
    }

    /// The curve to draw.
    pub fn curve(&self) -> Result<Curve, Failure> {
        let steps = (!self.rates.is_empty()).then_some(self.rates.len() as u64);
        let wrong = |error| Failure::schedule(&self.origin, &error);
        let (schedule, note) = match &self.spec {
            Ok(spec @ Spec::Feedback { .. }) => {
                let (schedule, rule) = spec.build_feedback().map_err(wrong)?;
                let name = rule.name();
                match &self.metrics {
                    Some(metrics) => {
                        let steps = steps.unwrap_or(metrics.len() as u64);
                        let rates = observed(&schedule, rule, metrics, steps);
                        let note = format!("{name} hears the file's metrics");
                        (recorded(rates), Some(note))
                    }
                    None => {
                        let note =
                            format!("{name} hears a metric; this is the schedule underneath it");
                        (schedule, Some(note))
                    }
                }
            }
            Ok(spec) => (spec.build().map_err(wrong)?, None),
            Err(scheduler) => {
                let note = format!(
                    "{scheduler} takes a function, which no file holds; these are the rates that \
                     the file says it gave"
                );
                (recorded(self.rates.clone()), Some(note))
            }
        };
        let span = steps.or_else(|| schedule.span());
        Ok(Curve {
            label: self.label.clone(),
            span: span.filter(|span| *span > 0),
            schedule,
            note: note.map(|note| format!("{}: {note}", self.label)),
        })
    }
}

/// A schedule of rates that a file holds, and then the last of them.
fn recorded(rates: Vec<f64>) -> DynSchedule {
    let steps = rates.len() as u64;
    let rate = move |step: u64| {
        *rates
            .get(step as usize)
            .or(rates.last())
            .unwrap_or(&f64::NAN)
    };
    from_fn(rate).take(steps).into_dyn()
}

/// The rates of a schedule under a rule that observes a metric after each step.
fn observed(
    schedule: &DynSchedule,
    mut rule: DynFeedback,
    metrics: &[f64],
    steps: u64,
) -> Vec<f64> {
    let mut metrics = metrics.iter();
    let rates = (0..steps).map(|step| {
        let scheduled = schedule.at(step);
        let rate = rule.rate(scheduled);
        if let Some(metric) = metrics.next() {
            rule.observe(*metric, scheduled);
        }
        rate
    });
    rates.collect()
}
