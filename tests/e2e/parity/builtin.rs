//! everyarch runs a file, as an entry of a suite.

use std::collections::BTreeMap;

use serde_json::Value;

use super::engine_events::Listening;
use super::seen::{End, Seen, Service, Step};
use super::sheet::{self, Sheet, UNDER_TEST};
use crate::e2e::engine;
use crate::e2e::lab::{Lab, Running};
use crate::e2e::outcome::Outcome;

pub(super) fn run(sheet: &Sheet, runner: &str, url: &str) -> Seen {
    let lab = sheet.lab();
    let dependencies = sheet.dependencies(&lab);
    // Podman tells other things, and tells them otherwise.
    let is_told = !engine::is_podman();
    let listening = is_told.then(|| Listening::to(url, "dev.everyarch.owner"));
    let running = start(sheet, &lab, runner, url);
    let owner = format!("/{}/", running.pid());
    let outcome = running.finish();
    let story = story(&outcome);
    let steps = steps(&story);
    let mut services: BTreeMap<String, Service> = dependencies
        .keys()
        .map(|name| (name.clone(), service(&story, name)))
        .collect();
    if let Some(listening) = listening {
        let made = services.len();
        let mut told = listening.until_gone(made, |attributes| {
            let is_ours = attributes["dev.everyarch.owner"].as_str()?.contains(&owner);
            is_ours.then(|| service_of(attributes))?
        });
        for (name, service) in &mut services {
            service.facts = told.facts.remove(name).unwrap_or_default();
        }
    }
    Seen::new(&services, &steps, &dependencies)
}

/// What comes of it, whatever that is.
pub(super) fn outcome(sheet: &Sheet, runner: &str, url: &str) -> Outcome {
    start(sheet, &sheet.lab(), runner, url).finish()
}

fn start<'a>(sheet: &Sheet, lab: &'a Lab, runner: &str, url: &str) -> Running<'a> {
    let profiles = match sheet.profiles() {
        [] => String::new(),
        names => format!("profiles: {names:?}"),
    };
    let suite = format!(
        "
version: 1
integration:
  - name: parity
    compose: {:?}
    {profiles}
    under_test: {UNDER_TEST}
    exit_code_from: {UNDER_TEST}
    runner: {runner}
    timeout: 1m
",
        sheet.files(),
    );
    lab.write("suite.yaml", suite);
    let image = sheet::under_test();
    lab.spawn(&[
        "run",
        &image,
        "--suite",
        "suite.yaml",
        "--json",
        "result.json",
        "--junit",
        "result.xml",
        "--engine",
        url,
        "--no-audit",
        "--platform",
        sheet::native(),
    ])
}

/// A container's name ends with its service's, where it is one.
fn service_of(attributes: &Value) -> Option<String> {
    if let Some(service) = attributes["com.docker.compose.service"].as_str() {
        return Some(service.to_owned());
    }
    let name = attributes["name"].as_str()?;
    name.splitn(4, '-').nth(3).map(str::to_owned)
}

/// What the report tells of the services.
#[track_caller]
/// What the services did: it stands on the part that did not pass, else on the first.
fn story(outcome: &Outcome) -> String {
    let suite = format!("suite {}", sheet::native());
    let mut stories = outcome
        .names(sheet::native())
        .into_iter()
        .filter_map(|name| {
            outcome.with_test_case(&suite, &name, |case| {
                let printed = case.system_out.as_ref();
                printed.map(|text| text.as_str().to_owned())
            })
        });
    stories
        .find(|story| story.lines().any(|line| line == "== events"))
        .unwrap_or_else(|| panic!("no service did anything\n{outcome}"))
}

/// The lines below a heading.
fn part<'a>(story: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let heading = format!("== {heading}");
    story
        .lines()
        .skip_while(move |line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("== "))
}

/// Services with what happened to them, in order of time.
fn events(story: &str) -> impl Iterator<Item = (&str, &str)> {
    part(story, "events").filter_map(|line| line.split_once(" s  ")?.1.split_once("  "))
}

fn steps(story: &str) -> Vec<(String, Step)> {
    events(story)
        .filter_map(|(service, what)| {
            let step = match what {
                "started" => Step::Started,
                "healthy" => Step::Healthy,
                _ if exit_code(what).is_some() => Step::Ended,
                _ => return None,
            };
            Some((service.to_owned(), step))
        })
        .collect()
}

fn exit_code(what: &str) -> Option<i64> {
    what.strip_prefix("exited with ")?.parse().ok()
}

fn service(story: &str, name: &str) -> Service {
    let of_it = || events(story).filter(|(service, _)| *service == name);
    let was_stopped = of_it().any(|(_, what)| what == "stopped");
    let end = match of_it().filter_map(|(_, what)| exit_code(what)).last() {
        Some(code) if was_stopped => End::Stopped(code),
        Some(code) => End::Exited(code),
        None => End::NotStarted,
    };
    let printed = |stream: &str| -> String {
        part(story, &format!("{name} {stream}"))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    Service {
        end,
        stdout: printed("stdout"),
        stderr: printed("stderr"),
        facts: Vec::new(),
    }
}
