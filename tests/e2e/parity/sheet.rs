//! A compose file to be compared, and how it is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::e2e::lab::{Lab, image};
use crate::e2e::outcome::text;
use crate::e2e::push::child;

/// The image that all services are made from, unless a file says otherwise.
const IMAGE: &str = "test/busybox:docker";

/// The service that is the image under test.
pub(super) const UNDER_TEST: &str = "app";

pub(super) struct Sheet {
    name: &'static str,
    files: Vec<&'static str>,
    profiles: Vec<&'static str>,
    /// Services whose fate is their engine's.
    apart: Vec<&'static str>,
    /// Why Podman can't run it.
    impossible: Option<&'static str>,
}

impl Sheet {
    pub(super) fn of(name: &'static str) -> Self {
        Self {
            name,
            files: Vec::new(),
            profiles: Vec::new(),
            apart: Vec::new(),
            impossible: None,
        }
    }

    /// A further file, merged over those before.
    pub(super) fn over(mut self, file: &'static str) -> Self {
        self.files.push(file);
        self
    }

    pub(super) fn profile(mut self, name: &'static str) -> Self {
        self.profiles.push(name);
        self
    }

    /// What becomes of this service is not compared between two engines: what they
    /// may do themselves decides.
    pub(super) fn apart(mut self, service: &'static str) -> Self {
        self.apart.push(service);
        self
    }

    /// Podman 4 can't run it, and this is said of it there.
    pub(super) fn not_on_podman(mut self, said: &'static str) -> Self {
        self.impossible = Some(said);
        self
    }

    pub(super) fn set_apart(&self) -> &[&'static str] {
        &self.apart
    }

    pub(super) fn impossible(&self) -> Option<&'static str> {
        self.impossible
    }

    pub(super) fn file(&self) -> String {
        format!("{}.yml", self.name)
    }

    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// All its files, as they are seen from the lab's folder.
    pub(super) fn files(&self) -> Vec<String> {
        let own = self.file();
        let all = std::iter::once(own.as_str()).chain(self.files.iter().copied());
        all.map(|file| format!("parity/{file}")).collect()
    }

    pub(super) fn profiles(&self) -> &[&'static str] {
        &self.profiles
    }

    /// A folder with all of it, and the variables.
    pub(super) fn lab(&self) -> Lab {
        let lab = Lab::new()
            .env("BUSYBOX", pinned(IMAGE, native()))
            .env("SERVICE", pinned("demo/service:healthy", native()))
            .env("FOREIGN", pinned(IMAGE, foreign()))
            .env("FOREIGN_PLATFORM", foreign())
            .env("FROM_OUTSIDE", "of the environment")
            .env("IN_BOTH", "of the environment")
            .env("A_NUMBER", "42")
            .env("A_SWITCH", "true")
            .env("A_SECRET", "hidden in the environment")
            .env("A_CONFIG", "config of the environment");
        copy(&folder(), &lab.path("parity"));
        lab
    }

    /// The compose plugin with these files.
    pub(super) fn compose(&self, lab: &Lab, project: &str) -> Command {
        let mut command = program();
        lab.prepare(&mut command);
        command.args(["--project-name", project]);
        for file in self.files() {
            command.args(["--file", &file]);
        }
        for profile in &self.profiles {
            command.args(["--profile", profile]);
        }
        command
    }

    /// What waits for what, as the plugin reads it.
    pub(super) fn dependencies(&self, lab: &Lab) -> Dependencies {
        let mut command = self.compose(lab, "any");
        let project = said(command.args(["config", "--format", "json"]));
        let project: Value = serde_json::from_str(&project).expect("JSON");
        let services = project["services"].as_object().expect("services");
        let of = |service: &Value| -> BTreeMap<String, String> {
            let depends = service["depends_on"].as_object();
            depends
                .into_iter()
                .flatten()
                .map(|(name, how)| (name.clone(), text(&how["condition"])))
                .collect()
        };
        services
            .iter()
            .map(|(name, service)| (name.clone(), of(service)))
            .collect()
    }
}

/// Each service's dependencies, with the condition.
pub(super) type Dependencies = BTreeMap<String, BTreeMap<String, String>>;

/// The compose files that there are.
pub(super) fn files() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".yml"))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// The plugin: the one that `ci/compose` got, else the command line's own.
fn program() -> Command {
    match std::env::var_os("COMPOSE") {
        Some(program) => Command::new(program),
        None => {
            let mut command = Command::new("docker");
            command.arg("compose");
            command
        }
    }
}

/// What a command prints.
#[track_caller]
pub(super) fn said(command: &mut Command) -> String {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The platform that engines here run natively.
pub(super) fn native() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "linux/arm64",
        _ => "linux/amd64",
    }
}

/// One that they emulate.
fn foreign() -> &'static str {
    match native() {
        "linux/arm64" => "linux/amd64",
        _ => "linux/arm64",
    }
}

pub(super) fn under_test() -> String {
    image(IMAGE)
}

/// By its digest: a tag may stand for another platform's by now.
fn pinned(name: &str, platform: &str) -> String {
    let (repository, _) = name.split_once(':').expect("a tag");
    image(&format!("{repository}@{}", child(name, platform)))
}
