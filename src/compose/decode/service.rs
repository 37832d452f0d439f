//! A service.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::model::{Attachment, Condition, Dependency, Limits, Service};
use super::fields::Fields;
use super::mounts::WrittenMount;
use super::ports::WrittenPort;
use super::uses::WrittenUse;
use super::{Decoder, outside};
use crate::diagnostic::code;
use crate::yaml::{Entry, Key, Node};

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
    pub(super) fn field<T: Default>(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> T {
        self.maybe(fields, key, read).unwrap_or_default()
    }

    /// The same of a thing that may be left to the image or to the engine.
    pub(super) fn maybe<T>(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.given(fields, key)?;
        self.told(node, read)
    }

    /// The value of a key; a key without one is told.
    fn given<'n>(&mut self, fields: &mut Fields<'n>, key: &'static str) -> Option<&'n Node> {
        let node = fields.written(key)?;
        if !node.is_null() {
            return Some(node);
        }
        // In the map that is merged from several files, it is the key that tells.
        let span = fields.key(key).map_or(&node.span, |key| &key.span);
        self.mistake(
            code::WRONG_TYPE,
            span,
            format!("`{key}` has no value"),
            "nothing follows",
            "give it one, or remove the key",
        );
        None
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
        // Without a value these two are the image's.
        let [entrypoint, command] = ["entrypoint", "command"].map(|key| match f.take(key) {
            Some(node) => self.told(node, Self::words),
            None => None,
        });
        let own = self.given(f, "environment");
        let files = self.given(f, "env_file");
        let environment = self.environment(own, files);
        let dependencies = self.field(f, "depends_on", Self::depends_on);
        let healthcheck = self.maybe(f, "healthcheck", Self::healthcheck);
        let ports = self.field(f, "ports", Self::ports);
        let expose = self.field(f, "expose", Self::expose);
        let networks = self.field(f, "networks", Self::attachments);
        let volumes = self.given(f, "volumes");
        let tmpfs = self.given(f, "tmpfs");
        let mounts = self.mounts(volumes, tmpfs);
        let user = self.maybe(f, "user", Self::filled_text);
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
        let limits = match f.take("deploy") {
            Some(node) => self.told(node, Self::deploy).unwrap_or_default(),
            None => Limits::default(),
        };
        let container_name_key = f.key("container_name").map(|key| key.span.clone());
        fields.finish(self);

        let service = Service {
            place: self.loader.place(&key.span),
            image,
            platform,
            pull_policy,
            container_name,
            entrypoint,
            command,
            environment,
            depends_on: named(&dependencies),
            healthcheck,
            ports: ports.iter().map(|written| written.port.clone()).collect(),
            expose,
            networks: named(&networks),
            mounts: mounts.iter().map(|written| written.mount.clone()).collect(),
            user,
            working_dir,
            init,
            hostname,
            extra_hosts,
            dns,
            cap_add,
            cap_drop,
            security_opt,
            privileged,
            read_only,
            ulimits,
            sysctls,
            shm_size,
            stop_signal,
            stop_grace_period,
            restart,
            labels,
            profiles,
            secrets: secrets.iter().map(|written| written.file.clone()).collect(),
            configs: configs.iter().map(|written| written.file.clone()).collect(),
            limits,
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
            Some(Attachment { aliases })
        })
    }

    /// A map of names of the user's own.
    pub(super) fn members<T>(
        &mut self,
        node: &Node,
        mut member: impl FnMut(&mut Self, &Key, &Node) -> Option<T>,
    ) -> Option<Vec<(Key, T)>> {
        let Some(entries) = node.map() else {
            self.wrong_type(node, "a list or a map");
            return None;
        };
        let members = entries.iter().filter_map(|Entry { key, value }| {
            let member = self.told(value, |decoder, value| member(decoder, key, value))?;
            Some((key.clone(), member))
        });
        Some(members.collect())
    }
}

pub(super) fn named<T: Clone>(members: &[(Key, T)]) -> BTreeMap<String, T> {
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
