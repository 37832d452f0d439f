//! What stands on the terminal when an audit is over: platforms, findings, what
//! could not be looked at, verdict.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::Style;

use crate::event::{AuditReport, AuditedPlatform, Finding, Severity, Verdict};
use crate::image::Platform;
use crate::report::view::{Verbosity, View, columns, count, fit, paint, seconds};
use crate::report::{escape, failure};

/// How many findings of one code are told in full on one platform; one mistake
/// can show in thousands of files.
const OF_ONE_CODE: usize = 20;

/// Writes the whole summary: errors and warnings; quietly, only errors and the
/// verdict; verbosely, everything.
///
/// # Errors
/// Those of `out`.
pub fn write_summary(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if view.verbosity > Verbosity::Quiet {
        write_subject(report, view, out)?;
        write_platforms(report, view, out)?;
    }
    for group in groups(report, view) {
        write_group(&group, view, out)?;
    }
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

/// A line for each platform: those that were looked at, and those of which
/// something is said all the same.
fn write_platforms(report: &AuditReport, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let platforms = platforms(report);
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
        let counts = Counts::of(on(report, platform));
        let (glyph, style) = match (counts.errors, audited) {
            (0, Some(_)) => (view.glyphs.passed, view.palette.passed),
            (0, None) => (view.glyphs.error, view.palette.error),
            _ => (view.glyphs.failed, view.palette.failed),
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

/// All platforms that the report speaks of; with what was looked at, where it was.
fn platforms(report: &AuditReport) -> Vec<(&Platform, Option<&AuditedPlatform>)> {
    let mut platforms: Vec<(&Platform, Option<&AuditedPlatform>)> = report
        .platforms
        .iter()
        .map(|audited| (&audited.platform, Some(audited)))
        .collect();
    for platform in report
        .findings
        .iter()
        .filter_map(|finding| finding.platform.as_ref())
    {
        if platforms.iter().all(|(known, _)| *known != platform) {
            platforms.push((platform, None));
        }
    }
    platforms
}

fn on<'a>(report: &'a AuditReport, platform: &'a Platform) -> impl Iterator<Item = &'a Finding> {
    report
        .findings
        .iter()
        .filter(move |finding| finding.platform.as_ref() == Some(platform))
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
        .chain(platforms(report).into_iter().map(|(known, _)| Some(known)))
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
        failure::write_point(1, view, error, out)?;
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
    let failed: Vec<String> = platforms(report)
        .into_iter()
        .filter(|(platform, _)| on(report, platform).any(Finding::counts))
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

fn style(severity: Severity, view: &View) -> Style {
    match severity {
        Severity::Error => view.palette.failed,
        Severity::Warning => view.palette.skipped,
        Severity::Info => view.palette.dim,
    }
}

/// How many findings there are of each severity; those accepted apart.
#[derive(Default)]
struct Counts {
    errors: usize,
    warnings: usize,
    infos: usize,
    accepted: usize,
}

impl Counts {
    fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let number = match (&finding.accepted, finding.severity) {
                (Some(_), _) => &mut counts.accepted,
                (None, Severity::Error) => &mut counts.errors,
                (None, Severity::Warning) => &mut counts.warnings,
                (None, Severity::Info) => &mut counts.infos,
            };
            *number += 1;
        }
        counts
    }

    /// `2 errors, 1 warning`; what there is none of is left out.
    fn said(&self) -> String {
        let some: Vec<String> = self.parts().into_iter().flatten().collect();
        if some.is_empty() {
            return "nothing found".to_owned();
        }
        some.join(", ")
    }

    /// The same, but errors and warnings are always told.
    fn all_said(&self) -> String {
        let [errors, warnings, infos, accepted] = self.parts();
        let mut all = vec![
            errors.unwrap_or_else(|| "0 errors".to_owned()),
            warnings.unwrap_or_else(|| "0 warnings".to_owned()),
        ];
        all.extend(infos);
        all.extend(accepted);
        all.join(", ")
    }

    fn parts(&self) -> [Option<String>; 4] {
        let some = |number: usize, noun| (number > 0).then(|| count(number, noun));
        [
            some(self.errors, "error"),
            some(self.warnings, "warning"),
            some(self.infos, "info"),
            (self.accepted > 0).then(|| format!("{} accepted", self.accepted)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::audit::fixture;
    use crate::report::golden;
    use crate::report::view::{Glyphs, Palette};

    fn written(report: &AuditReport, view: &View) -> String {
        let mut out = Vec::new();
        write_summary(report, view, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    fn with(verbosity: Verbosity) -> View {
        View {
            verbosity,
            ..View::plain()
        }
    }

    #[test]
    fn summaries_are_as_expected() {
        for (name, report) in fixture::all() {
            golden::check(
                &format!("audit-{name}.txt"),
                &written(&report, &View::plain()),
            );
        }
    }

    #[test]
    fn verbosely_infos_and_what_is_accepted_are_told() {
        let text = written(&fixture::accepted(), &with(Verbosity::Verbose));
        golden::check("audit-accepted.verbose.txt", &text);
        assert!(text.contains("info[cpu-baseline-x86]"), "{text}");
        assert!(text.contains("accepted: bcrypt is not used"), "{text}");
    }

    #[test]
    fn quietly_only_errors_and_the_verdict_are_told() {
        let quiet = with(Verbosity::Quiet);
        assert_eq!(
            written(&fixture::healthy(), &quiet),
            "PASSED localhost:5055/app:2.4.1: no error on 2 platforms; 0 errors, 0 warnings, 1 info in 2.7s\n"
        );
        let text = written(&fixture::failing(), &quiet);
        assert!(text.starts_with("linux/arm64: 2 errors\n"), "{text}");
        assert!(!text.contains("warning["), "{text}");
    }

    #[test]
    fn what_could_not_be_looked_at_is_said_however_quiet_it_should_be() {
        let text = written(&fixture::broken(), &with(Verbosity::Quiet));
        assert!(
            text.contains("error: not everything could be looked at")
                && text.contains("the registry closed the connection"),
            "{text}"
        );
        assert!(
            text.ends_with("ERROR localhost:5055/app:broken: 2 things could not be looked at; errors on linux/arm64; 1 error, 0 warnings in 2.7s\n"),
            "{text}"
        );
    }

    #[test]
    fn the_worst_platform_comes_first() {
        let text = written(&fixture::failing(), &View::plain());
        let at = |heading: &str| text.find(heading).expect("a heading");
        assert!(at("\nlinux/arm64: 2 errors\n") < at("\nlinux/arm/v7: 1 error\n"));
        assert!(at("\nlinux/arm/v7: 1 error\n") < at("\nthe image as a whole: 1 warning\n"));
        assert!(at("\nthe image as a whole: 1 warning\n") < at("\nlinux/amd64: 1 warning\n"));
    }

    #[test]
    fn one_mistake_in_many_files_is_told_in_full_for_some_of_them() {
        let mut report = fixture::failing();
        let first = report.findings[0].clone();
        report.findings = (0..50)
            .map(|number| first.clone().at(format!("/app/{number}.node")))
            .collect();
        let text = written(&report, &View::plain());
        assert_eq!(text.matches("error[").count(), OF_ONE_CODE);
        assert!(
            text.contains("and 30 more [dlopen-wrong-machine-glibc] here; -v shows them all\n"),
            "{text}"
        );
        let verbose = written(&report, &with(Verbosity::Verbose));
        assert_eq!(verbose.matches("error[").count(), 50);
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let view = View {
            palette: Palette::colored(),
            ..with(Verbosity::Verbose)
        };
        for (name, report) in fixture::all() {
            let colored = written(&report, &view);
            assert!(colored.contains("\u{1b}["));
            let stripped = anstream::adapter::strip_str(&colored).to_string();
            let plain = written(&report, &with(Verbosity::Verbose));
            assert_eq!(stripped, plain, "{name}");
        }
    }

    #[test]
    fn without_unicode_no_sign_is_above_seven_bits() {
        let view = View {
            glyphs: Glyphs::ASCII,
            ..View::plain()
        };
        let mut report = fixture::accepted();
        report.findings.retain(|finding| finding.accepted.is_some());
        assert!(written(&report, &view).is_ascii());
    }

    #[test]
    fn nothing_in_a_summary_is_a_ci_command() {
        let mut report = fixture::hostile();
        for accepted in [None, Some("\u{1b}[2J::error::x\n::error::y".to_owned())] {
            report.findings[0].accepted = accepted;
            let text = written(&report, &with(Verbosity::Verbose));
            assert!(!text.contains('\u{1b}') && !text.contains("##[") && !text.contains("##vso["));
            assert!(
                text.lines()
                    .all(|line| !line.trim_start().starts_with("::")),
                "{text}"
            );
        }
    }
}
