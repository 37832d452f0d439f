//! What a reference resolved to: one variant per platform, each by its digest.

use super::{Digest, ImageConfig, ImageReference, Platform};

/// Where the bytes come from; part of every report, since a local image is not
/// the one that users will pull.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// An index in a registry.
    RegistryIndex,
    /// A bare manifest in a registry: one platform, named by its config.
    RegistryManifest,
    /// An image that is only in the engine's own store.
    Engine,
}

/// A reference, looked up once. Nothing after this reads the tag again.
#[derive(Clone, Debug)]
pub struct ResolvedImage {
    /// As the user wrote it.
    pub reference: ImageReference,
    /// The digest of what the reference named: index, manifest or local image.
    pub digest: Digest,
    /// Where it was found.
    pub origin: Origin,
    /// Everything it offers, wanted or not, in the index's order; attestations left out.
    pub available: Vec<Platform>,
    /// One for each wanted platform that can be run, in the index's order.
    pub variants: Vec<Variant>,
    /// The wanted platforms that can't be: each has to be reported, none passed over.
    pub broken: Vec<BrokenVariant>,
}

/// One platform's image.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What the index says it is for (a bare manifest: what its config says).
    pub platform: Platform,
    /// The child manifest's digest; a local image's id.
    pub digest: Digest,
    /// The config's digest: the image id in engines with the classic store.
    pub config_digest: Digest,
    /// The config itself.
    pub config: ImageConfig,
    /// What an engine pulls and creates from: `repository@digest`, or a local image's id.
    pub pull_reference: String,
    /// Whether an engine has to pull it; a local image is there already.
    pub is_local: bool,
}

/// A platform that was wanted and of which there is nothing to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenVariant {
    /// Its platform; `unknown/unknown` where the index does not say and the
    /// config that would could not be read.
    pub platform: Platform,
    /// The child's digest; `None` where the index has no such child.
    pub digest: Option<Digest>,
    /// What is wrong with it.
    pub fault: VariantFault,
}

/// Why there is nothing to run of a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariantFault {
    /// The image is not offered for it.
    #[error("{} {}", if *.is_index { "the index has no such platform; it has" } else { "the image is no index; it is for" }, list(.available))]
    NotOffered {
        /// What it is offered for.
        available: Vec<Platform>,
        /// Whether the reference names an index, or a bare manifest.
        is_index: bool,
    },
    /// The index lists several children for it, and nothing tells them apart.
    #[error("the index lists {} different children for this platform: {}", .digests.len(), list(.digests))]
    Duplicate {
        /// The children.
        digests: Vec<Digest>,
    },
    /// The index lists the child, the registry does not have it.
    #[error("the index lists {0}, but the registry does not have that manifest")]
    ManifestMissing(Digest),
    /// The manifest names a blob that the registry does not have.
    #[error("the manifest names the config {0}, but the registry does not have that blob")]
    BlobMissing(Digest),
    /// The registry served other bytes than the digest promises.
    #[error("the {what} served for {expected} has the digest {actual}")]
    DigestMismatch {
        /// `manifest` or `config`.
        what: &'static str,
        /// The digest that was asked for.
        expected: Digest,
        /// What came, by its digest.
        actual: String,
    },
    /// The descriptor states another size than the content has.
    #[error("the {what} {digest} should have {expected} bytes by its descriptor and has {actual}")]
    SizeMismatch {
        /// `manifest` or `config`.
        what: &'static str,
        /// Which.
        digest: Digest,
        /// Bytes, by the descriptor.
        expected: u64,
        /// Bytes that came; at least, where reading stopped there.
        actual: u64,
    },
    /// The bytes are what the digest promises, but no image.
    #[error("the {what} {digest} can't be used: {why}")]
    Invalid {
        /// `manifest` or `config`.
        what: &'static str,
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        why: String,
    },
    /// It could not be fetched: nothing is known of the image.
    #[error("{0}")]
    NotFetched(String),
}

impl VariantFault {
    /// The id in the catalogue of causes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOffered { is_index: true, .. } => "platform-not-in-index",
            Self::NotOffered { .. } => "single-platform-image",
            Self::Duplicate { .. } => "duplicate-platform",
            Self::ManifestMissing(_) => "index-child-missing",
            Self::BlobMissing(_) => "blob-missing",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::Invalid { .. } => "invalid-manifest",
            Self::NotFetched(_) => "registry-error",
        }
    }

    /// Whether the image is to blame (a failure), or the way to it (an error).
    pub fn is_of_the_image(&self) -> bool {
        !matches!(self, Self::NotFetched(_))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotOffered { is_index: true, .. } => {
                Some("build and push that platform, or leave it out of `platforms`")
            }
            Self::NotOffered { .. } => Some(
                "push an index of all platforms; a later push of a single platform may have replaced it",
            ),
            Self::Duplicate { .. } => Some("push the index again with one child for each platform"),
            Self::ManifestMissing(_) => Some(
                "push the image again; a clean-up of untagged images deletes the children of an index unless it knows indexes",
            ),
            Self::BlobMissing(_) => Some("push the image again"),
            Self::DigestMismatch { .. } | Self::SizeMismatch { .. } => {
                Some("push the image again, and look for a broken mirror or proxy on the way")
            }
            Self::Invalid { .. } | Self::NotFetched(_) => None,
        }
    }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none that could be read".to_owned();
    }
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    items.join(", ")
}
