/// The result of a command, where nothing went wrong.
pub enum Outcome {
    /// As it should be: exit code 0.
    Yes,
    /// The answer is no: exit code 1.
    No,
}
