//! What is wrong with a project's files.

use std::fmt;

use crate::diagnostic::{Diagnostic, Sources, render_all};

/// All mistakes of all files that were read.
#[derive(Clone, PartialEq, Eq)]
pub struct Mistakes {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Mistakes {
    pub(super) fn new(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.span.start, d.span.end, d.code, d.message.clone());
            key(a).cmp(&key(b))
        });
        // What several services extend is wrong once.
        diagnostics.dedup();
        Self {
            sources,
            diagnostics,
        }
    }

    /// The mistakes, file by file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The file and the line, from 1, at which a mistake begins.
    pub fn place(&self, diagnostic: &Diagnostic) -> (&str, usize) {
        self.sources.place(&diagnostic.span)
    }

    /// As rustc shows its errors.
    pub fn render(&self, color: bool) -> String {
        render_all(&self.sources, &self.diagnostics, color)
    }
}

impl fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
