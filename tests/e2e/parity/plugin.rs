//! The compose plugin runs a file.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use super::engine_events::Listening;
use super::seen::{End, Seen, Service};
use super::sheet::{Sheet, UNDER_TEST, said};
use crate::e2e::lab::{Lab, eventually};

/// A project that is taken down, whatever happens.
struct Up<'a> {
    sheet: &'a Sheet,
    lab: Lab,
    name: String,
    url: &'a str,
}

impl Up<'_> {
    fn compose(&self, words: &[&str]) -> Command {
        let mut command = self.sheet.compose(&self.lab, &self.name);
        command.env("DOCKER_HOST", self.url).args(words);
        command
    }

    fn docker(&self, words: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(["--host", self.url]).args(words);
        command
    }

    /// Every container with its service's name.
    fn containers(&self) -> Vec<(String, String)> {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        let format = "{{.ID}} {{.Label \"com.docker.compose.service\"}}";
        let words = [
            "ps",
            "--all",
            "--no-trunc",
            "--filter",
            &filter,
            "--format",
            format,
        ];
        said(&mut self.docker(&words))
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(id, service)| (id.to_owned(), service.to_owned()))
            .collect()
    }

    fn state(&self, id: &str) -> Value {
        let state = said(&mut self.docker(&["inspect", "--format", "{{json .State}}", id]));
        serde_json::from_str(&state).expect("JSON")
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        let _ = self
            .compose(&["down", "--volumes", "--timeout", "0"])
            .output();
    }
}

pub(super) fn run(sheet: &Sheet, url: &str) -> Seen {
    let up = Up {
        sheet,
        lab: sheet.lab(),
        name: format!("parity-{}-{}", sheet.name(), std::process::id()),
        url,
    };
    let dependencies = sheet.dependencies(&up.lab);
    let label = format!("com.docker.compose.project={}", up.name);
    let listening = Listening::to(url, &label);
    // Whether all came up shows in what became of them.
    let brought = eventually("addresses for its networks", || {
        let brought = up.compose(&["up", "--detach"]).output();
        let brought = brought.expect("the compose plugin");
        // Other tests have many networks at a time, and end.
        let is_full = String::from_utf8_lossy(&brought.stderr).contains("address pool");
        (!is_full).then_some(brought)
    });
    let containers = up.containers();
    let errors = String::from_utf8_lossy(&brought.stderr);
    assert!(!containers.is_empty(), "{}: {errors}", sheet.file());
    for (id, service) in &containers {
        if service == UNDER_TEST && up.state(id)["Status"] != "created" {
            said(&mut up.docker(&["wait", id]));
        }
    }
    let running: Vec<bool> = containers
        .iter()
        .map(|(id, _)| up.state(id)["Running"] == true)
        .collect();
    said(&mut up.compose(&["stop"]));
    let mut services = BTreeMap::new();
    for ((id, service), was_running) in containers.iter().zip(running) {
        let state = up.state(id);
        let code = state["ExitCode"].as_i64().expect("a code");
        let end = match was_running {
            _ if state["Status"] == "created" => End::NotStarted,
            true => End::Stopped(code),
            false => End::Exited(code),
        };
        let printed = up.docker(&["logs", id]).output().expect("its log");
        let found = Service {
            end,
            stdout: String::from_utf8_lossy(&printed.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&printed.stderr).into_owned(),
            facts: Vec::new(),
        };
        services.insert(service.clone(), found);
    }
    said(&mut up.compose(&["down", "--volumes"]));
    let mut told = listening.until_gone(containers.len(), |attributes| {
        let service = attributes["com.docker.compose.service"].as_str();
        service.map(str::to_owned)
    });
    for (name, service) in &mut services {
        service.facts = told.facts.remove(name).unwrap_or_default();
    }
    Seen::new(&services, &told.steps, &dependencies)
}
