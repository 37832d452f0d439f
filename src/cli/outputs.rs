//! The report files: opened before the run, so that one that can't be written
//! is known before an hour of work, and written at its end whatever that is.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::event::RunResult;
use crate::report::{json, junit};

/// The files that were asked for.
pub(super) struct Outputs {
    junit: Option<(PathBuf, File)>,
    json: Option<(PathBuf, File)>,
}

impl Outputs {
    /// Opens them for writing. What they hold stays until the end: a run that
    /// is killed leaves no half a report.
    pub(super) fn open(junit: Option<&Path>, json: Option<&Path>) -> Result<Self, String> {
        let open = |path: Option<&Path>| {
            path.map(|path| {
                OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(path)
                    .map(|file| (path.to_owned(), file))
                    .map_err(|error| {
                        format!("the report {} can't be written: {error}", path.display())
                    })
            })
            .transpose()
        };
        Ok(Self {
            junit: open(junit)?,
            json: open(json)?,
        })
    }

    /// Writes all of them; the message names the one that could not be.
    pub(super) fn write(self, result: &RunResult) -> Result<(), String> {
        if let Some((path, file)) = self.junit {
            write(&path, &file, |out| junit::write(result, out))?;
        }
        if let Some((path, file)) = self.json {
            let document = json::ResultDocument::from(result);
            write(&path, &file, |out| document.write(out))?;
        }
        Ok(())
    }
}

fn write(
    path: &Path,
    file: &File,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), String> {
    let work = || {
        // A pipe or a terminal has no length to be cut.
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        let mut out = BufWriter::new(file);
        content(&mut out)?;
        out.flush()
    };
    work().map_err(|error| format!("the report {} can't be written: {error}", path.display()))
}
