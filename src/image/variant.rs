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
    /// One for each platform, in the index's order; attestations left out.
    pub variants: Vec<Variant>,
    /// Platforms that the index names, but whose image is not whole.
    pub broken: Vec<BrokenVariant>,
    /// Every platform that the index names, in its order.
    pub available: Vec<Platform>,
}

/// A child of the index that can't be had as it is described.
#[derive(Clone, Debug)]
pub struct BrokenVariant {
    /// What the index says it is for.
    pub platform: Platform,
    /// What the index says its digest is.
    pub digest: Digest,
    /// The catalogue's name: `index-child-missing`, `blob-missing`, `digest-mismatch`.
    pub code: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// Whether that is a fault of the registry or the way to it, not of the image.
    pub is_error: bool,
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
