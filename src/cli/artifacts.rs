//! The folder of `--artifacts`: seen to be writable before the run, and written
//! as the cases end, so that a run that is killed leaves what there was.

use std::io;
use std::path::{Path, PathBuf};

use crate::event::Artifacts;
use crate::report::artifacts;

/// The folder, and the first fault of writing to it.
pub(super) struct ArtifactFolder {
    path: PathBuf,
    fault: Option<String>,
}

impl ArtifactFolder {
    /// Makes it where it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let folder = Self {
            path: path.to_owned(),
            fault: None,
        };
        let probe = || {
            std::fs::create_dir_all(path)?;
            // A file without a name: nothing is left of it.
            tempfile::tempfile_in(path)
        };
        match probe() {
            Ok(_) => Ok(folder),
            Err(error) => Err(folder.unwritable(&error)),
        }
    }

    /// Writes what an attempt at a case leaves. What can't be written is told at
    /// the end.
    pub(super) fn write(&mut self, left: &Artifacts) {
        if let Err(error) = self.try_write(left)
            && self.fault.is_none()
        {
            self.fault = Some(self.unwritable(&error));
        }
    }

    fn try_write(&self, left: &Artifacts) -> io::Result<()> {
        let folder = self.path.join(artifacts::folder(left));
        if left.attempt == 1 {
            clear(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        for artifact in &left.left {
            if let Some((name, text)) = artifacts::file(artifact) {
                std::fs::write(folder.join(name), text)?;
            }
        }
        Ok(())
    }

    /// The message where not all could be written.
    pub(super) fn end(self) -> Result<(), String> {
        self.fault.map_or(Ok(()), Err)
    }

    fn unwritable(&self, error: &io::Error) -> String {
        format!(
            "artifacts can't be written to {}: {error}",
            self.path.display()
        )
    }
}

/// Takes away what an earlier run left of this case, and nothing else.
fn clear(folder: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() && name.starts_with("attempt-") {
            clear(&entry.path())?;
            // Whatever else is in it is somebody's, and stays.
            let _ = std::fs::remove_dir(entry.path());
        } else if !kind.is_dir() && artifacts::is_ours(&name) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Artifact, Stream};

    fn left(attempt: u32, service: &str) -> Artifacts {
        Artifacts {
            suite: "everyarch".to_owned(),
            platform: "linux/arm64".parse().expect("a platform"),
            case: "with its database".to_owned(),
            attempt,
            left: vec![Artifact::Log {
                service: service.to_owned(),
                stream: Stream::Stdout,
                text: "hello\n".to_owned(),
            }],
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<std::fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn what_an_earlier_run_left_of_a_case_is_replaced_and_nothing_else_is_touched() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("new/artifacts");
        let mut folder = ArtifactFolder::open(&path).expect("a folder");
        folder.write(&left(1, "db"));
        folder.write(&left(2, "db"));
        let case = path.join("everyarch/linux-arm64/with its database");
        std::fs::write(case.join("mine.txt"), "stays").expect("a file");
        assert_eq!(names(&case), ["attempt-2", "db.stdout.log", "mine.txt"]);
        folder.write(&left(1, "app"));
        assert_eq!(names(&case), ["app.stdout.log", "mine.txt"]);
        folder.end().expect("all was written");
    }

    #[test]
    fn a_folder_that_is_a_file_is_told_at_once_and_one_that_becomes_so_at_the_end() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("taken");
        std::fs::write(&path, "a file").expect("a file");
        let message = ArtifactFolder::open(&path).err().expect("no folder");
        assert!(message.contains("taken"), "{message}");

        let mut folder = ArtifactFolder::open(parent.path()).expect("a folder");
        std::fs::write(parent.path().join("everyarch"), "in the way").expect("a file");
        folder.write(&left(1, "db"));
        assert!(folder.end().is_err());
    }
}
