//! `invalid-manifest`: a document that a runtime, or a registry on the way to one,
//! refuses.

mod document;
#[cfg(test)]
mod tests;

use self::document::Complaint;
use super::placed;
use crate::audit::tree::{Entry, Tree, Trouble};
use crate::event::{Finding, Severity};
use crate::image::{LayerType, Manifest, media_type};

const CODE: &str = "invalid-manifest";
const HINT: &str = "push the image again with a current builder; a manifest written or changed by hand has to follow the OCI image specification";
const DOCKER_MANIFEST: &str = media_type::DOCKER_MANIFEST;

pub(super) fn judge(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for index in &tree.indexes {
        let of_document = document::complaints(&index.bytes, index.listed_as.as_deref());
        found.extend(findings(&format!("the index {}", index.digest), of_document));
    }
    for (descriptor, trouble) in &tree.broken_indexes {
        if let Trouble::Invalid(why) = trouble {
            let finding = refused(format!("the index {}: {why}", descriptor.digest));
            found.push(match &descriptor.platform {
                Some(platform) => finding.on(platform),
                None => finding,
            });
        }
    }
    for entry in &tree.entries {
        found.extend(of_entry(entry).into_iter().map(|finding| placed(finding, entry)));
    }
    found
}

fn refused(message: String) -> Finding {
    Finding::new(CODE, Severity::Error, message).hint(HINT)
}

fn findings(name: &str, complaints: Vec<Complaint>) -> impl Iterator<Item = Finding> {
    complaints.into_iter().map(move |complaint| {
        Finding::new(CODE, complaint.severity, format!("{name}: {}", complaint.what)).hint(HINT)
    })
}

fn of_entry(entry: &Entry) -> Vec<Finding> {
    let name = format!("the {}", entry.name());
    let mut found = Vec::new();
    match &entry.manifest {
        Err(Trouble::Invalid(why)) => {
            // Where the document tells more exactly what is wrong, that is said instead.
            let exact = document::complaints(&entry.manifest_bytes, None);
            if exact.iter().any(|complaint| complaint.severity == Severity::Error) {
                found.extend(findings(&name, exact));
            } else {
                found.push(refused(format!("{name}: {why}")));
            }
        }
        Err(Trouble::NotAnImage(kind)) => found.push(not_an_image(entry, kind)),
        Err(Trouble::Contents(_) | Trouble::Size(_)) => {}
        Ok(manifest) => {
            let listed_as = Some(entry.descriptor.media_type.as_str());
            let of_document = document::complaints(&entry.manifest_bytes, listed_as);
            found.extend(findings(&name, of_document));
            if !entry.descriptor.is_attestation() {
                found.extend(findings(&name, of_types(entry, manifest)));
                found.extend(of_config(entry, manifest));
            }
        }
    }
    found
}

fn not_an_image(entry: &Entry, kind: &str) -> Finding {
    let digest = &entry.descriptor.digest;
    if entry.written.is_none() && entry.descriptor.platform.is_none() {
        let message = format!("{digest} (`{kind}`) is no image, and stands beside them");
        return Finding::new(CODE, Severity::Info, message);
    }
    refused(format!("{digest} is listed for a platform, and is no image but `{kind}`"))
}

/// Media types of config and layers: what a runtime does not know, it does not unpack.
fn of_types(entry: &Entry, manifest: &Manifest) -> Vec<Complaint> {
    let mut found = Vec::new();
    if !media_type::ALL.contains(&entry.descriptor.media_type.as_str()) {
        found.push(Complaint::error(format!(
            "the index lists it with the media type `{}`, by which runtimes pass it over",
            entry.descriptor.media_type
        )));
    }
    if !manifest.has_image_config() {
        found.push(Complaint::error(format!(
            "its config has the media type `{}`, which is no image's",
            manifest.config.media_type
        )));
    }
    let mut foreign_family = 0;
    for (at, layer) in (1..).zip(&manifest.layers) {
        if LayerType::parse(&layer.media_type).is_none() {
            found.push(Complaint::error(format!(
                "layer {at} has the media type `{}`, which no runtime unpacks as a layer",
                layer.media_type
            )));
        } else if entry.descriptor.media_type == DOCKER_MANIFEST
            && !layer.media_type.starts_with("application/vnd.docker.")
        {
            foreign_family += 1;
        }
    }
    if foreign_family > 0 {
        found.push(Complaint {
            severity: Severity::Warning,
            what: format!(
                "it is a Docker manifest with {foreign_family} layer{} of OCI's media types, which some registries and tools refuse",
                if foreign_family == 1 { "" } else { "s" }
            ),
        });
    }
    // A thousand layers that are no layers are one mistake.
    found.truncate(20);
    found
}

fn of_config(entry: &Entry, manifest: &Manifest) -> Vec<Finding> {
    let digest = &manifest.config.digest;
    let config = match &entry.config {
        Some(Ok(config)) => config,
        Some(Err(Trouble::Invalid(why))) => {
            return vec![refused(format!("the config {digest}: {why}"))];
        }
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    if config.platform.is_none() {
        found.push(refused(format!(
            "the config {digest} names neither operating system nor architecture"
        )));
    }
    let (ids, layers) = (config.diff_ids.len(), manifest.layers.len());
    if ids != layers && manifest.has_image_config() {
        found.push(refused(format!(
            "the config {digest} has {ids} diff ids for {layers} layers: runtimes refuse to unpack it"
        )));
    }
    found
}
