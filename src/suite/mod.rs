//! The declarative file: model, reading with spans, validation. Pure: text in, suite out.
//!
//! [`SuiteFile::parse`] goes three steps: the text into a tree that knows its
//! bytes (`yaml`), the tree into checks (`decode`), and each check once for
//! every platform that could make a difference, so that [`SuiteFile::checks`]
//! can't fail. `suites/README.md` lists every key.

mod acceptance;
mod decode;
mod exception;
mod file;
mod json_path;
mod model;
mod path_pattern;
mod secret;
mod stack;
mod units;
mod variables;
mod words;

#[cfg(test)]
mod tests;

pub use acceptance::{Acceptance, AuditPolicy, Parity};
pub use exception::Exception;
pub use file::SuiteFile;
pub(crate) use json_path::write as write_json_path;
pub use model::*;
pub use path_pattern::{PathPattern, PathPatternError};
pub use secret::Secret;
pub use stack::{Runner, ServiceAction, ServiceCheck, Sidecars, Stack};
pub(crate) use units::signal_name;

/// Between a check and a part of it, as in `native modules load › sharp`.
pub const PART_SEPARATOR: &str = " › ";
