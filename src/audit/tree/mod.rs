//! Every document a reference leads to: indexes, manifests, configs, attestations.

mod list;
mod read;
#[cfg(test)]
pub(super) mod tests;
mod written;

use crate::event::Unseen;
use crate::image::{Descriptor, Digest, ImageConfig, Manifest, Platform};
use crate::source::ContentsError;

pub use read::read;
pub use written::WrittenPlatform;

/// All of it, as it is: nothing is left out because it is wrong.
#[derive(Clone, Debug)]
pub struct Tree {
    /// What the reference named.
    pub root: Digest,
    /// Whether that is an index.
    pub is_index: bool,
    /// Of an image that was never pushed: what is said of its origin.
    pub note: Option<String>,
    /// The indexes that could be read, the outermost first.
    pub indexes: Vec<IndexDocument>,
    /// The indexes that stand in it (nested ones) and could not be read.
    pub broken_indexes: Vec<(Descriptor, Trouble)>,
    /// What the indexes list, in their order, attestations among them.
    pub entries: Vec<Entry>,
    /// What they list for platforms that nobody asked for: of these nothing was read.
    pub unwanted: Vec<Descriptor>,
    /// The platforms that have to be there. At first those that were asked for.
    pub required: Vec<Platform>,
}

/// An index that could be read.
#[derive(Clone, Debug)]
pub struct IndexDocument {
    /// Its digest.
    pub digest: Digest,
    /// The media type by which another index lists it; `None` for the outermost.
    pub listed_as: Option<String>,
    /// Its bytes, for what [`crate::image::Index`] leaves out.
    pub bytes: Vec<u8>,
}

/// A child of an index, or the bare manifest itself.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As the index lists it; of a bare manifest made from its bytes.
    pub descriptor: Descriptor,
    /// The platform: the descriptor's, else an enclosing index's, else the config's.
    pub platform: Platform,
    /// The descriptor's, letter by letter, where it stands in an index that says it.
    pub written: Option<WrittenPlatform>,
    /// Its manifest.
    pub manifest: Result<Manifest, Trouble>,
    /// The manifest's bytes, for what [`Manifest`] leaves out.
    pub manifest_bytes: Vec<u8>,
    /// Its config; of an attestation never read.
    pub config: Option<Result<ImageConfig, Trouble>>,
    /// The config's platform, letter by letter, where the config could be read.
    pub config_written: Option<WrittenPlatform>,
    /// The real sizes of its layers, in their order; not asked for attestations.
    pub layers: Vec<Result<u64, ContentsError>>,
}

/// Why a document is no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It can't be had.
    Contents(ContentsError),
    /// It has another size than its descriptor says: this one.
    Size(u64),
    /// It is there, but not what it should be.
    Invalid(String),
    /// It is something else (a signature, a chart), as its media type says, and was
    /// never said to be for a platform. Indexes may list such things.
    NotAnImage(String),
}

impl Entry {
    /// An image of a platform: no attestation, signature or other artifact.
    pub fn is_image(&self) -> bool {
        !self.descriptor.is_attestation() && !self.platform.is_unknown()
    }

    /// It, for a message: by its digest.
    pub fn name(&self) -> String {
        format!("manifest {}", self.descriptor.digest)
    }

    /// Its layers with their real sizes.
    pub fn sized_layers(
        &self,
    ) -> impl Iterator<Item = (usize, &Descriptor, &Result<u64, ContentsError>)> {
        let layers = self.manifest.as_ref().map_or(&[][..], |m| &m.layers[..]);
        layers
            .iter()
            .zip(&self.layers)
            .enumerate()
            .map(|(at, (layer, size))| (at, layer, size))
    }
}

impl Tree {
    /// The entries that are images of a platform.
    pub fn images(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_image())
    }

    /// Everything that is offered, wanted or not, each platform once.
    pub fn platforms(&self) -> Vec<Platform> {
        let mut found: Vec<Platform> = Vec::new();
        let of_entries = self.images().map(|entry| &entry.platform);
        let unwanted = self.unwanted.iter().filter_map(|d| d.platform.as_ref());
        for platform in of_entries.chain(unwanted) {
            if !platform.is_unknown() && !found.contains(platform) {
                found.push(platform.clone());
            }
        }
        found
    }

    /// What could not be looked at because the way to it is broken: no fault of
    /// the image, but no pass either.
    pub fn errors(&self) -> Vec<Unseen> {
        let mut errors = Vec::new();
        let mut note = |platform: Option<&Platform>, what: String, error: &ContentsError| {
            if let ContentsError::Unreachable(why) = error {
                errors.push(Unseen {
                    platform: platform.cloned(),
                    message: format!("{what} could not be looked at: {why}"),
                });
            }
        };
        for (descriptor, trouble) in &self.broken_indexes {
            if let Trouble::Contents(error) = trouble {
                note(None, format!("the index {}", descriptor.digest), error);
            }
        }
        for entry in &self.entries {
            let platform = (!entry.platform.is_unknown()).then_some(&entry.platform);
            let of = platform.map_or(String::new(), |platform| format!(" of {platform}"));
            if let Err(Trouble::Contents(error)) = &entry.manifest {
                note(platform, format!("the {}{of}", entry.name()), error);
            }
            if let Some(Err(Trouble::Contents(error))) = &entry.config {
                note(platform, format!("the config{of}"), error);
            }
            for (at, layer, size) in entry.sized_layers() {
                if let Err(error) = size {
                    let what = format!("layer {}{of} ({})", at + 1, layer.digest);
                    note(platform, what, error);
                }
            }
        }
        errors
    }
}
