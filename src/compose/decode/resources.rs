//! Networks, volumes, secrets and configs of the project.

use super::super::model::{Content, Hidden, Network, SharedFile, Volume};
use super::fields::Fields;
use super::{Decoder, outside};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Key, Kind, Node};

/// The kinds of shared files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    Secret,
    Config,
}

impl Decoder<'_> {
    pub(super) fn network(&mut self, key: &Key, node: &Node) -> Option<Network> {
        let mut fields = Fields::of(self, node, "a network", outside::NETWORK)?;
        let (external, external_name) = self.external(&mut fields, "a network")?;
        let name = fields.take("name");
        let driver = fields.take("driver");
        let options = fields.take("driver_opts");
        let internal = fields.take("internal");
        let ipv6 = fields.take("enable_ipv6");
        let labels = fields.take("labels");
        if let Some(ipam) = fields.take("ipam") {
            self.ipam(ipam);
        }
        fields.finish(self);
        let name = match name {
            Some(node) => Some(self.filled_text(node)?),
            None => external_name,
        };
        let driver = match driver {
            Some(node) => Some(self.driver(node)?),
            None => None,
        };
        Some(Network {
            place: Some(self.loader.place(&key.span)),
            name: name.or_else(|| external.then(|| key.text.clone())),
            external,
            driver,
            driver_opts: options.map_or(Some(Default::default()), |n| self.map_of_texts(n))?,
            internal: internal.map_or(Some(false), |node| self.boolean(node))?,
            enable_ipv6: match ipv6 {
                Some(node) => Some(self.boolean(node)?),
                None => None,
            },
            labels: labels.map_or(Some(Default::default()), |n| self.map_of_texts(n))?,
        })
    }

    fn driver(&mut self, node: &Node) -> Option<String> {
        let driver = self.filled_text(node)?;
        if ["host", "none"].contains(&driver.as_str()) {
            self.mistake(
                code::COMPOSE_UNSUPPORTED,
                &node.span,
                format!("a network of the driver `{driver}` is not supported"),
                "services could not find each other there",
                "leave the driver out",
            );
            return None;
        }
        Some(driver)
    }

    /// Fixed subnets exclude each other, and projects run side by side.
    fn ipam(&mut self, node: &Node) {
        let Some(mut fields) = Fields::of(self, node, "`ipam`", &[]) else {
            return;
        };
        if let Some(driver) = fields.take("driver") {
            self.word(driver, &[("default", ())]);
        }
        for name in outside::IPAM.iter().copied() {
            if fields.take(name).is_some()
                && let Some(key) = fields.key(name)
            {
                self.mistake(
                    code::COMPOSE_UNSUPPORTED,
                    &key.span,
                    format!("`{name}` of `ipam` is not supported"),
                    "a fixed subnet",
                    "platforms run side by side, and two networks can't have one subnet: let the engine choose",
                );
            }
        }
        fields.finish(self);
    }

    pub(super) fn volume(&mut self, key: &Key, node: &Node) -> Option<Volume> {
        let mut fields = Fields::of(self, node, "a volume of the project", &[])?;
        let (external, external_name) = self.external(&mut fields, "a volume")?;
        let name = fields.take("name");
        let driver = fields.take("driver");
        let options = fields.take("driver_opts");
        let labels = fields.take("labels");
        fields.finish(self);
        let name = match name {
            Some(node) => Some(self.filled_text(node)?),
            None => external_name,
        };
        Some(Volume {
            place: self.loader.place(&key.span),
            name: name.or_else(|| external.then(|| key.text.clone())),
            external,
            driver: match driver {
                Some(node) => Some(self.filled_text(node)?),
                None => None,
            },
            driver_opts: options.map_or(Some(Default::default()), |n| self.map_of_texts(n))?,
            labels: labels.map_or(Some(Default::default()), |n| self.map_of_texts(n))?,
        })
    }

    /// `external: true`, or the old `external: {name: x}`. Beside it only a name makes
    /// sense: the rest would not be done.
    fn external(&mut self, fields: &mut Fields<'_>, what: &str) -> Option<(bool, Option<String>)> {
        let Some(node) = fields.take("external") else {
            return Some((false, None));
        };
        let (external, name) = match &node.kind {
            Kind::Map(_) => {
                let mut inner = Fields::of(self, node, "`external`", &[])?;
                let name = inner.take("name");
                inner.finish(self);
                (true, name.and_then(|node| self.filled_text(node)))
            }
            _ => (self.boolean(node)?, None),
        };
        for other in ["driver", "driver_opts", "labels", "internal", "ipam"] {
            if let Some(key) = fields.key(other).filter(|_| external) {
                let diagnostic = Diagnostic::new(
                    code::CONFLICTING_KEYS,
                    key.span.clone(),
                    format!("{what} that is external is there already: `{other}` can't be chosen"),
                    "has no effect",
                )
                .also(node.span.clone(), "external");
                self.report(diagnostic);
                return None;
            }
        }
        Some((external, name))
    }

    pub(super) fn shared_file(
        &mut self,
        key: &Key,
        node: &Node,
        shared: Shared,
    ) -> Option<SharedFile> {
        let what = match shared {
            Shared::Secret => "a secret",
            Shared::Config => "a config",
        };
        let mut fields = Fields::of(self, node, what, outside::SHARED_FILE)?;
        let file = fields.take("file");
        let variable = fields.take("environment");
        // Nothing between the quotes is a content too.
        let content = fields.take("content");
        fields.take("name");
        let is_outside = fields.key("external").is_some();
        fields.finish(self);
        if is_outside {
            return None;
        }
        let content = match (file, variable, content) {
            (Some(node), None, None) => self.file_content(node)?,
            (None, Some(node), None) => self.variable_content(node)?,
            (None, None, Some(node)) if shared == Shared::Config => {
                Content::Inline(self.text(node)?)
            }
            (None, None, Some(node)) => {
                self.mistake(
                    code::MISPLACED_KEY,
                    &node.span,
                    "a secret has no `content`: it would stand in the file for all to see",
                    "the content of a secret",
                    "use `file` or `environment`, or make it a config",
                );
                return None;
            }
            (None, None, None) => {
                self.mistake(
                    code::MISSING_KEY,
                    &key.span,
                    format!("{what} needs something that is in it"),
                    "nothing is in it",
                    match shared {
                        Shared::Secret => "give it `file` or `environment`",
                        Shared::Config => "give it `file`, `environment` or `content`",
                    },
                );
                return None;
            }
            _ => {
                self.mistake(
                    code::CONFLICTING_KEYS,
                    &key.span,
                    "`file`, `environment` and `content` exclude each other",
                    "has several of them",
                    None,
                );
                return None;
            }
        };
        Some(SharedFile {
            place: self.loader.place(&key.span),
            content,
        })
    }

    fn file_content(&mut self, node: &Node) -> Option<Content> {
        let written = self.filled_text(node)?;
        let path = self.loader.path(&node.span, &written);
        if self.loader.surroundings.files.is_there(&path) {
            return Some(Content::File(path));
        }
        let fault = super::super::FileFault::Missing;
        let shown = self.loader.surroundings.files.shown(&path);
        let diagnostic = super::super::load::missing(&shown, fault, &node.span);
        self.report(diagnostic);
        None
    }

    fn variable_content(&mut self, node: &Node) -> Option<Content> {
        let name = self.filled_text(node)?;
        let origin = self.loader.origin(&node.span);
        match origin.and_then(|origin| origin.environment.get(&name)) {
            Some(value) => Some(Content::Environment {
                name,
                value: Hidden::new(value),
            }),
            None => {
                self.mistake(
                    code::UNSET_VARIABLE,
                    &node.span,
                    format!("the environment variable `{name}` is not set"),
                    "not set",
                    "set it in the environment, or in `.env` beside the first file",
                );
                None
            }
        }
    }

    /// The members of a section that are used, decoded by `read`.
    pub(super) fn section<T>(
        &mut self,
        root: &Node,
        section: &str,
        used: impl Fn(&str) -> bool,
        mut read: impl FnMut(&mut Self, &Key, &Node) -> Option<T>,
    ) -> Option<std::collections::BTreeMap<String, T>> {
        let Some(node) = root.get(section).filter(|node| !node.is_null()) else {
            return Some(Default::default());
        };
        let Some(entries) = node.map() else {
            self.wrong_type(node, "a map");
            return None;
        };
        let mut is_good = true;
        let mut all = std::collections::BTreeMap::new();
        for Entry { key, value } in entries {
            if !used(&key.text) {
                continue;
            }
            match read(self, key, value) {
                Some(value) => {
                    all.insert(key.text.clone(), value);
                }
                None => is_good = false,
            }
        }
        is_good.then_some(all)
    }
}
