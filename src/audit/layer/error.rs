//! Why a layer can't be read.

use std::io;

use crate::image::Digest;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerFault {
    /// The image's: an engine fails too.
    Image,
    /// Nobody's: it is more than we are ready to read.
    Limit,
    /// The way to the bytes, or this machine's disk.
    Io,
    /// The user's wish.
    Cancelled,
}

/// Why a layer can't be read. Each is the end of a sentence that names the layer.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// No layer.
    #[error("its media type `{0}` is none that an engine unpacks")]
    MediaType(String),
    /// Other bytes than were promised.
    #[error("its bytes have the digest {actual}, not the {expected} that the manifest names")]
    Digest {
        /// By the descriptor.
        expected: Digest,
        /// Of what came.
        actual: String,
    },
    /// More bytes than the descriptor says.
    #[error("it has more than the {expected} bytes that the manifest says")]
    TooLong {
        /// Bytes, by the descriptor.
        expected: u64,
    },
    /// Fewer bytes than the descriptor says.
    #[error("it has {actual} bytes and not the {expected} that the manifest says")]
    TooShort {
        /// Bytes, by the descriptor.
        expected: u64,
        /// Bytes that came.
        actual: u64,
    },
    /// A compression that no OCI runtime reads.
    #[error(
        "it is compressed with {0}, which the OCI image specification does not know; use gzip or zstd"
    )]
    Compression(&'static str),
    /// The compressed stream does not hold together.
    #[error("its {compression} stream is damaged: {why}")]
    Corrupt {
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// It ends too early.
    #[error("its archive is cut off in {0}")]
    Truncated(String),
    /// No tar archive, or not all of it.
    #[error("it is no tar archive: at byte {offset} of its uncompressed bytes, {why}")]
    NotTar {
        /// Where.
        offset: u64,
        /// What is wrong there.
        why: &'static str,
    },
    /// A tar archive with an entry that no engine unpacks.
    #[error("its entry `{path}` can't be unpacked: {why}")]
    Entry {
        /// As it is written; cut where it is long.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// More than [`Limits`](super::Limits) allow.
    #[error(
        "it has more than {allowed} {what}: a decompression bomb, or larger than any image we expect"
    )]
    Limit {
        /// How many.
        allowed: u64,
        /// Of what.
        what: &'static str,
    },
    /// The blob's bytes stopped coming.
    #[error("its bytes could not be read: {0}")]
    Read(#[source] io::Error),
    /// This machine's disk.
    #[error("a file of it could not be written to the folder for temporary files: {0}")]
    Spool(#[source] io::Error),
    /// This machine has no thread left.
    #[error("no thread could be started to decompress it: {0}")]
    Thread(#[source] io::Error),
    /// The caller no longer wants it.
    #[error("its reading was cancelled")]
    Cancelled,
}

impl LayerError {
    /// Whose fault it is.
    pub fn fault(&self) -> LayerFault {
        match self {
            Self::MediaType(_)
            | Self::Digest { .. }
            | Self::TooLong { .. }
            | Self::TooShort { .. }
            | Self::Compression(_)
            | Self::Corrupt { .. }
            | Self::Truncated(_)
            | Self::NotTar { .. }
            | Self::Entry { .. } => LayerFault::Image,
            Self::Limit { .. } => LayerFault::Limit,
            Self::Read(_) | Self::Spool(_) | Self::Thread(_) => LayerFault::Io,
            Self::Cancelled => LayerFault::Cancelled,
        }
    }
}
