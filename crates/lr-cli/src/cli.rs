//! The command line.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::input::{Source, Text};
use crate::library::{self, Library};
use crate::run::RunLength;
use crate::steps::Steps;

const ABOUT: &str = "Plots, tabulates, compares, converts and checks learning-rate schedules";

const LONG_ABOUT: &str = "\
Plots, tabulates, compares, converts and checks learning-rate schedules.

A SPEC is a file of JSON, TOML or YAML, `-` for standard input, or a text that is given with -e. It has a
schedule in the form of this project, or is the config of a training program as it stands, which is
recognised by its shape:

    lr plot -e '{\"cosine\": {\"start\": 0.001, \"steps\": 1000}}'
    lr plot schedule.toml -o schedule.svg
    lr plot --from torch scheduler.json --base-lr 0.1
    lr plot training_args.yaml --samples 50000
    lr diff old.toml new.toml";

const AFTER: &str = "\
Exit codes:
  0  as it should be
  1  no: the schedules differ, or what was given makes no schedule
  2  the command line is wrong, or a file can't be read or written

Errors are one line on standard error, with the place in the input.";

#[derive(Parser)]
#[command(name = "lr", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER)]
#[command(propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Draw schedules over each other, in the terminal or as SVG or PNG
    #[command(after_help = AFTER)]
    Plot(Plot),
    /// Print the rates of some steps
    #[command(after_help = AFTER)]
    Table(Table),
    /// Find the first step at which two schedules differ, and by how much
    #[command(after_help = AFTER)]
    Diff(Diff),
    /// Print the schedule that another library's config stands for
    #[command(after_help = AFTER)]
    Convert(Convert),
    /// Say whether specs make schedules, and if not, what is wrong where
    #[command(after_help = AFTER)]
    Check(Check),
    /// Say whether a training followed its schedule, and if not, since which step and by what mistake
    #[command(after_help = AFTER)]
    Audit(Audit),
    /// Print the schedule that a training followed, as far as its log tells
    #[command(after_help = AFTER)]
    Fit(Fit),
    /// Say what is in a checkpoint, or in a file of torch.save: a scheduler's state, an optimizer's
    #[command(after_help = AFTER)]
    Inspect(Inspect),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The schedules that a command is about.
#[derive(Args)]
pub struct Sources {
    /// Files of JSON, TOML or YAML, or `-` for standard input
    #[arg(value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// A spec as text
    #[arg(short = 'e', long = "expression", value_name = "TEXT")]
    expressions: Vec<String>,
    /// The library or program whose config it is: once for all specs, or once for each. Default: the
    /// one whose shape it has. A file of parity cases says it itself
    #[arg(long, value_name = "LIBRARY", value_parser = library::parser())]
    from: Vec<Library>,
    /// The case of a file of parity cases, by its id: once for all specs, or once for each
    #[arg(long, value_name = "ID")]
    case: Vec<String>,
    /// The rate of the optimizer, for a config that has none and takes it from there
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    base_lr: Option<f64>,
    /// The place of the spec in the file, with dots between the names: `training.schedule`
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    #[command(flatten)]
    pub length: RunLength,
}

#[derive(Args)]
pub struct Plot {
    #[command(flatten)]
    pub sources: Sources,
    /// Write an SVG or a PNG, by the ending of its name; without it, draw in the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The line above the picture
    #[arg(long)]
    pub title: Option<String>,
    /// A training's log, whose rates are drawn over the specs
    #[arg(long, value_name = "LOG")]
    pub measured: Option<PathBuf>,
    /// The column of rates in that log. Default: the first that is named as one
    #[arg(long, value_name = "NAME", requires = "measured")]
    pub column: Option<String>,
    /// Names for the specs in it, in their order
    #[arg(long = "label", value_name = "NAME")]
    pub labels: Vec<String>,
    /// Steps to draw: `0..10000`, or `10000` for the first so many
    #[arg(long, value_name = "RANGE")]
    pub steps: Option<Steps>,
    /// A logarithmic axis for the rates
    #[arg(long)]
    pub log: bool,
    /// The x axis in epochs
    #[arg(long)]
    pub in_epochs: bool,
    /// Don't shade and name the phases
    #[arg(long)]
    pub no_phases: bool,
    /// Width and height: in pixels (720x360) of a file, in characters of a terminal
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Pixels of a PNG for each one of its size
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub scale: u32,
    /// Colours in the terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say as JSON what is drawn
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Table {
    #[command(flatten)]
    pub sources: Sources,
    /// Steps to print: `0..10000:500` is every 500th from 0 to 10000, that one included. Default: 20
    /// or so, over as many as the longest schedule takes
    #[arg(long, value_name = "RANGE")]
    pub steps: Option<Steps>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Diff {
    #[command(flatten)]
    pub sources: Sources,
    /// Steps to compare. Default: as many as the longer schedule takes
    #[arg(long, value_name = "RANGE")]
    pub steps: Option<Steps>,
    /// Difference that rates may have, as a share of the larger one
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub tolerance: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Convert {
    #[command(flatten)]
    pub sources: Sources,
    /// The format to print
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub to: Format,
    /// Print JSON, which is the default
    #[arg(long, conflicts_with = "to")]
    pub json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Toml,
}

#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    pub sources: Sources,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Audit {
    #[command(flatten)]
    pub log: LogFile,
    /// The schedule that it should have followed: a file, or a text that begins with `{`. Default: for a
    /// Trainer's log, that of the training_args.bin beside it, or else the shape that its rates have, over
    /// the steps that the log says the run has
    #[arg(long, value_name = "SPEC")]
    pub against: Option<String>,
    /// The library or program whose config that is. Default: the one whose shape it has
    #[arg(long, value_name = "LIBRARY", requires = "against", value_parser = library::parser())]
    pub from: Option<Library>,
    /// The case of a file of parity cases, by its id
    #[arg(long, value_name = "ID", requires = "against")]
    pub case: Option<String>,
    /// The rate of the optimizer, for a config that has none and takes it from there
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub base_lr: Option<f64>,
    /// The place of the spec in the file, with dots between the names
    #[arg(long, value_name = "NAME", requires = "against")]
    pub field: Option<String>,
    /// Difference from the right rate that is allowed, as a share of the largest. Default: as exact as the log
    /// has its numbers
    #[arg(long, value_name = "SHARE")]
    pub tolerance: Option<f64>,
    #[command(flatten)]
    pub length: RunLength,
}

#[derive(Args)]
pub struct Fit {
    #[command(flatten)]
    pub log: LogFile,
    /// The format to print the spec in
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "json",
        conflicts_with = "json"
    )]
    pub to: Format,
}

