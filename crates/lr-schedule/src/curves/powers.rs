use core::f64::consts::LN_2;

use crate::math::{exp, finite, float, log2};

/// How many parts a doubling has.
const PARTS: usize = 128;

/// `2^(k / PARTS)` for each `k`.
static ROOTS: [f64; PARTS] = roots();

/// The powers of a factor that is at least 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Powers {
    of: f64,
    /// How many parts of a doubling the factor is.
    parts: f64,
}

impl Powers {
    pub fn of(factor: f64) -> Self {
        Self {
            of: factor,
            parts: log2(factor) * PARTS as f64,
        }
    }

    /// `rate` times the factor `times` times, and the largest finite number where that overflows.
    ///
    /// The first few powers are products, as exact as can be; the others are right to 2e-13 of
    /// their value.
    #[inline]
    pub fn scale(self, rate: f64, times: u64) -> f64 {
        let power = match times {
            0..=8 => (0..times).fold(1.0, |power, _| power * self.of),
            _ => self.power(float(times)),
        };
        let scaled = rate * power;
        match scaled.is_finite() {
            true => scaled,
            false => finite(rate * finite(power)),
        }
    }

    /// `factor^n = 2^(whole / PARTS) · e^(ln 2 · rest / PARTS)`: a root, doubled as often as `PARTS` is
    /// in `whole`, times four terms of the series of `e^x`, which for so small a rest are enough. It takes
    /// two thirds of the time of `exp`.
    #[inline]
    fn power(self, n: f64) -> f64 {
        // A number from 2^52 on has no fraction, and the last bits of this sum are those of `whole`.
        const ROUNDS: f64 = 1.5 * (1_u64 << 52) as f64;
        const X: f64 = LN_2 / PARTS as f64;

        let parts = n * self.parts;
        // So that its exponent is one of a normal number.
        if parts.is_nan() || parts.abs() > 1000.0 * PARTS as f64 {
            return exp(parts * X);
        }
        let rounded = parts + ROUNDS;
        let whole = rounded.to_bits();
        let rest = parts - (rounded - ROUNDS);
        let square = rest * rest;
        let series = (1.0 + X * rest)
            + square * ((X * X / 2.0 + X * X * X / 6.0 * rest) + X * X * X * X / 24.0 * square);
        let root = ROOTS[whole as usize % PARTS].to_bits();
        let doublings = whole / PARTS as u64;
        f64::from_bits(root.wrapping_add(doublings << 52)) * series
    }
}

const fn roots() -> [f64; PARTS] {
    let mut roots = [1.0; PARTS];
    let mut k = 0;
    while k < PARTS {
        // The series of e^x, from its far end.
        let x = k as f64 * LN_2 / PARTS as f64;
        let mut term = 20;
        while term > 0 {
            roots[k] = 1.0 + roots[k] * x / term as f64;
            term -= 1;
        }
        k += 1;
    }
    roots
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
    }
}
