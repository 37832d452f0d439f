//! Diagnostics as rustc shows them.

use std::collections::BTreeSet;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Sources};

/// Renders all mistakes of one file, in the file's order, separated by blank
/// lines, and a last line that counts them where there are several.
pub fn render(file: &str, source: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut sources = Sources::default();
    sources.add(file, source);
    render_all(&sources, diagnostics, color)
}

/// The same for mistakes of several files, in the order in which the files were
/// read: their spans count the bytes of all of `sources`.
pub fn render_all(sources: &Sources, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.span.start);
    let mut text = String::new();
    for diagnostic in &sorted {
        text.push_str(&renderer.render(&[group(sources, diagnostic)]));
        text.push_str("\n\n");
    }
    if sorted.len() > 1 {
        let names = sorted.iter().map(|d| sources.find(&d.span).name);
        let names: BTreeSet<&str> = names.collect();
        let files = Vec::from_iter(names).join(", ");
        text.push_str(&format!("{files}: {} mistakes\n", sorted.len()));
    } else if text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn group<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Group<'a> {
    let primary = sources.find(&diagnostic.span);
    let mut snippet = Snippet::source(primary.text).path(primary.name).annotation(
        AnnotationKind::Primary
            .span(visible(primary.text, &primary.span))
            .label(&diagnostic.label),
    );
    let mut elsewhere = None;
    if let Some(place) = &diagnostic.also {
        let second = sources.find(&place.span);
        let annotation = AnnotationKind::Context
            .span(visible(second.text, &second.span))
            .label(&place.label);
        if second.number == primary.number {
            snippet = snippet.annotation(annotation);
        } else {
            elsewhere = Some(
                Snippet::source(second.text)
                    .path(second.name)
                    .annotation(annotation),
            );
        }
    }
    let mut group = Group::with_title(
        Level::ERROR
            .primary_title(&diagnostic.message)
            .id(diagnostic.code),
    )
    .element(snippet);
    if let Some(snippet) = elsewhere {
        group = group.element(snippet);
    }
    match &diagnostic.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

/// The part of a span that is shown: its first line, since a mark along a
/// whole block hides where it begins. Always within the text and on character
/// boundaries, whatever the span was.
fn visible(source: &str, span: &Range<usize>) -> Range<usize> {
    let start = boundary(source, span.start);
    let end = boundary(source, span.end.max(start));
    let shown = source.get(start..end).unwrap_or_default();
    let line = shown.split(['\n', '\r']).next().unwrap_or_default();
    start..start + line.trim_end().len()
}

fn boundary(source: &str, mut at: usize) -> usize {
    at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_shows_its_line_and_its_second_place() {
        let source = "a: 1\nb: 2\na: 3\n";
        let diagnostic = Diagnostic::new("duplicate-key", 10..11, "`a` is given twice", "again")
            .also(0..1, "first here")
            .hint("remove one");
        let text = render("suite.yaml", source, &[diagnostic], false);
        assert_eq!(
            text,
            "error[duplicate-key]: `a` is given twice\n \
             --> suite.yaml:3:1\n  \
             |\n\
             1 | a: 1\n  \
             | - first here\n\
             2 | b: 2\n\
             3 | a: 3\n  \
             | ^ again\n  \
             |\n  \
             = help: remove one\n"
        );
    }

    #[test]
    fn a_span_outside_the_text_or_inside_a_character_is_brought_in() {
        assert_eq!(visible("ü", &(1..9)), 0..2);
        assert_eq!(visible("ab", &(7..9)), 2..2);
        assert_eq!(visible("ab\ncd", &(0..5)), 0..2);
        let diagnostic = Diagnostic::new("yaml-syntax", 90..99, "broken", "here");
        assert!(render("x", "", &[diagnostic], true).contains("broken"));
    }
}
