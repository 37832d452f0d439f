//! Layers whose bytes contradict what engines make of them: entries that can't be
//! unpacked, and a compression that is not the one of their media type.

use crate::audit::Unpacked;
use crate::event::{Finding, Severity};
use crate::image::{Compression, LayerType};

/// How many entries a finding names.
const EXAMPLES: usize = 5;

/// `layer-invalid` and `layer-media-type`
pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let mut found: Vec<Finding> = (0..unpacked.layers.len())
        .filter_map(|layer| compression(unpacked, layer))
        .collect();
    found.extend(refused(unpacked));
    found
}

/// Runtimes go by the bytes; containerd does so for all media types but OCI's plain one,
/// and takes whatever has that for an archive.
fn compression(unpacked: &Unpacked, layer: usize) -> Option<Finding> {
    let of = unpacked.layers.get(layer)?;
    let said = LayerType::parse(&of.descriptor.media_type)?.compression;
    // Nothing at all is compressed in no way: it is told as an empty layer.
    if said == of.compression || of.descriptor.size == 0 {
        return None;
    }
    let is = match of.compression {
        Compression::None => "not compressed".to_owned(),
        other => format!("compressed with {other}"),
    };
    let message = format!(
        "layer {} of {} is {is}, and its media type says otherwise",
        layer + 1,
        unpacked.layers.len()
    );
    let (severity, so) = match said {
        Compression::None if of.descriptor.media_type.starts_with("application/vnd.oci.") => (
            Severity::Error,
            "containerd does not decompress it, and ends with `invalid tar header`",
        ),
        _ => (
            Severity::Warning,
            "engines look at the bytes and unpack it all the same; other tools may not",
        ),
    };
    let mut finding = Finding::new("layer-media-type", severity, message)
        .because(format!("media type: {}", of.descriptor.media_type))
        .because(so)
        .hint("push the image again with a current client, which writes the media type that fits");
    finding.layer = Some(of.descriptor.digest.clone());
    finding.history = unpacked.history(layer);
    Some(finding)
}

/// What Docker refuses to unpack, and with it the image.
fn refused(unpacked: &Unpacked) -> Option<Finding> {
    let rootfs = &unpacked.rootfs;
    let first = rootfs.refused().first()?;
    let count = rootfs.refused_count();
    let more = match count {
        0 | 1 => String::new(),
        2 => " and another entry".to_owned(),
        many => format!(" and {} more entries", many - 1),
    };
    let mut finding = Finding::new(
        "layer-invalid",
        Severity::Error,
        format!(
            "/{}{more} can't be unpacked: Docker refuses the image, other engines leave it out or take it",
            first.path
        ),
    )
    .at(format!("/{}", first.path));
    for entry in rootfs.refused().iter().take(EXAMPLES) {
        let layer = entry.layer + 1;
        finding = finding.because(format!("layer {layer}: /{}: {}", entry.path, entry.why));
    }
    if let Some(of) = unpacked.layers.get(first.layer) {
        finding.layer = Some(of.descriptor.digest.clone());
        finding.history = unpacked.history(first.layer);
    }
    Some(finding.hint(
        "build the layer again: a tool that edits or squashes layers leaves hard links without their files",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, debian, elf};
    use super::*;
    use crate::image::Machine;

    #[test]
    fn a_hard_link_to_nothing_can_not_be_unpacked() {
        // GoogleContainerTools/kaniko#132
        let image = |target: &str| {
            debian("linux/arm64")
                .layer("COPY /out /opt")
                .file("/opt/a", elf(Machine::AArch64))
                .hard_link("/opt/b", target)
                .unpacked()
        };
        let broken = image("opt/c");
        let found = judge(&broken);
        assert_eq!(codes(&found), ["layer-invalid"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].path.as_deref(), Some("/opt/b"));
        assert_eq!(found[0].history, broken.history(1));
        assert!(found[0].evidence[0].starts_with("layer 2: /opt/b: it is a hard link to `opt/c`"));
        assert_eq!(judge(&image("opt/a")), []);
    }

    #[test]
    fn a_layer_is_compressed_as_its_media_type_says() {
        let mut image = debian("linux/arm64").layer("COPY /out /opt").unpacked();
        assert_eq!(judge(&image), []);
        image.layers[1].compression = Compression::Zstd;
        let found = judge(&image);
        assert_eq!(codes(&found), ["layer-media-type"]);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(
            found[0]
                .message
                .starts_with("layer 2 of 2 is compressed with zstd")
        );
        image.layers[1].compression = Compression::None;
        assert!(judge(&image)[0].message.contains("is not compressed"));
    }

    #[test]
    fn containerd_does_not_decompress_what_is_called_plain() {
        // containerd/containerd#10134
        let mut image = debian("linux/arm64").layer("COPY /out /opt").unpacked();
        let plain = |media_type: &str, image: &mut Unpacked| {
            image.layers[1].descriptor.media_type = media_type.to_owned();
            judge(image).first().map(|finding| finding.severity)
        };
        let oci = "application/vnd.oci.image.layer.v1.tar";
        assert_eq!(plain(oci, &mut image), Some(Severity::Error));
        let docker = "application/vnd.docker.image.rootfs.diff.tar";
        assert_eq!(plain(docker, &mut image), Some(Severity::Warning));
        image.layers[1].compression = Compression::None;
        assert_eq!(plain(oci, &mut image), None);
    }
}
