//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use shared::find_lr::FinderArgs;

/// Handwritten digits, trained with burn-train.
///
/// Without a command, trains. The backend is chosen by a cargo feature (`--features wgpu`), or by the variable BURN_DEVICE
/// among those that are compiled in.
///
/// SIGINT (Ctrl-C, but on the dashboard) and SIGTERM end a run after the step under way, with code 130 or 143, and it goes on
/// after its last epoch; a second one ends it at once.
#[derive(Parser, Debug)]
#[command(name = "digits", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// A command instead of training.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Go on with the run in `--out` after its last checkpoint, with the options that it began with.
    #[arg(long, conflicts_with_all = ["lr", "layer_decay", "patience", "average", "swa_from", "batch_size", "seed"])]
    pub resume: bool,
    /// Go on with the run in `--out` where there is one, which must have the same options; begin it otherwise. So a
    /// job that is stopped and started again is one line.
    #[arg(long, conflicts_with = "resume")]
    pub resume_or_start: bool,
    /// Directory of the run: checkpoints, logs, and the rates of every step.
    #[arg(long, default_value = "runs/digits")]
    pub out: PathBuf,
    /// Passes over the training data, in all [default: 20, or what the resumed run had].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub epochs: Option<u64>,
    #[command(flatten)]
    how: How,
}

impl Cli {
    /// The options of a new run.
    pub fn options(&self) -> Options {
        Options {
            epochs: self.epochs.unwrap_or(20),
            how: self.how.clone(),
        }
    }
}

/// A command instead of training.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Look for a learning rate: train some steps at growing ones, and watch the loss.
    FindLr(FindLr),
    /// Let other processes train on this machine's devices, with BURN_DEVICE=ws://ADDRESS:PORT, ws://ADDRESS:PORT/1
    /// for the second one, or several of them with commas in between.
    #[cfg(feature = "remote-server")]
    Serve(shared::serve::ServeArgs),
}

/// The options of a search for a rate.
#[derive(Args, Debug, Clone)]
pub struct FindLr {
    /// The data.
    #[command(flatten)]
    pub data: Data,
    /// The finder.
    #[command(flatten)]
    pub finder: FinderArgs,
}

/// The options of a training; stored with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Passes over the training data.
    pub epochs: u64,
    /// Everything else.
    #[serde(flatten)]
    pub how: How,
}

/// The options that a run can't change any more once it has begun.
#[derive(Args, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct How {
    /// Peak learning rate.
    #[arg(long, default_value_t = 0.01, allow_negative_numbers = true, value_parser = positive)]
    pub lr: f64,
    /// Each layer's rate, as a share of that of the layer after it.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = positive)]
    pub layer_decay: f64,
    /// Epochs without an improvement of the validation loss before the rate is halved.
    #[arg(long, default_value_t = 1)]
    pub patience: u64,
    /// Average of the weights to validate, `ema` from the first step on or `swa` of the epochs from `--swa-from` on.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    /// Epochs before the first sample of `--average swa` [default: 10].
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swa_from: Option<u64>,
    /// The number of devices, which makes the steps of an epoch.
    #[arg(skip = 1usize)]
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub devices: usize,
    /// The data.
    #[command(flatten)]
    #[serde(flatten)]
    pub data: Data,
}

fn one() -> usize {
    1
}

fn is_one(devices: &usize) -> bool {
    *devices == 1
}

/// An average of the weights.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Average {
    /// Exponential, with a decay that grows to 0.99.
    Ema,
    /// An average of equal weights.
    Swa,
}

/// The batches, and the first weights.
#[derive(Args, Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Digits per step.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_438))]
    pub batch_size: u64,
    /// The number that the first weights and the order of the digits are derived from.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
}

/// Reads a number as it must be: finite and above 0.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("it must be a finite number above 0".to_string()),
    }
}
