//! A layer, entry by entry.

use super::OCI_LAYER;
use super::packing::{Packing, packed};

/// A layer: a tar archive, entry by entry.
pub struct Layer {
    tar: tar::Builder<Vec<u8>>,
    /// Instead of an archive.
    raw: Option<Vec<u8>>,
    packing: Packing,
    media_type: Option<String>,
    created_by: String,
}

impl Default for Layer {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer {
    /// An empty one, compressed with gzip.
    pub fn new() -> Self {
        Self {
            tar: tar::Builder::new(Vec::new()),
            raw: None,
            packing: Packing::Gzip,
            media_type: None,
            created_by: "COPY . .".to_owned(),
        }
    }

    /// Of these files.
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        files
            .iter()
            .fold(Self::new(), |layer, (path, bytes)| layer.file(path, bytes))
    }

    /// These bytes instead of an archive, as they are.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            raw: Some(bytes.into()),
            ..Self::new()
        }
    }

    /// An entry of any kind. The path is written as it is, `..` and all.
    pub fn entry(
        mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        target: Option<&str>,
        bytes: &[u8],
    ) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        // The crate's own setters refuse what tests have to write.
        let long = path.len() > 100;
        if long {
            let mut name = path.as_bytes().to_vec();
            name.push(0);
            let mut head = tar::Header::new_gnu();
            head.set_entry_type(tar::EntryType::GNULongName);
            head.set_size(name.len() as u64);
            head.as_gnu_mut().expect("GNU").name[..13].copy_from_slice(b"././@LongLink");
            head.set_cksum();
            self.tar.append(&head, name.as_slice()).expect("in memory");
        }
        let name = &path.as_bytes()[..path.len().min(100)];
        header.as_gnu_mut().expect("GNU").name[..name.len()].copy_from_slice(name);
        if let Some(target) = target {
            header
                .set_link_name_literal(target)
                .expect("a short target");
        }
        header.set_cksum();
        self.tar.append(&header, bytes).expect("in memory");
        self
    }

    /// A file that nobody may execute.
    pub fn file(self, path: &str, bytes: &[u8]) -> Self {
        self.entry(path, tar::EntryType::Regular, 0o644, None, bytes)
    }

    /// A file that everybody may execute.
    pub fn program(self, path: &str, bytes: &[u8]) -> Self {
        self.entry(path, tar::EntryType::Regular, 0o755, None, bytes)
    }

    /// A folder.
    pub fn folder(self, path: &str) -> Self {
        self.entry(path, tar::EntryType::Directory, 0o755, None, b"")
    }

    /// A symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Symlink, 0o777, Some(target), b"")
    }

    /// Another name of a file of this or a lower layer.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Link, 0o644, Some(target), b"")
    }

    /// Removes a path of the layers below.
    pub fn whiteout(self, path: &str) -> Self {
        let path = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&path, b"")
    }

    /// Hides what the layers below have in a folder.
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), b"")
    }

    /// How it is compressed.
    pub fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// Another media type than its compression has.
    pub fn media_type(mut self, media_type: &str) -> Self {
        self.media_type = Some(media_type.to_owned());
        self
    }

    /// The history line it belongs to.
    pub fn created_by(mut self, line: &str) -> Self {
        self.created_by = line.to_owned();
        self
    }

    /// The archive itself.
    pub fn tar(self) -> Vec<u8> {
        self.build().plain
    }

    pub(super) fn build(self) -> BuiltLayer {
        let (plain, blob) = match self.raw {
            Some(raw) => (raw.clone(), raw),
            None => {
                let plain = self.tar.into_inner().expect("in memory");
                let blob = packed(&plain, self.packing);
                (plain, blob)
            }
        };
        let suffix = match self.packing {
            Packing::Plain => "",
            Packing::Gzip => "+gzip",
            Packing::Zstd => "+zstd",
        };
        BuiltLayer {
            media_type: self
                .media_type
                .unwrap_or_else(|| format!("{OCI_LAYER}{suffix}")),
            created_by: self.created_by,
            plain,
            blob,
        }
    }
}

/// One that is finished.
pub(super) struct BuiltLayer {
    pub(super) media_type: String,
    pub(super) created_by: String,
    pub(super) plain: Vec<u8>,
    pub(super) blob: Vec<u8>,
}
