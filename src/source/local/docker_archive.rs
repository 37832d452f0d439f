//! What `docker save` writes: `manifest.json` lists images by their configs and
//! uncompressed layers. There is no manifest, so one is made up from them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use serde_json::json;
use sha2::Digest as _;

use super::tar_file::TarFile;
use super::{Files, LocalContents, Places, Store, layout, read_small};
use crate::image::{Digest, ImageConfig, RegistryReference, media_type};
use crate::source::Root;

const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const PLAIN: &str = "application/vnd.docker.image.rootfs.diff.tar";
const GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// More layers than any engine stacks, with room for what a rule has to say of it.
const MOST_LAYERS: usize = 1000;

/// Which of an archive's images is meant.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// The only one.
    Only,
    /// The one of this name.
    Named(&'a str),
    /// An engine was asked for this name. It may know it by another one, and it
    /// saves all tags of a repository where the name has none.
    Asked(&'a str),
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

pub(super) fn open(files: TarFile, which: Which<'_>) -> Result<LocalContents, String> {
    if let Some(listed) = read_small(&files, "manifest.json")? {
        let (root, places) = manifest(&files, &listed, which)?;
        return Ok(LocalContents {
            root,
            store: Arc::new(Store {
                files: Box::new(files),
                places: Places::Listed(places),
            }),
        });
    }
    // Engines with containerd's image store may write an OCI layout and nothing else.
    let has_layout = files
        .open("oci-layout")
        .map_err(|error| error.to_string())?
        .is_some();
    if !has_layout {
        return Err("it has no manifest.json, and so is not what `docker save` writes".to_owned());
    }
    let tag = match which {
        Which::Named(name) => Some(name),
        Which::Only | Which::Asked(_) => None,
    };
    let mut contents = layout::open(Box::new(files), tag)?;
    contents.root.note = Some(NEVER_PUSHED.to_owned());
    Ok(contents)
}

const NEVER_PUSHED: &str =
    "saved from an engine's own store: a registry never saw it, and would give it other digests";

fn manifest(
    files: &TarFile,
    listed: &[u8],
    which: Which<'_>,
) -> Result<(Root, HashMap<Digest, String>), String> {
    let images: Vec<Saved> = serde_json::from_slice(listed)
        .map_err(|why| format!("its manifest.json can't be read: {why}"))?;
    let image = choose(&images, which)?;
    let config_bytes = read_small(files, &image.config)?.ok_or_else(|| {
        format!(
            "its manifest.json names the config {}, which is not there",
            image.config
        )
    })?;
    let config_digest = Digest::of(&config_bytes);
    // Where it can't be read, the audit says why.
    let diff_ids = ImageConfig::parse(&config_bytes)
        .map(|config| config.diff_ids)
        .unwrap_or_default();
    let mut places = HashMap::from([(config_digest.clone(), image.config.clone())]);
    let names = image.layers.as_deref().unwrap_or_default();
    if names.len() > MOST_LAYERS {
        return Err(format!(
            "its image has {} layers, and no engine has more than {MOST_LAYERS}",
            names.len()
        ));
    }
    let mut layers = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let diff_id = diff_ids.get(at).and_then(|id| id.parse::<Digest>().ok());
        let layer = layer(files, name, diff_id)
            .map_err(|error| format!("its layer {name} can't be read: {error}"))?;
        layers.push(json!({
            "mediaType": layer.media_type, "digest": layer.digest, "size": layer.size,
        }));
        places.entry(layer.digest).or_insert_with(|| name.clone());
    }
    let bytes = json!({
        "schemaVersion": 2,
        "mediaType": media_type::DOCKER_MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config_digest, "size": config_bytes.len()},
        "layers": layers,
    })
    .to_string()
    .into_bytes();
    let root = Root {
        digest: Digest::of(&bytes),
        bytes,
        note: Some(NEVER_PUSHED.to_owned()),
    };
    Ok((root, places))
}

struct Layer {
    media_type: &'static str,
    digest: Digest,
    size: u64,
}

/// A plain layer is known by its diff id; one that is compressed, as containerd's
/// store saves them, by its file's name.
fn layer(files: &TarFile, name: &str, diff_id: Option<Digest>) -> io::Result<Layer> {
    let named = || -> Option<Digest> {
        let mut parts = name.rsplit('/');
        let (hex, algorithm) = (parts.next()?, parts.next()?);
        format!("{algorithm}:{hex}").parse().ok()
    };
    let Some(mut opened) = files.open(name)? else {
        // Asked for by this digest, it turns out to be absent.
        return Ok(Layer {
            media_type: PLAIN,
            digest: named()
                .or(diff_id)
                .unwrap_or_else(|| Digest::of(name.as_bytes())),
            size: 0,
        });
    };
    let mut head = Vec::new();
    opened.reader.by_ref().take(4).read_to_end(&mut head)?;
    let (media_type, known) = match head.as_slice() {
        [0x1f, 0x8b, ..] => (GZIP, named()),
        [0x28, 0xb5, 0x2f, 0xfd] => (ZSTD, named()),
        _ => (PLAIN, diff_id.or_else(named)),
    };
    let digest = match known {
        Some(digest) => digest,
        None => hashed(&head, opened.reader)?,
    };
    Ok(Layer {
        media_type,
        digest,
        size: opened.size,
    })
}

fn hashed(head: &[u8], mut rest: Box<dyn Read + Send>) -> io::Result<Digest> {
    let mut hash = sha2::Sha256::new();
    hash.update(head);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = rest.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hash.update(piece);
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}").parse().map_err(io::Error::other)
}

fn choose<'s>(images: &'s [Saved], which: Which<'_>) -> Result<&'s Saved, String> {
    let name = match (which, images) {
        (_, []) => return Err("its manifest.json lists no image".to_owned()),
        (Which::Only | Which::Asked(_), [one]) => return Ok(one),
        (Which::Only, several) => {
            return Err(format!(
                "it holds several images; name one of them after a colon: {}",
                list(several)
            ));
        }
        (Which::Named(name) | Which::Asked(name), _) => name,
    };
    let complete = |name: &str| {
        name.parse::<RegistryReference>()
            .map(|reference| reference.to_string())
            .ok()
    };
    let wanted = complete(name);
    images
        .iter()
        .find(|image| {
            image
                .repo_tags
                .iter()
                .flatten()
                .any(|tag| tag == name || (wanted.is_some() && complete(tag) == wanted))
        })
        .ok_or_else(|| {
            format!(
                "it holds no image of the name `{name}`; it has {}",
                list(images)
            )
        })
}

fn list(images: &[Saved]) -> String {
    let shown: Vec<String> = images
        .iter()
        .take(20)
        .map(|image| match image.repo_tags.iter().flatten().next() {
            Some(tag) => format!("`{tag}`"),
            None => format!("{} without a name", image.config),
        })
        .collect();
    match images.len() - shown.len() {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
