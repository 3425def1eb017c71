//! Keras, as it serializes: a schedule of `keras.optimizers.schedules`, an optimizer with one as its
//! `learning_rate` (or with a number), or the config of a compiled model.
//!
//! - The first step has number 0. (`Optimizer._get_current_learning_rate`, of `iterations`)
//! - Rates are of 32 bits there, and so a number such as 0.01 is written as 0.009999999776482582.
//!
//! From Keras 3.15: `saving/serialization_lib.py`, `optimizers/schedules/learning_rate_schedule.py`.

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

use super::ecosystem::Ecosystem;
use super::envelope::{is_one_of, taken};
use crate::args::{number, table};
use crate::build::constant;
use crate::keras;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    names: &["keras"],
    recognises: |data| {
        let is_class = data.at("class_name").is_some() && data.at("config").is_some();
        is_one_of(data, keras::SCHEDULERS)
            || is_class
            || PLACES.iter().any(|place| data.at(place).is_some())
    },
    read: |mut data, _| {
        taken(&mut data);
        match data.at("scheduler") {
            Some(_) => keras::from_data(data),
            None => read(&data),
        }
    },
};

/// Places of an optimizer in other things' configs.
const PLACES: [&str; 4] = [
    "compile_config.optimizer",
    "training_config.optimizer_config",
    "optimizer_config",
    "config.inner_optimizer",
];

fn read(data: &Data) -> Result<Spec, ScheduleError> {
    const RATE: &str = "config.learning_rate";
    let optimizer = |place: &&'static str| Some((*place, data.at(place)?));
    if let Some((place, optimizer)) = PLACES.iter().find_map(optimizer) {
        return read(optimizer).map_err(|error| error.inside(place));
    }
    let rate = match data.at(RATE) {
        None => return schedule(data),
        Some(rate @ Data::Table(_)) => schedule(rate),
        Some(rate) => number(rate.clone()).map(constant),
    };
    rate.map_err(|error| error.inside(RATE))
}

/// The schedule of `{"class_name": NAME, "config": {...}}`.
fn schedule(data: &Data) -> Result<Spec, ScheduleError> {
    let class = data.at("class_name");
    let class = class.ok_or_else(|| ScheduleError::missing("class_name"))?;
    let args = data.at("config").cloned().unwrap_or(Data::Nothing);
    keras::from_data(table([("scheduler", class.clone()), ("args", args)]))
}