/// The log of a training.
#[derive(Args)]
pub struct LogFile {
    /// The log: CSV, JSON, JSON lines, printed dictionaries, event files of TensorBoard; or a directory of
    /// Trainer, Lightning, TensorBoard or burn-train
    #[arg(value_name = "LOG")]
    pub path: PathBuf,
    /// The column, tag or name of the rates. Default: the first that is named as a rate
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Inspect {
    /// The file, or a folder of transformers' Trainer or of Accelerate
    pub file: PathBuf,
    /// The place in the file, with dots between keys and indices: `optimizer_states.0`. Default: all of it
    #[arg(long, value_name = "KEY")]
    pub at: Option<String>,
    /// The file of the optimizer, where OneCycleLR and SWALR have their rates
    #[arg(long, value_name = "FILE")]
    pub optimizer: Option<PathBuf>,
    /// The class of the scheduler, where it can't be told from the file
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,
    /// The config of a scheduler that is made of a function, as transformers' are: a file of JSON, TOML
    /// or YAML. Either a training program's own, such as TrainingArguments, or
    /// {"scheduler": "cosine", "args": {"num_warmup_steps": 10, "num_training_steps": 100}}
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The library or program whose config that is. Default: the one whose shape it has
    #[arg(long, value_name = "LIBRARY", requires = "config", value_parser = library::parser())]
    pub from: Option<Library>,
    #[command(flatten)]
    pub length: RunLength,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Sources {
    /// All of them, in the order in which they were given.
    pub fn in_order(&self, options: &clap::ArgMatches) -> Result<Vec<Source>, Failure> {
        let places = |name: &str| options.indices_of(name).into_iter().flatten();
        let files = places("specs").zip(self.specs.iter().cloned().map(Text::File));
        let several = self.expressions.len() > 1;
        let texts = self.expressions.iter().cloned().enumerate();
        let texts = texts.map(|(i, text)| Text::Expression(text, several.then_some(i + 1)));
        let texts = places("expressions").zip(texts);
        let mut given: Vec<_> = files.chain(texts).collect();
        given.sort_by_key(|(place, _)| *place);

        let count = given.len();
        let from = each("--from", &self.from, count)?;
        let case = each("--case", &self.case, count)?;
        let run = match count {
            0 => None, // measured curves alone need none
            _ => self.length.run()?,
        };
        let sources = given.into_iter().zip(from).zip(case);
        let sources = sources.map(|(((_, text), from), case)| Source {
            text,
            from,
            case,
            field: self.field.clone(),
            facts: self.length.facts(self.base_lr),
            run,
        });
        Ok(sources.collect())
    }
}

/// An option for each of `count` specs, that was given once for all or once for each.
fn each<T: Clone>(name: &str, given: &[T], count: usize) -> Result<Vec<Option<T>>, Failure> {
    match given {
        [] => Ok(vec![None; count]),
        [one] => Ok(vec![Some(one.clone()); count]),
        many if many.len() == count => Ok(many.iter().cloned().map(Some).collect()),
        many => Err(Failure::usage(format!(
            "{name}: must be given once, or once for each of {count} specs, got it {} times",
            many.len()
        ))),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once(['x', 'X', '×']);
    let parsed = parsed.and_then(|(width, height)| {
        Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
    });
    parsed.ok_or_else(|| "must be a width and a height, such as 720x360".to_string())
}
