//! Every document a reference leads to: indexes, manifests, configs, attestations.

use crate::image::{Descriptor, Digest, ImageConfig, Manifest, Platform};
use crate::source::ContentsError;

/// All of it, as it is: nothing is left out because it is wrong.
#[derive(Clone, Debug)]
pub struct Tree {
    /// What the reference named.
    pub root: Digest,
    /// Whether that is an index.
    pub is_index: bool,
    /// The indexes that stand in it (nested ones) and could not be read.
    pub broken_indexes: Vec<(Descriptor, Trouble)>,
    /// What the indexes list, in their order, attestations among them.
    pub entries: Vec<Entry>,
}

/// A child of an index, or the bare manifest itself.
#[derive(Clone, Debug)]
pub struct Entry {
    /// As the index lists it; of a bare manifest made from its bytes.
    pub descriptor: Descriptor,
    /// The platform: the descriptor's, else an enclosing index's, else the config's.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Result<Manifest, Trouble>,
    /// The manifest's bytes, for what [`Manifest`] leaves out.
    pub manifest_bytes: Vec<u8>,
    /// Its config; of an attestation never read.
    pub config: Option<Result<ImageConfig, Trouble>>,
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
}

impl Entry {
    /// An image of a platform: no attestation, signature or other artifact.
    pub fn is_image(&self) -> bool {
        !self.descriptor.is_attestation() && !self.platform.is_unknown()
    }
}
