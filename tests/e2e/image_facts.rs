//! `files:` and `config:`: read without running anything.

use serde_json::json;
use sha2::Digest as _;

use super::engine;
use super::lab::{Lab, image};
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn files_are_looked_at_without_running_anything() {
    let content = b"mode = production\n";
    let hash = sha2::Sha256::digest(content);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    // Nothing in it can be executed, on any platform.
    let variant = |platform| {
        NewVariant::empty(platform)
            .file("/etc/app.conf", content)
            .file("/etc/app.json", br#"{"production": true, "ports": [80]}"#)
    };
    let reference = push::push("e2e/files", &[variant(AMD64), variant(ARM64)]);
    let suite = "
version: 1
smoke:
  - name: as it should be
    files:
      - { path: /etc/app.conf, type: file, mode: '0755', size: 18 }
      - { path: /etc/app.conf, exists: true, size: { min: 1, max: 1K }, sha256: HASH }
      - { path: /etc/app.conf, equals: 'mode = production', not_contains: debug, matches: 'mode\\s' }
      - { path: /etc/app.json, json: { production: true, 'ports[0]': 80 }, contains: ports }
      - { path: /etc, type: directory }
      - { path: /root/.npmrc, absent: true }
  - { name: owner, files: [{ path: /etc/app.conf, owner: '0:0' }] }
  - { name: exists, files: [{ path: /etc/none }] }
  - { name: absent, files: [{ path: /etc/app.conf, absent: true }] }
  - { name: type, files: [{ path: /etc/app.conf, type: directory }] }
  - { name: mode, files: [{ path: /etc/app.conf, mode: '0600' }] }
  - { name: size, files: [{ path: /etc/app.conf, size: { min: 1K } }] }
  - { name: sha256, files: [{ path: /etc/app.json, sha256: HASH }] }
  - { name: contains, files: [{ path: /etc/app.conf, contains: debug }] }
  - { name: json, files: [{ path: /etc/app.json, json: { production: false } }] }
"
    .replace("HASH", &hash);
    let outcome = Lab::new().check(&reference, &suite, &[]);
    // Podman's archives call every file root's: it is no pass, and said.
    let is_podman = engine::is_podman();
    let outcome = outcome.exits(if is_podman { 3 } else { 1 });
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "as it should be");
        if is_podman {
            outcome.broke(platform, "owner", &["Podman does not tell who owns a file"]);
        } else {
            outcome.passed(platform, "owner");
        }
        for (name, words) in [
            ("exists", vec!["/etc/none"]),
            ("absent", vec!["/etc/app.conf"]),
            ("type", vec!["directory", "file"]),
            ("mode", vec!["0600", "0755"]),
            ("size", vec!["18"]),
            ("sha256", vec![hash.as_str()]),
            ("contains", vec!["expected to contain \"debug\""]),
            ("json", vec!["production", "expected false"]),
        ] {
            outcome.failed(platform, name, &words);
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn links_are_followed_unless_they_are_what_is_asked_for() {
    let suite = "
version: 1
smoke:
  - name: links
    files:
      - { path: /bin/sh, type: symlink }
      - { path: /bin/sh, type: file, mode: '0755', size: { min: 100K } }
  - name: no link
    files: [{ path: /bin/busybox, type: symlink }]
";
    let outcome = Lab::new()
        .check(&image("test/busybox:docker"), suite, &[])
        .exits(1);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "links");
        outcome.failed(platform, "no link", &["symlink"]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_config_is_compared() {
    let settings = json!({
        "Entrypoint": ["/app", "serve"], "Cmd": ["--port", "80"],
        "Env": ["PATH=/bin", "MODE=production", "EMPTY="],
        "User": "app:app", "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Volumes": {"/data": {}},
        "Labels": {"org.opencontainers.image.source": "https://example.org/app"},
        "Healthcheck": {"Test": ["CMD", "/app", "health"]},
    });
    let variant = |platform| {
        NewVariant::empty(platform)
            .file("/app", b"not run")
            .with(settings.clone())
    };
    let reference = push::push("e2e/config", &[variant(AMD64), variant(ARM64)]);
    let suite = "
version: 1
smoke:
  - name: as agreed
    config:
      entrypoint: /app serve
      cmd: [--port, '80']
      env: { MODE: production, PATH: { contains: /bin }, EMPTY: '', DEBUG: null }
      user: app:app
      workdir: /srv
      exposed_ports: [80, 53/udp]
      volumes: [/data]
      labels: { org.opencontainers.image.source: { matches: '^https://' } }
      healthcheck: [CMD, /app, health]
  - { name: entrypoint, config: { entrypoint: [] } }
  - { name: cmd, config: { cmd: --port } }
  - { name: env, config: { env: { MODE: debug } } }
  - { name: unset, config: { env: { MODE: null } } }
  - { name: user, config: { user: root } }
  - { name: workdir, config: { workdir: / } }
  - { name: port, config: { exposed_ports: [443] } }
  - { name: volume, config: { volumes: [/cache] } }
  - { name: label, config: { labels: { maintainer: me } } }
  - { name: healthcheck, config: { healthcheck: false } }
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(1);
    for platform in [AMD64, ARM64] {
        outcome.passed(platform, "as agreed");
        for (name, words) in [
            ("entrypoint", vec!["/app"]),
            ("cmd", vec!["80"]),
            ("env", vec!["MODE", "debug", "production"]),
            ("unset", vec!["MODE"]),
            ("user", vec!["root", "app:app"]),
            ("workdir", vec!["/srv"]),
            ("port", vec!["443"]),
            ("volume", vec!["/cache"]),
            ("label", vec!["maintainer"]),
            ("healthcheck", vec!["healthcheck"]),
        ] {
            outcome.failed(platform, name, &words);
        }
    }
}
