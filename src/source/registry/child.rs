//! One child of an index: its manifest and config, fetched by digest and verified.

use crate::image::{
    Descriptor, Digest, Document, ImageConfig, Manifest, Platform, VariantFault, media_type,
};

use super::super::connection::{Connection, Pointer};
use super::super::contents::LARGEST_DOCUMENT;
use super::super::retry::{GaveUp, Miss};

/// No config of an image is larger; the largest known ones have some 100 KiB.
const LARGEST_CONFIG: u64 = 8 * 1024 * 1024;

/// A child and what came of fetching it.
pub(super) struct Child {
    pub(super) platform: Platform,
    pub(super) digest: Digest,
    /// `Ok(None)`: it is not wanted, and nothing was fetched.
    pub(super) outcome: Result<Option<Facts>, VariantFault>,
}

/// What its config says.
pub(super) struct Facts {
    pub(super) digest: Digest,
    pub(super) config: ImageConfig,
}

/// The platform of a child that does not say.
pub(super) fn unknown_platform() -> Platform {
    Platform::new("unknown", "unknown", None)
}

/// Fetches a child. `platform` is what the index says it is for; without it the
/// config says so. `None`: it is no image and no platform was claimed for it.
pub(super) async fn fetch(
    connection: &Connection,
    descriptor: Descriptor,
    platform: Option<Platform>,
) -> Option<Child> {
    let says_platform = platform.is_some();
    // Artifacts (signatures, charts) may stand in an index beside its images.
    if !says_platform
        && !descriptor.media_type.is_empty()
        && !media_type::ALL.contains(&descriptor.media_type.as_str())
    {
        return None;
    }
    let outcome = match manifest(connection, &descriptor).await {
        Ok(manifest) if !says_platform && !manifest.has_image_config() => {
            return None;
        }
        Ok(manifest) => config(connection, &manifest).await,
        Err(fault) => Err(fault),
    };
    let named = outcome
        .as_ref()
        .ok()
        .and_then(|facts| facts.config.platform.clone());
    Some(Child {
        platform: platform.or(named).unwrap_or_else(unknown_platform),
        digest: descriptor.digest,
        outcome: outcome.map(Some),
    })
}

/// Fetches a manifest's config. Without a platform in it, it is no image's.
pub(super) async fn config(
    connection: &Connection,
    manifest: &Manifest,
) -> Result<Facts, VariantFault> {
    let descriptor = &manifest.config;
    let invalid = |why: String| VariantFault::Invalid {
        what: "config",
        digest: descriptor.digest.clone(),
        why,
    };
    if descriptor.size > LARGEST_CONFIG {
        return Err(invalid(format!(
            "it has {} bytes, and no config of an image is that large",
            descriptor.size
        )));
    }
    let bytes = connection
        .blob(&descriptor.digest, descriptor.size)
        .await
        .map_err(|gave_up| match gave_up.miss {
            Miss::Absent(_) => VariantFault::BlobMissing(descriptor.digest.clone()),
            _ => fault(connection, gave_up, descriptor, "config"),
        })?;
    check_size(&bytes, descriptor, "config")?;
    let config = ImageConfig::parse(&bytes).map_err(|why| invalid(why.to_string()))?;
    if config.platform.is_none() {
        return Err(invalid(format!(
            "it names no platform (its media type is `{}`)",
            descriptor.media_type
        )));
    }
    Ok(Facts {
        digest: descriptor.digest.clone(),
        config,
    })
}

async fn manifest(
    connection: &Connection,
    descriptor: &Descriptor,
) -> Result<Manifest, VariantFault> {
    let (bytes, _) = connection
        .manifest(Pointer::Digest(&descriptor.digest))
        .await
        .map_err(|gave_up| manifest_fault(connection, gave_up, descriptor, "manifest"))?;
    check_size(&bytes, descriptor, "manifest")?;
    let invalid = |why: String| VariantFault::Invalid {
        what: "manifest",
        digest: descriptor.digest.clone(),
        why,
    };
    match Document::parse(&bytes) {
        Ok(Document::Manifest(manifest)) => Ok(manifest),
        Ok(Document::Index(_)) => Err(invalid("it is an index, listed as a manifest".to_owned())),
        Err(why) => Err(invalid(why.to_string())),
    }
}

/// Why a manifest or index that an index lists could not be had.
pub(super) fn manifest_fault(
    connection: &Connection,
    gave_up: GaveUp,
    descriptor: &Descriptor,
    what: &'static str,
) -> VariantFault {
    match gave_up.miss {
        Miss::Absent(_) => VariantFault::ManifestMissing(descriptor.digest.clone()),
        // Its descriptor does not lie, but nobody takes as much.
        Miss::TooLong { at_least } if descriptor.size >= at_least => VariantFault::Invalid {
            what,
            digest: descriptor.digest.clone(),
            why: format!(
                "it has {} bytes, and no registry takes more than {LARGEST_DOCUMENT}",
                descriptor.size
            ),
        },
        _ => fault(connection, gave_up, descriptor, what),
    }
}

fn fault(
    connection: &Connection,
    gave_up: GaveUp,
    descriptor: &Descriptor,
    what: &'static str,
) -> VariantFault {
    match gave_up.miss {
        Miss::Mismatch { actual, .. } => VariantFault::DigestMismatch {
            what,
            expected: descriptor.digest.clone(),
            actual,
        },
        Miss::TooLong { at_least } => VariantFault::SizeMismatch {
            what,
            digest: descriptor.digest.clone(),
            expected: descriptor.size,
            actual: at_least,
        },
        Miss::Absent(_) | Miss::Fault(_) => {
            let step = format!("fetching the {what} {}", descriptor.digest);
            let error = gave_up.into_error(step, connection.host(), "", what);
            VariantFault::NotFetched(error.to_string())
        }
    }
}

fn check_size(
    bytes: &[u8],
    descriptor: &Descriptor,
    what: &'static str,
) -> Result<(), VariantFault> {
    let actual = bytes.len() as u64;
    if actual == descriptor.size {
        return Ok(());
    }
    Err(VariantFault::SizeMismatch {
        what,
        digest: descriptor.digest.clone(),
        expected: descriptor.size,
        actual,
    })
}
