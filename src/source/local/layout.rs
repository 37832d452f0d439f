//! `index.json` of an OCI image layout: which of its images is meant
//! (OCI image specification, `image-layout.md`).

use std::sync::Arc;

use super::{Files, LocalContents, Places, Store, blob_name, read_small};
use crate::image::{Descriptor, Digest, Document, Index};
use crate::source::Root;

const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// containerd's, with the whole name where [`REF_NAME`] has the tag alone.
const IMAGE_NAME: &str = "io.containerd.image.name";

pub(super) fn open(files: Box<dyn Files>, tag: Option<&str>) -> Result<LocalContents, String> {
    Ok(LocalContents {
        root: root(files.as_ref(), tag)?,
        store: Arc::new(Store {
            files,
            places: Places::ByDigest,
        }),
    })
}

pub(super) fn root(files: &dyn Files, tag: Option<&str>) -> Result<Root, String> {
    check_version(files)?;
    let bytes = read_small(files, "index.json")?
        .ok_or("it has no index.json, and so is no OCI image layout")?;
    let index = match Document::parse(&bytes) {
        Ok(Document::Index(index)) => index,
        Ok(Document::Manifest(_)) => return Err("its index.json is no index".to_owned()),
        Err(why) => return Err(format!("its index.json can't be used: {why}")),
    };
    if tag.is_none() && is_itself_the_image(&index) {
        let digest = Digest::of(&bytes);
        return Ok(Root {
            bytes,
            digest,
            note: None,
        });
    }
    let chosen = choose(&index, tag)?;
    let name = blob_name(&chosen.digest);
    let bytes = read_small(files, &name)?
        .ok_or_else(|| format!("its index.json names {name}, which is not there"))?;
    if !chosen.digest.matches(&bytes) {
        return Err(format!(
            "{name} holds other bytes than its name says: their digest is {}",
            Digest::of(&bytes)
        ));
    }
    Ok(Root {
        bytes,
        digest: chosen.digest.clone(),
        note: None,
    })
}

fn check_version(files: &dyn Files) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marker {
        image_layout_version: String,
    }
    let bytes = read_small(files, "oci-layout")?
        .ok_or("it has no file `oci-layout`, and so is no OCI image layout")?;
    let marker: Marker = serde_json::from_slice(&bytes)
        .map_err(|why| format!("its file `oci-layout` can't be read: {why}"))?;
    if marker.image_layout_version.starts_with("1.") {
        return Ok(());
    }
    Err(format!(
        "its layout is of the version {}, and 1.0.0 is known here",
        marker.image_layout_version
    ))
}

/// Some tools write an image's index as `index.json` itself: each entry with a
/// platform, none with a name.
fn is_itself_the_image(index: &Index) -> bool {
    index.manifests.len() > 1
        && index.manifests.iter().all(|entry| {
            entry.platform.is_some() && !entry.is_index() && names(entry).next().is_none()
        })
}

fn choose<'i>(index: &'i Index, tag: Option<&str>) -> Result<&'i Descriptor, String> {
    let mut candidates: Vec<&Descriptor> = Vec::new();
    for entry in &index.manifests {
        let is_wanted = tag.is_none_or(|tag| names(entry).any(|name| is_called(name, tag)));
        if is_wanted
            && !entry.is_attestation()
            && !candidates.iter().any(|known| known.digest == entry.digest)
        {
            candidates.push(entry);
        }
    }
    match (candidates.as_slice(), tag) {
        ([one], _) => Ok(one),
        ([], Some(tag)) => Err(format!(
            "it holds no image of the tag `{tag}`; it has {}",
            list(&index.manifests)
        )),
        ([], None) => Err("its index.json lists no image".to_owned()),
        (_, Some(tag)) => Err(format!(
            "it holds several images of the tag `{tag}`: {}",
            list(&index.manifests)
        )),
        (_, None) => Err(format!(
            "it holds several images; name one by its tag after a colon: {}",
            list(&index.manifests)
        )),
    }
}

fn names(entry: &Descriptor) -> impl Iterator<Item = &str> {
    [REF_NAME, IMAGE_NAME]
        .into_iter()
        .filter_map(|key| entry.annotations.get(key))
        .map(String::as_str)
}

/// A name is a tag alone, or a whole reference that ends with it.
fn is_called(name: &str, tag: &str) -> bool {
    name == tag
        || name
            .strip_suffix(tag)
            .is_some_and(|front| front.ends_with(':'))
}

fn list(entries: &[Descriptor]) -> String {
    let shown: Vec<String> = entries
        .iter()
        .take(20)
        .map(|entry| match names(entry).next() {
            Some(name) => format!("`{name}`"),
            None => format!("{} without a tag", entry.digest.short()),
        })
        .collect();
    match entries.len() - shown.len() {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
