//! A value that must not be seen.

use std::fmt;

/// An environment variable that a suite declares under `secrets`: its value is
/// masked wherever it turns up, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    name: String,
    value: String,
}

impl Secret {
    /// A secret with the value its environment variable has.
    pub fn new(name: String, value: String) -> Self {
        Self { name, value }
    }

    /// The environment variable's name, fit to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value: for filling in and for masking, never for showing.
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} = ***)", self.name)
    }
}
