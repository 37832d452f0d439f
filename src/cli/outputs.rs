//! The report files: opened before the run, so that one that can't be written
//! is known before an hour of work, and written at its end whatever that is.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::audit;
use crate::event::{AuditReport, RunResult};
use crate::report::audit::{json::AuditDocument, sarif};
use crate::report::{json, junit};

/// The files that a run was asked for.
pub(super) struct Outputs {
    junit: Option<Output>,
    json: Option<Output>,
}

impl Outputs {
    /// Opens them for writing.
    pub(super) fn open(junit: Option<&Path>, json: Option<&Path>) -> Result<Self, String> {
        Ok(Self {
            junit: junit.map(Output::open).transpose()?,
            json: json.map(Output::open).transpose()?,
        })
    }

    /// Writes all of them; the message names the one that could not be.
    pub(super) fn write(self, result: &RunResult) -> Result<(), String> {
        if let Some(output) = self.junit {
            output.write(|out| junit::write(result, out))?;
        }
        if let Some(output) = self.json {
            let document = json::ResultDocument::from(result);
            output.write(|out| document.write(out))?;
        }
        Ok(())
    }
}

/// The files that an audit was asked for.
pub(super) struct AuditOutputs {
    json: Option<Output>,
    sarif: Option<Output>,
    junit: Option<Output>,
}

impl AuditOutputs {
    /// Opens them for writing.
    pub(super) fn open(
        json: Option<&Path>,
        sarif: Option<&Path>,
        junit: Option<&Path>,
    ) -> Result<Self, String> {
        Ok(Self {
            json: json.map(Output::open).transpose()?,
            sarif: sarif.map(Output::open).transpose()?,
            junit: junit.map(Output::open).transpose()?,
        })
    }

    /// Writes all of them; the message names the one that could not be.
    pub(super) fn write(
        self,
        report: &AuditReport,
        started: jiff::Timestamp,
    ) -> Result<(), String> {
        if let Some(output) = self.json {
            let document = AuditDocument::from(report);
            output.write(|out| document.write(out))?;
        }
        if let Some(output) = self.sarif {
            output.write(|out| sarif::write(report, out))?;
        }
        if let Some(output) = self.junit {
            let result = audit::as_run(report, started);
            output.write(|out| junit::write(&result, out))?;
        }
        Ok(())
    }
}

/// One of them.
struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    /// Opens it. What it holds stays until the end: a run that is killed leaves
    /// no half a report.
    fn open(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn write(
        self,
        content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), String> {
        let work = || {
            // A pipe or a terminal has no length to be cut.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
            let mut out = BufWriter::new(&self.file);
            content(&mut out)?;
            out.flush()
        };
        work().map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("the report {} can't be written: {error}", path.display())
}
