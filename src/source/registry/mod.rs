//! A reference in a registry, resolved once into children by their digests.

mod child;
mod contents;
mod options;
mod pump;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};

use crate::image::{
    BrokenVariant, Digest, Document, ImageReference, Index, Manifest, Origin, Platform,
    RegistryReference, ResolvedImage, Variant, VariantFault,
};

use self::child::Child;
use self::tree::Entry;
use super::SourceError;
use super::connection::{Connection, Pointer};

pub use self::contents::RegistryContents;
pub use self::options::RegistryOptions;
pub use super::retry::Patience;

/// Looks the reference up, once, and fetches what describes its children.
///
/// Only the config of a wanted platform is fetched; [`ResolvedImage::available`]
/// lists everything all the same. What is wrong with one platform alone is that
/// platform's [`BrokenVariant`], and so is a wanted platform that is not there.
///
/// # Errors
/// When the registry can't be reached or asked, the reference names nothing, or
/// what it names is no image.
pub async fn resolve(
    reference: &RegistryReference,
    options: &RegistryOptions,
) -> Result<ResolvedImage, SourceError> {
    let connection = Connection::open(reference, options).await?;
    let (pointer, wanted) = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => (Pointer::Digest(digest), format!("manifest {digest}")),
        (None, tag) => {
            let tag = tag.unwrap_or("latest");
            (Pointer::Tag(tag), format!("tag `{tag}`"))
        }
    };
    let (bytes, digest) = connection.manifest(pointer).await.map_err(|gave_up| {
        gave_up.into_error(
            format!("looking up {reference}"),
            connection.host(),
            reference.repository(),
            &wanted,
        )
    })?;
    let document = Document::parse(&bytes).map_err(|why| SourceError::NotAnImage {
        reference: reference.to_string(),
        why,
    })?;
    let resolution = Resolution {
        reference,
        options,
        connection: &connection,
    };
    let (origin, children) = match document {
        Document::Index(index) => (Origin::RegistryIndex, resolution.index(index).await),
        Document::Manifest(manifest) => (
            Origin::RegistryManifest,
            vec![resolution.bare(&digest, &manifest).await],
        ),
    };
    if children.is_empty() {
        return Err(SourceError::EmptyIndex {
            reference: reference.to_string(),
        });
    }
    Ok(resolution.judge(digest, origin, children))
}

struct Resolution<'a> {
    reference: &'a RegistryReference,
    options: &'a RegistryOptions,
    connection: &'a Connection,
}

impl Resolution<'_> {
    /// The children of an index, nested ones included, in its order.
    async fn index(&self, index: Index) -> Vec<Child> {
        let entries = tree::flatten(self.connection, index).await;
        let futures = entries.into_iter().map(|entry| self.child(entry));
        stream::iter(futures)
            .buffered(self.options.concurrency.max(1))
            .filter_map(async |child| child)
            .collect()
            .await
    }

    /// `None`: it turned out to be no image, as attached signatures do.
    async fn child(&self, entry: Entry) -> Option<Child> {
        match entry {
            Entry::Broken {
                platform,
                digest,
                fault,
            } => Some(Child {
                platform,
                digest,
                outcome: Err(fault),
            }),
            Entry::Image {
                descriptor,
                platform,
            } => match platform {
                Some(platform) if !self.is_wanted(&platform) => Some(Child {
                    platform,
                    digest: descriptor.digest,
                    outcome: Ok(None),
                }),
                platform => child::fetch(self.connection, descriptor, platform).await,
            },
        }
    }

    /// A manifest that no index lists: its config names its platform.
    async fn bare(&self, digest: &Digest, manifest: &Manifest) -> Child {
        let outcome = child::config(self.connection, manifest).await;
        let platform = outcome
            .as_ref()
            .ok()
            .and_then(|facts| facts.config.platform.clone())
            .unwrap_or_else(child::unknown_platform);
        Child {
            platform,
            digest: digest.clone(),
            outcome: outcome.map(Some),
        }
    }

    fn is_wanted(&self, platform: &Platform) -> bool {
        match &self.options.wanted {
            Some(wanted) => wanted.iter().any(|wanted| platform.satisfies(wanted)),
            None => true,
        }
    }

    /// Sorts the children into what can run and what is broken.
    fn judge(&self, digest: Digest, origin: Origin, children: Vec<Child>) -> ResolvedImage {
        let mut available: Vec<Platform> = Vec::new();
        for child in &children {
            if !child.platform.is_unknown() && !available.contains(&child.platform) {
                available.push(child.platform.clone());
            }
        }
        let mut variants = Vec::new();
        let mut broken = Vec::new();
        let mut done: HashSet<Platform> = HashSet::new();
        for child in &children {
            // A child of an unknown platform may be any of the wanted ones.
            let is_unknown = child.platform.is_unknown();
            if !is_unknown
                && (!self.is_wanted(&child.platform) || !done.insert(child.platform.clone()))
            {
                continue;
            }
            let mut digests: Vec<Digest> = Vec::new();
            for twin in children
                .iter()
                .filter(|twin| !is_unknown && twin.platform == child.platform)
            {
                if !digests.contains(&twin.digest) {
                    digests.push(twin.digest.clone());
                }
            }
            let fault = match &child.outcome {
                _ if digests.len() > 1 => VariantFault::Duplicate { digests },
                Ok(Some(facts)) => {
                    variants.push(Variant {
                        platform: child.platform.clone(),
                        digest: child.digest.clone(),
                        config_digest: facts.digest.clone(),
                        config: facts.config.clone(),
                        pull_reference: self.reference.at(&child.digest),
                        is_local: false,
                    });
                    continue;
                }
                Ok(None) => continue,
                Err(fault) => fault.clone(),
            };
            broken.push(BrokenVariant {
                platform: child.platform.clone(),
                digest: Some(child.digest.clone()),
                fault,
            });
        }
        for wanted in self.options.wanted.iter().flatten() {
            if !available.iter().any(|offered| offered.satisfies(wanted)) {
                broken.push(BrokenVariant {
                    platform: wanted.clone(),
                    digest: None,
                    fault: VariantFault::NotOffered {
                        available: available.clone(),
                        is_index: origin == Origin::RegistryIndex,
                    },
                });
            }
        }
        ResolvedImage {
            reference: ImageReference::Registry(self.reference.clone()),
            digest,
            origin,
            available,
            variants,
            broken,
        }
    }
}
