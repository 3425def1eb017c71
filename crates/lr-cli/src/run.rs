//! The length of the run.

use clap::Args;
use lr_compat::ecosystems::Facts;
use lr_schedule::spec::TrainingLength;

use crate::failure::Failure;

/// The length of the run, for lengths that are shares of it or epochs, and for configs that leave it out.
#[derive(Args)]
#[command(next_help_heading = "Length of the run")]
pub struct RunLength {
    /// Number of optimizer steps
    #[arg(long, value_name = "N")]
    pub total_steps: Option<u64>,
    /// Number of epochs
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,
    /// Number of optimizer steps in an epoch
    #[arg(long, value_name = "N")]
    pub steps_per_epoch: Option<u64>,
    /// Number of samples in an epoch
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,
    /// Number of samples in a batch
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u64>,
    /// Number of batches that make a step
    #[arg(long, value_name = "N")]
    pub accumulation: Option<u64>,
    /// Leave out the last batch of an epoch where it isn't full
    #[arg(long, requires = "samples")]
    pub drop_last: bool,
    /// Number of batches in an epoch, for a config that counts in those
    #[arg(long, value_name = "N")]
    pub batches_per_epoch: Option<u64>,
    /// Number of processes that share a config's epoch
    #[arg(long, value_name = "N")]
    pub processes: Option<u64>,
    /// Number of samples in a step on all processes, for a config that counts in those
    #[arg(long, value_name = "N")]
    pub samples_per_step: Option<u64>,
    /// Number of tokens in a step on all processes, for a config that counts in those
    #[arg(long, value_name = "N")]
    pub tokens_per_step: Option<u64>,
    /// The group of parameters of a config with several rates: `bias`
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
}

impl RunLength {
    /// The facts that a config may leave out.
    pub fn facts(&self, base_lr: Option<f64>) -> Facts {
        Facts {
            base_lr,
            total_steps: self.total_steps,
            epochs: self.epochs,
            steps_per_epoch: self.steps_per_epoch,
            batches_per_epoch: self.batches_per_epoch,
            samples: self.samples,
            batch_size: self.batch_size,
            accumulation: self.accumulation,
            drop_last: self.drop_last,
            processes: self.processes,
            samples_per_step: self.samples_per_step,
            tokens_per_step: self.tokens_per_step,
            group: self.group.clone(),
        }
    }

    /// The run, where the options say how long it is.
    pub fn run(&self) -> Result<Option<TrainingLength>, Failure> {
        let of_epochs = self.epochs.map(|epochs| self.of(epochs, "--epochs"));
        match (of_epochs.transpose(), self.total_steps) {
            (Ok(Some(run)), Some(steps)) if run.steps() != steps => Err(Failure::usage(format!(
                "--total-steps: is {steps}, and the epochs have {}",
                run.steps()
            ))),
            (Ok(None) | Err(_), Some(steps)) => TrainingLength::of_steps(steps)
                .map(Some)
                .map_err(Failure::usage),
            (run, _) => run,
        }
    }

    /// A run of so many epochs, which an option asks for.
    fn of(&self, epochs: u64, option: &str) -> Result<TrainingLength, Failure> {
        let run = match (self.samples, self.batch_size, self.steps_per_epoch) {
            (Some(samples), Some(batch), _) => TrainingLength::new(samples, batch, epochs),
            (_, batch, Some(steps)) => {
                // So many full batches that each makes a step, or several do.
                let batch = batch.unwrap_or(1);
                let batches = steps.checked_mul(self.accumulation.unwrap_or(1));
                let samples = batches.and_then(|batches| batches.checked_mul(batch));
                let too_many = || Failure::usage("--steps-per-epoch: is too large");
                TrainingLength::new(samples.ok_or_else(too_many)?, batch, epochs)
            }
            _ => {
                let needed = "needs --steps-per-epoch, or --samples and --batch-size";
                return Err(Failure::usage(format!("{option}: {needed}")));
            }
        };
        let run = run.and_then(|run| run.with_accumulation(self.accumulation.unwrap_or(1)));
        let run = run.and_then(|run| run.with_drop_last(self.drop_last));
        run.map_err(Failure::usage)
    }

    /// The steps of an epoch, for an axis in epochs.
    pub fn epoch(&self) -> Result<u64, Failure> {
        match self.steps_per_epoch {
            Some(steps) => Ok(steps),
            None => Ok(self.of(1, "--in-epochs")?.steps_per_epoch()),
        }
    }
}
