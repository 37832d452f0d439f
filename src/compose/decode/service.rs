//! A service.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::model::{
    Attachment, Condition, Dependency, Limits, PullPolicy, Restart, Service, Ulimit,
};
use super::super::words::{self, WordsError};
use super::fields::Fields;
use super::mounts::WrittenMount;
use super::ports::WrittenPort;
use super::uses::WrittenUse;
use super::{Decoder, outside};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::image::{Platform, PlatformError};
use crate::yaml::{Entry, Key, Kind, Node, ScalarValue};

/// A service and the places of what it refers to.
pub(in crate::compose) struct WrittenService {
    pub(in crate::compose) service: Service,
    pub(in crate::compose) name: Range<usize>,
    pub(in crate::compose) container_name: Option<Range<usize>>,
    pub(in crate::compose) depends_on: BTreeMap<String, Range<usize>>,
    pub(in crate::compose) networks: BTreeMap<String, Range<usize>>,
    pub(in crate::compose) ports: Vec<WrittenPort>,
    pub(in crate::compose) mounts: Vec<WrittenMount>,
    pub(in crate::compose) secrets: Vec<WrittenUse>,
    pub(in crate::compose) configs: Vec<WrittenUse>,
}

impl Decoder<'_> {
    /// What `read` makes of a key's value; without the key what is usual.
    fn field<'n, T: Default>(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<T> {
        match fields.take(key) {
            Some(node) => read(self, node),
            None => Some(T::default()),
        }
    }

    /// The same of a thing that may be left to the image or to the engine.
    fn maybe<'n, T>(
        &mut self,
        fields: &mut Fields<'n>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<Option<T>> {
        self.field(fields, key, |decoder, node| read(decoder, node).map(Some))
    }

    pub(super) fn service(&mut self, key: &Key, node: &Node) -> Option<WrittenService> {
        let mut fields = Fields::of(self, node, "a service", outside::SERVICE)?;
        let f = &mut fields;
        // What it extends has been laid under it.
        f.take("extends");
        let image = self.image(f, key);
        let platform = self.maybe(f, "platform", Self::platform);
        let pull_policy = self.field(f, "pull_policy", Self::pull_policy);
        let container_name = self.maybe(f, "container_name", Self::filled_text);
        let entrypoint = self.maybe(f, "entrypoint", Self::words);
        let command = self.maybe(f, "command", Self::words);
        let (own, files) = (f.take("environment"), f.take("env_file"));
        let environment = self.environment(own, files);
        let dependencies = self.field(f, "depends_on", Self::depends_on);
        let healthcheck = self.maybe(f, "healthcheck", Self::healthcheck);
        let ports = self.field(f, "ports", Self::ports);
        let expose = self.field(f, "expose", Self::expose);
        let networks = self.field(f, "networks", Self::attachments);
        let (volumes, tmpfs) = (f.take("volumes"), f.take("tmpfs"));
        let mounts = self.mounts(volumes, tmpfs);
        let user = self.maybe(f, "user", |d, node| d.scalar_text(node, "a user"));
        let working_dir = self.maybe(f, "working_dir", |decoder, node| {
            let path = decoder.text(node)?;
            decoder.absolute(&node.span, &path)
        });
        let init = self.maybe(f, "init", Self::boolean);
        let hostname = self.maybe(f, "hostname", Self::filled_text);
        let extra_hosts = self.field(f, "extra_hosts", Self::extra_hosts);
        let dns = self.field(f, "dns", |decoder, node| {
            let mut addresses = decoder.list(node, Self::address)?;
            let mut seen = Vec::new();
            addresses.retain(|address| {
                let is_new = !seen.contains(address);
                seen.push(*address);
                is_new
            });
            Some(addresses)
        });
        let cap_add = self.field(f, "cap_add", Self::unique_texts);
        let cap_drop = self.field(f, "cap_drop", Self::unique_texts);
        let security_opt = self.field(f, "security_opt", Self::security);
        let privileged = self.field(f, "privileged", Self::boolean);
        let read_only = self.field(f, "read_only", Self::boolean);
        let ulimits = self.field(f, "ulimits", Self::ulimits);
        let sysctls = self.field(f, "sysctls", Self::map_of_texts);
        let shm_size = self.maybe(f, "shm_size", Self::bytes);
        let stop_signal = self.maybe(f, "stop_signal", Self::signal);
        let stop_grace_period = self.maybe(f, "stop_grace_period", Self::duration);
        let restart = self.field(f, "restart", Self::restart);
        let labels = self.field(f, "labels", Self::map_of_texts);
        let profiles = self.field(f, "profiles", Self::unique_texts);
        let secrets = self.field(f, "secrets", |d, node| {
            d.file_uses(node, "a secret of a service", "/run/secrets/")
        });
        let configs = self.field(f, "configs", |d, node| {
            d.file_uses(node, "a config of a service", "/")
        });
        let limits = self.field(f, "deploy", Self::deploy);
        let container_name_key = f.key("container_name").map(|key| key.span.clone());
        fields.finish(self);

        let (dependencies, networks) = (dependencies?, networks?);
        let (ports, mounts) = (ports?, mounts?);
        let (secrets, configs) = (secrets?, configs?);
        let service = Service {
            place: self.loader.place(&key.span),
            image: image?,
            platform: platform?,
            pull_policy: pull_policy?,
            container_name: container_name?,
            entrypoint: entrypoint?,
            command: command?,
            environment: environment?,
            depends_on: named(&dependencies),
            healthcheck: healthcheck?,
            ports: ports.iter().map(|written| written.port.clone()).collect(),
            expose: expose?,
            networks: named(&networks),
            mounts: mounts.iter().map(|written| written.mount.clone()).collect(),
            user: user?,
            working_dir: working_dir?,
            init: init?,
            hostname: hostname?,
            extra_hosts: extra_hosts?,
            dns: dns?,
            cap_add: cap_add?,
            cap_drop: cap_drop?,
            security_opt: security_opt?,
            privileged: privileged?,
            read_only: read_only?,
            ulimits: ulimits?,
            sysctls: sysctls?,
            shm_size: shm_size?,
            stop_signal: stop_signal?,
            stop_grace_period: stop_grace_period?,
            restart: restart?,
            labels: labels?,
            profiles: profiles?,
            secrets: secrets.iter().map(|written| written.file.clone()).collect(),
            configs: configs.iter().map(|written| written.file.clone()).collect(),
            limits: limits?,
        };
        Some(WrittenService {
            service,
            name: key.span.clone(),
            container_name: container_name_key,
            depends_on: placed(dependencies),
            networks: placed(networks),
            ports,
            mounts,
            secrets,
            configs,
        })
    }

    fn image(&mut self, fields: &mut Fields<'_>, key: &Key) -> Option<Option<String>> {
        let is_under_test = self.loader.surroundings.under_test.contains(&key.text);
        let image = self.maybe(fields, "image", Self::filled_text)?;
        let has_build = fields.take("build").is_some();
        if is_under_test {
            return Some(image);
        }
        let name = &key.text;
        if let Some(build) = fields.key("build").filter(|_| has_build) {
            self.report(
                Diagnostic::new(
                    code::COMPOSE_BUILD,
                    build.span.clone(),
                    format!("`{name}` would have to be built, and nothing is built here"),
                    "images must be built first",
                )
                .hint("build it before, and name the result with `image`; `build: !reset null` in a second file takes this away"),
            );
            return None;
        }
        if image.is_none() {
            self.report(
                Diagnostic::new(
                    code::MISSING_KEY,
                    key.span.clone(),
                    format!("`{name}` has no `image`"),
                    "`image` is missing",
                )
                .hint("only a service under test needs none"),
            );
            return None;
        }
        Some(image)
    }

    fn platform(&mut self, node: &Node) -> Option<Platform> {
        let text = self.text(node)?;
        let message = match text.parse() {
            Ok(platform) => return Some(platform),
            Err(PlatformError::Form(_)) => format!("`{text}` is not a platform"),
            Err(PlatformError::Unknown { .. }) => format!("`{text}` names no known platform"),
        };
        let with_os = format!("linux/{text}");
        let near = match with_os.parse::<Platform>() {
            Ok(_) => Some(with_os.as_str()),
            Err(_) => nearest(&text, Platform::KNOWN),
        };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write it as os/architecture, as in `linux/arm64`".to_owned(),
        };
        let span = node.span.clone();
        self.report(
            Diagnostic::new(code::BAD_PLATFORM, span, message, "not a platform").hint(hint),
        );
        None
    }

    fn pull_policy(&mut self, node: &Node) -> Option<PullPolicy> {
        let text = self.text(node)?;
        if text == "build" {
            self.mistake(
                code::COMPOSE_BUILD,
                &node.span,
                "nothing is built here",
                "images must be built first",
                "write `missing`, `always` or `never`",
            );
            return None;
        }
        self.word(
            node,
            &[
                ("missing", PullPolicy::Missing),
                ("if_not_present", PullPolicy::Missing),
                ("always", PullPolicy::Always),
                ("never", PullPolicy::Never),
            ],
        )
    }

    /// A list of words, or a text that is split into words as compose splits it.
    fn words(&mut self, node: &Node) -> Option<Vec<String>> {
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

    fn depends_on(&mut self, node: &Node) -> Option<Vec<(Key, Dependency)>> {
        self.members(node, |decoder, key, node| {
            let mut fields = Fields::of(decoder, node, "a dependency", &[])?;
            let condition = fields.require(decoder, "condition");
            let required = fields.take("required");
            let restart = fields.take("restart");
            fields.finish(decoder);
            Some(Dependency {
                condition: decoder.word(
                    condition?,
                    &[
                        ("service_started", Condition::Started),
                        ("service_healthy", Condition::Healthy),
                        (
                            "service_completed_successfully",
                            Condition::CompletedSuccessfully,
                        ),
                    ],
                )?,
                required: required.map_or(Some(true), |node| decoder.boolean(node))?,
                restart: restart.map_or(Some(false), |node| decoder.boolean(node))?,
                place: decoder.loader.place(&key.span),
            })
        })
    }

    fn attachments(&mut self, node: &Node) -> Option<Vec<(Key, Attachment)>> {
        self.members(node, |decoder, _, node| {
            let what = "a network of a service";
            let mut fields = Fields::of(decoder, node, what, outside::ATTACHMENT)?;
            let aliases = decoder.field(&mut fields, "aliases", Self::unique_texts);
            fields.finish(decoder);
            Some(Attachment { aliases: aliases? })
        })
    }

    fn ulimits(&mut self, node: &Node) -> Option<BTreeMap<String, Ulimit>> {
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

    /// A map of names of the user's own.
    fn members<T>(
        &mut self,
        node: &Node,
        mut member: impl FnMut(&mut Self, &Key, &Node) -> Option<T>,
    ) -> Option<Vec<(Key, T)>> {
        let Some(entries) = node.map() else {
            self.wrong_type(node, "a list or a map");
            return None;
        };
        let members: Vec<Option<(Key, T)>> = entries
            .iter()
            .map(|Entry { key, value }| Some((key.clone(), member(self, key, value)?)))
            .collect();
        members.into_iter().collect()
    }

    fn security(&mut self, node: &Node) -> Option<Vec<String>> {
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

    fn signal(&mut self, node: &Node) -> Option<String> {
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

    fn restart(&mut self, node: &Node) -> Option<Restart> {
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

    fn deploy(&mut self, node: &Node) -> Option<Limits> {
        let mut fields = Fields::of(self, node, "`deploy`", outside::DEPLOY)?;
        let limits = self.field(&mut fields, "resources", |decoder, node| {
            let mut fields = Fields::of(decoder, node, "`resources`", outside::RESOURCES)?;
            let limits = decoder.field(&mut fields, "limits", Self::limits);
            fields.finish(decoder);
            limits
        });
        fields.finish(self);
        limits
    }

    fn limits(&mut self, node: &Node) -> Option<Limits> {
        let mut fields = Fields::of(self, node, "`limits`", outside::LIMITS)?;
        let nano_cpus = self.maybe(&mut fields, "cpus", Self::nano_cpus);
        let memory = self.maybe(&mut fields, "memory", Self::bytes);
        let pids = self.maybe(&mut fields, "pids", Self::u64);
        fields.finish(self);
        Some(Limits {
            nano_cpus: nano_cpus?,
            memory: memory?,
            pids: pids?,
        })
    }
}

fn named<T: Clone>(members: &[(Key, T)]) -> BTreeMap<String, T> {
    members
        .iter()
        .map(|(key, member)| (key.text.clone(), member.clone()))
        .collect()
}

fn placed<T>(members: Vec<(Key, T)>) -> BTreeMap<String, Range<usize>> {
    members
        .into_iter()
        .map(|(key, _)| (key.text, key.span))
        .collect()
}
