//! Files that aren't of `torch.save`, by how they begin.

use crate::error::TorchError;

/// Names a file that begins with these bytes, and has so many.
pub(super) fn named(start: &[u8], length: u64) -> TorchError {
    let begins = |with: &[u8]| start.starts_with(with);
    let what = match start {
        [] => "it is empty: 0 bytes",
        _ if begins(b"version https://git-lfs") => {
            "it is git-LFS's pointer to a file that was not fetched: run `git lfs pull`"
        }
        _ if is_safetensors(start, length) => {
            "it is of safetensors, which holds weights alone: states of optimizers and schedulers are in \
             other files"
        }
        [0x80, 2..=5, ..] => {
            "it is a pickle of Python's own (pickle.dump): load it there, and save it with torch.save"
        }
        _ if begins(b"\x89HDF") => "it is of HDF5, in which Keras saves",
        _ if begins(b"GGUF") => "it is of GGUF, which holds weights alone",
        _ if begins(b"NRUB") => "it is of Burn's own format",
        [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first",
        _ if begins(b"<") => "it is a page of HTML or XML, as failed downloads are",
        _ if begins(b"{") || begins(b"[") => "it is JSON",
        _ => "it begins neither as a ZIP archive nor as a pickle",
    };
    TorchError::NotTorch(what.to_string())
}

/// Whether it begins with the length of a table in JSON, and with that.
fn is_safetensors(start: &[u8], length: u64) -> bool {
    match start.split_first_chunk() {
        Some((table, [b'{', ..])) => u64::from_le_bytes(*table) <= length.saturating_sub(8),
        _ => false,
    }
}
