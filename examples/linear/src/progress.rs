//! The output of a run on the terminal, or in a log.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// The figures at the end of an epoch.
pub struct Epoch {
    /// The number of epochs that are done.
    pub done: u64,
    /// The rate of the last step.
    pub lr: f64,
    /// The error on all training patients.
    pub train_mse: f64,
    /// The error on all validation patients.
    pub valid_mse: f64,
}

/// A bar on a terminal, and elsewhere ten lines.
pub enum Progress {
    /// A bar on a terminal.
    Bar(ProgressBar),
    /// Anywhere else.
    Lines {
        /// Epochs in all.
        epochs: u64,
    },
}

impl Progress {
    /// Creates the output of a run of `epochs` epochs.
    pub fn new(epochs: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { epochs };
        }
        let style = "epoch {pos}/{len} {bar:30} {msg} [{elapsed}]";
        let style = ProgressStyle::with_template(style).expect("the template is right");
        Self::Bar(ProgressBar::new(epochs).with_style(style))
    }

    /// Shows how it stands.
    pub fn show(&self, epoch: &Epoch) {
        let &Epoch {
            done,
            lr,
            train_mse,
            valid_mse,
        } = epoch;
        let figures = format!("lr {lr:.3e} train_mse {train_mse:.5} valid_mse {valid_mse:.5}");
        match self {
            Self::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(figures);
            }
            Self::Lines { epochs } => {
                if done == 1 || done == *epochs || done % (epochs / 10).max(1) == 0 {
                    println!("epoch {done}/{epochs} {figures}");
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.abandon(); // where it stands, which need not be the end
        }
    }
}
