//! A platform's image with its layers laid over one another: what rules look at.

use crate::image::{Compression, Descriptor, Digest, ImageConfig, Platform};

use super::file::FileFacts;
use super::rootfs::Rootfs;

/// One platform's image, unpacked in mind.
pub struct Unpacked {
    /// What the index says it is for.
    pub platform: Platform,
    /// The child manifest's digest.
    pub digest: Digest,
    /// Its config.
    pub config: ImageConfig,
    /// Its layers, lowest first.
    pub layers: Vec<UnpackedLayer>,
    /// Its files.
    pub rootfs: Rootfs,
}

/// A layer and where it comes from.
#[derive(Clone, Debug)]
pub struct UnpackedLayer {
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// `created_by` of the history entry it belongs to, as the builder wrote it.
    pub created_by: Option<String>,
    /// How its blob is compressed, by its bytes.
    pub compression: Compression,
}

impl Unpacked {
    /// `layer 5 of 7: COPY --from=build /app/node_modules`
    pub fn history(&self, layer: usize) -> Option<String> {
        let found = self.layers.get(layer)?;
        let place = format!("layer {} of {}", layer + 1, self.layers.len());
        Some(match &found.created_by {
            Some(line) if !line.trim().is_empty() => format!("{place}: {}", instruction(line)),
            _ => place,
        })
    }

    /// All ELF files with their paths, symbolic links not followed.
    pub fn elf_files(&self) -> impl Iterator<Item = (String, &super::file::ElfFacts)> {
        self.rootfs.files().filter_map(|file| match file.facts() {
            Some(FileFacts::Elf(elf)) => Some((file.path(), elf.as_ref())),
            _ => None,
        })
    }
}

/// A history line as its author wrote it: without the shell that the classic
/// builder puts in front, and on one line.
fn instruction(created_by: &str) -> String {
    let line = created_by
        .strip_prefix("/bin/sh -c #(nop) ")
        .or_else(|| created_by.strip_prefix("/bin/sh -c "))
        .unwrap_or(created_by);
    let line = line.trim().trim_end_matches("# buildkit").trim();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
