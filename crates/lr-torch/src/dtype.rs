//! The types of numbers.

use half::{bf16, f16};

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
    /// A real and an imaginary part of 32 bits.
    C64,
    /// A real and an imaginary part of 64 bits.
    C128,
}

impl Dtype {
    /// The type of the elements of a storage, by its class.
    pub(crate) fn of_storage(class: &str) -> Option<Self> {
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
            "ComplexFloatStorage" => Self::C64,
            "ComplexDoubleStorage" => Self::C128,
            _ => return None,
        })
    }

    /// The bytes of one element of a storage, by its class's name.
    pub(crate) fn storage_size(name: &str) -> Option<usize> {
        match name {
            "UntypedStorage" | "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage"
            | "QUInt2x4Storage" => Some(1),
            "QInt32Storage" => Some(4),
            name => Self::of_storage(&format!("torch.{name}")).map(Self::size),
        }
    }

    /// The bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::C128 => 16,
            Self::F64 | Self::I64 | Self::C64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The number that the bytes of one element are, unless it is complex or has other bytes.
    pub(crate) fn number(self, bytes: &[u8]) -> Option<f64> {
        Some(match (self, bytes) {
            (Self::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            (Self::I64, &[a, b, c, d, e, f, g, h]) => {
                i64::from_le_bytes([a, b, c, d, e, f, g, h]) as f64
            }
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).into(),
            (Self::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]).into(),
            (Self::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).into(),
            (Self::F16, &[a, b]) => f16::from_le_bytes([a, b]).into(),
            (Self::I16, &[a, b]) => i16::from_le_bytes([a, b]).into(),
            (Self::I8, &[a]) => i8::from_le_bytes([a]).into(),
            (Self::U8 | Self::Bool, &[a]) => a.into(),
            _ => return None,
        })
    }
}
