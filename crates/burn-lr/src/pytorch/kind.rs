use std::fmt;

/// The optimizers of PyTorch's that Burn has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TorchOptimizerKind {
    /// `torch.optim.SGD`, Burn's `Sgd`.
    Sgd,
    /// `torch.optim.Adam`, Burn's `Adam`.
    Adam,
    /// `torch.optim.AdamW`, Burn's `AdamW`.
    AdamW,
    /// `torch.optim.RMSprop`, Burn's `RmsProp`.
    RmsProp,
    /// `torch.optim.Adagrad`, Burn's `AdaGrad`.
    Adagrad,
    /// `torch.optim.Adafactor`, Burn's `Adafactor`.
    Adafactor,
}

impl fmt::Display for TorchOptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sgd => "SGD",
            Self::Adam => "Adam",
            Self::AdamW => "AdamW",
            Self::RmsProp => "RMSprop",
            Self::Adagrad => "Adagrad",
            Self::Adafactor => "Adafactor",
        })
    }
}
