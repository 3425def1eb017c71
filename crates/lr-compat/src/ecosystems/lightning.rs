//! Lightning's CLI: `optimizer` and `lr_scheduler` with their `class_path` and `init_args`, in the file of a
//! `LightningCLI` or under one of its commands.
//!
//! - A scheduler is stepped once an epoch (`LightningCLI.configure_optimizers` gives no interval, and the default is
//!   `epoch`), so that its lengths are epochs.
//! - `ReduceLROnPlateau` has a `monitor` too.
//!
//! From Lightning 2.6: `pytorch/cli.py`, `pytorch/core/optimizer.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::{Ecosystem, Facts};
use super::interpolation::resolved;
use super::targets::Form;
use crate::build::per_epoch;

const FORM: Form = Form {
    class: "class_path",
    args: Some("init_args"),
    others: &["monitor", "optimizer"],
};

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["lightning", "lightning_cli"],
    recognises: |data| FORM.has_scheduler(data),
    read,
};

fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    let found = FORM.scheduler(&resolved(data), facts)?;
    match found.spec {
        spec @ Spec::Feedback { .. } => Ok(spec),
        spec => {
            let epoch = facts.epoch(&found.place)?;
            Ok(per_epoch(epoch.saturating_mul(found.frequency), spec))
        }
    }
}
