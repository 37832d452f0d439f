//! `run:` and `shell:` with `expect`, `env`, `user`, `workdir`, `stdin`, `isolate`.

use super::super::{Command, ExitExpectation, Expect, Run, units};
use super::Decoder;
use super::map::Map;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Kind, Node};

impl Decoder<'_> {
    /// The check whose command was taken already.
    pub(super) fn run(&mut self, command: Option<Command>, map: &mut Map<'_>) -> Option<Run> {
        let expect = map
            .take("expect")
            .map_or_else(|| Some(Expect::default()), |node| self.expect_program(node));
        let env = self.environment(map.take("env"));
        let user = self.optional(map.take("user"), Self::filled_text);
        let workdir = self.optional(map.take("workdir"), Self::absolute_path);
        let stdin = self.optional(map.take("stdin"), Self::text);
        let isolate = self.optional(map.take("isolate"), Self::boolean);
        Some(Run {
            command: command?,
            expect: expect?,
            env: env?,
            user: user?,
            workdir: workdir?,
            stdin: stdin?,
            isolate: isolate?.unwrap_or(false),
        })
    }

    /// A script for the image's own shell.
    pub(super) fn script(&mut self, node: &Node) -> Option<Command> {
        self.filled_text(node).map(Command::Shell)
    }

    /// A value that may be left out: `None` is a mistake, `Some(None)` is not.
    pub(super) fn optional<T>(
        &mut self,
        node: Option<&Node>,
        decode: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<Option<T>> {
        match node {
            Some(node) => decode(self, node).map(Some),
            None => Some(None),
        }
    }

    /// `env: { NAME: value }`
    pub(super) fn environment(&mut self, node: Option<&Node>) -> Option<Vec<(String, String)>> {
        let Some(node) = node else {
            return Some(Vec::new());
        };
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a map of names and values");
            return None;
        };
        let decoded: Vec<Option<(String, String)>> = entries
            .iter()
            .map(|entry| {
                let name = self.variable_name(&entry.key);
                let value = self.text(&entry.value);
                Some((name?, value?))
            })
            .collect();
        decoded.into_iter().collect()
    }

    pub(super) fn variable_name(&mut self, key: &crate::yaml::Key) -> Option<String> {
        if key.text.is_empty() || key.text.contains(['=', '\0']) {
            self.mistake(
                code::BAD_VARIABLE_NAME,
                &key.span,
                format!("no environment variable can be called `{}`", key.text),
                "not a name",
                "write `NAME: value`",
            );
            return None;
        }
        Some(key.text.clone())
    }

    pub(super) fn absolute_path(&mut self, node: &Node) -> Option<String> {
        let path = self.filled_text(node)?;
        if !path.starts_with('/') {
            self.mistake(
                code::BAD_PATH,
                &node.span,
                "a path in the image begins with `/`",
                "not absolute",
                None,
            );
            return None;
        }
        Some(path)
    }

    fn expect_program(&mut self, node: &Node) -> Option<Expect> {
        let mut map = self.map(node, "`expect`")?;
        let exit_node = map.take("exit");
        let signal_node = map.take("signal");
        let stdout = map.take("stdout").map(|node| self.text_expectations(node));
        let stderr = map.take("stderr").map(|node| self.text_expectations(node));
        let exit = match (exit_node, signal_node) {
            (Some(_), Some(_)) => {
                self.conflict(&map, "exit", "signal", "a program ends in one of two ways");
                None
            }
            (Some(node), None) => self.exit(node),
            (None, Some(node)) => self.signal(node),
            (None, None) => Some(ExitExpectation::default()),
        };
        map.finish(self);
        Some(Expect {
            exit: exit?,
            stdout: stdout.unwrap_or_else(|| Some(Vec::new()))?,
            stderr: stderr.unwrap_or_else(|| Some(Vec::new()))?,
        })
    }

    /// Two keys of a map that exclude each other.
    pub(super) fn conflict(&mut self, map: &Map<'_>, first: &str, second: &str, why: &'static str) {
        let (Some(one), Some(other)) = (map.key_span(first), map.key_span(second)) else {
            return;
        };
        self.report(
            Diagnostic::new(
                code::CONFLICTING_KEYS,
                other,
                format!("`{first}` and `{second}` exclude each other"),
                "this one",
            )
            .also(one, "and this one")
            .hint(why),
        );
    }

    fn exit(&mut self, node: &Node) -> Option<ExitExpectation> {
        if node
            .scalar()
            .is_some_and(|scalar| scalar.text.parse::<f64>().is_err())
            && !node.is_null()
            && node
                .scalar()
                .is_some_and(|scalar| !scalar.text.contains("${"))
        {
            return self
                .word(node, &[("nonzero", ())])
                .map(|()| ExitExpectation::NonZero);
        }
        self.one_or_many(node, |decoder, node| decoder.integer(node, 0..=255))
            .map(ExitExpectation::Codes)
    }

    fn signal(&mut self, node: &Node) -> Option<ExitExpectation> {
        let text = self.text(node)?;
        if let Some(number) = units::signal(&text) {
            return Some(ExitExpectation::Signal(number));
        }
        let upper = text.to_ascii_uppercase();
        let names: Vec<String> = units::SIGNALS
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let hint = match nearest(&upper, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`?", near.to_ascii_uppercase()),
            None => "write its name, as in `SIGSEGV`, or its number".to_owned(),
        };
        let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
        self.report(
            Diagnostic::new(
                code::BAD_SIGNAL,
                node.span.clone(),
                format!("`{written}` is no signal"),
                "not a signal",
            )
            .hint(hint),
        );
        None
    }
}
