//! Other libraries' and programs' configs.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use lr_compat::ecosystems::{self, ECOSYSTEMS, Ecosystem, Facts};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

/// The library whose config it is.
pub type Library = &'static Ecosystem;

/// The specs of this project.
static LR: Ecosystem = Ecosystem {
    names: &["lr"],
    recognises: |_| false,
    read: |config, _| Spec::from_data(config),
};

/// The library of its name, or another that it goes by.
pub fn named(name: &str) -> Option<Library> {
    match name {
        "lr" => Some(&LR),
        name => ecosystems::named(name),
    }
}

/// The values of `--from`.
pub fn parser() -> impl TypedValueParser<Value = Library> {
    let value = |ecosystem: &Ecosystem| {
        PossibleValue::new(ecosystem.names[0]).aliases(ecosystem.names[1..].iter().copied())
    };
    let own = value(&LR).help("This project's own specs");
    let values = std::iter::once(own).chain(ECOSYSTEMS.iter().map(value));
    PossibleValuesParser::new(values).map(|name| named(&name).unwrap_or(&LR))
}

/// The spec of a config; without a library, of one that is recognised by its shape.
pub fn spec(from: Option<Library>, config: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    match from {
        Some(library) => (library.read)(config, facts),
        None => ecosystems::read(config, facts),
    }
}
