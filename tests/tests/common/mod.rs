//! Parts that the tests of files that nobody wrote share.

use proptest::prelude::ProptestConfig;

/// The number of cases that `PROPTEST_CASES` says, or 3,000.
pub fn cases() -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").ok();
    let cases = given.and_then(|cases| cases.parse().ok()).unwrap_or(3_000);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
