//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use shared::find_lr::FinderArgs;

use crate::schedule::ScheduleChoice;

/// Linear regression on the diabetes data with a scheduled learning rate.
///
/// Without a command, trains. The backend is chosen by a cargo feature (`--features wgpu`), or
/// by the variable BURN_DEVICE among those that are compiled in.
///
/// SIGINT (Ctrl-C) and SIGTERM end a run after the step under way, with a checkpoint of it, and code 130
/// or 143; a second one ends it at once.
#[derive(Parser, Debug)]
#[command(name = "linear", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: TrainArgs,
}

impl Cli {
    /// The command, `train` where none was given.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Train(self.train))
    }
}

/// A command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train from the beginning.
    Train(TrainArgs),
    /// Finish a run that was stopped.
    Resume {
        /// Its directory.
        run_dir: PathBuf,
    },
    /// Train with every schedule, and print which did best.
    Compare {
        /// How; of these, `--schedule` and `--checkpoint-every` have no meaning here.
        #[command(flatten)]
        options: Options,
        /// The picture of all rates and losses.
        #[arg(long, default_value = "runs/compare.svg")]
        picture: PathBuf,
    },
    /// Look for a learning rate: train some steps at growing ones, and watch the loss.
    FindLr {
        /// The options of a run; of these, only `--optimizer`, `--batch-size` and `--seed` have a meaning here.
        #[command(flatten)]
        options: Options,
        /// The finder.
        #[command(flatten)]
        finder: FinderArgs,
    },
    /// Let other processes train on this machine's devices, with BURN_DEVICE=ws://ADDRESS:PORT.
    #[cfg(feature = "remote-server")]
    Serve(shared::serve::ServeArgs),
}

/// The options of a run and its directory.
#[derive(Args, Debug)]
pub struct TrainArgs {
    /// The options.
    #[command(flatten)]
    pub options: Options,
    /// Directory of the run: its checkpoint, and rate and loss of every step.
    #[arg(long, default_value = "runs/linear")]
    pub out: PathBuf,
    /// Finish the run in `--out` where there is one, which must have the same options; begin it otherwise. So a job
    /// that is stopped and started again is one line.
    #[arg(long)]
    pub resume_or_start: bool,
}

/// The options of a training; stored with it.
#[derive(Args, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The schedule of the learning rate.
    #[arg(
        long,
        value_name = "NAME|FILE|TEXT",
        default_value = "warmup-cosine",
        value_parser = ScheduleChoice::parse,
        help = format!(
            "How the learning rate moves: by name, or any schedule as a file (JSON, TOML, YAML) or a text, \
             such as '{}', or another program's config, as `lr convert` takes it but for detectron2's `_BASE_` [by name: {}]",
            r#"{"warmup": {"steps": "5%", "of": {"cosine": {"start": 0.02, "steps": "rest"}}}}"#,
            ScheduleName::all()
        )
    )]
    pub schedule: ScheduleChoice,
    /// The optimizer.
    #[arg(long, value_enum, default_value_t = OptimizerName::Adam)]
    pub optimizer: OptimizerName,
    /// Peak learning rate of a schedule by name [default: 0.02, for sgd 0.01]; the optimizer's rate for a config
    /// that has none.
    #[arg(long, allow_negative_numbers = true, value_parser = learning_rate)]
    pub lr: Option<f64>,
    /// Passes over the training data.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub epochs: u64,
    /// Patients per step.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=442))]
    pub batch_size: u64,
    /// The number that the split and the order of the patients are derived from.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Steps between two checkpoints.
    #[arg(long, value_name = "STEPS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_every: u64,
}

impl Options {
    /// The peak learning rate.
    pub fn peak(&self) -> f64 {
        self.lr.unwrap_or(match self.optimizer {
            OptimizerName::Sgd => 0.01,
            OptimizerName::Adam | OptimizerName::Adamw => 0.02,
        })
    }
}

/// Reads a rate as it must be: finite and above 0.
fn learning_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a learning rate is a finite number above 0".to_string()),
    }
}

/// The schedules, by the names of the command line.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ScheduleName {
    Constant,
    MultiStep,
    Cosine,
    WarmupCosine,
    WarmRestarts,
    Plateau,
    OneCycle,
    WarmupStableDecay,
}

impl ScheduleName {
    /// All of them, as a text.
    pub fn all() -> String {
        let names: Vec<String> = Self::value_variants()
            .iter()
            .map(|name| name.text())
            .collect();
        names.join(", ")
    }

    /// The name on the command line.
    pub fn text(self) -> String {
        let value = self.to_possible_value().expect("no name is skipped");
        value.get_name().to_string()
    }
}

/// The optimizers, likewise.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum OptimizerName {
    Sgd,
    Adam,
    Adamw,
}

impl OptimizerName {
    /// The name on the command line.
    pub fn text(self) -> String {
        let value = self.to_possible_value().expect("no name is skipped");
        value.get_name().to_string()
    }
}
