//! Several texts as one: a span counts the bytes of all of them, so that what was
//! merged from several files still knows where each part of it was written.

use std::ops::Range;

/// The texts that were read, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<File>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    name: String,
    text: String,
    /// The number of its first byte.
    base: usize,
}

/// A span within its file.
pub(crate) struct Found<'s> {
    /// The file's number, from 0.
    pub(crate) number: usize,
    pub(crate) name: &'s str,
    pub(crate) text: &'s str,
    pub(crate) span: Range<usize>,
}

impl Sources {
    /// Adds a text by the name the user knows it by. Its spans begin at the
    /// number returned.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        // One byte between two texts: the end of one is not the start of the next.
        let base = self
            .files
            .last()
            .map_or(0, |file| file.base + file.text.len() + 1);
        self.files.push(File {
            name: name.into(),
            text: text.into(),
            base,
        });
        base
    }

    /// The file's name and the line, from 1, at which a span begins.
    pub fn place(&self, span: &Range<usize>) -> (&str, usize) {
        let found = self.find(span);
        let before = found.text.get(..found.span.start).unwrap_or(found.text);
        (found.name, before.matches('\n').count() + 1)
    }

    /// What a span covers.
    pub(crate) fn written(&self, span: &Range<usize>) -> &str {
        let found = self.find(span);
        found.text.get(found.span).unwrap_or_default()
    }

    pub(crate) fn find(&self, span: &Range<usize>) -> Found<'_> {
        let number = self
            .files
            .partition_point(|file| file.base <= span.start)
            .saturating_sub(1);
        match self.files.get(number) {
            Some(file) => Found {
                number,
                name: &file.name,
                text: &file.text,
                span: span.start - file.base..span.end.saturating_sub(file.base),
            },
            None => Found {
                number,
                name: "",
                text: "",
                span: 0..0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, render_all};
    use super::*;

    #[test]
    fn a_span_is_found_in_the_file_it_was_written_in() {
        let mut sources = Sources::default();
        assert_eq!(sources.add("a.yaml", "one\ntwo"), 0);
        let base = sources.add("b.yaml", "three\nfour\n");
        assert_eq!(base, 8);
        assert_eq!(sources.place(&(4..7)), ("a.yaml", 2));
        assert_eq!(sources.place(&(7..7)), ("a.yaml", 2));
        assert_eq!(sources.place(&(8..9)), ("b.yaml", 1));
        assert_eq!(sources.written(&(14..18)), "four");
        assert_eq!(sources.place(&(99..100)).0, "b.yaml");
        assert_eq!(Sources::default().place(&(5..6)), ("", 1));
    }

    #[test]
    fn a_mistake_shows_both_files_where_its_two_places_are_in_two() {
        let mut sources = Sources::default();
        sources.add("a.yaml", "a: 1\n");
        let base = sources.add("b.yaml", "b: 1\n");
        let diagnostic =
            Diagnostic::new("x", base..base + 1, "wrong", "here").also(0..1, "and there");
        let text = render_all(&sources, &[diagnostic], false);
        assert!(
            text.contains("b.yaml:1:1") && text.contains("^ here"),
            "{text}"
        );
        assert!(
            text.contains("a.yaml:1:1") && text.contains("- and there"),
            "{text}"
        );
    }
}
