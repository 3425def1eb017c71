//! The few functions that `core` lacks, from `std` or from `libm`, and what curves share.

#[cfg(feature = "std")]
mod source {
    macro_rules! methods {
        ($($function:ident),*) => {$(
            #[inline]
            pub fn $function(x: f64) -> f64 {
                x.$function()
            }
        )*};
    }

    methods!(cos, sqrt, exp, ln, floor, tanh);

    #[inline]
    pub fn powf(x: f64, exponent: f64) -> f64 {
        x.powf(exponent)
    }
}

#[cfg(not(feature = "std"))]
mod source {
    pub use libm::{cos, exp, floor, log as ln, pow as powf, sqrt, tanh};
}

pub(crate) use source::{cos, exp, floor, ln, powf, sqrt, tanh};

/// The point at share `t` of the way from `start` to `end`.
///
/// Written as a weighted mean: between two numbers that aren't negative it never is, and it
/// can't overflow.
#[inline]
pub(crate) fn lerp(start: f64, end: f64, t: f64) -> f64 {
    if start == end {
        return start;
    }
    start * (1.0 - t) + end * t
}

/// A half cosine from 0 at `t = 0` to 1 at `t = 1`: `(1 - cos πt) / 2`.
#[inline]
pub(crate) fn half_cosine(t: f64) -> f64 {
    0.5 * (1.0 - cos(core::f64::consts::PI * t))
}

/// The point at share `t` of a half cosine from `start` to `end`: what [`lerp`] gives for the
/// share [`half_cosine`], in fewer operations.
#[inline]
pub(crate) fn cosine(start: f64, end: f64, t: f64) -> f64 {
    if start == end {
        return start;
    }
    let half = 0.5 * cos(core::f64::consts::PI * t);
    start * (0.5 + half) + end * (0.5 - half)
}

/// `value` with an overflow brought back to the largest finite number.
#[inline]
pub(crate) fn finite(value: f64) -> f64 {
    // A branch is foreseen; a clamp makes all that follows wait for its two comparisons.
    match value.is_finite() {
        true => value,
        false => largest(value),
    }
}

#[cold]
fn largest(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

/// A count as a number. Signed, it is one instruction; unsigned, several.
#[inline]
pub(crate) fn float(count: u64) -> f64 {
    match i64::try_from(count) {
        Ok(count) => count as f64,
        Err(_) => count as f64,
    }
}

/// The share of `steps` that is over at step `n`: 0 at the start, 1 at the end and after it.
#[inline]
pub(crate) fn share(n: u64, steps: u64) -> f64 {
    if n >= steps {
        1.0
    } else {
        float(n) / float(steps)
    }
}

/// A number of steps rounded up; `None` where it is less than one or not finite.
pub(crate) fn count(steps: f64) -> Option<u64> {
    (steps.is_finite() && steps >= 1.0).then(|| -floor(-steps) as u64)
}

/// The last of some jumps, and as far again as they are from each other.
pub(crate) fn margin(jumps: &[u64]) -> Option<u64> {
    let last = *jumps.iter().max()?;
    last.checked_add((last / jumps.len() as u64).max(1))
}
