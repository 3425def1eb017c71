//! Parts that the tests of this package share: the enabled backends, and steps of a real training.

pub mod torch;

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use linear::data::{Dataset, FEATURES};
use linear::model::Model;

/// The enabled backends, for training.
pub fn devices() -> Vec<Device> {
    let devices = [
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        shared::backend::ndarray(),
        #[cfg(feature = "wgpu")]
        Device::wgpu(Default::default()),
        #[cfg(feature = "cuda")]
        Device::cuda(0),
    ];
    devices.map(Device::autodiff).into()
}

/// The difference that results of different backends may have, as a share of the largest: on NVIDIA's tensor
/// cores, products of matrices have 10 bits behind the point (TF32).
pub fn tolerance(device: &Device) -> f64 {
    match format!("{device:?}").contains("Cuda") {
        true => 2e-3,
        false => 1e-4,
    }
}

/// Linear regression on the diabetes data, step by step, all training patients in each.
pub struct Training {
    /// The data.
    pub data: Dataset,
    /// The model.
    pub model: Model,
    /// The optimizer.
    pub optimizer: ModuleOptimizer,
    device: Device,
}

impl Training {
    /// Creates a training with a new model.
    pub fn new(optimizer: ModuleOptimizer, device: &Device) -> Self {
        Self {
            data: Dataset::new(1),
            model: Model::new(device),
            optimizer,
            device: device.clone(),
        }
    }

    /// One optimizer step with the rate `lr`.
    pub fn step(&mut self, lr: f64) {
        let (features, targets) = self.data.train.to_tensors(&self.device);
        let loss = self.model.loss(features, targets);
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(lr, self.model.clone(), grads);
    }

    /// The weights and, last, the bias.
    pub fn weights(&self) -> Vec<f32> {
        let record = self.model.clone().into_record().into_bytes().unwrap();
        let reader = burn_pack::Reader::from_bytes(record).unwrap();
        let values = |name| {
            let bytes = reader.tensor_data(name).unwrap();
            let numbers = bytes.chunks_exact(4);
            numbers
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect::<Vec<f32>>()
        };
        let weights = [values("linear.weight"), values("linear.bias")].concat();
        assert_eq!(weights.len(), FEATURES + 1);
        weights
    }
}
