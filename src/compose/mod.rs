//! Compose files: text in, a typed project out, and every mistake told with its
//! file and line. Pure, but for the other files that a compose file names, which
//! are had through [`Files`].
//!
//! [`read`] goes four steps: each file into a tree that knows its bytes, with its
//! variables filled in, what it includes and what its services extend laid under it
//! (`load`); the files laid over one another by compose's rules (`merge`); the tree
//! into the model (`decode`); and what only shows when all of it is there – what
//! is used and not defined, who waits for whom (`check`).
//!
//! It reads a subset of the Compose Specification, listed in `suites/compose.md`. A
//! key outside of it is a mistake, never passed over.

mod check;
mod decode;
mod dotenv;
mod forms;
mod interpolate;
mod load;
mod merge;
mod mistakes;
mod model;
mod outline;
mod services;
mod surroundings;
mod units;
mod words;

#[cfg(test)]
mod tests;

pub use mistakes::Mistakes;
pub use model::*;
pub use outline::{Outline, ServiceOutline, Unreadable};
pub use services::{By, PluginFiles, Services};
pub use surroundings::{FileFault, Files, Surroundings};

/// Reads compose files, the later ones over the earlier ones.
///
/// Relative paths stand for files beside the first one, as in compose; in the
/// project they are joined to its folder.
///
/// # Errors
/// All mistakes of all files; where one can't be had or is no YAML, those of the
/// others.
pub fn read(files: &[String], surroundings: Surroundings<'_>) -> Result<Project, Mistakes> {
    let mut loader = load::Loader::new(surroundings);
    let root = loader.all(files);
    let mut decoder = decode::Decoder::new(loader);
    let project = root.and_then(|root| decoder.project(&root));
    let (sources, diagnostics) = decoder.into_mistakes();
    match project {
        Some(project) if diagnostics.is_empty() => Ok(project),
        _ => Err(Mistakes::new(sources, diagnostics)),
    }
}
