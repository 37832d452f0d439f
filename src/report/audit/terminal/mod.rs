//! What stands on the terminal when an audit is over: platforms, findings, what
//! could not be looked at, verdict.

mod counts;
mod findings;
mod platforms;

use std::io::{self, Write};

use counts::Counts;

use crate::event::{AuditReport, Finding, Verdict};
use crate::report::view::{Verbosity, View, count, paint, seconds};
use crate::report::{escape, failure};

/// Writes the whole summary: errors and warnings; quietly, only errors and the
/// verdict; verbosely, everything.
///
/// # Errors
/// Those of `out`.
pub fn write_summary(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if view.verbosity > Verbosity::Quiet {
        write_subject(report, view, out)?;
        platforms::write(report, view, out)?;
    }
    findings::write(report, view, out)?;
    if view.verbosity > Verbosity::Quiet {
        write_accepted(report, view, out)?;
        write_notes(report, view, out)?;
        write_hidden(report, view, out)?;
    }
    write_errors(report, view, out)?;
    write_verdict(report, view, out)
}

fn write_subject(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let digest = report.index_digest.as_ref().map(|digest| digest.short());
    writeln!(
        out,
        "{} {}\n",
        paint(view.palette.strong, escape::one_line(&report.reference)),
        paint(view.palette.dim, digest.unwrap_or("(never resolved)"))
    )
}

/// What the suite accepts is told with its reason to those who ask for more.
fn write_accepted(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if view.verbosity < Verbosity::Verbose {
        return Ok(());
    }
    let mut any = false;
    for finding in &report.findings {
        let Some(reason) = &finding.accepted else {
            continue;
        };
        any = true;
        let mut said = format!("{}[{}]", finding.severity.as_str(), finding.code);
        if let Some(path) = &finding.path {
            said.push_str(&format!(" {path}"));
        }
        if let Some(platform) = &finding.platform {
            said.push_str(&format!(" on {platform}"));
        }
        writeln!(
            out,
            "  {} {}: accepted: {}",
            paint(view.palette.skipped, view.glyphs.skipped),
            escape::one_line(&said),
            escape::one_line(reason)
        )?;
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn write_notes(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    for note in &report.notes {
        writeln!(
            out,
            "  {} {}",
            paint(view.palette.skipped, "note:"),
            escape::one_line(note)
        )?;
    }
    if report.notes.is_empty() {
        Ok(())
    } else {
        writeln!(out)
    }
}

/// Says that there is more.
fn write_hidden(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(report.findings.iter());
    let mut hidden = Vec::new();
    if counts.infos > 0 {
        hidden.push(count(counts.infos, "info"));
    }
    if counts.accepted > 0 {
        hidden.push(count(counts.accepted, "accepted finding"));
    }
    if view.verbosity == Verbosity::Verbose || hidden.is_empty() {
        return Ok(());
    }
    let line = format!("not shown: {}; -v shows them", hidden.join(", "));
    writeln!(out, "  {}\n", paint(view.palette.dim, line))
}

fn write_errors(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if report.errors.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{} not everything could be looked at, and what was not is not judged",
        paint(view.palette.error, "error:")
    )?;
    for error in &report.errors {
        failure::write_point(1, view, &error.message, out)?;
    }
    writeln!(out)
}

fn write_verdict(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.verdict();
    let style = match verdict {
        Verdict::Passed => view.palette.passed,
        Verdict::Failed => view.palette.failed,
        Verdict::Error => view.palette.error,
    };
    let mut said = Vec::new();
    if !report.errors.is_empty() {
        let things = count(report.errors.len(), "thing");
        said.push(format!("{things} could not be looked at"));
    }
    let failed: Vec<String> = report
        .all_platforms()
        .into_iter()
        .filter(|(platform, _)| report.on(platform).any(Finding::counts))
        .map(|(platform, _)| escape::one_line(&platform.to_string()))
        .collect();
    if !failed.is_empty() {
        said.push(format!("errors on {}", failed.join(", ")));
    }
    let mut of_index = report.findings.iter().filter(|f| f.platform.is_none());
    if of_index.any(Finding::counts) {
        said.push("errors in the image as a whole".to_owned());
    }
    if said.is_empty() {
        said.push(match report.platforms.len() {
            0 => "nothing was looked at".to_owned(),
            1 => "no error on the one platform looked at".to_owned(),
            all => format!("no error on {all} platforms"),
        });
    }
    writeln!(
        out,
        "{} {}: {}; {} in {}",
        paint(style, verdict.as_str().to_uppercase()),
        escape::one_line(&report.reference),
        said.join("; "),
        Counts::of(report.findings.iter()).all_said(),
        seconds(report.duration),
    )
}

#[cfg(test)]
mod tests;
