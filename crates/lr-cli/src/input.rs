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
    content: Content,
    /// How many steps the file has rates of, where it has some.
    steps: Option<u64>,
}

enum Content {
    Spec {
        /// With all lengths in steps where it is known how long the run is.
        spec: Spec,
        /// The metrics that its rule observes, a value each step.
        metrics: Option<Vec<f64>>,
    },
    /// The rates of a scheduler that is made of a function, which no file holds.
    Recorded { scheduler: String, rates: Vec<f64> },
}

/// A schedule that can be drawn.
pub struct Curve {
    pub label: String,
    pub schedule: DynSchedule,
    /// A note for the reader.
    pub note: Option<String>,
    steps: Option<u64>,
}

impl Curve {
    /// How many steps show it: those that its file has rates of, or what it takes.
    pub fn span(&self) -> Option<u64> {
        let span = self.steps.or_else(|| self.schedule.span());
        span.filter(|span| *span > 0)
    }
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
        let metrics = None;
        Ok(Input {
            label,
            origin,
            content: Content::Spec { spec, metrics },
            steps: None,
        })
    }

    fn case(&self, origin: &str, table: Map<String, Value>) -> Result<Input, Failure> {
        let wrong = |problem: String| Failure::input(origin, problem);
        let table: Table =
            serde_json::from_value(table.into()).map_err(|error| wrong(error.to_string()))?;
        let library = self.from.or_else(|| library::named(&table.library));
        let library = library.ok_or_else(|| {
            wrong(format!(
                "library: {:?} is none that is known",
                table.library
            ))
        })?;
        let Some(id) = &self.case else {
            let ids: Vec<_> = table.cases.iter().map(|case| case.id.as_str()).collect();
            let problem = format!(
                "has {} cases; choose one with --case: {}",
                ids.len(),
                ids.join(", ")
            );
            return Err(Failure::usage(format!("{origin}: {problem}")));
        };
        let case = table.cases.into_iter().find(|case| case.id == *id);
        let case = case.ok_or_else(|| wrong(format!("there is no case {id}")))?;

        let origin = format!("{origin}: {id}");
        let steps = (!case.lr.is_empty()).then_some(case.lr.len() as u64);
        let content = match case.scheduler.as_str() {
            "LambdaLR" | "MultiplicativeLR" if !case.lr.is_empty() => Content::Recorded {
                scheduler: case.scheduler,
                rates: case.lr,
            },
            _ => {
                let config = Data::Table(vec![
                    ("scheduler".to_string(), Data::Text(case.scheduler)),
                    ("args".to_string(), case.args),
                ]);
                let facts = Facts {
                    base_lr: self.facts.base_lr.or(case.base_lr),
                    ..self.facts.clone()
                };
                let spec = self.spec(Some(library), config, &facts, &origin)?;
                let metrics = case.metrics.map(|metrics| {
                    let metrics = metrics.iter().map(metric).collect::<Option<Vec<_>>>();
                    let wrong = || Failure::input(&origin, "metrics: must be numbers");
                    metrics.ok_or_else(wrong)
                });
                let metrics = metrics.transpose()?;
                Content::Spec { spec, metrics }
            }
        };
        Ok(Input {
            label: case.id,
            origin,
            content,
            steps,
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
        match &self.content {
            Content::Spec { spec, .. } => Ok(spec),
            Content::Recorded { scheduler, .. } => {
                let problem = format!("{scheduler}: takes a function, which a spec can't hold");
                Err(Failure::input(&self.origin, problem))
            }
        }
    }

    /// The curve to draw.
    pub fn curve(&self) -> Result<Curve, Failure> {
        let (schedule, note) = self.schedule()?;
        Ok(Curve {
            label: self.label.clone(),
            schedule,
            note: note.map(|note| format!("{}: {note}", self.label)),
            steps: self.steps,
        })
    }

    fn schedule(&self) -> Result<(DynSchedule, Option<String>), Failure> {
        let (spec, metrics) = match &self.content {
            Content::Spec { spec, metrics } => (spec, metrics),
            Content::Recorded { scheduler, rates } => {
                let note = format!(
                    "{scheduler} takes a function, which no file holds; these are the rates that \
                     the file says it gave"
                );
                return Ok((recorded(rates.clone()), Some(note)));
            }
        };
        let wrong = |error| Failure::schedule(&self.origin, &error);
        if !matches!(spec, Spec::Feedback { .. }) {
            return Ok((spec.build().map_err(wrong)?, None));
        }
        let (schedule, rule) = spec.build_feedback().map_err(wrong)?;
        let name = rule.name();
        match metrics {
            Some(metrics) => {
                let note = format!("{name} hears the file's metrics");
                let steps = self.steps.unwrap_or(metrics.len() as u64);
                let rates = observed(&schedule, rule, metrics, steps);
                Ok((recorded(rates), Some(note)))
            }
            None => {
                let note = format!("{name} hears a metric; this is the schedule underneath it");
                Ok((schedule, Some(note)))
            }
        }
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
