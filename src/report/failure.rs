//! A case that did not pass, told in full: the suite's own lines, what happened,
//! why, what to do, what was printed, how to see it by hand. Rendered once, for
//! the terminal and for the body of a JUnit failure alike.

use std::io::{self, Write};

use super::escape;
use super::services;
use super::view::{View, paint};
use crate::event::{CaseResult, Cause, Confidence, Execution, SuiteLocation, VariantFacts};

/// How many of the last lines of each output stream are repeated. JUnit bodies
/// have them too, since GitLab shows nothing else of a failure.
const TAIL: usize = 15;

/// What is said where there is room for one line.
pub(super) fn summary(case: &CaseResult) -> &str {
    case.causes
        .first()
        .map(|cause| cause.message.trim())
        .filter(|message| !message.is_empty())
        .unwrap_or("no cause was recorded")
}

/// Everything but the headline.
pub(super) fn write(
    case: &CaseResult,
    facts: Option<&VariantFacts>,
    view: &View,
    out: &mut dyn Write,
) -> io::Result<()> {
    let margin = match &case.location {
        Some(location) => write_excerpt(location, view, out)?,
        None => 1,
    };
    if case.causes.is_empty() {
        write_point(margin, view, summary(case), out)?;
    }
    for cause in &case.causes {
        write_cause(cause, facts, margin, view, out)?;
    }
    for note in &case.notes {
        write_point(margin, view, &format!("note: {note}"), out)?;
    }
    if let Some(services) = &case.services {
        services::write(services, view, out)?;
    }
    write_tail("stdout", &case.stdout, view, out)?;
    write_tail("stderr", &case.stderr, view, out)?;
    if let Some(reproduce) = &case.reproduce {
        writeln!(out, "  {}", paint(view.palette.dim, "reproduce by hand:"))?;
        write_lines("    ", &escape::for_terminal(reproduce), out)?;
    }
    Ok(())
}

/// A fault that belongs to no case.
pub(super) fn write_fault(cause: &Cause, view: &View, out: &mut dyn Write) -> io::Result<()> {
    write_cause(cause, None, 1, view, out)
}

/// The suite's own lines, as rustc quotes them. Returns the margin's width.
fn write_excerpt(location: &SuiteLocation, view: &View, out: &mut dyn Write) -> io::Result<usize> {
    let excerpt = escape::for_terminal(location.excerpt.trim_end());
    let lines: Vec<&str> = excerpt.lines().collect();
    let margin = (location.line + lines.len().saturating_sub(1))
        .to_string()
        .len();
    let gutter = |text: &str| paint(view.palette.gutter, text);
    let file = escape::one_line(&location.file);
    writeln!(
        out,
        "{:margin$}{} {file}:{}",
        "",
        gutter("-->"),
        location.line
    )?;
    if !lines.is_empty() {
        writeln!(out, "{:margin$} {}", "", gutter("|"))?;
        for (line, number) in lines.iter().zip(location.line..) {
            let number = gutter(&format!("{number:margin$} |"));
            writeln!(out, "{}", format!("{number} {line}").trim_end())?;
        }
        writeln!(out, "{:margin$} {}", "", gutter("|"))?;
    }
    Ok(margin)
}

fn write_cause(
    cause: &Cause,
    facts: Option<&VariantFacts>,
    margin: usize,
    view: &View,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_point(margin, view, &cause.message, out)?;
    let indent = " ".repeat(margin + 3);
    writeln!(
        out,
        "{indent}{}",
        paint(
            view.palette.dim,
            format!("[{}] {}", escape::one_line(&cause.code), sure(cause))
        )
    )?;
    write_evidence(&indent, &cause.evidence, out)?;
    if let Some(hint) = &cause.hint {
        write_hint(&indent, view, hint, out)?;
    }
    if cause.emulator_suspect {
        writeln!(
            out,
            "{indent}{} {}",
            paint(view.palette.skipped, "emulator:"),
            suspicion(facts)
        )?;
    }
    Ok(())
}

/// A dash in front of each line of evidence.
pub(super) fn write_evidence(
    indent: &str,
    evidence: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    for line in evidence {
        let line = escape::for_terminal(line.trim_end());
        let mut mark = "- ";
        for line in line.lines() {
            writeln!(out, "{indent}{mark}{line}")?;
            mark = "  ";
        }
    }
    Ok(())
}

/// `hint: what to do`
pub(super) fn write_hint(
    indent: &str,
    view: &View,
    hint: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let hint = escape::for_terminal(hint.trim_end()).replace('\n', &format!("\n{indent}      "));
    writeln!(
        out,
        "{indent}{} {hint}",
        paint(view.palette.strong, "hint:")
    )
}

/// How sure a cause is, in words.
fn sure(cause: &Cause) -> &'static str {
    match cause.confidence {
        Confidence::Established => "established: it explains the failure wholly",
        Confidence::Consistent => "consistent with what was seen; another cause is possible",
        Confidence::Unknown => "what happened is certain, why is not established",
    }
}

fn suspicion(facts: Option<&VariantFacts>) -> String {
    let emulator = facts
        .and_then(|facts| facts.emulator.as_deref())
        .map_or_else(|| "the emulator".to_owned(), escape::one_line);
    match facts {
        Some(facts) => format!(
            "{emulator} is at least as likely the culprit as the image; run it on a native {} machine to know",
            facts.platform
        ),
        None => format!("{emulator} is at least as likely the culprit as the image"),
    }
}

/// `   = a sentence`, with its further lines under it.
pub(super) fn write_point(
    margin: usize,
    view: &View,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = escape::for_terminal(text.trim());
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    writeln!(
        out,
        "{:margin$} {} {first}",
        "",
        paint(view.palette.gutter, "=")
    )?;
    for line in lines {
        writeln!(out, "{:margin$}   {line}", "")?;
    }
    Ok(())
}

/// The end of what was printed. Every line has a bar in front, so that none is
/// the first word of a line that a CI runner reads.
fn write_tail(stream: &str, text: &str, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let text = escape::for_terminal(text.trim_end());
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Ok(());
    }
    let skipped = lines.len().saturating_sub(TAIL);
    let title = if skipped == 0 {
        format!("{stream}:")
    } else {
        format!("{stream}, the last {TAIL} of {} lines:", lines.len())
    };
    writeln!(out, "  {}", paint(view.palette.dim, title))?;
    let bar = paint(view.palette.dim, view.glyphs.bar);
    for line in &lines[skipped..] {
        writeln!(out, "{}", format!("  {bar} {line}").trim_end())?;
    }
    Ok(())
}

fn write_lines(indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    text.lines()
        .try_for_each(|line| writeln!(out, "{indent}{line}"))
}

/// `emulated by qemu-aarch64 version 7.2.22`.
pub(super) fn execution(facts: &VariantFacts) -> String {
    match (facts.execution, &facts.emulator) {
        (Execution::Emulated, Some(emulator)) => {
            format!("emulated by {}", escape::one_line(emulator))
        }
        (Execution::Impossible, _) => "can't run on this engine".to_owned(),
        (Execution::Unknown, _) => "not run".to_owned(),
        (execution, _) => execution.as_str().to_owned(),
    }
}
