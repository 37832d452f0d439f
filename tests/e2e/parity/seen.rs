//! What a project's services did and saw, without what differs each time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::diff;
use super::sheet::Dependencies;

/// How a service ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was never started.
    NotStarted,
    /// By itself, with this code.
    Exited(i64),
    /// It was stopped at the end, and had this code then.
    Stopped(i64),
}

/// What happened to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Started,
    Healthy,
    Ended,
}

/// One service.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) end: End,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// What the engine tells of it, a line each: labels, signals.
    pub(super) facts: Vec<String>,
}

/// Lines by what they are about: a service, or the order of all.
#[derive(Clone, Debug)]
pub(super) struct Seen(BTreeMap<String, Vec<String>>);

/// Under which the order of all is told.
const ORDER: &str = "the order";

/// Begins what services print of things in which engines differ.
const OF_ENGINE: &str = "engine:";
/// What Podman gives to every program.
const OF_PODMAN: [&str; 2] = ["TERM=xterm", "container=podman"];

impl Seen {
    pub(super) fn new(
        services: &BTreeMap<String, Service>,
        steps: &[(String, Step)],
        dependencies: &Dependencies,
    ) -> Self {
        let mut all = BTreeMap::new();
        for (name, service) in services {
            let mut lines = vec![format!("{:?}", service.end)];
            if steps.contains(&(name.clone(), Step::Healthy)) {
                lines.push("was healthy".to_owned());
            }
            lines.extend(service.facts.iter().cloned());
            for (stream, printed) in [("stdout", &service.stdout), ("stderr", &service.stderr)] {
                let printed = normal(printed);
                lines.extend(printed.lines().map(|line| format!("{stream}| {line}")));
            }
            all.insert(format!("service {name}"), lines);
        }
        all.insert(ORDER.to_owned(), order(services, steps, dependencies));
        Self(all)
    }

    /// Removes what is Docker's and not Podman's, and these services.
    pub(super) fn forget_what_engines_differ_in(&mut self, apart: &[&str]) {
        for service in apart {
            self.0.remove(&format!("service {service}"));
        }
        if !apart.is_empty() {
            self.0.remove(ORDER);
        }
        for lines in self.0.values_mut() {
            lines.retain(|line| {
                let printed = line.split_once("| ").map_or("", |(_, printed)| printed);
                !printed.starts_with(OF_ENGINE) && !OF_PODMAN.contains(&printed)
            });
        }
    }

    /// Nothing compared with nothing is no parity.
    #[track_caller]
    pub(super) fn demand_something(&self) {
        let has_said = |lines: &Vec<String>| lines.iter().any(|line| line.starts_with("std"));
        assert!(
            self.0.values().any(has_said),
            "nobody printed a thing: {self:?}"
        );
    }

    /// What differs, by what it is about.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let both: BTreeMap<&String, ()> = self
            .0
            .keys()
            .chain(other.0.keys())
            .map(|key| (key, ()))
            .collect();
        let none = Vec::new();
        both.keys()
            .filter_map(|about| {
                let ours = self.0.get(*about).unwrap_or(&none);
                let theirs = other.0.get(*about).unwrap_or(&none);
                (ours != theirs).then(|| format!("{about}:\n{}", diff::lines(ours, theirs)))
            })
            .collect()
    }
}

/// Independent services have no order; of the others it is said what came when.
fn order(
    services: &BTreeMap<String, Service>,
    steps: &[(String, Step)],
    dependencies: &Dependencies,
) -> Vec<String> {
    let first = |name: &str, step| {
        let is_it = |known: &(String, Step)| known.0 == name && known.1 == step;
        steps.iter().position(is_it)
    };
    let last = |name: &str, step| {
        let is_it = |known: &(String, Step)| known.0 == name && known.1 == step;
        steps.iter().rposition(is_it)
    };
    let was_stopped = |name: &str| {
        services
            .get(name)
            .is_some_and(|service| matches!(service.end, End::Stopped(_)))
    };
    let mut lines = Vec::new();
    for (later, depends) in dependencies {
        for (earlier, condition) in depends {
            let (come, what) = match condition.as_str() {
                "service_healthy" => (first(earlier, Step::Healthy), "was healthy"),
                "service_completed_successfully" => (last(earlier, Step::Ended), "had ended"),
                _ => (first(earlier, Step::Started), "had started"),
            };
            let Some(started) = first(later, Step::Started) else {
                lines.push(format!("{later} did not start"));
                continue;
            };
            let is_so = come.is_some_and(|come| come < started);
            lines.push(match is_so {
                true => format!("{later} started after {earlier} {what}"),
                false => format!("{later} started before {earlier} {what}"),
            });
            if was_stopped(later) && was_stopped(earlier) {
                let is_so = last(later, Step::Ended) < last(earlier, Step::Ended);
                let word = if is_so { "before" } else { "after" };
                lines.push(format!("{later} was stopped {word} {earlier}"));
            }
        }
    }
    lines
}

/// Without ids and addresses, which differ each time.
fn normal(printed: &str) -> String {
    static CHANGING: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        let regex = |text: &str| Regex::new(text).expect("a regex");
        [
            (regex(r"\b[0-9a-f]{64}\b"), "<long id>"),
            (regex(r"\b[0-9a-f]{12}\b"), "<id>"),
            // The ranges that engines take their networks' addresses from.
            (
                regex(r"\b(172\.(1[6-9]|2\d|3[01])|192\.168|10\.8[89])\.\d{1,3}\.\d{1,3}\b"),
                "<address>",
            ),
            (regex(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "<mac>"),
        ]
    });
    let mut text = printed.to_owned();
    for (pattern, word) in CHANGING.iter() {
        text = pattern.replace_all(&text, *word).into_owned();
    }
    // The JUnit file has all of it; its reader takes tabs out, and the last spaces.
    text.replace('\t', "")
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}
