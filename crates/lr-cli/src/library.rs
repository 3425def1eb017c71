//! Other libraries' and programs' configs.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use lr_compat::ecosystems::{self, ECOSYSTEMS, Ecosystem, Facts};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

/// Whose config it is.
#[derive(Clone, Copy)]
pub enum Library {
    /// This project's own specs.
    Lr,
    Other(&'static Ecosystem),
}

impl Library {
    /// Of its name, or another that it goes by.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lr" => Some(Self::Lr),
            name => ecosystems::named(name).map(Self::Other),
        }
    }

    /// The values of `--from`.
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        let value = |ecosystem: &Ecosystem| {
            let [name, others @ ..] = ecosystem.names else {
                return PossibleValue::new("");
            };
            PossibleValue::new(*name).aliases(others.iter().copied())
        };
        let own = PossibleValue::new("lr").help("This project's own specs");
        let values = std::iter::once(own).chain(ECOSYSTEMS.iter().map(value));
        PossibleValuesParser::new(values).map(|name| Self::named(&name).unwrap_or(Self::Lr))
    }

    /// The spec of a config; without a library, of one that is recognised by its shape.
    pub fn spec(from: Option<Self>, config: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
        match from {
            Some(Self::Lr) => Spec::from_data(config),
            Some(Self::Other(ecosystem)) => (ecosystem.read)(config, facts),
            None => ecosystems::read(config, facts),
        }
    }
}
