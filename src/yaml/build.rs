//! From the parser's events to the tree: aliases are replaced by what they
//! name, merge keys by what they merge, and nothing grows without bounds.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Tag};

use super::merge::{Written, own_and_merged};
use super::{Dialect, Key, Kind, Node, Scalar};
use crate::diagnostic::{Diagnostic, code};

/// Deeper than any file a person writes, and far from what a stack of 2 MiB bears.
const MAX_DEPTH: usize = 64;
/// All nodes after aliases are replaced.
const MAX_NODES: usize = 50_000;

/// The tree of a text, or nothing where it has none, with what was wrong.
/// A syntax error ends it; duplicate keys and the like do not.
pub(crate) fn parse(source: &str, dialect: Dialect) -> (Option<Node>, Vec<Diagnostic>) {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut builder = Builder {
        source,
        dialect,
        frames: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
        diagnostics: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(source, options) {
        let step = match event {
            Ok((event, span)) => {
                let span = span.byte_range().unwrap_or_default();
                builder.event(event, span)
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                Err(Box::new(syntax_error(source, at, &error.info())))
            }
        };
        if let Err(diagnostic) = step {
            // What follows a broken place is guesswork, and so is what stood half read.
            builder.diagnostics.push(*diagnostic);
            return (None, builder.diagnostics);
        }
    }
    (builder.root, builder.diagnostics)
}

fn syntax_error(source: &str, at: usize, info: &str) -> Diagnostic {
    let at = at.min(source.len());
    let before = source.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let indent = before.get(line_start..).unwrap_or_default();
    let hint =
        if source.get(at..).is_some_and(|rest| rest.starts_with('\t')) || indent.contains('\t') {
            Some("YAML is indented by spaces, never by tabs")
        } else if info.contains("mapping values") || info.contains("simple key") {
            Some("a text that contains `: ` or begins with a special character must be quoted")
        } else if ["flow", "illegal placement of ':'", "quoted scalar"]
            .iter()
            .any(|sign| info.contains(sign))
        {
            Some("see whether every `[`, `{` and quote before this place is closed")
        } else {
            None
        };
    // At the end of a line there is nothing to point at: point at its last character.
    let span = match source.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) if c != '\n' && c != '\r' => at..at + c.len_utf8(),
        _ => {
            let end = before.trim_end().len();
            let start = before
                .get(..end)
                .and_then(|text| text.char_indices().next_back())
                .map_or(0, |(start, _)| start);
            start..end.max(start)
        }
    };
    Diagnostic::new(
        code::YAML_SYNTAX,
        span,
        format!("this is not YAML: {info}"),
        "here",
    )
    .hint_if(hint.map(str::to_owned))
}

/// What goes wrong here ends the reading.
type Step = Result<(), Box<Diagnostic>>;

enum Frame {
    Seq {
        start: usize,
        anchor: usize,
        tag: Option<&'static str>,
        items: Vec<Node>,
        depth: usize,
    },
    Map {
        start: usize,
        anchor: usize,
        tag: Option<&'static str>,
        entries: Vec<Written>,
        key: Option<(Key, bool)>,
        depth: usize,
    },
}

/// A node that may be used again, with what that costs.
#[derive(Clone)]
struct Anchored {
    node: Node,
    depth: usize,
    size: usize,
}

