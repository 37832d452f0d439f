//! Where an image's bytes come from: an index is resolved here, once, into
//! children that are known by their digests.

mod challenge;
mod connection;
mod contents;
pub mod credentials;
mod error;
mod fault;
mod local;
pub mod registry;
mod retry;
mod surroundings;
mod token;

pub(crate) use contents::LARGEST_DOCUMENT;
pub use contents::{Contents, ContentsError, Root};
pub use credentials::{Credentials, FoundCredentials, credentials};
pub use error::SourceError;
pub use fault::RegistryFault;
pub use local::LocalContents;
pub use registry::{RegistryContents, RegistryOptions, resolve};
pub use surroundings::Surroundings;

#[cfg(test)]
#[path = "../../tests/support/registry/mod.rs"]
mod loopback_registry;
#[cfg(test)]
#[path = "../../tests/support/untrusted_tls.rs"]
mod untrusted_tls;
