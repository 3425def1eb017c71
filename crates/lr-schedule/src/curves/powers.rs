use crate::math::{exp, finite, float, ln};

/// The powers of a factor that is at least 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Powers {
    of: f64,
    ln: f64,
}

impl Powers {
    pub fn of(factor: f64) -> Self {
        Self {
            of: factor,
            ln: ln(factor),
        }
    }

    /// `rate` times the factor `times` times, and the largest finite number where that overflows.
    ///
    /// The first few powers are products, as exact as can be; from there on `e^(times · ln)`,
    /// which takes half the time of a general power and is right to 2e-13 of its value.
    #[inline]
    pub fn scale(self, rate: f64, times: u64) -> f64 {
        let power = match times {
            0..=8 => (0..times).fold(1.0, |power, _| power * self.of),
            _ => exp(float(times) * self.ln),
        };
        scaled(rate, power, float(times) * self.ln)
    }
}

/// `rate · power`, and the largest finite number where that overflows. The power alone may have overflowed:
/// `exponent` is its logarithm.
#[inline]
pub(super) fn scaled(rate: f64, power: f64, exponent: f64) -> f64 {
    let scaled = rate * power;
    match scaled.is_finite() {
        true => scaled,
        false => finite(rate.signum() * exp(exponent.min(f64::MAX) + ln(rate.abs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::powf;

    #[test]
    fn powers_are_powers() {
        for factor in [0.0, 1e-300, 0.1, 0.3, 0.5, 0.97, 0.999_999_999, 1.0] {
            for times in (0..100).chain([300, 582, 1000, 123_456_789, u64::MAX]) {
                let (ours, exact) = (
                    Powers::of(factor).scale(1.0, times),
                    powf(factor, times as f64),
                );
                assert!(
                    (ours - exact).abs() <= 2e-13 * exact,
                    "{factor}^{times}: {ours}, {exact}"
                );
            }
        }
    }

    #[test]
    fn what_grows_stays_finite() {
        assert_eq!(Powers::of(2.0).scale(1.0, u64::MAX), f64::MAX);
        assert_eq!(Powers::of(2.0).scale(-1.0, 5000), f64::MIN);
        assert_eq!(Powers::of(2.0).scale(0.0, u64::MAX), 0.0);
        assert_eq!(Powers::of(f64::MAX).scale(1.0, 8), f64::MAX);
        assert_eq!(Powers::of(996.5).scale(2e-131, u64::MAX), f64::MAX);
        let (scaled, exact) = (Powers::of(10.0).scale(-1e-300, 310), -1e10);
        assert!((scaled / exact - 1.0).abs() <= 1e-12, "{scaled}");
    }
}
