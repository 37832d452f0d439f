//! What the configs say of how the image wants to be run.

use std::collections::BTreeSet;

use crate::event::{Finding, Severity};
use crate::image::ImageConfig;

use super::sides::Panel;
use super::{capped, fold};

const CODE: &str = "parity-config";

/// Labels that speak of the build, and rightly differ.
const OF_THE_BUILD: [&str; 8] = [
    "created",
    "build-date",
    "build_date",
    "build-time",
    "build_version",
    "revision",
    "vcs-ref",
    "digest",
];

/// A field: its name, and how it reads its value.
type Field = (&'static str, fn(&ImageConfig) -> String);

const FIELDS: [Field; 8] = [
    ("the entrypoint", |config| shown(&config.entrypoint)),
    ("the command", |config| shown(&config.cmd)),
    ("the user", |config| {
        match config.user.as_str() {
            "" | "0" | "root" | "0:0" | "root:root" => "root",
            user => user,
        }
        .to_owned()
    }),
    ("the working directory", |config| {
        match config.workdir.as_str() {
            "" => "/",
            folder => folder,
        }
        .to_owned()
    }),
    ("the list of exposed ports", |config| {
        sorted(&config.exposed_ports)
    }),
    ("the list of volumes", |config| sorted(&config.volumes)),
    ("the stop signal", |config| {
        config
            .stop_signal
            .clone()
            .unwrap_or_else(|| "not set".to_owned())
    }),
    ("the health check", |config| match &config.healthcheck {
        None => "not set".to_owned(),
        Some(check) => format!(
            "{}, interval {:?}, timeout {:?}, start period {:?}, retries {:?}",
            shown(&check.test),
            check.interval,
            check.timeout,
            check.start_period,
            check.retries
        ),
    }),
];

pub(super) fn judge(panel: &Panel<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = FIELDS
        .iter()
        .filter_map(|(name, read)| differs(panel, name, |config| Some(read(config))))
        .collect();
    let variables: BTreeSet<&str> = panel
        .variants()
        .flat_map(|(_, variant)| &variant.config.env)
        .map(|(name, _)| name.as_str())
        .collect();
    findings.extend(variables.into_iter().filter_map(|name| {
        differs(panel, &format!("the variable {name}"), |config| {
            config.env(name).map(str::to_owned)
        })
    }));
    let labels: BTreeSet<&str> = panel
        .variants()
        .flat_map(|(_, variant)| variant.config.labels.keys())
        .map(String::as_str)
        .filter(|key| {
            let key = key.to_ascii_lowercase();
            !OF_THE_BUILD.iter().any(|word| key.contains(word))
        })
        .collect();
    findings.extend(labels.into_iter().filter_map(|key| {
        differs(panel, &format!("the label {key}"), |config| {
            config.labels.get(key).cloned()
        })
    }));
    capped(findings, CODE, "variables and labels")
}

fn differs(
    panel: &Panel<'_>,
    name: &str,
    read: impl Fn(&ImageConfig) -> Option<String>,
) -> Option<Finding> {
    let folded = panel
        .variants()
        .map(|(place, variant)| (place, read(&variant.config).map(|value| fold::text(&value))))
        .collect();
    let divided = panel.divided(folded);
    if divided.len() < 2 {
        return None;
    }
    let odd = panel.odd(&divided);
    let message = match odd {
        Some(odd) => format!(
            "{name} of {} is not that of the other platforms",
            panel.names(odd)
        ),
        None => format!("{name} differs between {}", panel.names(panel.all())),
    };
    let mut finding = Finding::new(CODE, Severity::Warning, message);
    for (_, sides) in divided.iter().take(6) {
        let value = panel
            .variants()
            .find(|(place, _)| sides.has(*place))
            .and_then(|(_, variant)| read(&variant.config));
        finding = finding.because(match value {
            Some(value) => format!("{}: {}", panel.names(*sides), cut(&value)),
            None => format!("{}: not set", panel.names(*sides)),
        });
    }
    let finding = match odd {
        Some(odd) => panel.on(finding, odd),
        None => finding,
    };
    Some(finding.hint("build all platforms from the same Dockerfile with the same arguments; a difference that is meant can be accepted in the suite"))
}

fn shown(words: &[String]) -> String {
    format!("{words:?}")
}

fn sorted(words: &[String]) -> String {
    let mut words = words.to_vec();
    words.sort();
    shown(&words)
}

/// The beginning of a long value.
fn cut(value: &str) -> String {
    const MOST: usize = 120;
    match value.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
    }
}
