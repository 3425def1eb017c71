//! Parts that the trainings beside PyTorch share: its data, its batches and its first weights, by formula
//! (`tests/torch/README.md`).

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// The rows of a batch.
pub const BATCH: usize = 64;

/// Numbers on a device, of one type.
#[derive(Clone)]
pub struct Place {
    /// The device.
    pub device: Device,
    /// The type.
    pub dtype: DType,
}

impl Place {
    /// A tensor of these values.
    pub fn tensor<const D: usize>(&self, values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
        let data = TensorData::new::<f64, _>(values, shape).convert_dtype(self.dtype);
        Tensor::from_data(data, (&self.device, self.dtype))
    }

    /// A layer with the weights that every layer of the reference begins with.
    pub fn layer(&self, inputs: usize, outputs: usize) -> Linear {
        let weight = |input, output| 0.2 * f64::sin((1 + output * inputs + input) as f64);
        let weights = (0..inputs * outputs).map(|index| weight(index / outputs, index % outputs));
        let weight = self.tensor(weights.collect(), [inputs, outputs]);
        let bias = self.tensor(vec![0.0; outputs], [outputs]);
        Linear {
            weight: Param::from_tensor(weight),
            bias: Some(Param::from_tensor(bias)),
        }
    }

    /// Whether it has an exponential, which a cross entropy takes. (Burn 0.22.1's wgpu offers 64-bit
    /// numbers, but Vulkan has their exponential in 32 bits only, and the result is neither.)
    pub fn has_exp(&self) -> bool {
        let e = self.tensor(vec![1.0], [1]).exp().into_scalar::<f64>();
        (e - std::f64::consts::E).abs() < 1e-6
    }
}

/// Weights as PyTorch lays them out, and biases.
pub fn weights_of(layer: &Linear) -> [Vec<f64>; 2] {
    let bias = layer
        .bias
        .as_ref()
        .expect("the reference's layers have one");
    [values(layer.weight.val().transpose()), values(bias.val())]
}

/// The numbers of a tensor.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data().convert_dtype(DType::F64);
    data.try_into_vec().expect("converted to that type")
}

/// The largest difference of a weight, as a share of the largest weight.
pub fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
    let pairs = ours.iter().zip(theirs);
    pairs
        .map(|(ours, theirs)| (ours - theirs).abs())
        .fold(0.0, f64::max)
        / largest
}

/// The rows of a data set, and what is to be learned of them: for each, `width` targets.
pub struct Data {
    rows: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
    classes: bool,
}

impl Data {
    /// Ten features and the target of each patient, standardised.
    pub fn diabetes() -> Self {
        let all = linear::data::Rows::all();
        let mut rows: Vec<Vec<f64>> = all.features.iter().map(|row| row.to_vec()).collect();
        let mut targets: Vec<Vec<f64>> = all.targets.iter().map(|target| vec![*target]).collect();
        for columns in [&mut rows, &mut targets] {
            for column in 0..columns[0].len() {
                let count = columns.len() as f64;
                let mean = columns.iter().map(|row| row[column]).sum::<f64>() / count;
                let squares = columns.iter().map(|row| (row[column] - mean).powi(2));
                let deviation = (squares.sum::<f64>() / count).sqrt();
                for row in columns.iter_mut() {
                    row[column] = (row[column] - mean) / deviation;
                }
            }
        }
        Self {
            rows,
            targets,
            classes: false,
        }
    }

    /// 64 pixels of each digit, and which of ten it is.
    pub fn digits() -> Self {
        let digits = digits::data::all();
        let one_hot = |label: usize| (0..10).map(|class| f64::from(class == label)).collect();
        Self {
            targets: digits.iter().map(|digit| one_hot(digit.label)).collect(),
            rows: digits.into_iter().map(|digit| digit.pixels).collect(),
            classes: true,
        }
    }

    /// The mean loss of a model on the batch of a step.
    pub fn loss(
        &self,
        forward: impl FnOnce(Tensor<2>) -> Tensor<2>,
        step: usize,
        place: &Place,
    ) -> Tensor<1> {
        let batch = (0..BATCH).map(|k| (37 * step + 11 * k) % self.rows.len());
        let batch: Vec<usize> = batch.collect();
        let tensor = |columns: &[Vec<f64>]| {
            let values = batch.iter().flat_map(|&row| columns[row].iter().copied());
            place.tensor(values.collect(), [BATCH, columns[0].len()])
        };
        let (outputs, targets) = (forward(tensor(&self.rows)), tensor(&self.targets));
        match self.classes {
            true => (log_softmax(outputs, 1) * targets).sum().neg() / BATCH as f64,
            false => (outputs - targets).square().mean(),
        }
    }
}
