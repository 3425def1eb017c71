//! The digits: split, and in batches.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Pixels of a digit.
pub const PIXELS: usize = 64;
/// The number of digits there are.
pub const CLASSES: usize = 10;

const CSV: &str = include_str!("../data/digits.csv");

/// A handwritten digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Digit {
    /// Row by row, from 0 to 1.
    pub pixels: Vec<f64>,
    /// The digit that it is.
    pub label: usize,
}

/// All 1,797 digits.
pub fn all() -> Vec<Digit> {
    let mut reader = csv::Reader::from_reader(CSV.as_bytes());
    let rows = reader.deserialize::<Vec<f64>>();
    let digit = |row: Result<Vec<f64>, csv::Error>| {
        let mut pixels = row.expect("the data is built in");
        let label = pixels.pop().expect("a row has a label") as usize;
        pixels.iter_mut().for_each(|pixel| *pixel /= 16.0);
        Digit { pixels, label }
    };
    rows.map(digit).collect()
}

/// The digits to train with, four of five, and the others.
pub fn split() -> (InMemDataset<Digit>, InMemDataset<Digit>) {
    let (mut train, mut valid) = (vec![], vec![]);
    for (index, digit) in all().into_iter().enumerate() {
        match index % 5 {
            4 => valid.push(digit),
            _ => train.push(digit),
        }
    }
    (InMemDataset::new(train), InMemDataset::new(valid))
}

/// Some digits on a device.
#[derive(Debug, Clone)]
pub struct DigitBatch {
    /// `[digits, PIXELS]`.
    pub pixels: Tensor<2>,
    /// `[digits]`.
    pub labels: Tensor<1, Int>,
}

/// Puts digits together.
#[derive(Debug, Clone, Copy)]
pub struct DigitBatcher;

impl Batcher<Digit, DigitBatch> for DigitBatcher {
    fn batch(&self, items: Vec<Digit>, device: &Device) -> DigitBatch {
        let count = items.len();
        let labels = items.iter().map(|digit| digit.label as i32).collect();
        let pixels = items.into_iter().flat_map(|digit| digit.pixels);
        let pixels = pixels.map(|pixel| pixel as f32).collect();
        let pixels = TensorData::new::<f32, _>(pixels, [count, PIXELS]);
        let labels = TensorData::new::<i32, _>(labels, [count]);
        DigitBatch {
            pixels: Tensor::from_data(pixels, device),
            labels: Tensor::from_data(labels, device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::data::dataset::Dataset;

    #[test]
    fn the_data_is_what_it_says() {
        let digits = all();
        assert_eq!(digits.len(), 1_797);
        let valid = |digit: &Digit| {
            let bright = digit.pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel));
            digit.pixels.len() == PIXELS && digit.label < CLASSES && bright
        };
        assert!(digits.iter().all(valid));
        let (train, valid) = split();
        assert_eq!((train.len(), valid.len()), (1_438, 359));
        assert_eq!(valid.get(0).unwrap(), digits[4]);
    }
}
