//! Rates that a file holds.

use lr_schedule::Schedule;

/// Rates that were recorded, the last of which is held.
pub struct Recorded {
    rates: Vec<f64>,
}

impl Recorded {
    pub fn new(rates: Vec<f64>) -> Self {
        Self { rates }
    }
}

impl Schedule for Recorded {
    fn at(&self, step: u64) -> f64 {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let rate = self.rates.get(step).or(self.rates.last());
        rate.copied().unwrap_or(f64::NAN)
    }

    fn length(&self) -> Option<u64> {
        Some(self.rates.len() as u64)
    }
}
