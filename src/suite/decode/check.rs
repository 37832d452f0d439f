//! One check of `smoke:` for one platform.

use std::time::Duration;

use super::super::{Action, Command, Runtime, Selection};
use super::map::Map;
use super::{Decoder, Template};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Kind, Node};

/// What a check may do, each with the keys that belong to it.
const ACTIONS: [(&str, &[&str]); 7] = [
    ("architecture", &[]),
    ("native_modules", &[]),
    ("run", &RUN_KEYS),
    ("shell", &RUN_KEYS),
    ("start", &START_KEYS),
    ("files", &[]),
    ("config", &[]),
];
const RUN_KEYS: [&str; 6] = ["expect", "env", "user", "workdir", "stdin", "isolate"];
const START_KEYS: [&str; 3] = ["ready", "http", "logs"];

/// What of a check may differ between platforms.
pub(in crate::suite) struct Instance {
    pub(in crate::suite) timeout: Option<Duration>,
    pub(in crate::suite) retries: u32,
    pub(in crate::suite) action: Action,
}

/// Decodes a check's body, which is its map with the platform's overrides laid on it.
pub(in crate::suite) fn instance(decoder: &mut Decoder<'_>, body: &Node) -> Option<Instance> {
    let mut map = decoder.map(body, "a check")?;
    for key in Template::STATIC_KEYS {
        map.take(key);
    }
    let timeout = decoder.optional(map.take("timeout"), Decoder::duration);
    let retries = decoder.retries(&mut map);
    let action = decoder.action(&mut map);
    map.finish(decoder);
    Some(Instance {
        timeout: timeout?,
        retries: retries?,
        action: action?,
    })
}

impl Decoder<'_> {
    pub(super) fn retries(&mut self, map: &mut Map<'_>) -> Option<u32> {
        let retries = self.optional(map.take("retries"), |decoder, node| {
            decoder
                .integer(node, 0..=10)
                .and_then(|retries| u32::try_from(retries).ok())
        });
        retries.map(Option::unwrap_or_default)
    }

    fn action(&mut self, map: &mut Map<'_>) -> Option<Action> {
        let present: Vec<(&str, &[&str], &Node)> = ACTIONS
            .into_iter()
            .filter_map(|(key, companions)| map.take(key).map(|node| (key, companions, node)))
            .collect();
        for key in RUN_KEYS.into_iter().chain(START_KEYS) {
            map.take(key);
        }
        let (key, node) = match present.as_slice() {
            [(key, companions, node)] => {
                self.misplaced(map, key, companions);
                (*key, *node)
            }
            [] => {
                self.no_action(map);
                return None;
            }
            several => {
                self.several_actions(map, several);
                return None;
            }
        };
        Some(match key {
            "architecture" => Action::Architecture(self.selection(node, Self::runtime)?),
            "native_modules" => Action::NativeModules(self.selection(node, Self::filled_text)?),
            "run" => {
                let command = self.words(node).map(Command::Words);
                Action::Run(self.run(command, map)?)
            }
            "shell" => {
                let command = self.script(node);
                Action::Run(self.run(command, map)?)
            }
            "start" => Action::Start(Box::new(self.start(node, map)?)),
            "files" => Action::Files(self.list(node, Self::file)?),
            _ => Action::Config(Box::new(self.config(node)?)),
        })
    }

    /// `auto`, or a list.
    fn selection<T>(
        &mut self,
        node: &Node,
        item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Selection<T>> {
        match &node.kind {
            Kind::Seq(_) => self.list(node, item).map(Selection::Named),
            Kind::Scalar(scalar) if scalar.text == "auto" => Some(Selection::Auto),
            Kind::Scalar(_) | Kind::Map(_) => {
                self.mistake(
                    code::WRONG_TYPE,
                    &node.span,
                    "`auto` or a list belongs here",
                    "neither",
                    "write `auto`, or names in brackets, as in `[node]`",
                );
                None
            }
        }
    }

    fn runtime(&mut self, node: &Node) -> Option<Runtime> {
        let names: Vec<(&str, Runtime)> = Runtime::ALL
            .into_iter()
            .map(|runtime| (runtime.name(), runtime))
            .collect();
        self.word(node, &names)
    }

    fn no_action(&mut self, map: &Map<'_>) {
        let names = || ACTIONS.iter().map(|(key, _)| *key);
        // A misspelt action is told as the unknown key that it is.
        if map
            .unknown()
            .any(|entry| nearest(&entry.key.text, names()).is_some())
        {
            return;
        }
        let hint = if START_KEYS.iter().any(|key| map.key_span(key).is_some()) {
            "`ready`, `http` and `logs` belong to a container that is started: add `start: {}`"
        } else {
            "give one of `architecture`, `native_modules`, `run`, `shell`, `start`, `files` and `config`"
        };
        self.mistake(
            code::NO_ACTION,
            map.span(),
            "this check does nothing",
            "no action",
            hint,
        );
    }

    fn several_actions(&mut self, map: &Map<'_>, present: &[(&str, &[&str], &Node)]) {
        let mut places: Vec<_> = present
            .iter()
            .filter_map(|(key, ..)| map.key_span(key).map(|span| (span.start, span, *key)))
            .collect();
        places.sort_by_key(|(start, ..)| *start);
        if let [(_, first, first_key), (_, second, second_key), ..] = places.as_slice() {
            self.report(
                Diagnostic::new(
                    code::SEVERAL_ACTIONS,
                    second.clone(),
                    format!(
                        "a check does one thing, and this has `{first_key}` and `{second_key}`"
                    ),
                    "a second action",
                )
                .also(first.clone(), "the first")
                .hint("make two checks of it"),
            );
        }
    }

    fn misplaced(&mut self, map: &Map<'_>, action: &str, companions: &[&str]) {
        for key in RUN_KEYS.into_iter().chain(START_KEYS) {
            if companions.contains(&key) {
                continue;
            }
            let Some(span) = map.key_span(key) else {
                continue;
            };
            let hint = if action == "start" && matches!(key, "env" | "user" | "workdir") {
                "write it inside of `start:`"
            } else if START_KEYS.contains(&key) {
                "it belongs to `start`"
            } else {
                "it belongs to `run` and `shell`"
            };
            self.mistake(
                code::MISPLACED_KEY,
                &span,
                format!("`{key}` means nothing beside `{action}`"),
                "has no effect here",
                hint,
            );
        }
    }
}
