//! What stands on the terminal when all is over: matrix, platforms, failures,
//! verdict.

use std::io::{self, Write};

use super::matrix;
use super::sign::Sign;
use crate::event::{
    CaseResult, Execution, Outcome, RunResult, VariantFacts, VariantResult, Verdict,
};
use crate::image::Platform;
use crate::report::failure;
use crate::report::view::{Verbosity, View, columns, count, paint, seconds};
use crate::report::{escape, view};

/// Writes the whole summary; quietly, only the failures and the verdict.
pub fn write_summary(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if view.verbosity > Verbosity::Quiet {
        write_subject(result, view, out)?;
        matrix::write(result, view, out)?;
        write_platforms(result, view, out)?;
        write_skipped(result, view, out)?;
        write_notes(result, view, out)?;
    }
    write_failures(result, view, out)?;
    write_verdict(result, view, out)
}

fn write_subject(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let digest = result.index_digest.as_ref().map(|digest| digest.short());
    writeln!(
        out,
        "{} {}",
        paint(view.palette.strong, escape::one_line(&result.reference)),
        paint(view.palette.dim, digest.unwrap_or("(never resolved)"))
    )?;
    if let Some(note) = &result.origin_note {
        writeln!(out, "{}", escape::for_terminal(note))?;
    }
    let mut engines: Vec<&str> = Vec::new();
    for variant in &result.variants {
        if !variant.facts.engine.is_empty() && !engines.contains(&variant.facts.engine.as_str()) {
            engines.push(&variant.facts.engine);
        }
    }
    for engine in engines {
        writeln!(
            out,
            "{} {}",
            paint(view.palette.dim, "engine:"),
            escape::one_line(engine)
        )?;
    }
    writeln!(out)
}

