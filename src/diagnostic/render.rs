//! Diagnostics as rustc shows them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Diagnostic;

/// Renders all mistakes of one file, in the file's order, separated by blank
/// lines, and a last line that counts them where there are several.
pub fn render(file: &str, source: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.span.start);
    let mut text = String::new();
    for diagnostic in &sorted {
        text.push_str(&renderer.render(&[group(file, source, diagnostic)]));
        text.push_str("\n\n");
    }
    if sorted.len() > 1 {
        text.push_str(&format!("{file}: {} mistakes\n", sorted.len()));
    } else if text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn group<'a>(file: &'a str, source: &'a str, diagnostic: &'a Diagnostic) -> Group<'a> {
    let mut snippet = Snippet::source(source).path(file).annotation(
        AnnotationKind::Primary
            .span(visible(source, &diagnostic.span))
            .label(&diagnostic.label),
    );
    if let Some(place) = &diagnostic.also {
        snippet = snippet.annotation(
            AnnotationKind::Context
                .span(visible(source, &place.span))
                .label(&place.label),
        );
    }
    let group = Group::with_title(
        Level::ERROR
            .primary_title(&diagnostic.message)
            .id(diagnostic.code),
    )
    .element(snippet);
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
