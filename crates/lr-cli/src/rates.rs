//! Rates of many steps.

use lr_schedule::{DynSchedule, Schedule};

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

/// The rates of `steps`, which ascend. A recurrence is gone through once.
pub fn at<'a>(
    schedule: &'a DynSchedule,
    steps: impl Iterator<Item = u64> + 'a,
) -> impl Iterator<Item = f64> + 'a {
    let recurs = schedule.to_spec().is_some_and(|spec| spec.recurs());
    let mut last: Option<(u64, f64)> = None;
    steps.map(move |step| {
        if !recurs {
            return schedule.at(step);
        }
        let (mut at, mut rate) = last.unwrap_or_else(|| (0, schedule.at(0)));
        while at < step {
            at += 1;
            rate = schedule.advance(at, rate);
        }
        last = Some((at, rate));
        rate
    })
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;
    use lr_schedule::spec::Link;

    use super::*;

    #[test]
    fn recurrences_give_the_rates_that_going_there_gives() {
        let link = Link::Multiply {
            of: Box::new(Exponential::new(1.0, 0.5).to_spec().unwrap()),
        };
        let schedule = Recurrence::chained(1.0, [link]).into_dyn();
        let rates: Vec<f64> = at(&schedule, [0, 3, 10].into_iter()).collect();
        assert_eq!(rates, [0, 3, 10].map(|step| schedule.at(step)));
        assert_eq!(rates[1], 0.125);
    }
}
