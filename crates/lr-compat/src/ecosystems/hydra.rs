//! Hydra: a scheduler with its `_target_`, anywhere in the file, over the `lr` of the optimizer's.
//!
//! - Schedulers of PyTorch, transformers and timm are known. The parts of a `SequentialLR` or a `ChainedScheduler`
//!   are written in the same way.
//! - Interpolations such as `${a.b}` are put in; see `interpolation.rs`.
//! - Hydra doesn't say when the scheduler is stepped. Beside an `interval` of `step` or `epoch` it is that, as in
//!   Lightning, or so many as its `frequency` says; else once an epoch where the steps of one are given, and once a step where they aren't.
//!
//! From Hydra 1.3: `hydra/_internal/instantiate/_instantiate2.py`.

use super::ecosystem::Ecosystem;
use super::targets::Form;

const FORM: Form = Form {
    class: "_target_",
    args: None,
    others: &[
        "_target_",
        "_partial_",
        "_recursive_",
        "_convert_",
        "_args_",
        "optimizer",
    ],
    by_epoch: false,
};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["hydra"],
    recognises: |data| FORM.has_scheduler(data),
    read: |data, facts| FORM.read(data, facts),
};
