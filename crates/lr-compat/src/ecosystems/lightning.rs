//! Lightning's CLI: `optimizer` and `lr_scheduler` with their `class_path` and `init_args`, in the file of a
//! `LightningCLI` or under one of its commands.
//!
//! - A scheduler is stepped once an epoch (`LightningCLI.configure_optimizers` gives no interval, and the default is
//!   `epoch`), so that its lengths are epochs; beside an `interval` or a `frequency` in the file, so as these say.
//! - `ReduceLROnPlateau` has a `monitor` too.
//!
//! From Lightning 2.6: `pytorch/cli.py`, `pytorch/core/optimizer.py`.

use super::ecosystem::Ecosystem;
use super::targets::Form;

const FORM: Form = Form {
    class: "class_path",
    args: Some("init_args"),
    others: &["monitor", "optimizer"],
    by_epoch: true,
};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["lightning", "lightning_cli"],
    recognises: |data| FORM.has_scheduler(data),
    read: |data, facts| FORM.read(data, facts),
};
