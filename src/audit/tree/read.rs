//! Reads a [`Tree`]: each document once, each layer's size once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::{StreamExt as _, stream};

use super::list::{self, Listed};
use super::{Entry, Tree, Trouble, WrittenPlatform};
use crate::image::{Descriptor, Digest, Document, ImageConfig, Manifest, Platform, media_type};
use crate::source::{Contents, ContentsError, LARGEST_DOCUMENT};

/// No config of an image is larger; the largest known ones have some 100 KiB.
const LARGEST_CONFIG: u64 = 8 * 1024 * 1024;
/// All documents of one image together: those of forty platforms have not even one.
const MOST_BYTES: u64 = 128 * 1024 * 1024;
/// No engine stacks as many layers; what lists more is made to be endless.
const MOST_LAYERS: usize = 1000;
/// The layers of all images of one index. Fifty platforms of as many layers as
/// Docker stacks have a third of them.
const MOST_LAYERS_IN_ALL: usize = 20_000;

/// Reads everything that the reference leads to. Only what is wanted, where
/// platforms are named; what else there is stays in [`Tree::unwanted`].
///
/// # Errors
/// When what the reference names itself can't be had. Everything else that is
/// wrong is in the tree.
pub async fn read(
    contents: &dyn Contents,
    wanted: Option<&[Platform]>,
    concurrency: usize,
) -> Result<Tree, ContentsError> {
    let root = contents.root().await?;
    let reader = Reader {
        contents,
        concurrency: concurrency.max(1),
        left: AtomicU64::new(MOST_BYTES),
        layers_left: AtomicUsize::new(MOST_LAYERS_IN_ALL),
    };
    let descriptor = Descriptor {
        media_type: media_type_of(&root.bytes),
        size: root.bytes.len() as u64,
        digest: root.digest.clone(),
        platform: None,
        annotations: Default::default(),
        urls: Vec::new(),
    };
    let mut tree = Tree {
        root: root.digest,
        is_index: false,
        note: root.note,
        indexes: Vec::new(),
        broken_indexes: Vec::new(),
        entries: Vec::new(),
        unwanted: Vec::new(),
        required: wanted.unwrap_or_default().to_vec(),
    };
    match Document::parse(&root.bytes) {
        Ok(Document::Index(index)) => {
            tree.is_index = true;
            let list = list::flatten(&reader, &descriptor, root.bytes, index).await;
            tree.indexes = list.indexes;
            tree.broken_indexes = list.broken;
            let chosen = choose(list.listed, wanted, &mut tree.unwanted);
            let futures = chosen.into_iter().map(|listed| reader.entry(listed));
            tree.entries = stream::iter(futures)
                .buffered(reader.concurrency)
                .collect()
                .await;
        }
        Ok(Document::Manifest(manifest)) => {
            let entry = reader.bare(descriptor, manifest, root.bytes).await;
            tree.entries.push(entry);
        }
        Err(why) => {
            tree.is_index = descriptor.is_index();
            tree.entries.push(Entry {
                platform: unknown(),
                descriptor,
                written: None,
                manifest: Err(Trouble::Invalid(why.to_string())),
                manifest_bytes: root.bytes,
                config: None,
                config_written: None,
                layers: Vec::new(),
            });
        }
    }
    drop_unwanted(&mut tree, wanted);
    reader.sizes(&mut tree.entries).await;
    Ok(tree)
}

fn is_wanted(platform: &Platform, wanted: Option<&[Platform]>) -> bool {
    // One of an unknown platform may be any of the wanted ones.
    platform.is_unknown()
        || wanted.is_none_or(|wanted| wanted.iter().any(|wanted| platform.satisfies(wanted)))
}

/// What is worth reading: wanted, or of a platform that its config has to tell.
fn choose(
    listed: Vec<Listed>,
    wanted: Option<&[Platform]>,
    unwanted: &mut Vec<Descriptor>,
) -> Vec<Listed> {
    let mut chosen = Vec::new();
    for listed in listed {
        match &listed.platform {
            Some(platform) if !is_wanted(platform, wanted) => unwanted.push(Descriptor {
                platform: Some(platform.clone()),
                ..listed.descriptor
            }),
            _ => chosen.push(listed),
        }
    }
    let dropped: HashSet<&str> = unwanted.iter().map(|d| d.digest.as_str()).collect();
    chosen.retain(|listed| {
        !(listed.descriptor.is_attestation()
            && listed
                .descriptor
                .attested()
                .is_some_and(|subject| dropped.contains(subject)))
    });
    chosen
}

