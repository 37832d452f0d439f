//! A mistake in the user's own file: code, message, place, hint; rendered with
//! the file's lines around it. Pure.

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its id in kebab-case, unique and documented: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// Where: bytes of the source text.
    pub span: std::ops::Range<usize>,
    /// What is said at that place.
    pub label: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Renders all mistakes of one file, one after the other, as rustc does.
pub fn render(file: &str, source: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let start = diagnostic.span.start.min(source.len());
        let end = diagnostic.span.end.clamp(start, source.len());
        let mut group = Group::with_title(
            Level::ERROR
                .primary_title(&diagnostic.message)
                .id(diagnostic.code),
        )
        .element(
            Snippet::source(source).path(file).annotation(
                AnnotationKind::Primary
                    .span(start..end)
                    .label(&diagnostic.label),
            ),
        );
        if let Some(hint) = &diagnostic.hint {
            group = group.element(Level::HELP.message(hint));
        }
        text.push_str(&renderer.render(&[group]));
        text.push_str("\n\n");
    }
    text
}
