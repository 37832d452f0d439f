//! What can go wrong between here and an image. The image's own faults are
//! [`crate::image::VariantFault`]s wherever a platform can be named for them.

use crate::image::DocumentError;

use super::RegistryFault;

/// An image, or what is needed to reach it, can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The registry, or the way to it.
    #[error("{step}: {}{}", .fault.explain(.host), if *.attempts > 1 { format!(" (asked {attempts} times)") } else { String::new() })]
    Registry {
        /// What was being done.
        step: String,
        /// Host and port.
        host: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong.
        fault: RegistryFault,
    },
    /// The registry answers, but has no such image.
    #[error(
        "the registry {host} has no {wanted} in the repository {repository}{}; check its name, and whether it has been pushed",
        if .said.is_empty() { String::new() } else { format!(" ({said})") }
    )]
    NotFound {
        /// Host and port.
        host: String,
        /// The repository.
        repository: String,
        /// `tag 1.2` or `digest sha256:…`.
        wanted: String,
        /// The registry's own words.
        said: String,
    },
    /// What was served is not what the digest promises.
    #[error(
        "the registry {host} served other bytes than it should for {what}: expected {expected}, got {actual}; look for a broken mirror or proxy on the way, and push the image again"
    )]
    DigestMismatch {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The digest it should have.
        expected: String,
        /// The digest it has.
        actual: String,
    },
    /// It is there, but it is not an image.
    #[error("{reference} is not an image that can be tested: {why}")]
    NotAnImage {
        /// The reference.
        reference: String,
        /// Why not.
        why: DocumentError,
    },
    /// The index holds nothing that is an image.
    #[error("the index of {reference} lists no platform at all; push it again with its children")]
    EmptyIndex {
        /// The reference.
        reference: String,
    },
    /// An image in a file or folder, or in an engine's own store, can't be read.
    #[error("{reference} can't be read: {why}")]
    Local {
        /// The reference.
        reference: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Credentials are configured and can't be read.
    #[error("the credentials for {registry} can't be read from {place}: {why}")]
    Credentials {
        /// For which registry.
        registry: String,
        /// File or helper.
        place: String,
        /// What is wrong, and what to do.
        why: String,
    },
}
