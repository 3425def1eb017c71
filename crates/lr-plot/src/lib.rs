//! Pictures of learning-rate schedules and of measured curves, as SVG, as PNG, and in the terminal.
//!
//! ```
//! use lr_plot::Plot;
//! use lr_schedule::prelude::*;
//!
//! let schedule = Cosine::new(1e-3, 1e-5, 9_500).warmup(500);
//! let plot = Plot::new().title("Warm-up, then cosine").schedule("rate", &schedule);
//! std::fs::write(std::env::temp_dir().join("schedule.svg"), plot.to_svg()?)?;
//! print!("{}", plot.to_text(80, 20, false)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Plot`]: schedules and points over each other, with linear or logarithmic axes, in steps or
//!   epochs, with the [phases](phases()) of a schedule shaded and named;
//! - [`Figure`]: several of those below each other;
//! - [`phases()`]: the parts of a schedule.
//!
//! SVG and PNG are drawn by [plotters](https://plotters-rs.github.io/)' backends. The letters of a
//! PNG are DejaVu Sans, which comes with this crate (by way of the crate
//! [`dejavu`](https://docs.rs/dejavu), under the [free licence of the DejaVu
//! fonts](https://dejavu-fonts.github.io/License.html)): pictures are the same on a machine without
//! any font.

mod axis;
mod canvas;
mod error;
mod figure;
mod font;
mod names;
mod palette;
mod panel;
mod path;
mod phases;
mod picture;
mod plot;
mod terminal;
mod trace;

pub use error::PlotError;
pub use figure::Figure;
pub use lr_schedule::{Phase, PhaseKind};
pub use phases::phases;
pub use plot::Plot;