fn write_platforms(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = result
        .variants
        .iter()
        .map(|variant| escape::one_line(&variant.facts.platform.to_string()))
        .collect();
    let width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    let runs = result
        .variants
        .iter()
        .map(|v| columns(&failure::execution(&v.facts)));
    let run_width = runs.max().unwrap_or(0);
    for (variant, name) in result.variants.iter().zip(&names) {
        let (glyph, style) = match variant.verdict {
            Verdict::Passed => (view.glyphs.passed, view.palette.passed),
            Verdict::Failed => (view.glyphs.failed, view.palette.failed),
            Verdict::Error => (view.glyphs.error, view.palette.error),
        };
        let digest = variant
            .facts
            .digest
            .as_ref()
            .map_or("no digest", |digest| digest.short());
        writeln!(
            out,
            "  {} {}  {digest:19}  {}  {}",
            paint(style, glyph),
            view::fit(name, width, &view.glyphs),
            view::fit(&failure::execution(&variant.facts), run_width, &view.glyphs),
            paint(style, platform_verdict(result, variant)),
        )?;
    }
    if !result.variants.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// `passed: 12 checks`, `failed: 1 of 12 checks`, `error: no check ran`.
fn platform_verdict(result: &RunResult, variant: &VariantResult) -> String {
    let of = |outcome: Outcome| {
        result
            .cases
            .iter()
            .filter(|case| case.platform == variant.facts.platform && case.outcome == outcome)
            .count()
    };
    let (passed, failed, errors, skipped) = (
        of(Outcome::Passed),
        of(Outcome::Failed),
        of(Outcome::Error),
        of(Outcome::Skipped),
    );
    let all = passed + failed + errors + skipped;
    let verdict = variant.verdict.as_str();
    if all == 0 {
        return format!("{verdict}: no check ran");
    }
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if errors > 0 {
        parts.push(format!("{errors} not judged"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} excepted"));
    }
    if parts.is_empty() && variant.verdict == Verdict::Passed {
        format!("{verdict}: {}", count(all, "check"))
    } else if parts.is_empty() {
        format!(
            "{verdict}: {} passed, and that was not all",
            count(all, "check")
        )
    } else {
        format!("{verdict}: {} of {}", parts.join(", "), count(all, "check"))
    }
}

fn write_skipped(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let mut any = false;
    for case in result
        .cases
        .iter()
        .filter(|case| case.outcome == Outcome::Skipped)
    {
        any = true;
        let reason = case
            .skip_reason
            .as_deref()
            .unwrap_or("no reason was recorded");
        writeln!(
            out,
            "  {} {} on {}: {}",
            paint(view.palette.skipped, view.glyphs.skipped),
            view.name(&case.name),
            case.platform,
            escape::one_line(reason)
        )?;
    }
    if any { writeln!(out) } else { Ok(()) }
}

/// Notes of cases that have no failure to stand under. What a passing case has
/// to say besides is for those who ask for more.
fn write_notes(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let mut any = false;
    for case in &result.cases {
        let flaky = case.outcome == Outcome::Passed && case.flaky;
        let told = matches!(case.outcome, Outcome::Failed | Outcome::Error)
            || view.verbosity < Verbosity::Verbose;
        let before = flaky.then(|| {
            format!(
                "passed only after a retry; before that: {}",
                failure::summary(case)
            )
        });
        for note in before.iter().chain(case.notes.iter().filter(|_| !told)) {
            any = true;
            writeln!(
                out,
                "  {} {} on {}: {}",
                paint(view.palette.skipped, "note:"),
                view.name(&case.name),
                case.platform,
                escape::one_line(note)
            )?;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn write_failures(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    if let Some(cause) = &result.error {
        let headline = "the run broke before it could judge everything";
        writeln!(out, "{} {headline}", paint(view.palette.error, "error:"))?;
        failure::write_fault(cause, view, out)?;
        writeln!(out)?;
    }
    for case in &result.cases {
        if matches!(case.outcome, Outcome::Failed | Outcome::Error) {
            let facts = facts_of(result, &case.platform);
            write_headline(case, facts, view, out)?;
            failure::write(case, facts, view, out)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_headline(
    case: &CaseResult,
    facts: Option<&VariantFacts>,
    view: &View,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = Sign::of(case).style(view);
    let execution = match facts {
        Some(facts) if facts.execution != Execution::Unknown => {
            format!(" ({})", failure::execution(facts))
        }
        _ => String::new(),
    };
    writeln!(
        out,
        "{} {}{}{} on {}{execution}",
        paint(style, format!("{}:", case.outcome.as_str())),
        paint(view.palette.strong, escape::one_line(&case.suite)),
        view.glyphs.part,
        paint(view.palette.strong, view.name(&case.name)),
        paint(
            view.palette.strong,
            escape::one_line(&case.platform.to_string())
        ),
    )
}

fn facts_of<'a>(result: &'a RunResult, platform: &Platform) -> Option<&'a VariantFacts> {
    result
        .variants
        .iter()
        .map(|variant| &variant.facts)
        .find(|facts| facts.platform == *platform)
}

fn write_verdict(result: &RunResult, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let style = match result.verdict {
        Verdict::Passed => view.palette.passed,
        Verdict::Failed => view.palette.failed,
        Verdict::Error => view.palette.error,
    };
    let with = |verdict: Verdict| {
        let platforms: Vec<String> = result
            .variants
            .iter()
            .filter(|variant| variant.verdict == verdict)
            .map(|variant| escape::one_line(&variant.facts.platform.to_string()))
            .collect();
        platforms
    };
    let all = result.variants.len();
    let (failed, errors) = (with(Verdict::Failed), with(Verdict::Error));
    let mut said = Vec::new();
    if result.interrupted {
        said.push("interrupted".to_owned());
    }
    if !failed.is_empty() {
        said.push(format!("failed on {}", failed.join(", ")));
    }
    if !errors.is_empty() {
        said.push(format!("not judged on {}", errors.join(", ")));
    }
    if said.is_empty() {
        said.push(match (result.verdict, all) {
            (_, 0) => "nothing was tested".to_owned(),
            (Verdict::Passed, 1) => "the one platform tested passed".to_owned(),
            (Verdict::Passed, _) => format!("all {all} platforms passed"),
            (Verdict::Failed | Verdict::Error, _) => "see above".to_owned(),
        });
    }
    let of = |outcome: Outcome| {
        result
            .cases
            .iter()
            .filter(|case| case.outcome == outcome)
            .count()
    };
    let flaky = result
        .cases
        .iter()
        .filter(|case| case.flaky && case.outcome == Outcome::Passed)
        .count();
    let mut counts = vec![
        format!("{} passed", of(Outcome::Passed)),
        format!("{} failed", of(Outcome::Failed)),
    ];
    for (number, word) in [
        (of(Outcome::Error), "not judged"),
        (of(Outcome::Skipped), "excepted"),
        (flaky, "flaky"),
    ] {
        if number > 0 {
            counts.push(format!("{number} {word}"));
        }
    }
    writeln!(
        out,
        "{} {}: {}; {} in {}",
        paint(style, result.verdict.as_str().to_uppercase()),
        escape::one_line(&result.reference),
        said.join("; "),
        counts.join(", "),
        seconds(result.duration),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::view::{Glyphs, Palette};
    use crate::report::{fixture, golden};

    fn written(result: &RunResult, view: &View) -> String {
        let mut out = Vec::new();
        write_summary(result, view, &mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn summaries_are_as_expected() {
        for (name, result) in fixture::all() {
            golden::check(&format!("{name}.txt"), &written(&result, &View::plain()));
        }
    }

    #[test]
    fn quietly_a_good_run_is_one_line() {
        let view = View {
            verbosity: Verbosity::Quiet,
            ..View::plain()
        };
        assert_eq!(
            written(&fixture::healthy(), &view),
            "PASSED localhost:5055/app:2.4.1: all 2 platforms passed; 10 passed, 0 failed in 14.3s\n"
        );
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let view = View {
            palette: Palette::colored(),
            ..View::plain()
        };
        for (name, result) in fixture::all() {
            let colored = written(&result, &view);
            assert!(colored.contains("\u{1b}["));
            let stripped = anstream::adapter::strip_str(&colored).to_string();
            assert_eq!(stripped, written(&result, &View::plain()), "{name}");
        }
    }

    #[test]
    fn without_unicode_no_sign_is_above_seven_bits() {
        let view = View {
            glyphs: Glyphs::ASCII,
            ..View::plain()
        };
        for (name, result) in fixture::all()
            .into_iter()
            .filter(|(name, _)| *name != "hostile")
        {
            assert!(written(&result, &view).is_ascii(), "{name}");
        }
    }

    #[test]
    fn nothing_in_a_summary_is_a_ci_command() {
        let text = written(&fixture::hostile(), &View::plain());
        assert!(!text.contains('\u{1b}') && !text.contains("##[") && !text.contains("##vso["));
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::"))
        );
    }
}
