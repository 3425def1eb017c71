//! The diabetes data: split, standardised, and in an order that is a function of seed and epoch.

use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Variables of a patient.
pub const FEATURES: usize = 10;

const CSV: &str = include_str!("../data/diabetes.csv");

/// Patients: their variables and how far the disease went.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Row by row.
    pub features: Vec<[f64; FEATURES]>,
    /// One per row.
    pub targets: Vec<f64>,
}

impl Rows {
    /// All 442 patients, as measured.
    pub fn all() -> Self {
        let mut rows = Self::default();
        for record in csv::Reader::from_reader(CSV.as_bytes()).deserialize() {
            let (features, target): ([f64; FEATURES], f64) = record.expect("the data is built in");
            rows.features.push(features);
            rows.targets.push(target);
        }
        rows
    }

    /// The number of patients.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The patients at `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            features: indices.iter().map(|&i| self.features[i]).collect(),
            targets: indices.iter().map(|&i| self.targets[i]).collect(),
        }
    }

    /// The tensors on `device`: `[rows, FEATURES]` and `[rows, 1]`.
    pub fn to_tensors(&self, device: &Device) -> (Tensor<2>, Tensor<2>) {
        let rows = self.len();
        let features = self.features.iter().flatten().map(|&x| x as f32).collect();
        let targets = self.targets.iter().map(|&y| y as f32).collect();
        (
            Tensor::from_data(
                TensorData::new::<f32, _>(features, [rows, FEATURES]),
                device,
            ),
            Tensor::from_data(TensorData::new::<f32, _>(targets, [rows, 1]), device),
        )
    }
}

/// The data of a run.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Four patients of five.
    pub train: Rows,
    /// The others.
    pub valid: Rows,
    seed: u64,
}

impl Dataset {
    /// The 80/20 split that `seed` gives, with every column standardised by the mean and the
    /// standard deviation of the training part.
    pub fn new(seed: u64) -> Self {
        let rows = Rows::all();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.shuffle(&mut generator(seed, 0));
        let (train, valid) = order.split_at((rows.len() * 4).div_ceil(5));
        let (mut train, mut valid) = (rows.select(train), rows.select(valid));
        for column in 0..FEATURES {
            let scale = Scale::of(train.features.iter().map(|row| row[column]));
            let parts = train.features.iter_mut().chain(&mut valid.features);
            parts.for_each(|row| row[column] = scale.apply(row[column]));
        }
        let scale = Scale::of(train.targets.iter().copied());
        let parts = train.targets.iter_mut().chain(&mut valid.targets);
        parts.for_each(|target| *target = scale.apply(*target));
        Self { train, valid, seed }
    }

    /// Steps of one epoch; the last one may be of fewer patients.
    pub fn steps_per_epoch(&self, batch_size: u64) -> u64 {
        (self.train.len() as u64).div_ceil(batch_size)
    }

    /// The batches of `epoch` (counted from 0), the same whenever they are asked for.
    pub fn batches(&self, epoch: u64, batch_size: u64) -> Vec<Rows> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        order.shuffle(&mut generator(self.seed, epoch + 1));
        let batches = order.chunks(batch_size as usize);
        batches.map(|batch| self.train.select(batch)).collect()
    }
}

/// Independent random numbers for each purpose that one seed serves.
fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// The mean and the deviation that standardise a column.
struct Scale {
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(column: impl Iterator<Item = f64> + Clone) -> Self {
        let count = column.clone().count() as f64;
        let mean = column.clone().sum::<f64>() / count;
        let variance = column.map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        Self {
            mean,
            deviation: variance.sqrt(),
        }
    }

    fn apply(&self, x: f64) -> f64 {
        (x - self.mean) / self.deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_complete_and_standardised_by_its_training_part() {
        let data = Dataset::new(42);
        assert_eq!((data.train.len(), data.valid.len()), (354, 88));
        for column in 0..FEATURES {
            let scale = Scale::of(data.train.features.iter().map(|row| row[column]));
            assert!(scale.mean.abs() < 1e-12 && (scale.deviation - 1.0).abs() < 1e-12);
        }
        assert_eq!(data.steps_per_epoch(32), 12);
    }

    #[test]
    fn an_epochs_order_depends_on_seed_and_epoch_alone() {
        let (data, same) = (Dataset::new(1), Dataset::new(1));
        let batches = data.batches(3, 32);
        assert_eq!(batches.len(), 12);
        assert_eq!(batches[11].len(), 354 - 11 * 32);
        assert_eq!(batches[5].targets, same.batches(3, 32)[5].targets);
        assert_ne!(batches[5].targets, data.batches(4, 32)[5].targets);
    }
}
