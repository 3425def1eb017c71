//! Numbers as logs have them.

/// The number of digits that a number was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digits {
    /// The digits without zeros at either end.
    pub significant: u32,
    /// Behind the point, as they were written.
    pub decimals: u32,
}

impl Digits {
    /// The digits of a number that isn't text.
    pub const ALL: Self = Self {
        significant: 17,
        decimals: 400,
    };

    fn of(text: &str) -> Self {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0i32)),
            None => (text, 0),
        };
        let behind = mantissa
            .split_once('.')
            .map_or(0, |(_, behind)| behind.len());
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
        Self {
            significant: significant as u32,
            decimals: (behind as i64 - i64::from(exponent)).clamp(0, 400) as u32,
        }
    }
}

/// A number, and its digits.
pub(super) fn parse(text: &str) -> Option<(f64, Digits)> {
    let text = text.trim();
    let number = text.parse().ok()?;
    Some((number, Digits::of(text)))
}

/// A rate; `None` where a program wrote that it has none.
pub(super) fn rate(name: &str, text: &str) -> Result<Option<(f64, Digits)>, String> {
    match parse(text) {
        None if !is_nothing(text) => Err(wrong(name, "a number", text)),
        rate => Ok(rate),
    }
}

pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    matches!(text.as_str(), "" | "null" | "none")
}

/// The problem of a text that should be something else.
pub(super) fn wrong(name: &str, allowed: &str, text: &str) -> String {
    let given: String = text.chars().take(40).collect();
    format!("{name}: must be {allowed}, got {given:?}")
}

/// A count up to 2^53, which may be written as `10.0`.
pub(super) fn count(text: &str) -> Option<u64> {
    let text = text.trim();
    let whole = text.parse().ok();
    let whole = whole.or_else(|| {
        let number: f64 = text.parse().ok()?;
        let whole = number.trunc() == number && (0.0..=MOST as f64).contains(&number);
        whole.then_some(number as u64)
    });
    whole.filter(|count| *count <= MOST)
}

/// No step is later: up to here, every number is exact.
pub(super) const MOST: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted() {
        let digits = |text| {
            let (_, digits) = parse(text).unwrap();
            (digits.significant, digits.decimals)
        };
        assert_eq!(digits("0.0001333"), (4, 7));
        assert_eq!(digits("6.667e-05"), (4, 8));
        assert_eq!(digits("0.0500"), (1, 4));
        assert_eq!(digits("1e-05"), (1, 5));
        assert_eq!(digits("0.0"), (0, 1));
        assert_eq!(
            [count("10.0"), count("7"), count("0.5")],
            [Some(10), Some(7), None]
        );
        assert_eq!(
            [count("9007199254740992"), count("9007199254740993")],
            [Some(MOST), None]
        );
    }
}
