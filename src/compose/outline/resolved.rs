//! What `docker compose config --format json` prints: files merged, variables
//! filled in, every short form written out. Only what an [`Outline`] holds is
//! read; compose has judged the rest.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Outline, ServiceOutline};
use crate::compose::{
    Condition, Content, Dependency, Hidden, Place, PortRange, Protocol, PublishedPort, PullPolicy,
    units,
};

/// Why what the plugin printed can't be read.
#[derive(Debug, thiserror::Error)]
#[error("what `docker compose config` printed can't be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Resolved {
    #[serde(default)]
    services: BTreeMap<String, ResolvedService>,
    #[serde(default)]
    networks: BTreeMap<String, Shared>,
    #[serde(default)]
    volumes: BTreeMap<String, Shared>,
    #[serde(default)]
    secrets: BTreeMap<String, Secret>,
}

/// A network or a volume.
#[derive(Deserialize)]
struct Shared {
    #[serde(default)]
    external: bool,
}

/// Where a secret comes from.
#[derive(Deserialize)]
struct Secret {
    file: Option<PathBuf>,
    environment: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct ResolvedService {
    image: Option<String>,
    platform: Option<String>,
    pull_policy: Option<String>,
    build: Option<serde_json::Value>,
    container_name: Option<String>,
    #[serde(default)]
    networks: BTreeMap<String, Option<serde_json::Value>>,
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
    #[serde(default)]
    depends_on: BTreeMap<String, ResolvedDependency>,
    #[serde(default)]
    ports: Vec<ResolvedPort>,
    stop_grace_period: Option<String>,
    restart: Option<String>,
    deploy: Option<Deploy>,
}

#[derive(Deserialize)]
struct ResolvedDependency {
    condition: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
struct ResolvedPort {
    target: u16,
    protocol: Option<String>,
    published: Option<String>,
    host_ip: Option<IpAddr>,
}

#[derive(Deserialize)]
struct Deploy {
    restart_policy: Option<RestartPolicy>,
}

#[derive(Deserialize)]
struct RestartPolicy {
    condition: Option<String>,
}

impl Outline {
    /// Reads what the plugin made of the files. `environment` is what it was given.
    ///
    /// # Errors
    /// Where it is no JSON of the shape that compose prints.
    pub fn of_resolved(
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Unreadable> {
        let resolved: Resolved = serde_json::from_str(text)?;
        let own = |shared: BTreeMap<String, Shared>| -> Vec<String> {
            let own = shared.into_iter().filter(|(_, one)| !one.external);
            own.map(|(name, _)| name).collect()
        };
        Ok(Self {
            services: resolved
                .services
                .into_iter()
                .map(|(name, service)| (name, service.outline()))
                .collect(),
            networks: own(resolved.networks),
            volumes: own(resolved.volumes),
            secrets: resolved
                .secrets
                .into_values()
                .filter_map(|secret| secret.read(environment))
                .collect(),
        })
    }
}

impl Secret {
    fn read(self, environment: &dyn Fn(&str) -> Option<String>) -> Option<Content> {
        match (self.file, self.environment, self.content) {
            (Some(path), _, _) => Some(Content::File(path)),
            (_, Some(name), _) => {
                let value = Hidden::new(environment(&name)?);
                Some(Content::Environment { name, value })
            }
            (_, _, text) => text.map(Content::Inline),
        }
    }
}

impl ResolvedService {
    fn outline(self) -> ServiceOutline {
        let restarts = self.restarts();
        ServiceOutline {
            image: self.image,
            // Compose has no opinion of it; what it can't be, the engine says.
            platform: self.platform.and_then(|platform| platform.parse().ok()),
            pull_policy: match self.pull_policy.as_deref() {
                Some("always") => PullPolicy::Always,
                Some("never") => PullPolicy::Never,
                _ => PullPolicy::Missing,
            },
            is_built: self.build.is_some(),
            container_name: self.container_name,
            networks: self.networks.into_keys().collect(),
            entrypoint: self.entrypoint.map(unescaped),
            command: self.command.map(unescaped),
            depends_on: self
                .depends_on
                .into_iter()
                .map(|(name, dependency)| (name, dependency.read()))
                .collect(),
            ports: self.ports.into_iter().map(ResolvedPort::read).collect(),
            stop_grace_period: self
                .stop_grace_period
                .and_then(|text| units::duration(&text).ok()),
            restarts,
        }
    }

