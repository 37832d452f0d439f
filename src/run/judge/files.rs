//! `files:` read from a container that never starts; nothing is run.

use std::sync::Arc;
use std::time::Duration;

use crate::check::{self, FileObservation, ObservedKind};
use crate::engine::{Captured, EngineError, FileType};
use crate::run::finding::{Finding, mismatches};
use crate::run::room::Room;
use crate::suite::{FileExpectation, FileKind};

/// How much of a file's content is held for `contains`, `matches` and the like.
const CONTENT_CAP: usize = 8 << 20;

pub(super) async fn judge(
    room: &Arc<Room>,
    files: &[FileExpectation],
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let work = async {
        let mut broken = Vec::new();
        for expectation in files {
            let found = observe(room, expectation).await?;
            broken.extend(check::file(expectation, found.as_ref()));
        }
        Ok(broken)
    };
    let broken = tokio::time::timeout(deadline, work)
        .await
        .unwrap_or_else(|_| {
            Err(EngineError::Deadline {
                step: "reading files of the image".to_owned(),
                after: deadline,
            })
        })?;
    Ok(vec![Finding::judged(mismatches(&broken))])
}

async fn observe(
    room: &Arc<Room>,
    expectation: &FileExpectation,
) -> Result<Option<FileObservation>, EngineError> {
    let rootfs = room.specimen().await?;
    let wants_link = expectation.kind == Some(FileKind::Symlink);
    let path = if wants_link || !expectation.exists {
        expectation.path.clone()
    } else {
        match rootfs.follow(&expectation.path).await? {
            Some(found) => found.path,
            None => return Ok(None),
        }
    };
    let Some(stat) = rootfs.engine.stat(rootfs.container, &path).await? else {
        return Ok(None);
    };
    let is_file = stat.kind == FileType::File;
    let limit = if is_file && !expectation.content.is_empty() {
        CONTENT_CAP
    } else {
        0
    };
    let Some(content) = rootfs.engine.read(rootfs.container, &path, limit).await? else {
        return Ok(None);
    };
    let owner = match content.owner {
        Some(owner) => owner,
        None if expectation.owner.is_none() => (0, 0),
        None => {
            return Err(EngineError::Unexpected {
                step: format!("reading the owner of {path}"),
                why: format!(
                    "{} does not tell who owns a file; use an engine of Docker for `owner:`",
                    rootfs.engine.facts().name
                ),
            });
        }
    };
    let sha256 = if is_file && expectation.sha256.is_some() {
        rootfs.engine.sha256(rootfs.container, &path).await?
    } else {
        None
    };
    Ok(Some(FileObservation {
        kind: match stat.kind {
            FileType::File => ObservedKind::File,
            FileType::Directory => ObservedKind::Directory,
            FileType::Symlink => ObservedKind::Symlink,
            FileType::Other => ObservedKind::Other,
        },
        mode: content.mode,
        uid: owner.0,
        gid: owner.1,
        size: content.size,
        sha256,
        content: (limit > 0).then(|| check::Captured {
            text: Captured::from_bytes(&content.bytes).text(),
            whole_length: (content.size > content.bytes.len() as u64).then_some(content.size),
        }),
    }))
}
