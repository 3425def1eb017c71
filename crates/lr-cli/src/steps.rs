//! Ranges of steps, as the command line gives them.

use std::str::FromStr;

/// The steps from `start` to `end`, every `every`th of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    pub start: u64,
    pub end: u64,
    pub every: Option<u64>,
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().replace(['_', ','], "").parse::<u64>().ok();
        let parse = || {
            let (range, every) = match text.split_once(':') {
                Some((range, every)) => (range, Some(number(every)?)),
                None => (text, None),
            };
            let (start, end) = match range.split_once("..") {
                Some((start, end)) => (number(start)?, number(end)?),
                None => (0, number(range)?),
            };
            Some(Self { start, end, every })
        };
        const ALLOWED: &str = "must be a range such as 0..10000, 0..10000:500 or 10000";
        let steps = parse().ok_or_else(|| ALLOWED.to_string())?;
        if steps.every == Some(0) {
            return Err("must go on by at least 1 step".to_string());
        }
        match steps.start <= steps.end {
            true => Ok(steps),
            false => Err(format!("must not end before it begins: {ALLOWED}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let steps = |start, end, every| Ok(Steps { start, end, every });
        assert_eq!("0..10000:500".parse(), steps(0, 10_000, Some(500)));
        assert_eq!("5..7".parse(), steps(5, 7, None));
        assert_eq!("10_000".parse(), steps(0, 10_000, None));
        assert_eq!("1,000..2,000".parse(), steps(1_000, 2_000, None));
        for wrong in [
            "",
            "..",
            "a..b",
            "7..5",
            "0..5:0",
            "-1..5",
            "1..2..3",
            "5..99999999999999999999",
        ] {
            assert!(wrong.parse::<Steps>().is_err(), "{wrong}");
        }
    }
}
