//! The findings, grouped by platform.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::Style;

use super::counts::Counts;
use crate::event::{AuditReport, Finding, Severity};
use crate::image::Platform;
use crate::report::view::{Verbosity, View, paint};
use crate::report::{escape, failure};

/// How many findings of one code are told in full on one platform; one mistake
/// can show in thousands of files.
pub(super) const OF_ONE_CODE: usize = 20;

/// Writes those that this view shows.
pub(super) fn write(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    groups(report, view)
        .iter()
        .try_for_each(|group| write_group(group, view, out))
}

/// What is told of one platform, or of the index as a whole.
struct Group<'a> {
    platform: Option<&'a Platform>,
    findings: Vec<&'a Finding>,
}

/// The findings that this view shows: the worst platform first, and on each the
/// worst finding.
fn groups<'a>(report: &'a AuditReport, view: &View) -> Vec<Group<'a>> {
    let least = match view.verbosity {
        Verbosity::Quiet => Severity::Error,
        Verbosity::Normal => Severity::Warning,
        Verbosity::Verbose => Severity::Info,
    };
    let mut groups: Vec<Group<'a>> = std::iter::once(None)
        .chain(
            report
                .all_platforms()
                .into_iter()
                .map(|(known, _)| Some(known)),
        )
        .map(|platform| {
            let mut findings: Vec<&Finding> = report
                .findings
                .iter()
                .filter(|finding| finding.platform.as_ref() == platform)
                .filter(|finding| finding.accepted.is_none() && finding.severity <= least)
                .collect();
            findings.sort_by_key(|finding| finding.severity);
            Group { platform, findings }
        })
        .filter(|group| !group.findings.is_empty())
        .collect();
    groups.sort_by_key(|group| group.findings.first().map(|finding| finding.severity));
    groups
}

fn write_group(group: &Group<'_>, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let name = group.platform.map_or_else(
        || "the image as a whole".to_owned(),
        |platform| escape::one_line(&platform.to_string()),
    );
    let said = Counts::of(group.findings.iter().copied()).said();
    writeln!(out, "{}: {said}\n", paint(view.palette.strong, name))?;
    let mut told: HashMap<&str, usize> = HashMap::new();
    let mut left_out: Vec<(&str, usize)> = Vec::new();
    for finding in &group.findings {
        let number = told.entry(&finding.code).or_default();
        *number += 1;
        if *number <= OF_ONE_CODE || view.verbosity == Verbosity::Verbose {
            write_finding(finding, view, out)?;
            continue;
        }
        match left_out.iter_mut().find(|(code, _)| *code == finding.code) {
            Some((_, number)) => *number += 1,
            None => left_out.push((&finding.code, 1)),
        }
    }
    for (code, number) in left_out {
        writeln!(
            out,
            "and {number} more [{}] here; -v shows them all\n",
            escape::one_line(code)
        )?;
    }
    Ok(())
}

fn write_finding(finding: &Finding, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let kind = format!(
        "{}[{}]",
        finding.severity.as_str(),
        escape::one_line(&finding.code)
    );
    let kind = paint(style(finding.severity, view), kind);
    match &finding.path {
        Some(path) => {
            let path = paint(view.palette.strong, escape::one_line(path));
            writeln!(out, "{kind}: {path}")?;
        }
        None => writeln!(out, "{kind}")?,
    }
    failure::write_point(1, view, &finding.message, out)?;
    failure::write_evidence("    ", &finding.evidence, out)?;
    if let Some(origin) = origin(finding) {
        writeln!(
            out,
            "    {} {origin}",
            paint(view.palette.dim, "brought by")
        )?;
    }
    if let Some(hint) = &finding.hint {
        failure::write_hint("    ", view, hint, out)?;
    }
    writeln!(out)
}

/// `layer 5 of 7: COPY /app/node_modules`
fn origin(finding: &Finding) -> Option<String> {
    match (&finding.history, &finding.layer) {
        (Some(history), _) => Some(escape::one_line(history)),
        (None, Some(layer)) => Some(format!("layer {}", layer.short())),
        (None, None) => None,
    }
}

fn style(severity: Severity, view: &View) -> Style {
    match severity {
        Severity::Error => view.palette.failed,
        Severity::Warning => view.palette.skipped,
        Severity::Info => view.palette.dim,
    }
}
