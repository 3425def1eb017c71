use std::fmt::Display;

/// The texts of several things in one, for a message.
pub(crate) fn listed(all: &[impl Display], separator: &str, none: &str) -> String {
    if all.is_empty() {
        return none.to_string();
    }
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    texts.join(separator)
}
