//! The files that PyTorch's schedulers were saved in, against the rates that PyTorch used after them:
//! see `tests/pytorch/README.md`.

mod contents;
mod errors;
mod rates;
