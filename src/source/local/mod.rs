//! Images in files and folders of this machine: OCI image layouts, and the
//! archives that `docker save` and its like write.

mod docker_archive;
mod folder;
mod layout;
mod tar_file;
#[cfg(test)]
mod tests;
mod unpack;

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWriteExt as _;

use crate::image::{Descriptor, Digest, FileFormat, FileReference};

use self::docker_archive::Which;
use self::folder::Folder;
use self::tar_file::TarFile;
use super::contents::LARGEST_DOCUMENT;
use super::{Contents, ContentsError, Root, SourceError};

/// Files by the names they have in a layout or an archive, `/` between the parts.
trait Files: Send + Sync {
    /// Opens one; `None` where there is nothing of that name.
    fn open(&self, name: &str) -> io::Result<Option<Opened>>;
}

/// A file that was opened.
struct Opened {
    size: u64,
    reader: Box<dyn Read + Send>,
}

/// An image whose bytes are on this machine.
pub struct LocalContents {
    root: Root,
    store: Arc<Store>,
}

/// Files, and which of them is which blob.
struct Store {
    files: Box<dyn Files>,
    places: Places,
}

enum Places {
    /// `blobs/ALGORITHM/HEX`
    ByDigest,
    /// Wherever the archive's own list says.
    Listed(HashMap<Digest, String>),
}

impl LocalContents {
    /// Opens what a reference names, and finds out which image of it is meant.
    ///
    /// # Errors
    /// When there is no such file or folder, it is not of that format, or it
    /// holds several images and the reference does not say which.
    pub async fn open(reference: &FileReference) -> Result<Self, SourceError> {
        let wanted = reference.clone();
        off_the_runtime(move || Self::open_blocking(&wanted))
            .await
            .and_then(|opened| opened)
            .map_err(|why| SourceError::Local {
                reference: reference.to_string(),
                why,
            })
    }

    /// Takes what an engine streams of an image of its own store (`docker save`)
    /// into a file without a name, which is gone once this is dropped.
    ///
    /// # Errors
    /// When the stream breaks, the disk is full, or what came is no such archive.
    pub async fn of_engine<E: std::fmt::Display>(
        name: &str,
        saved: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Self, SourceError> {
        let fail = |why: String| SourceError::Local {
            reference: format!("docker-daemon:{name}"),
            why,
        };
        let spool = spool(saved).await.map_err(&fail)?;
        let wanted = name.to_owned();
        off_the_runtime(move || {
            TarFile::index(spool)
                .and_then(|files| docker_archive::open(files, Which::Asked(&wanted)))
                .map_err(|why| format!("what the engine sent: {why}"))
        })
        .await
        .and_then(|opened| opened)
        .map_err(fail)
    }

    fn open_blocking(reference: &FileReference) -> Result<Self, String> {
        let path = reference.path();
        let name = reference.name();
        let archive = || -> Result<TarFile, String> {
            let file = std::fs::File::open(path).map_err(|error| explain_open(&error))?;
            if file.metadata().is_ok_and(|found| !found.is_file()) {
                return Err("it is no file; a folder is named as oci:DIR".to_owned());
            }
            TarFile::index(unpack::unpacked(file)?)
        };
        match reference.format() {
            FileFormat::OciLayout => layout::open(Box::new(Folder::open(path)?), name),
            FileFormat::OciArchive => layout::open(Box::new(archive()?), name),
            FileFormat::DockerArchive => {
                docker_archive::open(archive()?, name.map_or(Which::Only, Which::Named))
            }
        }
    }
}

/// What an engine sends, in a file without a name.
async fn spool<E: std::fmt::Display>(
    saved: impl Stream<Item = Result<Bytes, E>>,
) -> Result<std::fs::File, String> {
    let full = |error: io::Error| format!("it can't be kept in a temporary file: {error}");
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(full)?);
    let mut saved = std::pin::pin!(saved);
    while let Some(piece) = saved.next().await {
        let piece = piece.map_err(|error| error.to_string())?;
        file.write_all(&piece).await.map_err(full)?;
    }
    file.flush().await.map_err(full)?;
    Ok(file.into_std().await)
}

fn explain_open(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        "there is nothing of that name".to_owned()
    } else {
        error.to_string()
    }
}

/// Files block; the runtime's own threads must not.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| format!("reading was given up: {error}"))
}

/// A small file, whole.
fn read_small(files: &dyn Files, name: &str) -> Result<Option<Vec<u8>>, String> {
    let opened = files
        .open(name)
        .map_err(|error| format!("{name}: {error}"))?;
    let Some(opened) = opened else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    opened
        .reader
        .take(LARGEST_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > LARGEST_DOCUMENT {
        return Err(format!(
            "{name} has more than {LARGEST_DOCUMENT} bytes, and no such list of an image is that long"
        ));
    }
    Ok(Some(bytes))
}

impl Store {
    fn find(&self, digest: &Digest) -> Result<Opened, ContentsError> {
        let by_digest;
        let place = match &self.places {
            Places::ByDigest => {
                by_digest = blob_name(digest);
                &by_digest
            }
            Places::Listed(listed) => listed.get(digest).ok_or(ContentsError::Absent)?,
        };
        match self.files.open(place) {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(ContentsError::Absent),
            Err(error) => Err(ContentsError::Unreachable(format!("{place}: {error}"))),
        }
    }

    /// No more than `limit` bytes, verified.
    fn whole(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, ContentsError> {
        let opened = self.find(digest)?;
        if opened.size > limit {
            return Err(ContentsError::TooLong {
                at_least: opened.size,
            });
        }
        let mut bytes = Vec::new();
        opened
            .reader
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| ContentsError::Unreachable(format!("{digest}: {error}")))?;
        super::contents::verified(bytes, digest, limit)
    }
}

/// Where a layout has a blob. Nothing but hexadecimal digits gets into it.
fn blob_name(digest: &Digest) -> String {
    let algorithm = digest
        .as_str()
        .split_once(':')
        .map_or("sha256", |(algorithm, _)| algorithm);
    format!("blobs/{algorithm}/{}", digest.hex())
}

#[async_trait]
impl Contents for LocalContents {
    async fn root(&self) -> Result<Root, ContentsError> {
        Ok(self.root.clone())
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        let (store, digest) = (self.store.clone(), descriptor.digest.clone());
        off_the_runtime(move || store.whole(&digest, LARGEST_DOCUMENT))
            .await
            .map_err(ContentsError::Unreachable)?
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        let (store, digest, size) = (
            self.store.clone(),
            descriptor.digest.clone(),
            descriptor.size,
        );
        off_the_runtime(move || store.whole(&digest, size))
            .await
            .map_err(ContentsError::Unreachable)?
    }

    async fn size(&self, digest: &Digest) -> Result<u64, ContentsError> {
        let (store, digest) = (self.store.clone(), digest.clone());
        off_the_runtime(move || store.find(&digest).map(|opened| opened.size))
            .await
            .map_err(ContentsError::Unreachable)?
    }

    async fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError> {
        let (store, digest) = (self.store.clone(), descriptor.digest.clone());
        off_the_runtime(move || store.find(&digest).map(|opened| opened.reader))
            .await
            .map_err(ContentsError::Unreachable)?
    }
}
