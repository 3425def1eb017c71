//! Tables in text: a row a line, of columns with `|` between them, each of some words.

/// The rows of a table, by their columns.
pub(crate) fn rows<const COLUMNS: usize>(
    table: &'static str,
) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    table.lines().map(|row| {
        let mut columns = row.split('|').map(str::trim);
        std::array::from_fn(|_| columns.next().unwrap_or_default())
    })
}

/// The words of a column.
pub(crate) fn words(column: &str) -> impl Iterator<Item = &str> {
    column.split_whitespace()
}

/// Whether a column has a word.
pub(crate) fn has(column: &str, word: &str) -> bool {
    words(column).any(|known| known == word)
}
