//! A registry on the loopback interface, in memory, that does what it is told:
//! it serves what was put into it, speaks both kinds of authentication, counts
//! what it is asked, and plays every fault a registry is known for.
//!
//! Unit and integration tests share this folder; it uses nothing of the crate.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    unused_imports,
    missing_docs,
    reason = "shared by two test binaries, each of which uses a part"
)]

mod access;
mod answer;
mod contents;
mod fault;
mod loopback;
mod serve;
mod state;

pub use access::Access;
pub use contents::Pushed;
pub use fault::Fault;
pub use loopback::LoopbackRegistry;

pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
