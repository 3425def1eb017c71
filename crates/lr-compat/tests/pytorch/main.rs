//! The files that PyTorch's schedulers were saved in, against the rates that PyTorch used after them:
//! see `README.md`.

mod errors;
mod pickles;
mod rates;
