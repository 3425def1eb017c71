//! What the tests of files that nobody wrote have in common.

use proptest::prelude::ProptestConfig;

/// As many cases as `PROPTEST_CASES` says, or 3,000.
pub fn cases() -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").ok();
    let cases = given.and_then(|cases| cases.parse().ok()).unwrap_or(3_000);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