/// The same for those whose config alone told their platform.
fn drop_unwanted(tree: &mut Tree, wanted: Option<&[Platform]>) {
    let (keep, drop): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut tree.entries)
        .into_iter()
        .partition(|entry| is_wanted(&entry.platform, wanted));
    tree.entries = keep;
    tree.unwanted
        .extend(drop.into_iter().map(|entry| Descriptor {
            platform: Some(entry.platform),
            ..entry.descriptor
        }));
}

fn unknown() -> Platform {
    Platform::new("unknown", "unknown", None)
}

/// What a document says it is; where it does not, what it looks like.
fn media_type_of(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_slice::<Raw>(bytes) {
        Ok(Raw {
            media_type: Some(said),
            ..
        }) => said,
        Ok(Raw {
            manifests: Some(_), ..
        }) => media_type::OCI_INDEX.to_owned(),
        _ => media_type::OCI_MANIFEST.to_owned(),
    }
}

/// The way to the documents.
pub(super) struct Reader<'a> {
    contents: &'a dyn Contents,
    concurrency: usize,
    /// Bytes of documents that may still be read.
    left: AtomicU64,
    /// Layers that images may still have.
    layers_left: AtomicUsize,
}

impl Reader<'_> {
    /// A manifest or index, of the size that its descriptor says.
    pub(super) async fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Trouble> {
        if descriptor.size > LARGEST_DOCUMENT {
            return Err(Trouble::Invalid(format!(
                "by its descriptor it has {} bytes, and no registry takes more than {LARGEST_DOCUMENT}",
                descriptor.size
            )));
        }
        self.spend(0)?;
        let bytes = self
            .contents
            .document(descriptor)
            .await
            .map_err(Trouble::Contents)?;
        self.spend(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Hostile images must not fill the memory with documents.
    fn spend(&self, bytes: u64) -> Result<(), Trouble> {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes).filter(|left| *left > 0)
            });
        spent.map(|_| ()).map_err(|_| {
            Trouble::Invalid(format!(
                "it was not read: the documents of this image have more than {MOST_BYTES} bytes in all"
            ))
        })
    }

    fn manifest(&self, bytes: &[u8], descriptor: &Descriptor) -> Result<Manifest, Trouble> {
        check_size(bytes, descriptor)?;
        match Document::parse(bytes) {
            // An attestation's are not read.
            Ok(Document::Manifest(manifest)) if descriptor.is_attestation() => Ok(manifest),
            Ok(Document::Manifest(manifest)) => self.bounded(manifest),
            Ok(Document::Index(_)) => Err(Trouble::Invalid(
                "it is an index, listed as a manifest".to_owned(),
            )),
            Err(why) => Err(Trouble::Invalid(why.to_string())),
        }
    }

    /// Hostile images must not be endless.
    fn bounded(&self, manifest: Manifest) -> Result<Manifest, Trouble> {
        let count = manifest.layers.len();
        if count > MOST_LAYERS {
            return Err(Trouble::Invalid(format!(
                "it lists {count} layers, and no engine unpacks more than {MOST_LAYERS}"
            )));
        }
        let spent = self
            .layers_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(count)
            });
        spent.map(|_| manifest).map_err(|_| {
            Trouble::Invalid(format!(
                "it was not looked at: the images of this index have more than {MOST_LAYERS_IN_ALL} layers in all"
            ))
        })
    }

    async fn entry(&self, listed: Listed) -> Entry {
        let Listed {
            descriptor,
            written,
            platform,
        } = listed;
        let mut entry = Entry {
            platform: platform.clone().unwrap_or_else(unknown),
            manifest: Err(Trouble::NotAnImage(descriptor.media_type.clone())),
            descriptor,
            written,
            manifest_bytes: Vec::new(),
            config: None,
            config_written: None,
            layers: Vec::new(),
        };
        let kind = entry.descriptor.media_type.as_str();
        if platform.is_none() && !kind.is_empty() && !media_type::ALL.contains(&kind) {
            return entry;
        }
        entry.manifest = match self.document(&entry.descriptor).await {
            Ok(bytes) => {
                let parsed = self.manifest(&bytes, &entry.descriptor);
                entry.manifest_bytes = bytes;
                parsed
            }
            Err(trouble) => Err(trouble),
        };
        if !entry.descriptor.is_attestation() {
            self.describe(&mut entry, platform).await;
        }
        entry
    }

    /// A manifest that no index lists.
    async fn bare(&self, descriptor: Descriptor, manifest: Manifest, bytes: Vec<u8>) -> Entry {
        let mut entry = Entry {
            platform: unknown(),
            descriptor,
            written: None,
            manifest: self.bounded(manifest),
            manifest_bytes: bytes,
            config: None,
            config_written: None,
            layers: Vec::new(),
        };
        self.describe(&mut entry, None).await;
        entry
    }

    /// Reads the config of an image, and with it the platform where nothing else says it.
    async fn describe(&self, entry: &mut Entry, platform: Option<Platform>) {
        let Ok(manifest) = &entry.manifest else {
            return;
        };
        if platform.is_none() && !manifest.has_image_config() {
            entry.manifest = Err(Trouble::NotAnImage(manifest.config.media_type.clone()));
            return;
        }
        let (config, written) = match self.config(&manifest.config).await {
            Ok((config, written)) => (Ok(config), written),
            Err(trouble) => (Err(trouble), None),
        };
        if let (
            None,
            Ok(ImageConfig {
                platform: Some(named),
                ..
            }),
        ) = (platform, &config)
        {
            entry.platform = named.clone();
        }
        entry.config = Some(config);
        entry.config_written = written;
    }

    async fn config(
        &self,
        descriptor: &Descriptor,
    ) -> Result<(ImageConfig, Option<WrittenPlatform>), Trouble> {
        if descriptor.size > LARGEST_CONFIG {
            return Err(Trouble::Invalid(format!(
                "by its descriptor it has {} bytes, and no config of an image is that large",
                descriptor.size
            )));
        }
        self.spend(descriptor.size)?;
        let bytes = self
            .contents
            .blob(descriptor)
            .await
            .map_err(Trouble::Contents)?;
        check_size(&bytes, descriptor)?;
        let config = ImageConfig::parse(&bytes).map_err(|why| Trouble::Invalid(why.to_string()))?;
        Ok((config, WrittenPlatform::of_config(&bytes)))
    }

    /// Asks for the sizes of all layers, each digest once.
    async fn sizes(&self, entries: &mut [Entry]) {
        let mut digests: Vec<&Digest> = Vec::new();
        let mut seen = HashSet::new();
        for manifest in entries.iter().filter_map(sized) {
            for layer in &manifest.layers {
                if seen.insert(&layer.digest) {
                    digests.push(&layer.digest);
                }
            }
        }
        // Futures before they are a stream: else the compiler can't see that they are `Send`.
        let futures: Vec<_> = digests
            .into_iter()
            .map(|digest| async move { (digest.clone(), self.contents.size(digest).await) })
            .collect();
        let sizes: HashMap<Digest, Result<u64, ContentsError>> = stream::iter(futures)
            .buffer_unordered(self.concurrency)
            .collect()
            .await;
        for entry in entries {
            let layers = sized(entry).map(|manifest| {
                manifest
                    .layers
                    .iter()
                    .map(|layer| {
                        let absent = Err(ContentsError::Absent);
                        sizes.get(&layer.digest).cloned().unwrap_or(absent)
                    })
                    .collect()
            });
            entry.layers = layers.unwrap_or_default();
        }
    }
}

/// The manifest whose layers are looked at.
fn sized(entry: &Entry) -> Option<&Manifest> {
    match &entry.manifest {
        Ok(manifest) if !entry.descriptor.is_attestation() => Some(manifest),
        _ => None,
    }
}

fn check_size(bytes: &[u8], descriptor: &Descriptor) -> Result<(), Trouble> {
    let actual = bytes.len() as u64;
    if actual == descriptor.size {
        return Ok(());
    }
    Err(Trouble::Size(actual))
}
