//! The platforms, a line each.

use std::io::{self, Write};

use super::counts::Counts;
use crate::event::{AuditReport, AuditedPlatform};
use crate::report::escape;
use crate::report::view::{View, columns, count, fit, paint};

/// A line for each platform: those that were looked at, and those of which
/// something is said all the same.
pub(super) fn write(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let platforms = report.all_platforms();
    let rows: Vec<(String, &str, String)> = platforms
        .iter()
        .map(|(platform, audited)| {
            let name = escape::one_line(&platform.to_string());
            match audited {
                Some(audited) => (name, audited.digest.short(), extent(audited)),
                None => (name, "", "not looked at".to_owned()),
            }
        })
        .collect();
    let widest = |of: fn(&(String, &str, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (names, digests, extents) = (
        widest(|row| columns(&row.0)).min(view.width / 2),
        widest(|row| columns(row.1)),
        widest(|row| columns(&row.2)),
    );
    for ((platform, audited), (name, digest, extent)) in platforms.iter().zip(&rows) {
        let counts = Counts::of(report.on(platform));
        let (glyph, style) = match (counts.errors, audited) {
            (1.., _) => (view.glyphs.failed, view.palette.failed),
            (0, Some(_)) if report.errors.iter().any(|unseen| unseen.concerns(platform)) => {
                (view.glyphs.not_run, view.palette.error)
            }
            (0, Some(_)) => (view.glyphs.passed, view.palette.passed),
            (0, None) => (view.glyphs.error, view.palette.error),
        };
        let line = format!(
            "  {} {}  {digest:digests$}  {}  {}",
            paint(style, glyph),
            fit(name, names, &view.glyphs),
            fit(extent, extents, &view.glyphs),
            paint(style, counts.said()),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if rows.is_empty() {
        Ok(())
    } else {
        writeln!(out)
    }
}

/// `7 layers, 8123 files, 412 of them ELF`
fn extent(audited: &AuditedPlatform) -> String {
    format!(
        "{}, {}, {} of them ELF",
        count(audited.layers, "layer"),
        count(audited.files, "file"),
        audited.elf_files
    )
}
