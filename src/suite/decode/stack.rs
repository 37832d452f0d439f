//! One entry of `integration:` for one platform.

use super::super::stack::{Runner, ServiceAction, ServiceCheck, Sidecars, Stack};
use super::super::{Command, HttpCheck};
use super::map::Map;
use super::{Decoder, Instance, Template};
use crate::diagnostic::code;
use crate::yaml::Node;

const SIDECARS: [(&str, Sidecars); 2] =
    [("native", Sidecars::Native), ("variant", Sidecars::Variant)];
const RUNNERS: [(&str, Runner); 2] = [("builtin", Runner::Builtin), ("plugin", Runner::Plugin)];
const RUN_KEYS: [&str; 5] = ["expect", "env", "user", "workdir", "stdin"];

/// Decodes an entry's body, which is its map with the platform's overrides laid on it.
pub(in crate::suite) fn instance(decoder: &mut Decoder<'_>, body: &Node) -> Option<Instance> {
    let mut map = decoder.map(body, "an integration")?;
    for key in Template::STATIC_KEYS {
        map.take(key);
    }
    let timeout = decoder.optional(map.take("timeout"), Decoder::duration);
    let retries = decoder.retries(&mut map);
    let stack = decoder.stack(&mut map);
    map.finish(decoder);
    Some(Instance {
        timeout: timeout?,
        retries: retries?,
        action: super::super::Action::Stack(Box::new(stack?)),
    })
}

impl Decoder<'_> {
    fn stack(&mut self, map: &mut Map<'_>) -> Option<Stack> {
        let compose = map
            .require(
                self,
                "compose",
                "name the compose file, as in `compose: docker-compose.test.yml`",
            )
            .and_then(|node| self.one_or_many(node, Self::filled_text));
        let under_test = map
            .require(
                self,
                "under_test",
                "name the service that is the image under test",
            )
            .and_then(|node| self.one_or_many(node, Self::filled_text));
        let exit_code_from = self.optional(map.take("exit_code_from"), Self::filled_text);
        let sidecars = self.optional(map.take("sidecars"), |decoder, node| {
            decoder.word(node, &SIDECARS)
        });
        let runner = self.optional(map.take("runner"), |decoder, node| {
            decoder.word(node, &RUNNERS)
        });
        let profiles = self.optional(map.take("profiles"), |decoder, node| {
            decoder.one_or_many(node, Self::filled_text)
        });
        let env = self.environment(map.take("env"));
        let checks = self.optional(map.take("checks"), |decoder, node| {
            decoder.list(node, Self::service_check)
        });
        if map.key_span("exit_code_from").is_none() && map.key_span("checks").is_none() {
            self.mistake(
                code::NO_ACTION,
                map.span(),
                "nothing is asked of these services",
                "neither `exit_code_from` nor `checks`",
                "name the service whose exit code decides, or give `checks`",
            );
        }
        let mut checks = checks?.unwrap_or_default();
        number_equal_names(&mut checks);
        Some(Stack {
            compose: compose?,
            under_test: under_test?,
            exit_code_from: exit_code_from?,
            sidecars: sidecars?.unwrap_or_default(),
            profiles: profiles?.unwrap_or_default(),
            env: env?,
            runner: runner?.unwrap_or_default(),
            checks,
        })
    }

    fn service_check(&mut self, node: &Node) -> Option<ServiceCheck> {
        let mut map = self.map(node, "a check of a service")?;
        let name = self.optional(map.take("name"), Self::filled_text);
        let service = map
            .require(self, "service", "name the service that is asked")
            .and_then(|node| self.filled_text(node));
        let given: Vec<(&'static str, &Node)> = ["run", "shell", "http", "logs"]
            .into_iter()
            .filter_map(|key| map.take(key).map(|node| (key, node)))
            .collect();
        let action = match given.as_slice() {
            [("run", node)] => {
                let command = self.words(node).map(Command::Words);
                self.run(command, &mut map)
                    .map(|run| ServiceAction::Run(Box::new(run)))
            }
            [("shell", node)] => {
                let command = self.script(node);
                self.run(command, &mut map)
                    .map(|run| ServiceAction::Run(Box::new(run)))
            }
            [("http", node)] => self
                .http_check(node)
                .filter(|check| self.has_port(node, check))
                .map(|check| ServiceAction::Http(Box::new(check))),
            [(_, node)] => self.text_expectations(node).map(ServiceAction::Logs),
            [] => {
                self.mistake(
                    code::NO_ACTION,
                    map.span(),
                    "this check asks nothing",
                    "no action",
                    "give one of `run`, `shell`, `http` and `logs`",
                );
                None
            }
            [(first, _), (second, _), ..] => {
                self.conflict(&map, first, second, "a check asks one thing");
                None
            }
        };
        let is_run = matches!(given.as_slice(), [("run" | "shell", _)]);
        for key in RUN_KEYS.into_iter().filter(|_| !is_run) {
            self.no_effect(&mut map, key, "it belongs to `run` and `shell`");
        }
        self.no_effect(&mut map, "isolate", "it runs in the service's container");
        map.finish(self);
        let (service, action) = (service?, action?);
        let name = name?.unwrap_or_else(|| format!("{service}: {}", said(&action)));
        Some(ServiceCheck {
            name,
            service,
            line: self.line(node),
            action,
        })
    }

    fn no_effect(&mut self, map: &mut Map<'_>, key: &'static str, hint: &'static str) {
        if map.take(key).is_some()
            && let Some(span) = map.key_span(key)
        {
            self.mistake(
                code::MISPLACED_KEY,
                &span,
                format!("`{key}` means nothing here"),
                "has no effect here",
                hint,
            );
        }
    }

    /// A service has many ports, or none that its image tells of.
    fn has_port(&mut self, node: &Node, check: &HttpCheck) -> bool {
        if check.port.is_none() {
            self.mistake(
                code::BAD_ADDRESS,
                &node.span,
                "a request to a service names the port in its container",
                "which port?",
                "write it in front, as in `get: \":8080/users\"`",
            );
        }
        check.port.is_some()
    }
}

/// What a check asks, in a few words.
fn said(action: &ServiceAction) -> String {
    match action {
        ServiceAction::Run(run) => match &run.command {
            Command::Words(words) => words.join(" "),
            Command::Shell(script) => script.lines().next().unwrap_or_default().to_owned(),
        },
        ServiceAction::Http(check) => {
            let port = check
                .port
                .map_or_else(String::new, |port| format!(":{port}"));
            format!("{} {port}{}", check.method, check.path)
        }
        ServiceAction::Logs(_) => "logs".to_owned(),
    }
}

/// Reports know a check by its name.
fn number_equal_names(checks: &mut [ServiceCheck]) {
    let names: Vec<String> = checks.iter().map(|check| check.name.clone()).collect();
    for (at, check) in checks.iter_mut().enumerate() {
        let before = names.iter().take(at).filter(|name| **name == check.name);
        match before.count() {
            0 => {}
            earlier => check.name.push_str(&format!(" ({})", earlier + 1)),
        }
    }
}
