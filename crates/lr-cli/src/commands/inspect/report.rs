/// So many parameters, or entries of a file, are listed for readers.
pub const LISTED: usize = 20;

/// The contents of a file, for readers and for programs.
pub struct Report {
    pub text: String,
    pub json: serde_json::Value,
}
