use burn_pack::Scalar;

use super::error::LoadError;

/// Finds a scalar by its name.
type Get<'a> = Box<dyn FnMut(&str) -> Option<Scalar> + 'a>;

/// Stored scalars, read as what they should be.
pub(super) struct Fields<'a> {
    get: Get<'a>,
    /// The beginning of all names that are asked for.
    prefix: String,
}

impl<'a> Fields<'a> {
    /// Reads the scalars that `get` finds.
    pub fn new(get: impl FnMut(&str) -> Option<Scalar> + 'a) -> Self {
        Self {
            get: Box::new(get),
            prefix: String::new(),
        }
    }

    /// Reads the fields whose names begin with `prefix`.
    pub fn below<T>(&mut self, prefix: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.prefix.len();
        self.prefix.push_str(prefix);
        let result = read(self);
        self.prefix.truncate(length);
        result
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn get(&mut self, name: &str) -> Option<Scalar> {
        let name = self.name(name);
        (self.get)(&name)
    }

    pub fn has(&mut self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Reads the field `name`, if there is one.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<T, LoadError>,
    ) -> Result<Option<T>, LoadError> {
        match self.has(name) {
            true => read(self, name).map(Some),
            false => Ok(None),
        }
    }

    fn require(&mut self, name: &str) -> Result<Scalar, LoadError> {
        self.get(name).ok_or_else(|| LoadError::Missing {
            field: self.name(name),
        })
    }

    pub fn count(&mut self, name: &str) -> Result<u64, LoadError> {
        let scalar = self.require(name)?;
        u64::try_from(scalar).map_err(|_| self.invalid(name, show(scalar), "a count"))
    }

    pub fn number(&mut self, name: &str) -> Result<f64, LoadError> {
        match self.require(name)? {
            Scalar::Float(number) => Ok(number),
            other => Err(self.invalid(name, show(other), "a number with a fraction")),
        }
    }

    pub fn not_negative(&mut self, name: &str) -> Result<f64, LoadError> {
        let number = self.number(name)?;
        if number.is_finite() && number >= 0.0 {
            return Ok(number);
        }
        Err(self.invalid(name, number, "finite and at least 0"))
    }

    /// The field `name` is not what it must be.
    pub fn invalid(&self, name: &str, value: impl ToString, allowed: &'static str) -> LoadError {
        LoadError::Invalid {
            field: self.name(name),
            value: value.to_string(),
            allowed,
        }
    }
}

fn show(scalar: Scalar) -> String {
    match scalar {
        Scalar::Int(value) => value.to_string(),
        Scalar::UInt(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
        Scalar::Bool(value) => value.to_string(),
    }
}
