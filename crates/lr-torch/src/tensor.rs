//! Tensors.

use crate::dtype::Dtype;
use crate::error::TorchError;
use crate::pickle::node::Node;
use crate::value::{Scalar, Value};

/// A tensor in a [`TorchFile`](crate::TorchFile): which elements of which storage it has.
#[derive(Debug, Clone)]
pub struct Tensor<'a> {
    value: Value<'a>,
    dtype: Dtype,
    shape: Vec<usize>,
    strides: Vec<usize>,
    offset: usize,
    storage: &'a str,
}

/// The most dimensions that PyTorch's tensors have.
const MAX_RANK: usize = 64;

impl<'a> Value<'a> {
    /// A number: a float, an integer, one of numpy's, or the element of a tensor of one, as rates are where an
    /// optimizer is `capturable`.
    ///
    /// # Errors
    ///
    /// Any other type, and a tensor that can't be read.
    pub fn number(&self) -> Result<f64, TorchError> {
        match self.scalar() {
            Some(Scalar::Int(int)) => Ok(int as f64),
            Some(Scalar::Float(float)) => Ok(float),
            None if self.is_tensor() => self.tensor()?.number(),
            _ => self.wrong("a number"),
        }
    }

    /// A [number](Self::number) that is neither infinite nor NaN.
    ///
    /// # Errors
    ///
    /// As [`number`](Self::number), and one that isn't finite.
    pub fn finite(&self) -> Result<f64, TorchError> {
        let number = self.number()?;
        match number.is_finite() {
            true => Ok(number),
            false => self.must_be("finite", number),
        }
    }

    /// A tensor, whose elements aren't read yet.
    ///
    /// # Errors
    ///
    /// Any other type, and tensors of other kinds than those that `torch.save` writes for a state:
    /// quantized, sparse, of a dtype that isn't a [`Dtype`](Dtype).
    pub fn tensor(&self) -> Result<Tensor<'a>, TorchError> {
        if !self.is_tensor() {
            return self.wrong("a tensor");
        }
        let (class, arguments) = (self.class().unwrap_or_default(), self.call());
        match (class.as_str(), arguments.as_slice()) {
            ("torch._utils._rebuild_tensor_v2", [storage, offset, shape, strides, ..]) => {
                Tensor::read(self, storage, offset, shape, strides)
            }
            // PyTorch writes no parameter of a parameter.
            ("torch._utils._rebuild_parameter", [data, ..])
                if data.class().as_deref() == Some("torch._utils._rebuild_tensor_v2") =>
            {
                data.tensor()
            }
            ("torch._utils._rebuild_tensor_v3", [_, _, _, _, _, _, dtype, ..]) => {
                let dtype = dtype.global();
                unread(self, dtype.as_deref().unwrap_or(&class))
            }
            _ => unread(self, &class),
        }
    }
}

impl<'a> Tensor<'a> {
    fn read(
        value: &Value<'a>,
        storage: &Value<'a>,
        offset: &Value<'a>,
        shape: &Value<'a>,
        strides: &Value<'a>,
    ) -> Result<Self, TorchError> {
        let Node::Persistent(id) = storage.node() else {
            return storage.wrong("a storage");
        };
        let storage = storage.same(*id);
        let parts = storage.items()?;
        let [kind, class, key, rest @ ..] = parts.as_slice() else {
            return storage.wrong("what names a storage");
        };
        // In the old format, a storage may be a part of another: (its key, where it begins, its size).
        let begin = match rest {
            [_, _, view] if !view.is_none() => size(&view.item(1)?)?,
            _ => 0,
        };
        if kind.text()? != "storage" {
            return kind.wrong("\"storage\"");
        }
        let Some(class) = class.global() else {
            return class.wrong("a storage's class");
        };
        let Some(dtype) = Dtype::of_storage(&class) else {
            return unread(value, &class);
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        if shape.len() != strides.len() || shape.len() > MAX_RANK {
            let ranks = format!("{} and {}", shape.len(), strides.len());
            let allowed = "a tensor with as many dimensions as strides, at most 64";
            return value.must_be(allowed, ranks);
        }
        Ok(Self {
            value: value.clone(),
            dtype,
            shape,
            strides,
            offset: size(offset)?.saturating_add(begin),
            storage: key.text()?,
        })
    }

    /// Its place in the file.
    pub fn place(&self) -> &str {
        self.value.place()
    }

    /// The type of its elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its dimensions; none for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The distance of its elements in the storage, in elements, along each dimension.
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// The element of the storage at which it begins.
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
        let Some(storage) = self.value.file.storages.get(self.storage) else {
            let why = format!("its storage {:?} is not in the file", self.storage);
            return self.value.unsupported(why);
        };
        let size = self.dtype.size();
        let available = (storage.size / size as u64) as usize;
        let (elements, end) = self.extent().unwrap_or((usize::MAX, usize::MAX));
        if elements > available || end > available {
            let why = format!("takes more than the {available} elements of its storage");
            return self.value.unsupported(why);
        }
        if elements == 0 {
            return Ok(Vec::new());
        }
        let mut storage = match self.value.file.bytes(*storage) {
            Ok(storage) => storage,
            Err(error) => return self.value.unsupported(format!("its storage {error}")),
        };
        if self.is_contiguous() {
            storage.truncate(end * size);
            storage.drain(..self.offset * size);
            return Ok(storage);
        }
        let mut bytes = Vec::with_capacity(elements * size);
        self.gather(0, self.offset, &storage, &mut bytes);
        Ok(bytes)
    }

    /// The number of its elements, and the one of the storage after which they end; `None` where no `usize`
    /// holds that.
    fn extent(&self) -> Option<(usize, usize)> {
        if self.shape.contains(&0) {
            return Some((0, 0));
        }
        let (mut elements, mut last) = (1usize, self.offset);
        for (size, stride) in self.shape.iter().zip(&self.strides) {
            elements = elements.checked_mul(*size)?;
            last = last.checked_add((size - 1).checked_mul(*stride)?)?;
        }
        Some((elements, last.checked_add(1)?))
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

    /// Adds the elements of a storage from `at` on, whose indices are alike up to `axis`.
    fn gather(&self, axis: usize, at: usize, storage: &[u8], into: &mut Vec<u8>) {
        let Some(count) = self.shape.get(axis) else {
            let size = self.dtype.size();
            return into.extend_from_slice(&storage[at * size..(at + 1) * size]);
        };
        for index in 0..*count {
            self.gather(axis + 1, at + index * self.strides[axis], storage, into);
        }
    }

    /// Its only element.
    ///
    /// # Errors
    ///
    /// A tensor of more or fewer elements, and one whose [bytes](Self::bytes) can't be read.
    pub fn number(&self) -> Result<f64, TorchError> {
        if self.shape.iter().any(|size| *size != 1) {
            let allowed = "a number, or a tensor of one";
            return self.value.must_be(allowed, format!("{:?}", self.shape));
        }
        match self.dtype.number(&self.bytes()?) {
            Some(number) => Ok(number),
            None => self.value.must_be("a real number", "a complex one"),
        }
    }
}

fn unread<T>(value: &Value<'_>, what: &str) -> Result<T, TorchError> {
    value.unsupported(format!("is a tensor of {what}, which isn't read"))
}

fn sizes(list: &Value<'_>) -> Result<Vec<usize>, TorchError> {
    list.items()?.iter().map(size).collect()
}

/// A size; one that memory has no room for is larger than any storage.
fn size(value: &Value<'_>) -> Result<usize, TorchError> {
    Ok(usize::try_from(value.count()?).unwrap_or(usize::MAX))
}
