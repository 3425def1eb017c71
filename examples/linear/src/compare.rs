//! Every schedule on the same data, from the same start, over the same batches.

use std::ops::ControlFlow;
use std::path::Path;

use clap::ValueEnum;

use crate::Error;
use crate::cli::{Options, ScheduleName};
use crate::picture;
use crate::run::{Run, start_backend};
use crate::schedule::ScheduleChoice;

/// Trains with every schedule, prints which did best on the validation part, and draws them all at
/// `picture`.
pub fn compare(options: &Options, picture: &Path) -> Result<(), Error> {
    let backend = start_backend()?;
    let mut outcomes = vec![];
    let mut diverged = vec![];
    let mut runs = vec![];
    for &schedule in ScheduleName::value_variants() {
        let name = schedule.text();
        println!("{name}");
        let options = Options {
            schedule: ScheduleChoice::Named(schedule),
            ..options.clone()
        };
        let mut rows = vec![];
        let outcome = Run::new(&options, &backend)?.train(|_, row| {
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        });
        match outcome {
            Ok(outcome) => {
                runs.push((name.clone(), rows));
                outcomes.push((name, outcome));
            }
            Err(error @ Error::Diverged { .. }) => diverged.push((name, error)),
            Err(other) => return Err(other),
        }
    }
    outcomes.sort_by(|(_, a), (_, b)| a.valid_mse.total_cmp(&b.valid_mse));
    println!("rank  schedule             valid_mse   train_mse   last lr");
    for (rank, (name, outcome)) in (1..).zip(outcomes) {
        println!(
            "{rank:>4}  {name:<19}  {:.8}  {:.8}  {:.3e}",
            outcome.valid_mse, outcome.train_mse, outcome.lr
        );
    }
    for (name, error) in diverged {
        println!("   -  {name:<19}  {error}");
    }
    if !runs.is_empty() {
        picture::of_several(&runs, picture)?;
        println!("picture {}", picture.display());
    }
    Ok(())
}
