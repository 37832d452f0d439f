//! `config:`: what the image's config must say.

use super::super::{ConfigExpectation, TextExpectation};
use super::Decoder;
use crate::diagnostic::code;
use crate::yaml::{Kind, Node};

impl Decoder<'_> {
    pub(super) fn config(&mut self, node: &Node) -> Option<ConfigExpectation> {
        let mut map = self.map(node, "`config`")?;
        if map.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "this demands nothing of the config",
                "nothing in it",
                None,
            );
        }
        let entrypoint = self.optional(map.take("entrypoint"), Self::words_or_none);
        let cmd = self.optional(map.take("cmd"), Self::words_or_none);
        let env = self.optional(map.take("env"), Self::named_texts);
        let user = self.optional(map.take("user"), Self::text);
        let workdir = self.optional(map.take("workdir"), Self::text);
        let exposed_ports = self.optional(map.take("exposed_ports"), |decoder, node| {
            decoder.list(node, Self::exposed_port)
        });
        let labels = self.optional(map.take("labels"), Self::named_texts);
        let volumes = self.optional(map.take("volumes"), |decoder, node| {
            decoder.list(node, Self::absolute_path)
        });
        let healthcheck = self.optional(map.take("healthcheck"), Self::healthcheck);
        map.finish(self);
        let (has_healthcheck, healthcheck_test) = match healthcheck? {
            Some(Healthcheck::Presence(presence)) => (Some(presence), None),
            Some(Healthcheck::Test(words)) => (Some(true), Some(words)),
            None => (None, None),
        };
        Some(ConfigExpectation {
            entrypoint: entrypoint?,
            cmd: cmd?,
            env: env?.unwrap_or_default(),
            user: user?,
            workdir: workdir?,
            exposed_ports: exposed_ports?.unwrap_or_default(),
            labels: labels?.unwrap_or_default(),
            volumes: volumes?.unwrap_or_default(),
            healthcheck: has_healthcheck,
            healthcheck_test,
        })
    }

    /// `NAME: value`, `NAME: { matches: … }`, `NAME: null` for "must not be there".
    fn named_texts(&mut self, node: &Node) -> Option<Vec<(String, Option<TextExpectation>)>> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a map of names and values");
            return None;
        };
        let mut decoded = Some(Vec::new());
        for entry in entries {
            let name = self.variable_name(&entry.key);
            let values = if entry.value.is_null() {
                Some(vec![None])
            } else {
                self.text_expectations(&entry.value)
                    .map(|all| all.into_iter().map(Some).collect())
            };
            match (&mut decoded, name, values) {
                (Some(all), Some(name), Some(values)) => {
                    all.extend(values.into_iter().map(|value| (name.clone(), value)));
                }
                (decoded, ..) => *decoded = None,
            }
        }
        decoded
    }

    /// `8080`, `8080/tcp`.
    fn exposed_port(&mut self, node: &Node) -> Option<String> {
        let text = self.filled_text(node)?;
        let (port, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0)
            && matches!(protocol, "tcp" | "udp" | "sctp");
        if !is_port {
            let written = node.scalar().map_or("", |scalar| scalar.text.as_str());
            self.mistake(
                code::BAD_ADDRESS,
                &node.span,
                format!("`{written}` is no port"),
                "not a port",
                "write it as in `8080` or `53/udp`",
            );
            return None;
        }
        Some(format!("{port}/{protocol}"))
    }

    fn healthcheck(&mut self, node: &Node) -> Option<Healthcheck> {
        match &node.kind {
            Kind::Seq(_) => self.list(node, Self::text).map(Healthcheck::Test),
            Kind::Scalar(_) | Kind::Map(_) => self.boolean(node).map(Healthcheck::Presence),
        }
    }
}

enum Healthcheck {
    Presence(bool),
    Test(Vec<String>),
}
