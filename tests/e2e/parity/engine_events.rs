//! What Docker tells of containers while they come and go.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use serde_json::Value;

use super::seen::Step;

/// An engine that is listened to.
pub(super) struct Listening {
    child: Child,
    told: BufReader<ChildStdout>,
}

/// What it told of some containers.
#[derive(Default)]
pub(super) struct Told {
    pub(super) steps: Vec<(String, Step)>,
    pub(super) facts: BTreeMap<String, Vec<String>>,
}

impl Listening {
    /// Listens from now on to what happens to containers with this label.
    pub(super) fn to(url: &str, label: &str) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Should it not listen yet when the first thing happens, it is told of that.
        let since = now.expect("a clock").as_secs().to_string();
        let filter = format!("label={label}");
        let mut child = Command::new("docker")
            .args(["--host", url, "events", "--since", &since])
            .args(["--filter", "type=container", "--filter", &filter])
            .args(["--format", "{{json .}}"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker's command line");
        let told = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, told }
    }

    /// All that was told until so many containers were gone: those of services that
    /// `service_of` finds in their names and labels.
    pub(super) fn until_gone(
        mut self,
        mut left: usize,
        service_of: impl Fn(&Value) -> Option<String>,
    ) -> Told {
        let mut told = Told::default();
        let mut line = String::new();
        while left > 0 {
            line.clear();
            let read = self.told.read_line(&mut line);
            assert!(read.is_ok_and(|n| n > 0), "the engine tells no more");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            let attributes = &event["Actor"]["Attributes"];
            let Some(service) = service_of(attributes) else {
                continue;
            };
            let facts = told.facts.entry(service.clone()).or_default();
            match event["Action"].as_str().unwrap_or_default() {
                "create" => facts.extend(labels(attributes)),
                "start" => told.steps.push((service, Step::Started)),
                "die" => told.steps.push((service, Step::Ended)),
                "health_status: healthy" => told.steps.push((service, Step::Healthy)),
                "kill" => {
                    let signal = attributes["signal"].as_str().unwrap_or_default();
                    facts.push(format!("got signal {signal}"));
                }
                "destroy" => left -= 1,
                _ => {}
            }
        }
        told
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The labels that the file gives, besides those that tell whose the container is.
fn labels(attributes: &Value) -> Vec<String> {
    let all = attributes.as_object().into_iter().flatten();
    all.filter(|(name, _)| {
        let is_ours = name.starts_with("dev.everyarch.") || name.starts_with("com.docker.compose.");
        !is_ours && !["image", "name"].contains(&name.as_str())
    })
    .map(|(name, value)| format!("label {name}={}", value.as_str().unwrap_or_default()))
    .collect()
}
