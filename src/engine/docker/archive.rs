//! Files of a container, through the archive API: running or not, shell or none.

use std::collections::BTreeSet;

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use super::tar_head::FirstEntry;
use crate::engine::{EngineError, FileContent, FileStat, FileType, NewFile};

impl DockerEngine {
    pub(super) async fn put_files(&self, id: &str, files: &[NewFile]) -> Result<(), EngineError> {
        let step = format!("putting files into container {id}");
        let mut missing = BTreeSet::new();
        for folder in folders(files) {
            // An entry for a folder that exists would change its mode, and
            // one for a symlink would replace it.
            if !missing.contains(&folder) && self.look(id, &folder).await?.is_none() {
                missing.insert(folder);
            }
        }
        let archive = pack(&missing, files).map_err(|error| EngineError::Unexpected {
            step: step.clone(),
            why: format!("the archive can't be written: {error}"),
        })?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        self.call(
            &step,
            SLOW,
            self.client.upload_to_container(
                id,
                Some(options),
                bollard::body_full(Bytes::from(archive)),
            ),
        )
        .await
    }

    pub(super) async fn stat_path(
        &self,
        id: &str,
        path: &str,
    ) -> Result<Option<FileStat>, EngineError> {
        match self.look(id, path).await {
            Ok(Some(stat)) => Ok(Some(stat)),
            // The answer to a HEAD has no message, and a container that is gone
            // answers 404 as well: ask again in a way that tells the reason.
            Ok(None) | Err(EngineError::Refused { .. }) => {
                match self.read_archive(id, path, 0).await? {
                    None => Ok(None),
                    Some(found) => Ok(Some(FileStat {
                        kind: found.kind,
                        size: found.size,
                        mode: found.mode,
                        link_target: found.link_target,
                    })),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn look(&self, id: &str, path: &str) -> Result<Option<FileStat>, EngineError> {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let answer = self
            .call(
                &format!("looking at {path} in container {id}"),
                QUICK,
                self.client.get_container_archive_info(id, Some(options)),
            )
            .await;
        Ok(found(answer)?.map(|stat| {
            let kind = go_file_type(stat.file_mode);
            FileStat {
                kind,
                size: u64::try_from(stat.size).unwrap_or(0),
                mode: go_permissions(stat.file_mode),
                // Podman names a target for what is no link, too: the path itself.
                link_target: Some(stat.link_target)
                    .filter(|target| kind == FileType::Symlink && !target.is_empty()),
            }
        }))
    }

    pub(super) async fn read_path(
        &self,
        id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<FileContent>, EngineError> {
        if self.facts.name == "Podman"
            && let Ok(Some(link)) = self.look(id, path).await
            && link.kind == FileType::Symlink
        {
            // Its archive would be the target's.
            return Ok(Some(FileContent {
                kind: link.kind,
                size: link.size,
                mode: link.mode,
                owner: None,
                link_target: link.link_target,
                bytes: Vec::new(),
            }));
        }
        let mut content = self.read_archive(id, path, limit).await?;
        if self.facts.name == "Podman"
            && let Some(content) = &mut content
        {
            // Its archives say root of every file.
            content.owner = None;
        }
        Ok(content)
    }

    async fn read_archive(
        &self,
        id: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<FileContent>, EngineError> {
        match self
            .first_entry(id, path, FirstEntry::with_limit(limit))
            .await?
        {
            Some(entry) => entry
                .finish()
                .map(Some)
                .map_err(|why| EngineError::Unexpected {
                    step: format!("reading {path} in container {id}"),
                    why,
                }),
            None => Ok(None),
        }
    }

    /// The sha256 of a file, hashed as it passes: no file is too large for that.
    pub(super) async fn hash_path(
        &self,
        id: &str,
        path: &str,
    ) -> Result<Option<String>, EngineError> {
        let entry = self.first_entry(id, path, FirstEntry::hashing()).await?;
        match entry {
            Some(entry) if !entry.is_complete() => Err(EngineError::Unexpected {
                step: format!("reading {path} in container {id}"),
                why: "the engine's archive ends too early".to_owned(),
            }),
            Some(entry) => Ok(entry.sha256()),
            None => Ok(None),
        }
    }

    async fn first_entry(
        &self,
        id: &str,
        path: &str,
        mut entry: FirstEntry,
    ) -> Result<Option<FirstEntry>, EngineError> {
        let step = format!("reading {path} in container {id}");
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let mut archive = self.client.download_from_container(id, Some(options));
        let end = Instant::now() + SLOW;
        let broken = |why: String| EngineError::Unexpected {
            step: step.clone(),
            why,
        };
        // Dropping the stream is what keeps a big file's rest where it is.
        while !entry.is_complete() {
            let piece = match timeout_at(end, archive.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => {
                    return match self.explain(&step, error) {
                        EngineError::Refused {
                            status, message, ..
                        } if says_absent(status, &message) => Ok(None),
                        error => Err(error),
                    };
                }
                Ok(None) => break,
                Err(_) => {
                    return Err(EngineError::Deadline {
                        step: step.clone(),
                        after: SLOW,
                    });
                }
            };
            entry.push(&piece).map_err(broken)?;
        }
        Ok(Some(entry))
    }
}

/// Whether the engine says that there is nothing at a path, and not that the
/// container itself is gone. A path below a file is 500 to Docker 20.10.
fn says_absent(status: u16, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    match status {
        404 => !message.contains("no such container"),
        _ => message.contains("not a directory"),
    }
}

/// The folders that `files` lie in, parents first, without the root.
fn folders(files: &[NewFile]) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for file in files {
        let mut path = file.path.as_str();
        while let Some((folder, _)) = path.rsplit_once('/') {
            if folder.is_empty() {
                break;
            }
            folders.insert(folder.to_owned());
            path = folder;
        }
    }
    folders
}

fn pack(folders: &BTreeSet<String>, files: &[NewFile]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in folders {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let name = format!("{}/", folder.trim_start_matches('/'));
        archive.append_data(&mut header, name, std::io::empty())?;
    }
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode);
        header.set_uid(file.owner.0);
        header.set_gid(file.owner.1);
        header.set_size(file.bytes.len() as u64);
        let name = file.path.trim_start_matches('/');
        archive.append_data(&mut header, name, file.bytes.as_slice())?;
    }
    archive.into_inner()
}

// The engine sends Go's os.FileMode, whose kinds and special bits lie at the top.
const GO_DIR: u32 = 1 << 31;
const GO_SYMLINK: u32 = 1 << 27;
const GO_DEVICE: u32 = 1 << 26;
const GO_NAMED_PIPE: u32 = 1 << 25;
const GO_SOCKET: u32 = 1 << 24;
const GO_SETUID: u32 = 1 << 23;
const GO_SETGID: u32 = 1 << 22;
const GO_CHAR_DEVICE: u32 = 1 << 21;
const GO_STICKY: u32 = 1 << 20;
const GO_IRREGULAR: u32 = 1 << 19;

fn go_file_type(mode: u32) -> FileType {
    let other = GO_DEVICE | GO_NAMED_PIPE | GO_SOCKET | GO_CHAR_DEVICE | GO_IRREGULAR;
    if mode & GO_DIR != 0 {
        FileType::Directory
    } else if mode & GO_SYMLINK != 0 {
        FileType::Symlink
    } else if mode & other != 0 {
        FileType::Other
    } else {
        FileType::File
    }
}

fn go_permissions(mode: u32) -> u32 {
    let mut permissions = mode & 0o777;
    for (go, unix) in [
        (GO_SETUID, 0o4000),
        (GO_SETGID, 0o2000),
        (GO_STICKY, 0o1000),
    ] {
        if mode & go != 0 {
            permissions |= unix;
        }
    }
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gos_mode_bits_become_unix_ones() {
        assert_eq!(go_permissions(GO_DIR | GO_STICKY | 0o777), 0o1777);
        assert_eq!(go_permissions(GO_SETUID | 0o755), 0o4755);
        assert_eq!(go_file_type(GO_DIR | 0o755), FileType::Directory);
        assert_eq!(go_file_type(GO_SYMLINK | 0o777), FileType::Symlink);
        assert_eq!(
            go_file_type(GO_DEVICE | GO_CHAR_DEVICE | 0o666),
            FileType::Other
        );
        assert_eq!(go_file_type(0o644), FileType::File);
    }

    #[test]
    fn the_folders_of_files_come_parents_first() {
        let file = |path: &str| NewFile {
            path: path.to_owned(),
            mode: 0o755,
            owner: (0, 0),
            bytes: Vec::new(),
        };
        let found: Vec<_> = folders(&[file("/a/b/c"), file("/hold"), file("/a/x")])
            .into_iter()
            .collect();
        assert_eq!(found, ["/a", "/a/b"]);
    }
}
