//! A search for the learning rate to train with.

use shared::find_lr::{self, FinderArgs};

use crate::Error;
use crate::cli::Options;
use crate::run::{Run, start_backend};

/// Prints what a range test over the training data suggests, and draws it.
pub fn find_lr(options: &Options, finder: &FinderArgs) -> Result<(), Error> {
    let backend = start_backend()?;
    let found = Run::new(options, &backend)?.find_lr(finder.build()?);
    let title = format!(
        "Range test of linear regression with {}",
        options.optimizer.text()
    );
    find_lr::report(&title, &found, &finder.picture)?;
    Ok(())
}
