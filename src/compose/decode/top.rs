//! The project.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check;
use super::super::model::{Attachment, MountKind, Network, Place, Project};
use super::Decoder;
use super::resources::Shared;
use super::service::WrittenService;
use crate::diagnostic::code;
use crate::yaml::{Entry, Key, Node};

/// The network of services that name none.
const DEFAULT_NETWORK: &str = "default";

impl Decoder<'_> {
    /// The project, if nothing about it is wrong.
    pub(in crate::compose) fn project(&mut self, root: &Node) -> Option<Project> {
        let name = match root.get("name").filter(|node| !node.is_null()) {
            Some(node) => Some(self.filled_text(node)?),
            None => None,
        };
        let (mut services, inactive) = self.services(root)?;
        if services.is_empty() && self.loader.diagnostics.is_empty() {
            self.nothing_runs(root, &inactive);
        }
        for written in services.values_mut() {
            if written.service.networks.is_empty() {
                let networks = &mut written.service.networks;
                networks.insert(DEFAULT_NETWORK.to_owned(), Attachment::default());
            }
        }
        check::references(self, root, &mut services, &inactive);
        check::cycles(self, &services);
        check::taken(self, &services);

        let used = |of: &dyn Fn(&WrittenService) -> Vec<String>| -> BTreeSet<String> {
            services.values().flat_map(of).collect()
        };
        let used_networks = used(&|s| s.service.networks.keys().cloned().collect());
        let used_volumes = used(&|s| {
            let names = s
                .service
                .mounts
                .iter()
                .filter_map(|mount| match &mount.kind {
                    MountKind::Volume { name, .. } => name.clone(),
                    MountKind::Bind(_) | MountKind::Tmpfs(_) => None,
                });
            names.collect()
        });
        let used_secrets = used(&|s| s.secrets.iter().map(|u| u.file.source.clone()).collect());
        let used_configs = used(&|s| s.configs.iter().map(|u| u.file.source.clone()).collect());

        let is_used = |used: BTreeSet<String>| move |name: &str| used.contains(name);
        let has_default = used_networks.contains(DEFAULT_NETWORK);
        let networks = self.section(root, "networks", is_used(used_networks), Self::network);
        let volumes = self.section(root, "volumes", is_used(used_volumes), Self::volume);
        let secrets = self.section(root, "secrets", is_used(used_secrets), |d, key, node| {
            d.shared_file(key, node, Shared::Secret)
        });
        let configs = self.section(root, "configs", is_used(used_configs), |d, key, node| {
            d.shared_file(key, node, Shared::Config)
        });
        let mut networks = networks?;
        if has_default {
            networks
                .entry(DEFAULT_NETWORK.to_owned())
                .or_insert_with(Network::default);
        }
        Some(Project {
            name,
            services: services
                .into_iter()
                .map(|(name, written)| (name, written.service))
                .collect(),
            inactive,
            networks,
            volumes: volumes?,
            secrets: secrets?,
            configs: configs?,
            notes: std::mem::take(&mut self.loader.notes),
        })
    }

    /// The services that run, and where those stand that do not.
    fn services(
        &mut self,
        root: &Node,
    ) -> Option<(BTreeMap<String, WrittenService>, BTreeMap<String, Place>)> {
        let section = root.get("services").filter(|node| !node.is_null());
        let Some(section) = section else {
            self.mistake(
                code::MISSING_KEY,
                &root.span,
                "a compose file needs `services`",
                "`services` is missing",
                None,
            );
            return None;
        };
        let Some(entries) = section.map() else {
            self.wrong_type(section, "a map");
            return None;
        };
        let mut services = BTreeMap::new();
        let mut inactive = BTreeMap::new();
        for Entry { key, value } in entries {
            if key.text.starts_with("x-") {
                continue;
            }
            if !self.is_service_name(key) {
                continue;
            }
            if !self.is_active(value) {
                inactive.insert(key.text.clone(), self.loader.place(&key.span));
                continue;
            }
            if value.is_null() {
                self.wrong_type(value, "a map");
            } else if let Some(service) = self.service(key, value) {
                services.insert(key.text.clone(), service);
            }
        }
        Some((services, inactive))
    }

    fn is_service_name(&mut self, key: &Key) -> bool {
        let is_name = !key.text.is_empty()
            && key
                .text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !is_name {
            self.mistake(
                code::BAD_NAME,
                &key.span,
                format!("`{}` can't be the name of a service", key.text),
                "not a name",
                "a name is made of letters, digits, `.`, `_` and `-`",
            );
        }
        is_name
    }

    /// Whether one of the service's profiles is on, or it has none.
    fn is_active(&self, service: &Node) -> bool {
        let profiles = service.get("profiles").and_then(Node::seq);
        let Some(profiles) = profiles.filter(|profiles| !profiles.is_empty()) else {
            return true;
        };
        let on = self.loader.surroundings.profiles;
        profiles
            .iter()
            .filter_map(Node::scalar)
            .any(|profile| on.iter().any(|on| on == "*" || *on == profile.text))
    }

    fn nothing_runs(&mut self, root: &Node, inactive: &BTreeMap<String, Place>) {
        let section = root.get("services").map_or(&root.span, |node| &node.span);
        let (message, hint) = match inactive.is_empty() {
            true => ("there is no service", "name one at least"),
            false => (
                "no service runs: each has profiles, and none of them is on",
                "turn one on with `profiles` in the suite",
            ),
        };
        let section = section.clone();
        self.mistake(code::EMPTY_VALUE, &section, message, "nothing runs", hint);
    }
}
