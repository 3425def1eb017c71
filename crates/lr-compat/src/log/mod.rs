//! Logs of trainings: the learning rates in them, whether they are those of a schedule, and if not, the
//! mistake that gives them.
//!
//! ```
//! use lr_compat::log::{Log, audit};
//! use lr_compat::transformers;
//!
//! # let directory = std::env::temp_dir().join(format!("lr-log-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! let path = directory.join("log.csv");
//! // A run of 40 steps that was resumed at step 20, without the scheduler's state.
//! let rates = (0..40u64).map(|step| format!("{step},{}\n", 0.1 - 0.0025 * (step % 20) as f64));
//! std::fs::write(&path, "step,lr\n".to_string() + &rates.collect::<String>())?;
//!
//! let config = r#"{"scheduler": "linear", "args": {"num_warmup_steps": 0, "num_training_steps": 40}}"#;
//! let schedule = transformers::parse(config, 0.1)?.build()?;
//! let audit = audit(&Log::open(&path, None)?, &schedule, None)?;
//! assert_eq!(audit.first.unwrap().step, 20);
//! assert_eq!(audit.mistakes[0].kind.name(), "restarted");
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A log is read as a stream, several times where it needs be: its length costs time and no memory.

mod align;
mod burn;
mod case;
mod cycles;
mod diagnosis;
mod events;
mod fit;
mod lengths;
mod mistake;
mod names;
mod number;
mod objects;
mod offsets;
mod open;
mod points;
mod ramps;
mod report;
mod row;
mod rows;
mod shapes;
mod table;
mod twice;
mod vary;

pub use fit::{Fit, fit, points};
pub use mistake::{Kind, Mistake};
pub use open::{Format, Log};
pub use report::{Audit, Difference, audit};
pub use row::{LogError, Row};