struct Builder<'s> {
    source: &'s str,
    dialect: Dialect,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Step {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Box::new(Diagnostic::new(
                code::YAML_UNSUPPORTED,
                span,
                format!("{} is one YAML document", self.dialect.noun),
                "a second one begins here",
            ))),
            Event::Scalar(text, style, anchor, tag) => {
                let local = self.local(tag.as_deref());
                let core = tag.as_deref().filter(|_| local.is_none());
                let scalar = self.scalar(text.into_owned(), style, core, &span);
                let is_plain = style == ScalarStyle::Plain;
                let node = Node {
                    span,
                    tag: local,
                    kind: Kind::Scalar(scalar),
                };
                self.complete(node, anchor, 1, is_plain)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), "seq", &span);
                self.open(Frame::Seq {
                    start: span.start,
                    anchor,
                    tag,
                    items: Vec::new(),
                    depth: 0,
                })
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = self.tag(tag.as_deref(), "map", &span);
                self.open(Frame::Map {
                    start: span.start,
                    anchor,
                    tag,
                    entries: Vec::new(),
                    key: None,
                    depth: 0,
                })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            Event::Alias(id) => self.alias(id, &span),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Range<usize>,
    ) -> Scalar {
        match tag.map(Tag::core_suffix) {
            // `!!str 5` and `! 5`
            Some(Some("str")) => Scalar::quoted(text),
            Some(Some(_)) => Scalar::plain(text),
            Some(None) => {
                self.tag(tag, "str", span);
                Scalar::quoted(text)
            }
            None if style == ScalarStyle::Plain => Scalar::plain(text),
            None => Scalar::quoted(text),
        }
    }

    /// The dialect's own tag, if it is one of those.
    fn local(&self, tag: Option<&Tag>) -> Option<&'static str> {
        let written = tag?.original();
        let known = self.dialect.tags.iter().copied();
        known.into_iter().find(|known| *known == written)
    }

    /// The dialect's own tag; any other than the one expected is a mistake.
    fn tag(
        &mut self,
        tag: Option<&Tag>,
        expected: &str,
        span: &Range<usize>,
    ) -> Option<&'static str> {
        let local = self.local(tag);
        let tag = tag?;
        if local.is_some() || tag.core_suffix() == Some(expected) {
            return local;
        }
        self.diagnostics.push(
            Diagnostic::new(
                code::YAML_UNSUPPORTED,
                span.clone(),
                format!(
                    "the tag `{}` means nothing in {}",
                    tag.original(),
                    self.dialect.noun
                ),
                "this value",
            )
            .hint("remove the tag"),
        );
        None
    }

    fn open(&mut self, frame: Frame) -> Step {
        if self.frames.len() >= MAX_DEPTH {
            let start = match &frame {
                Frame::Seq { start, .. } | Frame::Map { start, .. } => *start,
            };
            return Err(self.too_much(start..start + 1, "this nests too deeply"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, end: usize) -> Step {
        match self.frames.pop() {
            Some(Frame::Seq {
                start,
                anchor,
                tag,
                items,
                depth,
            }) => {
                let node = Node {
                    span: self.trimmed(start, end),
                    tag,
                    kind: Kind::Seq(items),
                };
                self.complete(node, anchor, depth + 1, false)
            }
            Some(Frame::Map {
                start,
                anchor,
                tag,
                entries,
                depth,
                ..
            }) => {
                let entries = own_and_merged(entries, &mut self.diagnostics);
                let node = Node {
                    span: self.trimmed(start, end),
                    tag,
                    kind: Kind::Map(entries),
                };
                self.complete(node, anchor, depth + 1, false)
            }
            None => Ok(()),
        }
    }

    /// A block ends where the next begins; what it holds ends earlier.
    fn trimmed(&self, start: usize, end: usize) -> Range<usize> {
        let text = self.source.get(start..end).unwrap_or_default();
        start..start + text.trim_end().len()
    }

    fn alias(&mut self, id: usize, span: &Range<usize>) -> Step {
        let Some(Anchored { node, depth, size }) = self.anchors.get(&id).cloned() else {
            return Err(Box::new(Diagnostic::new(
                code::YAML_SYNTAX,
                span.clone(),
                "an alias can't stand inside of what it names",
                "here",
            )));
        };
        self.nodes = self.nodes.saturating_add(size);
        if self.frames.len() + depth > MAX_DEPTH {
            return Err(self.too_much(span.clone(), "with this alias it nests too deeply"));
        }
        if self.nodes > MAX_NODES {
            return Err(self.too_much(span.clone(), "aliases expand to too much"));
        }
        self.complete(node, 0, depth, false)
    }

    /// Hands a finished node to what holds it.
    fn complete(&mut self, node: Node, anchor: usize, node_depth: usize, is_plain: bool) -> Step {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.too_much(node.span, "the file is too large"));
        }
        if anchor != 0 {
            let anchored = Anchored {
                depth: node_depth,
                size: size(&node),
                node: node.clone(),
            };
            self.anchors.insert(anchor, anchored);
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Seq { items, depth, .. }) => {
                *depth = (*depth).max(node_depth);
                items.push(node);
            }
            Some(Frame::Map {
                entries,
                key,
                depth,
                ..
            }) => match key.take() {
                Some((name, is_merge)) => {
                    *depth = (*depth).max(node_depth);
                    entries.push(Written {
                        key: name,
                        is_merge,
                        value: node,
                    });
                }
                None => {
                    let Kind::Scalar(scalar) = node.kind else {
                        return Err(Box::new(
                            Diagnostic::new(
                                code::YAML_UNSUPPORTED,
                                node.span,
                                "a key must be a text",
                                "this is none",
                            )
                            .hint("a value that begins with `{` or `[` must be quoted"),
                        ));
                    };
                    let is_merge = is_plain && scalar.text == "<<";
                    *key = Some((
                        Key {
                            span: node.span,
                            text: scalar.text,
                        },
                        is_merge,
                    ));
                }
            },
        }
        Ok(())
    }

    fn too_much(&self, span: Range<usize>, label: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(
            code::YAML_LIMIT,
            span,
            format!("this document is too much for {}", self.dialect.noun),
            label,
        ))
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::Seq(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect {
        noun: "a test",
        tags: &["!reset"],
    };

    fn tree(source: &str) -> Node {
        let (node, diagnostics) = parse(source, DIALECT);
        assert_eq!(diagnostics, []);
        node.expect("a tree")
    }

    #[test]
    fn every_node_knows_its_bytes() {
        let source = "ä: [1, 'two']\nb:\n  - c: x y # why\n  - |\n    text\nlast: 1\n";
        let root = tree(source);
        let part = |node: &Node| source.get(node.span.clone()).expect("in the text");
        assert_eq!(part(root.get("ä").expect("ä")), "[1, 'two']");
        let list = root.get("b").and_then(Node::seq).expect("a list");
        assert_eq!(part(list[0].get("c").expect("c")), "x y");
        assert!(part(&list[0]).starts_with("c: x y"));
        assert_eq!(list[1].scalar().expect("a text").text, "text\n");
        assert_eq!(part(root.get("last").expect("last")), "1");
    }

    #[test]
    fn aliases_and_merge_keys_are_resolved() {
        let root = tree("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nsame: *b\n");
        assert_eq!(
            root.get("use").and_then(|n| n.get("x")),
            root.get("base").and_then(|n| n.get("x"))
        );
        let y = root
            .get("use")
            .and_then(|n| n.get("y"))
            .and_then(Node::scalar);
        assert_eq!(y.expect("y").text, "3");
        assert_eq!(root.get("same"), root.get("base"));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_in_time() {
        let mut bomb = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let before = format!("*a{}", n - 1);
            bomb.push_str(&format!("b{n}: &a{n} [{}]\n", vec![before; 10].join(", ")));
        }
        let (_, diagnostics) = parse(&bomb, DIALECT);
        assert_eq!(diagnostics.first().map(|d| d.code), Some(code::YAML_LIMIT));
        let deep = "[".repeat(5000);
        assert!(!parse(&deep, DIALECT).1.is_empty());
    }

    #[test]
    fn a_tag_means_something_only_where_the_dialect_knows_it() {
        let root = tree("a: !reset null\nb: !reset {x: 1}\nc: !reset [1]\n");
        for entry in root.map().expect("a map") {
            assert_eq!(entry.value.tag, Some("!reset"), "{}", entry.key.text);
        }
        assert!(root.get("a").expect("a").is_null());
        for text in ["a: !other {x: 1}", "a: !other [1]", "a: !other x"] {
            let (_, diagnostics) = parse(text, DIALECT);
            assert_eq!(diagnostics[0].code, code::YAML_UNSUPPORTED, "{text}");
        }
    }
}
