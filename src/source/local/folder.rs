//! The files of an OCI image layout in a folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Files, Opened, explain_open};

/// A folder, by its real path.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let real = path.canonicalize().map_err(|error| explain_open(&error))?;
        if !real.is_dir() {
            return Err(
                "it is no folder; an archive is named as oci-archive:FILE or docker-archive:FILE"
                    .to_owned(),
            );
        }
        Ok(Self(real))
    }
}

impl Files for Folder {
    fn open(&self, name: &str) -> io::Result<Option<Opened>> {
        let path = self.0.join(name);
        let real = match path.canonicalize() {
            Ok(real) => real,
            // A link that points nowhere is there, and holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !real.starts_with(&self.0) {
            return Err(io::Error::other(
                "it is a symbolic link that leads out of the layout, and is not followed; copy the file into the layout",
            ));
        }
        // Before it is opened: opening a pipe waits for somebody who writes into it.
        if !real.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let file = File::open(&real)?;
        Ok(Some(Opened {
            size: file.metadata()?.len(),
            reader: Box::new(file),
        }))
    }
}
