//! Axes: the places of values on them, and the values that are written beside them.

use crate::error::PlotError;

/// The number of powers of ten that a logarithmic axis goes down from its highest value.
const MOST_DECADES: f64 = 12.0;

/// Whether equal distances on an axis are equal differences or equal ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences.
    #[default]
    Linear,
    /// Equal ratios.
    Log,
}

/// The values that an axis shows, from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
    /// The number of its values that are written as one, as the steps of an epoch.
    pub unit: f64,
}

/// A value that is written beside an axis, and the text that says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub text: String,
}

impl Axis {
    /// An axis from exactly `low` to exactly `high`.
    pub fn exact(scale: Scale, name: &'static str, low: f64, high: f64) -> Result<Self, PlotError> {
        let wide = high > low && (high - low).is_finite();
        let positive = scale == Scale::Linear || low > 0.0;
        match wide && positive {
            true => Ok(Self {
                scale,
                low,
                high,
                unit: 1.0,
            }),
            false => Err(PlotError::Range {
                axis: name,
                low,
                high,
            }),
        }
    }

    /// A y axis on which all of `values` are, with a margin, and 0 if that is not far.
    ///
    /// A logarithmic one leaves out values at or below 0, or more than [`MOST_DECADES`] below the
    /// highest.
    pub fn around(scale: Scale, values: impl Iterator<Item = f64>) -> Result<Self, PlotError> {
        match scale {
            Scale::Linear => {
                let (mut low, mut high) = bounds(values);
                if low >= 0.0 && low <= 0.6 * high {
                    low = 0.0;
                }
                if low == high {
                    // One value: in the middle, or for 0 at the bottom.
                    (low, high) = match low {
                        0.0 => (0.0, 1.0),
                        value if value > 0.0 => (0.0, value * 1.6),
                        value => (value * 1.6, 0.0),
                    };
                }
                let margin = (high - low) * 0.06;
                let low = if low == 0.0 { low } else { low - margin };
                Self::exact(scale, "y", low, high + margin)
            }
            Scale::Log => {
                let (low, high) = bounds(values.filter(|value| *value > 0.0));
                if high <= 0.0 {
                    return Err(PlotError::NothingPositive);
                }
                let low = low
                    .max(high * 10f64.powf(-MOST_DECADES))
                    .max(f64::MIN_POSITIVE);
                // A margin, and at least half a decade in all.
                let decades = (high / low).log10();
                let margin = 10f64.powf((decades * 0.05).max((0.5 - decades) / 2.0));
                let low = (low / margin).max(f64::MIN_POSITIVE);
                Self::exact(scale, "y", low, high * margin)
            }
        }
    }

    /// The place of `value`: 0 at the beginning, 1 at the end. A value at or below 0 is before the
    /// beginning of a logarithmic axis.
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value > 0.0 => {
                (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
            }
            Scale::Log => -1.0,
        }
    }

    /// The values to write beside it, at most about `most` of them.
    pub fn ticks(&self, most: usize) -> Vec<Tick> {
        let ticks = match self.scale {
            Scale::Linear => linear_ticks,
            Scale::Log => log_ticks,
        };
        let mut ticks = ticks(self.low / self.unit, self.high / self.unit, most);
        for tick in &mut ticks {
            tick.value *= self.unit;
        }
        ticks
    }

    /// The values to write beside it, at most about `most`, and fewer until all neighbours are `apart`.
    pub fn ticks_apart(&self, most: usize, apart: impl Fn(&Tick, &Tick) -> bool) -> Vec<Tick> {
        let mut choices = (1..=most).rev().map(|most| self.ticks(most));
        let fits = |ticks: &Vec<Tick>| ticks.windows(2).all(|pair| apart(&pair[0], &pair[1]));
        choices.find(fits).unwrap_or_else(|| self.ticks(1))
    }
}

/// The lowest and the highest of some values; infinities the other way around of none.
pub(crate) fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// Multiples of 1, 2 or 5 times a power of ten, in the notation that is the shortest for the largest.
fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let rough = (high - low) / most.max(1) as f64;
    let power = rough.log10().floor() as i32;
    let (factor, power) = [(1.0, power), (2.0, power), (5.0, power)]
        .into_iter()
        .find(|(factor, power)| decimal(*factor, *power) >= rough * (1.0 - 1e-9))
        .unwrap_or((1.0, power + 1));
    let step = decimal(factor, power);
    if !step.is_finite() || step <= 0.0 {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let count = (last - first).clamp(0.0, 1_000.0) as usize;
    let values = (0..=count).map(|i| decimal((first + i as f64) * factor, power));
    let (lowest, highest) = bounds(values.clone());
    let plain = (1e-3..1e7).contains(&highest.max(-lowest));
    let tick = |value: f64| Tick {
        value,
        text: match value {
            0.0 => "0".to_string(),
            value if plain => grouped(&format!("{value:.*}", (-power).max(0) as usize)),
            value => format!("{value:e}"),
        },
    };
    values.map(tick).collect()
}

