use super::{TorchError, TorchFile, Value};

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the variants are named after their types
pub enum Dtype {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Dtype {
    /// That of the storages of a class.
    fn of_storage(class: &str) -> Option<Self> {
        Some(match class.strip_prefix("torch.")? {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            _ => return None,
        })
    }

    /// The bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }
}

/// A tensor in a [`TorchFile`]: which elements of which storage it has.
#[derive(Debug, Clone)]
pub struct Tensor<'a> {
    file: &'a TorchFile,
    place: String,
    dtype: Dtype,
    shape: Vec<usize>,
    strides: Vec<usize>,
    offset: usize,
    storage: &'a str,
}

/// The most dimensions that PyTorch's tensors have.
const MAX_RANK: usize = 64;

impl<'a> Tensor<'a> {
    /// What `class` would have made of its arguments.
    pub(super) fn read(
        value: &Value<'a>,
        class: &str,
        arguments: Vec<Value<'a>>,
    ) -> Result<Self, TorchError> {
        match (class, arguments.as_slice()) {
            ("torch._utils._rebuild_tensor_v2", [storage, offset, shape, strides, ..]) => {
                Self::view(value, storage, offset, shape, strides)
            }
            ("torch._utils._rebuild_parameter", [data, ..]) if data.is_tensor() => {
                // That of a parameter again would be none of PyTorch's.
                match data.class().as_deref() {
                    Some("torch._utils._rebuild_tensor_v2") => data.tensor(),
                    _ => unsupported(value, class),
                }
            }
            ("torch._utils._rebuild_tensor_v3", [_, _, _, _, _, _, dtype, ..]) => {
                let dtype = dtype.global();
                unsupported(value, dtype.as_deref().unwrap_or(class))
            }
            _ => unsupported(value, class),
        }
    }

    fn view(
        value: &Value<'a>,
        storage: &Value<'a>,
        offset: &Value<'a>,
        shape: &Value<'a>,
        strides: &Value<'a>,
    ) -> Result<Self, TorchError> {
        let Some(storage) = storage.storage() else {
            return storage.wrong("a storage");
        };
        let parts = storage.items()?;
        let [kind, class, key, ..] = parts.as_slice() else {
            return storage.wrong("what names a storage");
        };
        if kind.text()? != "storage" {
            return kind.out_of_bounds("\"storage\"");
        }
        let Some(class) = class.global() else {
            return class.wrong("a storage's class");
        };
        let Some(dtype) = Dtype::of_storage(&class) else {
            return unsupported(value, &class);
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        if shape.len() != strides.len() || shape.len() > MAX_RANK {
            let ranks = format!("{} and {}", shape.len(), strides.len());
            let allowed = "a tensor with as many dimensions as strides, at most 64";
            return Err(TorchError::invalid(value.place(), ranks, allowed));
        }
        Ok(Self {
            file: value.file(),
            place: value.place().to_string(),
            dtype,
            shape,
            strides,
            offset: size(offset)?,
            storage: key.text()?,
        })
    }

    /// Where it is in the file.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The type of its elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its dimensions; none for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How far apart its elements are in the storage, in elements, along each dimension.
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// At which element of the storage it begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The key of its storage, which other tensors may share.
    pub fn storage(&self) -> &'a str {
        self.storage
    }

    /// Its elements in row-major order, little-endian.
    ///
    /// # Errors
    ///
    /// A storage that isn't there, doesn't agree with its checksum, or has fewer elements than the
    /// tensor takes: a tensor that has an element more often than its storage (`expand`) is none
    /// that a state is made of, and the way to make a few bytes into many.
    pub fn bytes(&self) -> Result<Vec<u8>, TorchError> {
        let Some(available) = self.file.storage_size(self.storage) else {
            let why = format!("its storage {:?} is not in the file", self.storage);
            return Err(TorchError::unsupported(self.place.as_str(), why));
        };
        let size = self.dtype.size();
        let available = (available / size as u64) as usize;
        let (elements, end) = self.extent().unwrap_or((usize::MAX, usize::MAX));
        if elements > available || end > available {
            let why = format!("takes more than the {available} elements of its storage");
            return Err(TorchError::unsupported(self.place.as_str(), why));
        }
        if elements == 0 {
            return Ok(Vec::new());
        }
        let mut storage = self.file.storage(self.storage).map_err(|error| {
            TorchError::unsupported(self.place.as_str(), format!("its storage {error}"))
        })?;
        if self.is_contiguous() {
            storage.truncate(end * size);
            storage.drain(..self.offset * size);
            return Ok(storage);
        }
        let mut bytes = Vec::with_capacity(elements * size);
        self.gather(&storage, &mut bytes);
        Ok(bytes)
    }

