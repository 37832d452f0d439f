//! `start:` with `ready`, `http` and `logs`.

use super::super::{READY_WITHIN, Ready, ReadyCondition, Start};
use super::Decoder;
use super::map::Map;
use crate::diagnostic::code;
use crate::yaml::Node;

impl Decoder<'_> {
    /// `start` is taken already; its companions are in the check's own map.
    pub(super) fn start(&mut self, node: &Node, check: &mut Map<'_>) -> Option<Start> {
        let container = self.container(node);
        let ready = self.optional(check.take("ready"), Self::ready);
        let http = check
            .take("http")
            .map(|node| self.list(node, Self::http_check));
        let logs = check.take("logs").map(|node| self.text_expectations(node));
        let mut start = container?;
        start.ready = ready?;
        start.http = http.unwrap_or_else(|| Some(Vec::new()))?;
        start.logs = logs.unwrap_or_else(|| Some(Vec::new()))?;
        Some(start)
    }

    fn container(&mut self, node: &Node) -> Option<Start> {
        let mut start = Start {
            env: Vec::new(),
            entrypoint: None,
            cmd: None,
            user: None,
            workdir: None,
            ready: None,
            http: Vec::new(),
            logs: Vec::new(),
        };
        if node.is_null() {
            return Some(start);
        }
        let mut map = self.map(node, "`start`")?;
        let env = self.environment(map.take("env"));
        let entrypoint = self.optional(map.take("entrypoint"), Self::words_or_none);
        let cmd = self.optional(map.take("cmd"), Self::words_or_none);
        let user = self.optional(map.take("user"), Self::filled_text);
        let workdir = self.optional(map.take("workdir"), Self::absolute_path);
        map.finish(self);
        start.env = env?;
        start.entrypoint = entrypoint?;
        start.cmd = cmd?;
        start.user = user?;
        start.workdir = workdir?;
        Some(start)
    }

    /// Words, where `[]` is an answer too: no command at all.
    pub(super) fn words_or_none(&mut self, node: &Node) -> Option<Vec<String>> {
        match node.seq() {
            Some([]) => Some(Vec::new()),
            _ => self.words(node),
        }
    }

    fn ready(&mut self, node: &Node) -> Option<Ready> {
        let mut map = self.map(node, "`ready`")?;
        let within = self.optional(map.take("within"), Self::duration);
        let http = map.take("http").map(|node| {
            let (port, path) = self.address(node)?;
            match port {
                Some(port) => Some(ReadyCondition::Http { port, path }),
                None => {
                    self.mistake(
                        code::BAD_ADDRESS,
                        &node.span,
                        "here the container's port is needed",
                        "no port",
                        "write it as in `:8080/healthz`",
                    );
                    None
                }
            }
        });
        let tcp = map
            .take("tcp")
            .map(|node| self.port(node).map(ReadyCondition::Tcp));
        let log = map
            .take("log")
            .map(|node| self.regex(node).map(ReadyCondition::Log));
        let healthcheck = map.take("healthcheck").map(|node| {
            if self.boolean(node)? {
                return Some(ReadyCondition::Healthcheck);
            }
            self.mistake(
                code::UNKNOWN_VALUE,
                &node.span,
                "`healthcheck` can only be `true`",
                "not possible",
                "leave it out where it is not waited for",
            );
            None
        });
        let exit = map
            .take("exit")
            .map(|node| self.integer(node, 0..=255).map(ReadyCondition::Exit));
        let conditions: Vec<_> = [http, tcp, log, healthcheck, exit]
            .into_iter()
            .flatten()
            .collect();
        if conditions.is_empty() && map.unknown().next().is_none() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                "`ready` says nothing that could be waited for",
                "no condition in it",
                "give one of `http`, `tcp`, `log`, `healthcheck` and `exit`",
            );
        }
        map.finish(self);
        let conditions: Vec<_> = conditions.into_iter().collect::<Option<_>>()?;
        Some(Ready {
            within: within?.unwrap_or(READY_WITHIN),
            conditions,
        })
    }
}
