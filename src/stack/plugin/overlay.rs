//! The compose file that is laid over the user's own: images by what was pulled
//! for them, platforms, labels to be found again by, and nothing that two platforms
//! can't have at the same time. Pure.
//!
//! Tags are those of the Compose Specification: `!reset` takes a key away, and
//! `!override` replaces a list instead of adding to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::compose::{Outline, ServiceOutline};
use crate::stack::ServiceImage;

/// The file's text.
pub(super) fn text(
    outline: &Outline,
    images: &BTreeMap<String, ServiceImage>,
    asked: &BTreeMap<String, BTreeSet<u16>>,
    labels: &BTreeMap<String, String>,
) -> String {
    let labels = json!(labels);
    let mut text = String::from("services:\n");
    for (name, service) in &outline.services {
        let mut entry = Entry::new(&mut text, name);
        if let Some(image) = images.get(name) {
            entry.value("image", &json!(engine_name(&image.reference)));
            entry.value("pull_policy", &json!("never"));
            if let Some(platform) = &image.platform {
                entry.value("platform", &json!(platform.to_string()));
            }
            if service.is_built {
                entry.raw("build", "!reset null");
            }
        }
        // Two platforms are up at once, and a name or a port is had by one. Others of
        // its networks find it by that name all the same.
        if let Some(name) = &service.container_name {
            entry.raw("container_name", "!reset null");
            let aliases = json!({ "aliases": [name] });
            let networks = service.networks.iter();
            let found: BTreeMap<&String, &Value> =
                networks.map(|network| (network, &aliases)).collect();
            if !found.is_empty() {
                entry.value("networks", &json!(found));
            }
        }
        let ports = ports(service, asked.get(name));
        if !ports.is_empty() {
            entry.raw("ports", &format!("!override {}", json!(ports)));
        }
        entry.value("labels", &labels);
    }
    for (title, names) in [
        ("networks", &outline.networks),
        ("volumes", &outline.volumes),
    ] {
        if names.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{title}:");
        for name in names {
            let mut entry = Entry::new(&mut text, name);
            entry.raw("name", "!reset null");
            entry.value("labels", &labels);
        }
    }
    text
}

/// Engines that say an id without its algorithm take it with it.
fn engine_name(reference: &str) -> String {
    let is_bare = reference.len() == 64 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_bare {
        true => format!("sha256:{reference}"),
        false => reference.to_owned(),
    }
}

fn ports(service: &ServiceOutline, asked: Option<&BTreeSet<u16>>) -> Vec<Value> {
    let published = service
        .ports
        .iter()
        .map(|port| (port.target, port.protocol.as_str()));
    let asked = asked.into_iter().flatten().map(|port| (*port, "tcp"));
    let all: BTreeSet<(u16, &str)> = published.chain(asked).collect();
    all.into_iter()
        .map(|(target, protocol)| {
            json!({"target": target, "host_ip": "127.0.0.1", "protocol": protocol})
        })
        .collect()
}

/// One entry of a map. Values are JSON, which is YAML.
struct Entry<'a> {
    text: &'a mut String,
}

impl<'a> Entry<'a> {
    fn new(text: &'a mut String, name: &str) -> Self {
        let _ = writeln!(text, "  {}:", json!(name));
        Self { text }
    }

    /// Compose fills variables in; none are meant here.
    fn value(&mut self, key: &str, value: &Value) {
        self.raw(key, &value.to_string().replace('$', "$$"));
    }

    fn raw(&mut self, key: &str, value: &str) {
        // Writing into memory does not fail.
        let _ = writeln!(self.text, "    {key}: {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ImageConfig;

    fn image(reference: &str, platform: &str) -> ServiceImage {
        ServiceImage {
            reference: reference.to_owned(),
            platform: platform.parse().ok(),
            config: ImageConfig::default(),
            factor: 1.0,
        }
    }

    #[test]
    fn what_the_files_say_of_images_names_and_ports_is_replaced() {
        let outline = Outline::of_resolved(
            r#"{
              "services": {
                "app": {
                  "image": "not/this:one", "build": {"context": "."}, "container_name": "own",
                  "networks": {"default": null},
                  "ports": [{"target": 53, "published": "53", "protocol": "udp"}]
                },
                "built": {"build": {"context": "."}},
                "db": {"image": "db"}
              },
              "networks": {"default": {"name": "x"}, "there": {"external": true}},
              "volumes": {"data": {"name": "fixed"}}
            }"#,
            &|_| None,
        )
        .expect("an outline");
        let images = BTreeMap::from([
            ("app".to_owned(), image("r/app@sha256:aa", "linux/arm64")),
            ("db".to_owned(), image(&"0".repeat(64), "linux/amd64")),
        ]);
        let asked = BTreeMap::from([("app".to_owned(), BTreeSet::from([8080]))]);
        let labels = BTreeMap::from([("run".to_owned(), "a$b".to_owned())]);
        assert_eq!(
            text(&outline, &images, &asked, &labels),
            r#"services:
  "app":
    image: "r/app@sha256:aa"
    pull_policy: "never"
    platform: "linux/arm64"
    build: !reset null
    container_name: !reset null
    networks: {"default":{"aliases":["own"]}}
    ports: !override [{"target":53,"host_ip":"127.0.0.1","protocol":"udp"},{"target":8080,"host_ip":"127.0.0.1","protocol":"tcp"}]
    labels: {"run":"a$$b"}
  "built":
    labels: {"run":"a$$b"}
  "db":
    image: "sha256:0000000000000000000000000000000000000000000000000000000000000000"
    pull_policy: "never"
    platform: "linux/amd64"
    labels: {"run":"a$$b"}
networks:
  "default":
    name: !reset null
    labels: {"run":"a$$b"}
volumes:
  "data":
    name: !reset null
    labels: {"run":"a$$b"}
"#
        );
    }
}
