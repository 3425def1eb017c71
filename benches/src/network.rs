use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};

/// The enabled backends, for training.
pub fn devices() -> Vec<(&'static str, Device)> {
    let devices = [
        #[cfg(feature = "flex")]
        ("flex", Device::flex()),
        #[cfg(feature = "wgpu")]
        ("wgpu", Device::wgpu(Default::default())),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0)),
    ];
    devices
        .map(|(name, device)| (name, device.autodiff()))
        .into()
}

/// A network of ten million parameters: 1,024 · 2,048 + 2,048 · 2,048 + 2,048 · 1,792 + 1,792 · 10 weights, and biases.
#[derive(Module, Debug)]
pub struct Network {
    layers: Vec<Linear>,
}

impl Network {
    /// Creates a network with new weights.
    pub fn new(device: &Device) -> Self {
        let sizes = [1_024, 2_048, 2_048, 1_792, 10];
        let layers = sizes
            .windows(2)
            .map(|size| LinearConfig::new(size[0], size[1]).init(device));
        Self {
            layers: layers.collect(),
        }
    }

    /// The inputs and targets of a batch of 32: it is to give its first ten inputs.
    pub fn batch(device: &Device) -> [Tensor<2>; 2] {
        let inputs = Tensor::random([32, 1_024], Distribution::Normal(0.0, 1.0), device);
        [inputs.clone(), inputs.slice([0..32, 0..10])]
    }

    /// The mean square of its errors.
    pub fn loss(&self, [inputs, targets]: [Tensor<2>; 2]) -> Tensor<1> {
        let layers = self.layers.iter();
        let outputs = layers.fold(inputs, |outputs, layer| layer.forward(outputs).tanh());
        MseLoss::new().forward(outputs, targets, Reduction::Mean)
    }
}
