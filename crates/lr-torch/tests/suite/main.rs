//! The files that PyTorch's schedulers were saved in, against the rates that PyTorch used after them: see
//! `tests/pytorch/README.md`. Beside it is `hostile`, which needs a process of its own for its allocator,
//! which measures.

#[path = "../torch_file/mod.rs"]
mod torch_file;

mod ages;
mod contents;
mod errors;
mod rates;
mod saved;
