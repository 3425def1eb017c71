//! A search for the learning rate to train with.

use burn::optim::AdamConfig;
use shared::find_lr;

use crate::Error;
use crate::cli::FindLr;
use crate::run::{Start, start_backend};

/// Prints what a range test over the training data suggests, and draws it.
pub fn find_lr(options: &FindLr) -> Result<(), Error> {
    let backend = start_backend();
    if backend.devices() > 1 {
        return Err(Error::SeveralDevices(backend.name));
    }
    let Start { model, train, .. } = Start::new(&options.data, &backend);
    let finder = options.finder.build()?;
    let found = finder.run(&model, &AdamConfig::new().init(), &train)?;
    let title = "Range test of the digits with adam";
    find_lr::report(title, &found, &options.finder.picture)?;
    Ok(())
}
