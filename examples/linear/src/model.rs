//! The model: a linear layer.

use burn::module::{Initializer, Module};
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use crate::data::{FEATURES, Rows};

/// Predicts the disease from the ten variables.
#[derive(Module, Debug)]
pub struct Model {
    linear: Linear,
}

impl Model {
    /// Creates a model with weights of 0, which is as good a start as any for one layer, and the same one on
    /// every backend.
    pub fn new(device: &Device) -> Self {
        let config = LinearConfig::new(FEATURES, 1).with_initializer(Initializer::Zeros);
        Self {
            linear: config.init(device),
        }
    }

    /// The mean squared error on some patients.
    pub fn loss(&self, features: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        MseLoss::new().forward(self.linear.forward(features), targets, Reduction::Mean)
    }

    /// The same as a number.
    pub fn mse(&self, rows: &Rows, device: &Device) -> f64 {
        let (features, targets) = rows.to_tensors(device);
        f64::from(self.loss(features, targets).into_scalar::<f32>())
    }
}
