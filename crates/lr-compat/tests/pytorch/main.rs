//! The files that PyTorch's schedulers were saved in, against the rates that PyTorch used after them:
//! see `README.md`.

#[path = "../torch_file/mod.rs"]
mod torch_file;

mod contents;
mod errors;
mod rates;
