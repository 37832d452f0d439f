//! Platforms as they are written. [`crate::image::Platform`] makes equal what means
//! the same, and so forgets what a rule has to complain of.

use serde::Deserialize;

/// A platform, letter by letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct WrittenPlatform {
    /// `os`
    #[serde(default)]
    pub os: String,
    /// `architecture`
    #[serde(default)]
    pub architecture: String,
    /// `variant`
    pub variant: Option<String>,
}

impl WrittenPlatform {
    /// Of a config.
    pub(super) fn of_config(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Of an index's entries, in their order.
    pub(super) fn of_index(bytes: &[u8]) -> Vec<Option<Self>> {
        #[derive(Deserialize)]
        struct Index {
            manifests: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            platform: Option<WrittenPlatform>,
        }
        match serde_json::from_slice::<Index>(bytes) {
            Ok(index) => index
                .manifests
                .into_iter()
                .map(|entry| entry.platform)
                .collect(),
            Err(_) => Vec::new(),
        }
    }

    /// The variant, where there is one.
    pub fn variant(&self) -> Option<&str> {
        self.variant
            .as_deref()
            .filter(|variant| !variant.is_empty())
    }
}

impl std::fmt::Display for WrittenPlatform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant() {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
