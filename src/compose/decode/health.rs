//! `healthcheck`.

use super::super::model::{Healthcheck, Probe};
use super::Decoder;
use super::fields::Fields;
use crate::diagnostic::code;
use crate::yaml::{Kind, Node};

impl Decoder<'_> {
    pub(super) fn healthcheck(&mut self, node: &Node) -> Option<Healthcheck> {
        let mut fields = Fields::of(self, node, "a health check", &[])?;
        let test = fields.take("test");
        let disable = fields.take("disable");
        let mut time = |key| {
            let node = fields.take(key)?;
            self.duration(node)
        };
        let [interval, timeout] = ["interval", "timeout"].map(&mut time);
        let [start_period, start_interval] = ["start_period", "start_interval"].map(&mut time);
        let retries = fields.take("retries").and_then(|node| self.u32(node));
        fields.finish(self);
        let is_off = disable.is_some_and(|node| self.boolean(node) == Some(true));
        let probe = match test {
            _ if is_off => Probe::Off,
            Some(test) => self.probe(test)?,
            None => Probe::OfImage,
        };
        Some(Healthcheck {
            probe,
            interval,
            timeout,
            retries,
            start_period,
            start_interval,
        })
    }

    fn probe(&mut self, node: &Node) -> Option<Probe> {
        let Kind::Seq(_) = &node.kind else {
            let script = self.text(node)?;
            return Some(match script.is_empty() {
                true => Probe::OfImage,
                false => Probe::Shell(script),
            });
        };
        let words = self.texts(node)?;
        match words.split_first() {
            None => Some(Probe::OfImage),
            Some((kind, [])) if kind == "NONE" => Some(Probe::Off),
            Some((kind, [script])) if kind == "CMD-SHELL" => Some(Probe::Shell(script.clone())),
            Some((kind, words)) if kind == "CMD" && !words.is_empty() => {
                Some(Probe::Words(words.to_vec()))
            }
            Some((kind, rest)) => {
                let (message, hint) = match kind.as_str() {
                    "CMD" | "CMD-SHELL" if rest.is_empty() => (
                        format!("`{kind}` without a command checks nothing"),
                        "name what is to be run after it",
                    ),
                    "CMD-SHELL" => (
                        "`CMD-SHELL` takes one text, and the rest would never be run".to_owned(),
                        "put the whole script into one text, or begin with `CMD`",
                    ),
                    "NONE" => ("nothing comes after `NONE`".to_owned(), "write `[NONE]`"),
                    _ => (
                        format!("a test's list can't begin with `{kind}`"),
                        "begin it with `CMD`, `CMD-SHELL` or `NONE`",
                    ),
                };
                self.mistake(code::COMPOSE_VALUE, &node.span, message, "this test", hint);
                None
            }
        }
    }
}
