//! Digests of bytes that stream by.

use sha2::Digest as _;

use crate::image::Digest;

/// Computes a digest of the algorithm that another one has.
pub(super) enum Hasher {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// For comparison with this digest.
    pub(super) fn like(digest: &Digest) -> Self {
        if digest.as_str().starts_with("sha512:") {
            Self::Sha512(sha2::Sha512::new())
        } else {
            Self::sha256()
        }
    }

    pub(super) fn sha256() -> Self {
        Self::Sha256(sha2::Sha256::new())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// `sha256:` or `sha512:` and the hexadecimal digits.
    pub(super) fn finish(self) -> String {
        let text = |name: &str, hash: &[u8]| {
            let digits = hash.iter().map(|byte| format!("{byte:02x}"));
            format!("{name}:{}", digits.collect::<String>())
        };
        match self {
            Self::Sha256(hash) => text("sha256", &hash.finalize()),
            Self::Sha512(hash) => text("sha512", &hash.finalize()),
        }
    }
}