    /// How many elements it has, and after which of the storage they end; `None` where no `usize`
    /// holds that.
    fn extent(&self) -> Option<(usize, usize)> {
        let elements = self
            .shape
            .iter()
            .try_fold(1usize, |n, size| n.checked_mul(*size));
        if self.shape.contains(&0) {
            return Some((0, 0));
        }
        let mut last = self.offset;
        for (size, stride) in self.shape.iter().zip(&self.strides) {
            last = last.checked_add((size - 1).checked_mul(*stride)?)?;
        }
        Some((elements?, last.checked_add(1)?))
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (size, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *size != 1 && *stride != expected {
                return false;
            }
            expected *= size; // at most the number of elements, which was checked
        }
        true
    }

    /// The elements of a storage, in the order of the indices.
    fn gather(&self, storage: &[u8], into: &mut Vec<u8>) {
        let size = self.dtype.size();
        let mut index = vec![0; self.shape.len()];
        let mut at = self.offset;
        loop {
            into.extend_from_slice(&storage[at * size..(at + 1) * size]);
            // The next index, as an odometer counts.
            let mut axis = self.shape.len();
            loop {
                let Some(next) = axis.checked_sub(1) else {
                    return;
                };
                axis = next;
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    at += self.strides[axis];
                    break;
                }
                index[axis] = 0;
                at -= self.strides[axis] * (self.shape[axis] - 1);
            }
        }
    }

    /// Its only element.
    ///
    /// # Errors
    ///
    /// A tensor of more or fewer elements, and one whose [bytes](Self::bytes) can't be read.
    pub fn number(&self) -> Result<f64, TorchError> {
        if self.shape.iter().any(|size| *size != 1) {
            let shape = format!("{:?}", self.shape);
            let allowed = "a number, or a tensor of one";
            return Err(TorchError::invalid(self.place(), shape, allowed));
        }
        let bytes = self.bytes()?;
        Ok(match (self.dtype, bytes.as_slice()) {
            (Dtype::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            (Dtype::I64, &[a, b, c, d, e, f, g, h]) => {
                i64::from_le_bytes([a, b, c, d, e, f, g, h]) as f64
            }
            (Dtype::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).into(),
            (Dtype::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]).into(),
            (Dtype::BF16, &[a, b]) => f32::from_le_bytes([0, 0, a, b]).into(),
            (Dtype::F16, &[a, b]) => half(u16::from_le_bytes([a, b])),
            (Dtype::I16, &[a, b]) => i16::from_le_bytes([a, b]).into(),
            (Dtype::I8, &[a]) => i8::from_le_bytes([a]).into(),
            (Dtype::U8 | Dtype::Bool, &[a]) => a.into(),
            _ => unreachable!("a tensor of one element has the bytes of one"),
        })
    }
}

fn unsupported<T>(value: &Value<'_>, what: &str) -> Result<T, TorchError> {
    let why = format!("is a tensor of {what}, which isn't read");
    Err(TorchError::unsupported(value.place(), why))
}

fn sizes(list: &Value<'_>) -> Result<Vec<usize>, TorchError> {
    list.items()?.iter().map(size).collect()
}

fn size(value: &Value<'_>) -> Result<usize, TorchError> {
    match usize::try_from(value.count()?) {
        Ok(size) => Ok(size),
        Err(_) => value.out_of_bounds("a size in memory"),
    }
}

/// The number of a 16-bit float of IEEE 754.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    sign * match (exponent, fraction) {
        (31, 0.0) => f64::INFINITY,
        (31, _) => f64::NAN,
        (0, fraction) => fraction * 2f64.powi(-14),
        (exponent, fraction) => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves_are_what_ieee_754_says() {
        let known = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333251953125),
        ];
        for (bits, number) in known {
            assert_eq!(half(bits), number);
        }
        assert_eq!(half(0x7c00), f64::INFINITY);
        assert!(half(0x7e00).is_nan());
    }
}
