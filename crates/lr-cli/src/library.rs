//! Other libraries' configs.

use clap::ValueEnum;
use lr_compat::{burn, keras, optax, timm, torch, transformers};
use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

/// Whose config it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Library {
    /// This project's own specs
    Lr,
    /// PyTorch: {"scheduler": "StepLR", "args": {...}}
    Torch,
    Transformers,
    Timm,
    Optax,
    Keras,
    Burn,
}

impl Library {
    /// Of the name that a file of parity cases gives.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false)
            .ok()
            .filter(|library| *library != Self::Lr)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Lr => "lr",
            Self::Torch => "torch",
            Self::Transformers => "transformers",
            Self::Timm => "timm",
            Self::Optax => "optax",
            Self::Keras => "keras",
            Self::Burn => "burn",
        }
    }

    /// The spec of `{"scheduler": NAME, "args": {...}}`; `base_lr` is the optimizer's rate.
    pub fn spec(self, config: Data, base_lr: Option<f64>) -> Result<Spec, ScheduleError> {
        let base = || {
            base_lr.ok_or_else(|| {
                let why = format!(
                    "isn't in it: {} takes the rate from the optimizer, so give --base-lr",
                    self.name()
                );
                ScheduleError::unsupported("base_lr", why)
            })
        };
        match self {
            Self::Lr => Spec::from_data(config),
            Self::Torch => torch::from_data(config, base()?),
            Self::Transformers => transformers::from_data(config, base()?),
            Self::Timm => timm::from_data(config, base()?),
            Self::Optax if is_plateau(&config) => {
                // Its transform scales updates; without a rate of its own, the scale is the rate.
                let text = serde_json::to_string(&config)
                    .map_err(|error| ScheduleError::unsupported("", error.to_string()))?;
                optax::parse_reduce_on_plateau(&text, base_lr.unwrap_or(1.0))
            }
            Self::Optax => optax::from_data(config),
            Self::Keras => keras::from_data(config),
            Self::Burn => burn::from_data(config),
        }
    }
}

fn is_plateau(config: &Data) -> bool {
    let Data::Table(entries) = config else {
        return false;
    };
    entries.iter().any(|(name, value)| {
        name == "scheduler"
            && matches!(value, Data::Text(text) if text.ends_with("reduce_on_plateau"))
    })
}
