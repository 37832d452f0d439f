//! An image's documents and blobs, wherever they are kept.

use std::io::Read;

use async_trait::async_trait;

use crate::image::{Descriptor, Digest};

/// No index, manifest or list of an archive is longer: registries accept no more
/// than 4 MiB (OCI distribution specification, "Pushing Manifests").
pub(crate) const LARGEST_DOCUMENT: u64 = 4 * 1024 * 1024;

/// What a reference names: an index or a manifest, as it was served.
#[derive(Clone, Debug)]
pub struct Root {
    /// The document's bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
    /// Where the reference names an image that was never pushed (`docker save`),
    /// what is said of its origin.
    pub note: Option<String>,
}

/// Why a document or blob can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// It is not there: the image's fault.
    #[error("it is not there")]
    Absent,
    /// Other bytes are there than the digest promises: the image's fault.
    #[error("what is there has the digest {actual}")]
    Mismatch {
        /// The digest of what came.
        actual: String,
    },
    /// It is longer than its descriptor says: the image's fault.
    #[error("it has more bytes than its descriptor says: at least {at_least}")]
    TooLong {
        /// Bytes seen before reading stopped.
        at_least: u64,
    },
    /// The way to it is broken: nobody knows what it holds.
    #[error("{0}")]
    Unreachable(String),
}

/// Where an image's documents and blobs are: a registry, an OCI layout, an archive,
/// an engine's own store.
#[async_trait]
pub trait Contents: Send + Sync {
    /// What the reference names.
    async fn root(&self) -> Result<Root, ContentsError>;

    /// A manifest or index that an index lists, whole and verified.
    async fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError>;

    /// A config or another small blob, whole and verified; no more than the
    /// descriptor's size is read.
    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError>;

    /// How many bytes a blob has, found out without reading it.
    async fn size(&self, digest: &Digest) -> Result<u64, ContentsError>;

    /// Opens a blob for reading from its beginning. Nothing is verified: the
    /// reader's user does that. The reader blocks, and may only be read off the
    /// asynchronous runtime's own threads. A connection that breaks is resumed.
    async fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError>;
}

/// The bytes, if they are those of the digest and no more than `limit`.
pub(super) fn verified(
    bytes: Vec<u8>,
    digest: &Digest,
    limit: u64,
) -> Result<Vec<u8>, ContentsError> {
    let length = bytes.len() as u64;
    if length > limit {
        return Err(ContentsError::TooLong { at_least: length });
    }
    if !digest.matches(&bytes) {
        return Err(ContentsError::Mismatch {
            actual: Digest::of(&bytes).to_string(),
        });
    }
    Ok(bytes)
}