/// Powers of ten, every so many of them, or 2 and 5 times them too where there are few.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let (first, last) = (low.log10(), high.log10());
    let decades = last - first;
    let factors: &[f64] = match decades * 3.0 <= most as f64 {
        true => &[1.0, 2.0, 5.0],
        false => &[1.0],
    };
    let tick = |value: f64| Tick {
        value,
        text: match (1e-3..1e5).contains(&value) {
            true => grouped(&value.to_string()),
            false => format!("{value:e}"),
        },
    };
    let of = |every: i32| {
        let exponents = first.floor() as i32..=last.ceil() as i32;
        let exponents = exponents.filter(|exponent| exponent.rem_euclid(every) == 0);
        let values = exponents.flat_map(|e| factors.iter().map(move |factor| decimal(*factor, e)));
        let values = values.filter(|value| (low..=high).contains(value));
        values.map(tick).collect::<Vec<Tick>>()
    };
    // At least two, between which others can be guessed.
    let widest = (decades / most.max(1) as f64).ceil().max(1.0) as i32;
    let ticks = (1..=widest).rev().map(of);
    let mut ticks = ticks.skip_while(|ticks| ticks.len() < 2);
    ticks.next().unwrap_or_else(|| of(1))
}

/// The number that is written `{factor}e{exponent}`.
fn decimal(factor: f64, exponent: i32) -> f64 {
    format!("{factor}e{exponent}").parse().unwrap_or(0.0)
}

/// `12345` as `12,345`.
fn grouped(text: &str) -> String {
    let first = usize::from(text.starts_with('-'));
    let end = text.find('.').unwrap_or(text.len());
    let mut grouped = text.to_string();
    for at in (first + 1..end).rev() {
        if (end - at).is_multiple_of(3) {
            grouped.insert(at, ',');
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: Axis, most: usize) -> Vec<String> {
        axis.ticks(most).into_iter().map(|tick| tick.text).collect()
    }

    fn linear(low: f64, high: f64) -> Axis {
        Axis::exact(Scale::Linear, "y", low, high).unwrap()
    }

    #[test]
    fn ticks_are_written_the_short_way() {
        assert_eq!(
            texts(linear(0.0, 10_000.0), 5),
            ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]
        );
        assert_eq!(texts(linear(0.0, 0.106), 5), ["0", "0.05", "0.10"]);
        assert_eq!(texts(linear(0.0, 1.06e-4), 5), ["0", "5e-5", "1e-4"]);
        assert_eq!(texts(linear(0.0, 1.0e-5), 4), ["0", "5e-6", "1e-5"]);
        assert_eq!(texts(linear(0.0, 1e7), 4), ["0", "5e6", "1e7"]);
        assert_eq!(
            texts(linear(-1.0, 1.0), 4),
            ["-1.0", "-0.5", "0", "0.5", "1.0"]
        );
        assert_eq!(texts(linear(0.94, 1.06), 3), ["0.95", "1.00", "1.05"]);
        assert_eq!(texts(linear(0.21, 0.29), 2), ["0.25"]);
        let epochs = Axis {
            unit: 100.0,
            ..linear(0.0, 250.0)
        };
        assert_eq!(texts(epochs, 2), ["0", "2"]);
        assert_eq!(epochs.ticks(2)[1].value, 200.0);
    }

    #[test]
    fn a_logarithmic_axis_has_powers_of_ten() {
        let log = |low, high| Axis::exact(Scale::Log, "y", low, high).unwrap();
        assert_eq!(
            texts(log(1e-6, 1e-1), 6),
            ["1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1"]
        );
        assert_eq!(
            texts(log(1e-12, 1.0), 4),
            ["1e-12", "1e-9", "1e-6", "0.001", "1"]
        );
        assert_eq!(texts(log(0.015, 0.3), 6), ["0.02", "0.05", "0.1", "0.2"]);
    }

    #[test]
    fn an_axis_holds_all_that_is_on_it() {
        for values in [
            [0.0, 1e-3],
            [5.0, 5.1],
            [0.0, 0.0],
            [-3.0, -3.0],
            [1e-300, 1e300],
            [-1.0, 2.0],
        ] {
            for scale in [Scale::Linear, Scale::Log] {
                let Ok(axis) = Axis::around(scale, values.into_iter()) else {
                    assert!(values.iter().all(|value| *value <= 0.0));
                    continue;
                };
                for value in values.into_iter().filter(|_| scale == Scale::Linear) {
                    assert!((0.0..=1.0).contains(&axis.place(value)), "{axis:?} {value}");
                }
                assert!((0.0..=1.0).contains(&axis.place(values[1])) || values[1] <= 0.0);
                assert!(axis.ticks(6).len() <= 16, "{:?}", axis.ticks(6));
            }
        }
    }

    #[test]
    fn ranges_that_are_none_are_errors() {
        for (low, high) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f64::NAN, 1.0),
            (-f64::MAX, f64::MAX),
        ] {
            assert!(Axis::exact(Scale::Linear, "x", low, high).is_err());
        }
        assert!(Axis::exact(Scale::Log, "x", 0.0, 1.0).is_err());
    }
}
