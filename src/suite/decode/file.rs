//! A check as it stands in the file, before a platform is known.

use std::ops::Range;

use super::when::{When, is_of};
use crate::image::Platform;
use crate::yaml::{Entry, Kind, Node, overlay};

/// How many of a check's lines a report shows.
const EXCERPT_LINES: usize = 12;

/// Where lines begin.
#[derive(Clone, Debug)]
pub(in crate::suite) struct Lines(Vec<usize>);

impl Lines {
    pub(in crate::suite) fn of(source: &str) -> Self {
        let breaks = source.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The line of a byte, from 1.
    pub(in crate::suite) fn number(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }

    /// The whole lines of a span, at most so many that a report stays readable.
    pub(super) fn excerpt(&self, source: &str, span: &Range<usize>) -> String {
        let first = self.number(span.start).saturating_sub(1);
        let start = self.0.get(first).copied().unwrap_or_default();
        let text = source.get(start..).unwrap_or_default();
        let count = self.number(span.end.saturating_sub(1).max(span.start)) - first;
        let mut lines: Vec<&str> = text
            .lines()
            .take(count.min(EXCERPT_LINES))
            .map(str::trim_end)
            .collect();
        if count > EXCERPT_LINES {
            lines.push("…");
        }
        lines.join("\n")
    }
}

/// Which list of the file an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::suite) enum Section {
    Smoke,
    Integration,
}

impl Section {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Integration => "integration",
        }
    }
}

/// A check of the file.
#[derive(Clone, Debug)]
pub(in crate::suite) struct Template {
    pub(in crate::suite) section: Section,
    pub(in crate::suite) name: String,
    pub(in crate::suite) line: usize,
    pub(in crate::suite) excerpt: String,
    pub(in crate::suite) when: When,
    pub(super) body: Node,
    pub(super) overrides: Vec<(Platform, Node)>,
}

impl Template {
    /// What makes it this check; the rest is its body.
    pub(super) const STATIC_KEYS: [&'static str; 3] = ["name", "when", "per_platform"];

    /// A check's body: its map without what is decoded once.
    pub(super) fn body_of(node: &Node) -> Node {
        let entries: Vec<Entry> = node
            .map()
            .unwrap_or_default()
            .iter()
            .filter(|entry| !Self::STATIC_KEYS.contains(&entry.key.text.as_str()))
            .cloned()
            .collect();
        Node::new(node.span.clone(), Kind::Map(entries))
    }

    /// Its body on a platform.
    pub(in crate::suite) fn body(&self, platform: &Platform) -> Node {
        self.overrides
            .iter()
            .find(|(written, _)| is_of(written, platform))
            .map_or_else(|| self.body.clone(), |(_, over)| overlay(&self.body, over))
    }

    /// Every platform that it names.
    pub(in crate::suite) fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.when
            .platforms()
            .chain(self.overrides.iter().map(|(platform, _)| platform))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_whole_lines_and_never_long() {
        let source = "a:\n  - x: 1\n    y: 2\n  - z: 3\n";
        let lines = Lines::of(source);
        assert_eq!(lines.number(0), 1);
        assert_eq!(lines.number(7), 2);
        assert_eq!(lines.excerpt(source, &(7..21)), "  - x: 1\n    y: 2");
        let long = "x\n".repeat(40);
        let excerpt = Lines::of(&long).excerpt(&long, &(0..long.len()));
        assert_eq!(excerpt.lines().count(), EXCERPT_LINES + 1);
    }
}