    /// `deploy` counts where both are said.
    fn restarts(&self) -> bool {
        let policy = self
            .deploy
            .as_ref()
            .and_then(|deploy| deploy.restart_policy.as_ref());
        match (policy, self.restart.as_deref()) {
            (Some(policy), _) => policy.condition.as_deref() != Some("none"),
            (None, restart) => !matches!(restart, None | Some("no" | "")),
        }
    }
}

impl ResolvedDependency {
    fn read(self) -> Dependency {
        Dependency {
            condition: match self.condition.as_str() {
                "service_healthy" => Condition::Healthy,
                "service_completed_successfully" => Condition::CompletedSuccessfully,
                _ => Condition::Started,
            },
            required: self.required,
            restart: self.restart,
            place: Place {
                file: String::new(),
                line: 0,
            },
        }
    }
}

impl ResolvedPort {
    fn read(self) -> PublishedPort {
        let published = self.published.as_deref().and_then(|text| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            PortRange::new(first.parse().ok()?, last.parse().ok()?)
        });
        PublishedPort {
            target: self.target,
            protocol: match self.protocol.as_deref() {
                Some("udp") => Protocol::Udp,
                Some("sctp") => Protocol::Sctp,
                _ => Protocol::Tcp,
            },
            published,
            host_ip: self.host_ip,
        }
    }
}

/// What is printed is a compose file again, in which `$$` stands for `$`.
fn unescaped(words: Vec<String>) -> Vec<String> {
    let words = words.into_iter();
    words.map(|word| word.replace("$$", "$")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::of_resolved(text, &|name| Some(format!("of {name}"))).expect("an outline")
    }

    #[test]
    fn what_a_run_needs_is_read_and_the_rest_is_not_asked_for() {
        let outline = outline(
            r#"{
              "name": "p",
              "services": {
                "app": {
                  "image": "a:1", "platform": "linux/arm64/v8", "pull_policy": "always",
                  "command": ["echo", "$$HOME"], "entrypoint": null,
                  "container_name": "fixed", "frobnicate": {"x": [1]},
                  "networks": {"default": null, "there": {"aliases": ["a"]}},
                  "depends_on": {"db": {"condition": "service_healthy", "required": true}},
                  "ports": [{"mode": "ingress", "target": 53, "published": "5300-5301",
                             "protocol": "udp", "host_ip": "127.0.0.1"}],
                  "stop_grace_period": "1m30s", "restart": "on-failure:2"
                },
                "db": {"image": "b", "build": {"context": "."}, "restart": "no"}
              },
              "networks": {"default": {"name": "p_default"}, "there": {"external": true}},
              "volumes": {"data": {"name": "p_data"}},
              "secrets": {"key": {"name": "p_key", "environment": "KEY"}}
            }"#,
        );
        assert_eq!(outline.order(), [vec!["db"], vec!["app"]]);
        assert_eq!(outline.networks, ["default"]);
        assert_eq!(outline.volumes, ["data"]);
        let value = Hidden::new("of KEY".to_owned());
        let name = "KEY".to_owned();
        assert_eq!(outline.secrets, [Content::Environment { name, value }]);
        let app = &outline.services["app"];
        assert_eq!(app.platform, "linux/arm64".parse().ok());
        assert_eq!(app.pull_policy, PullPolicy::Always);
        assert_eq!(
            app.command.as_deref(),
            Some(&["echo".into(), "$HOME".into()][..])
        );
        assert_eq!(app.entrypoint, None);
        assert_eq!(app.depends_on["db"].condition, Condition::Healthy);
        assert_eq!(app.stop_grace_period, Some(Duration::from_secs(90)));
        assert_eq!(app.container_name.as_deref(), Some("fixed"));
        assert_eq!(app.networks, ["default", "there"]);
        assert!(app.restarts && !app.is_built);
        let port = &app.ports[0];
        assert_eq!((port.target, port.protocol), (53, Protocol::Udp));
        assert_eq!(port.published, PortRange::new(5300, 5301));
        let db = &outline.services["db"];
        assert!(db.is_built && !db.restarts && db.container_name.is_none());
    }

    #[test]
    fn deploy_says_whether_a_service_is_started_again_where_both_do() {
        let restarts = |service: &str| {
            let text = format!(r#"{{"services": {{"a": {service}}}}}"#);
            outline(&text).services["a"].restarts
        };
        assert!(restarts(r#"{"restart": "always"}"#));
        assert!(restarts(r#"{"deploy": {"restart_policy": {}}}"#));
        assert!(!restarts(
            r#"{"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}}"#
        ));
    }

    #[test]
    fn something_else_is_refused() {
        let error = Outline::of_resolved("Docker Compose v5", &|_| None).expect_err("no JSON");
        assert!(error.to_string().contains("docker compose config"));
    }
}
