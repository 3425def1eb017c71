//! How long the run is.

use lr_schedule::spec::{Data, TrainingLength};

use crate::cli::RunLength;
use crate::failure::Failure;

impl RunLength {
    /// The run, where the options say how long it is.
    pub fn run(&self) -> Result<Option<TrainingLength>, Failure> {
        let wrong = |error: lr_schedule::ScheduleError| Failure::usage(error.to_string());
        if let Some(steps) = self.total_steps {
            return TrainingLength::of_steps(steps).map(Some).map_err(wrong);
        }
        let run = match (
            self.epochs,
            self.samples,
            self.steps_per_epoch,
            self.batch_size,
        ) {
            (None, ..) => return Ok(None),
            (Some(epochs), Some(samples), _, Some(batch)) => {
                TrainingLength::new(samples, batch, epochs)
            }
            (Some(epochs), _, Some(steps), batch) => {
                // So many full batches that each makes a step, or several do.
                let batch = batch.unwrap_or(1);
                let batches = steps.checked_mul(self.accumulation.unwrap_or(1));
                let samples = batches.and_then(|batches| batches.checked_mul(batch));
                let too_many = || Failure::usage("--steps-per-epoch: is too large");
                TrainingLength::new(samples.ok_or_else(too_many)?, batch, epochs)
            }
            (Some(_), ..) => {
                let needed = "--epochs: needs --steps-per-epoch, or --samples and --batch-size";
                return Err(Failure::usage(needed));
            }
        };
        let run = run.and_then(|run| run.with_accumulation(self.accumulation.unwrap_or(1)));
        let run = run.and_then(|run| run.with_drop_last(self.drop_last));
        run.map(Some).map_err(wrong)
    }

    /// Whether it is known how many samples a step has.
    pub fn has_batch(&self) -> bool {
        self.batch_size.is_some()
    }

    /// The steps of an epoch, where the options say so.
    pub fn epoch(&self) -> Result<Option<u64>, Failure> {
        if let Some(steps) = self.steps_per_epoch {
            return Ok(Some(steps));
        }
        match (self.samples, self.batch_size, self.epochs) {
            (Some(samples), Some(batch), None) => {
                let wrong = |error: lr_schedule::ScheduleError| Failure::usage(error.to_string());
                let run = TrainingLength::new(samples, batch, 1);
                let run = run.and_then(|run| run.with_accumulation(self.accumulation.unwrap_or(1)));
                let run = run.and_then(|run| run.with_drop_last(self.drop_last));
                Ok(Some(run.map_err(wrong)?.steps_per_epoch()))
            }
            (Some(_), Some(_), Some(_)) => Ok(self.run()?.map(|run| run.steps_per_epoch())),
            _ => Ok(None),
        }
    }
}

/// Whether a batch size in a spec is that of the run.
pub fn needs_batch(spec: &Data) -> bool {
    match spec {
        Data::Table(entries) => entries.iter().any(|(name, value)| {
            (name == "batch" && *value == Data::Text("run".to_string())) || needs_batch(value)
        }),
        Data::List(values) => values.iter().any(needs_batch),
        _ => false,
    }
}
