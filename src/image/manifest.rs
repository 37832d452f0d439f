//! Indexes and manifests, OCI's and Docker's: one shape, two names.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Digest, Platform};

/// Media types (OCI image specification, `media-types.md`; Docker image
/// manifest version 2, schema 2).
pub mod media_type {
    /// An OCI index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An OCI manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// A Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// A Docker manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// All four, for an `Accept` header.
    pub const ALL: [&str; 4] = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST];
}

/// A pointer to content (OCI image specification, `descriptor.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What it points to.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The platform, where the descriptor stands in an index that says so.
    pub platform: Option<Platform>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// `urls`: where else it can be had (foreign layers).
    pub urls: Vec<String>,
}

impl Descriptor {
    /// BuildKit's provenance and SBOM entries: not a platform of the image.
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }

    /// The digest of the image that an attestation is about, as BuildKit notes it.
    pub fn attested(&self) -> Option<&str> {
        self.annotations
            .get("vnd.docker.reference.digest")
            .map(String::as_str)
    }

    /// Whether it points to another index.
    pub fn is_index(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            media_type::OCI_INDEX | media_type::DOCKER_LIST
        )
    }
}

/// An OCI index or Docker manifest list.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its entries, in their order.
    pub manifests: Vec<Descriptor>,
}

/// An OCI or Docker manifest of one image.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The image's config.
    pub config: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<Descriptor>,
}

impl Manifest {
    /// Whether its config may be an image's: OCI's and Docker's media types. Older
    /// tools wrote others, so that only what is surely something else is told apart.
    pub fn has_image_config(&self) -> bool {
        let media_type = self.config.media_type.as_str();
        media_type.is_empty()
            || media_type.contains("image.config")
            || media_type.contains("container.image")
            || media_type == "application/octet-stream"
    }
}

/// Either, told apart by media type and, where that is missing, by shape.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Document {
    /// Several images.
    Index(Index),
    /// One image.
    Manifest(Manifest),
}

/// Why bytes are neither.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not of the shape.
    #[error("the manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A media type that is no image.
    #[error("the manifest is of the media type `{0}`, which is not an image")]
    MediaType(String),
    /// Schema version 1, which engines no longer pull.
    #[error(
        "the manifest is of Docker's schema version 1, which current engines no longer pull; push the image again"
    )]
    SchemaOne,
    /// Neither `manifests` nor `config`.
    #[error("the manifest has neither `manifests` nor `config`")]
    Shape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    #[serde(default)]
    schema_version: u32,
    media_type: Option<String>,
    manifests: Option<Vec<RawDescriptor>>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    size: u64,
    platform: Option<RawPlatform>,
    annotations: Option<BTreeMap<String, String>>,
    urls: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    #[serde(rename = "os.features")]
    os_features: Option<Vec<String>>,
}

impl From<RawDescriptor> for Descriptor {
    fn from(raw: RawDescriptor) -> Self {
        Self {
            media_type: raw.media_type,
            digest: raw.digest,
            size: raw.size,
            platform: raw.platform.map(|platform| {
                Platform::new(
                    &platform.os,
                    &platform.architecture,
                    platform.variant.as_deref(),
                )
                .with_os(
                    platform.os_version,
                    platform.os_features.unwrap_or_default(),
                )
            }),
            annotations: raw.annotations.unwrap_or_default(),
            urls: raw.urls.unwrap_or_default(),
        }
    }
}

impl Document {
    /// Reads the bytes a registry served.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let raw: RawDocument = serde_json::from_slice(bytes)?;
        if raw.schema_version == 1 {
            return Err(DocumentError::SchemaOne);
        }
        if let Some(kind) = &raw.media_type
            && !media_type::ALL.contains(&kind.as_str())
        {
            return Err(DocumentError::MediaType(kind.clone()));
        }
        if let Some(manifests) = raw.manifests {
            return Ok(Self::Index(Index {
                manifests: manifests.into_iter().map(Descriptor::from).collect(),
            }));
        }
        let config = raw.config.ok_or(DocumentError::Shape)?;
        Ok(Self::Manifest(Manifest {
            config: config.into(),
            layers: raw
                .layers
                .unwrap_or_default()
                .into_iter()
                .map(Descriptor::from)
                .collect(),
        }))
    }
}
