use lr_schedule::Spec;

use super::fit::fit;
use super::open::{Format, Log};
use super::row::LogError;
use super::vary::retold;

impl Log {
    /// The schedule of a `Trainer`'s run, from its log alone: the shape that the rates have, over as many steps as
    /// `trainer_state.json` says that the run has. `None` where the rates have no shape that is known, as after
    /// most mistakes, and for other logs.
    ///
    /// # Errors
    ///
    /// A log that can't be read.
    pub fn trainer_schedule(&self) -> Result<Option<Spec>, LogError> {
        if self.format() != Format::Trainer {
            return Ok(None);
        }
        let spec = fit(self)?.spec;
        let total = self.max_steps()?;
        Ok(spec.map(|spec| match total {
            Some(total) => retold(spec, total),
            None => spec,
        }))
    }
}
