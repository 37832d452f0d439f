//! What a compose file can see of the world around it.

use std::io;
use std::path::Path;

/// Why a file can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// There is none of that name.
    Missing,
    /// There is one, and it can't be read.
    Unreadable,
    /// It is no text in UTF-8.
    NotText,
}

impl From<&io::Error> for FileFault {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::InvalidData => Self::NotText,
            _ => Self::Unreadable,
        }
    }
}

/// The files that compose files name. A relative path is relative to wherever the
/// paths of the compose files themselves are.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it can't be had.
    fn text(&self, path: &Path) -> Result<String, FileFault>;

    /// Whether there is a file at all, text or not.
    fn is_there(&self, path: &Path) -> bool;

    /// A path as the user would write it, for messages.
    fn shown(&self, path: &Path) -> String {
        path.display().to_string()
    }
}

/// What [`super::read`] is told beside the names of the files.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Where other files come from.
    pub files: &'a dyn Files,
    /// The environment variables.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The profiles that are on; `*` turns all on.
    pub profiles: &'a [String],
    /// The services whose image the run brings along: they need none of their own,
    /// and what they say of `build` does not matter.
    pub under_test: &'a [String],
}
