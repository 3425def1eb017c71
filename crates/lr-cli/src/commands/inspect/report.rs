/// The most parameters, or entries of a file, that are listed for readers.
pub const LISTED: usize = 20;

/// The contents of a file, for readers and for programs.
pub struct Report {
    pub text: String,
    pub json: serde_json::Value,
}

/// The number of values that tensors of these shapes have.
pub fn elements<'a>(shapes: impl Iterator<Item = &'a [usize]>) -> u64 {
    shapes.fold(0, |sum: u64, shape| {
        let sizes = shape.iter().map(|size| *size as u64);
        sum.saturating_add(sizes.fold(1, u64::saturating_mul))
    })
}
