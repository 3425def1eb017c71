//! The network: three linear layers.

use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig, Relu};
use burn::tensor::{Device, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};

use crate::data::{CLASSES, DigitBatch, PIXELS};
use crate::error::Error;

/// Tells which digit it is. Without dropout, whose random numbers would not be the same in a run
/// that was resumed.
#[derive(Module, Debug)]
pub struct Network {
    input: Linear,
    hidden: Linear,
    output: Linear,
    activation: Relu,
}

impl Network {
    /// Creates a network with random weights, as the device's generator gives them.
    pub fn new(device: &Device) -> Self {
        Self {
            input: LinearConfig::new(PIXELS, 128).init(device),
            hidden: LinearConfig::new(128, 64).init(device),
            output: LinearConfig::new(64, CLASSES).init(device),
            activation: Relu::new(),
        }
    }

    /// Scores of what the digits are: `[digits, CLASSES]`.
    pub fn forward(&self, pixels: Tensor<2>) -> Tensor<2> {
        let hidden = self.activation.forward(self.input.forward(pixels));
        let hidden = self.activation.forward(self.hidden.forward(hidden));
        self.output.forward(hidden)
    }

    /// The share of the digits that it gets right.
    pub fn accuracy(&self, digits: &dyn DataLoader<DigitBatch>) -> Result<f64, Error> {
        let (mut right, mut all) = (0, 0);
        for batch in digits.iter() {
            let DigitBatch { pixels, labels } = batch?;
            all += labels.dims()[0];
            let found = self.forward(pixels).argmax(1).squeeze_dim::<1>(1);
            let equal = found.equal(labels).int().sum();
            right += equal.into_scalar::<i64>() as usize;
        }
        Ok(right as f64 / all as f64)
    }

    fn output(&self, batch: DigitBatch) -> ClassificationOutput {
        let output = self.forward(batch.pixels);
        let loss = CrossEntropyLossConfig::new().init(&output.device());
        ClassificationOutput {
            loss: loss.forward(output.clone(), batch.labels.clone()),
            output,
            targets: batch.labels,
        }
    }
}

impl TrainStep for Network {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> TrainOutput<ClassificationOutput> {
        let output = self.output(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Network {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> ClassificationOutput {
        self.output(batch)
    }
}
