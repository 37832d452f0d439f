//! A service's process: what it runs, what ends it, what it may use.

use std::collections::BTreeMap;

use super::super::model::{Limits, Restart, Ulimit};
use super::super::words::{self, WordsError};
use super::fields::Fields;
use super::service::named;
use super::{Decoder, outside};
use crate::diagnostic::code;
use crate::yaml::{Kind, Node, ScalarValue};

impl Decoder<'_> {
    /// A list of words, or a text that is split into words as compose splits it.
    pub(super) fn words(&mut self, node: &Node) -> Option<Vec<String>> {
        if let Kind::Seq(_) = &node.kind {
            return self.texts(node);
        }
        let text = self.text(node)?;
        let (message, hint) = match words::split(&text) {
            Ok(words) => return Some(words),
            Err(WordsError::OpenQuote(quote)) => {
                (format!("the quote {quote} is never closed"), "close it")
            }
            Err(WordsError::TrailingBackslash) => (
                "nothing follows the last backslash".to_owned(),
                "write two for one",
            ),
            Err(WordsError::Operator(sign)) => (
                format!("no shell reads this command, so `{sign}` has no meaning in it"),
                "write `[sh, -c, \"…\"]` for a shell's script, or put the sign in quotes",
            ),
        };
        self.mistake(code::BAD_COMMAND, &node.span, message, "this command", hint);
        None
    }

    pub(super) fn signal(&mut self, node: &Node) -> Option<String> {
        let text = self.scalar_text(node, "a signal")?;
        let is_signal = !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
        if !is_signal {
            self.mistake(
                code::BAD_SIGNAL,
                &node.span,
                format!("`{text}` names no signal"),
                "not a signal",
                "write it as in `SIGINT`",
            );
        }
        is_signal.then_some(text)
    }

    pub(super) fn restart(&mut self, node: &Node) -> Option<Restart> {
        let no = node.scalar().map(|scalar| &scalar.value);
        if let Some(ScalarValue::Bool(false)) = no {
            self.mistake(
                code::COMPOSE_QUOTE,
                &node.span,
                "`restart` is a word, and this is `false`",
                "not a word",
                "write `\"no\"`",
            );
            return None;
        }
        let text = self.text(node)?;
        if let Some(times) = text.strip_prefix("on-failure:")
            && let Ok(times) = times.parse::<u32>()
        {
            return Some(Restart::OnFailure(Some(times)));
        }
        self.word(
            node,
            &[
                ("no", Restart::No),
                ("always", Restart::Always),
                ("on-failure", Restart::OnFailure(None)),
                ("unless-stopped", Restart::UnlessStopped),
            ],
        )
    }

    pub(super) fn security(&mut self, node: &Node) -> Option<Vec<String>> {
        self.list(node, |decoder, item| {
            let text = decoder.filled_text(item)?;
            let profile = text
                .strip_prefix("seccomp=")
                .or_else(|| text.strip_prefix("seccomp:"));
            if profile.is_some_and(|profile| !["unconfined", "builtin"].contains(&profile)) {
                decoder.mistake(
                    code::COMPOSE_UNSUPPORTED,
                    &item.span,
                    "a seccomp profile from a file is not supported",
                    "this profile",
                    "`seccomp=unconfined` does without one",
                );
                return None;
            }
            Some(text)
        })
    }

    pub(super) fn ulimits(&mut self, node: &Node) -> Option<BTreeMap<String, Ulimit>> {
        let limits = self.members(node, |decoder, _, node| {
            let bounds = -1..=i64::MAX;
            if let Kind::Scalar(_) = &node.kind {
                let both = decoder.integer(node, bounds)?;
                return Some(Ulimit {
                    soft: both,
                    hard: both,
                });
            }
            let mut fields = Fields::of(decoder, node, "a limit", &[])?;
            let soft = fields.require(decoder, "soft");
            let hard = fields.require(decoder, "hard");
            fields.finish(decoder);
            Some(Ulimit {
                soft: decoder.integer(soft?, bounds.clone())?,
                hard: decoder.integer(hard?, bounds)?,
            })
        })?;
        Some(named(&limits))
    }

    pub(super) fn deploy(&mut self, node: &Node) -> Option<Limits> {
        let mut fields = Fields::of(self, node, "`deploy`", outside::DEPLOY)?;
        let limits = self.field(&mut fields, "resources", |decoder, node| {
            let mut fields = Fields::of(decoder, node, "`resources`", outside::RESOURCES)?;
            let limits = decoder.field(&mut fields, "limits", Self::limits);
            fields.finish(decoder);
            Some(limits)
        });
        fields.finish(self);
        Some(limits)
    }

    pub(super) fn limits(&mut self, node: &Node) -> Option<Limits> {
        let mut fields = Fields::of(self, node, "`limits`", outside::LIMITS)?;
        let nano_cpus = self.maybe(&mut fields, "cpus", Self::nano_cpus);
        let memory = self.maybe(&mut fields, "memory", Self::bytes);
        // `-1` is no limit.
        let pids = self.maybe(&mut fields, "pids", |decoder, node| {
            decoder.integer(node, -1..=i64::from(u32::MAX))
        });
        fields.finish(self);
        Some(Limits {
            nano_cpus,
            memory,
            pids: pids.and_then(|pids| u64::try_from(pids).ok()),
        })
    }
}
