//! Tests that cross crates and backends, in one program. Beside it stand two that need a process of their own:
//! `control` for its logger, `hostile` for its allocator, which measures.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../crates/lr-torch/tests/torch_file/mod.rs"]
mod torch_file;

mod averages;
mod averages_in_training;
mod backends;
mod burn;
mod checkpoint;
mod epoch_checkpoints;
mod finder;
mod from_burn;
#[cfg(target_os = "linux")]
mod full_disk;
mod groups;
mod hostile_torch;
mod notebook;
mod optimizers;
mod programs;
mod pytorch;
mod scheduled_optimizer;
mod supervised;
mod torch_averages;
mod versions;
