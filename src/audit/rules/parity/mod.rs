//! The platforms of one image beside one another: what only some of them have.

mod config;
mod files;
mod fold;
mod packages;
mod sides;

use std::collections::BTreeMap;

use crate::audit::Unpacked;
use crate::event::{Finding, Severity};

use sides::Panel;

/// How many findings of one kind are told one by one.
const MOST: usize = 20;

pub(super) fn judge(variants: &[Unpacked]) -> Vec<Finding> {
    // What Windows has is no measure for Linux.
    let mut by_system: BTreeMap<&str, Vec<&Unpacked>> = BTreeMap::new();
    for variant in variants {
        let group = by_system.entry(variant.platform.os()).or_default();
        group.push(variant);
    }
    let mut findings = Vec::new();
    for mut group in by_system.into_values() {
        if group.len() > Panel::MOST {
            findings.push(Finding::new(
                "parity-files",
                Severity::Info,
                format!(
                    "only the first {} of {} platforms were compared with one another",
                    Panel::MOST,
                    group.len()
                ),
            ));
            group.truncate(Panel::MOST);
        }
        if group.len() >= 2 {
            let panel = Panel::new(group);
            findings.extend(config::judge(&panel));
            findings.extend(packages::judge(&panel));
            findings.extend(files::judge(&panel));
        }
    }
    findings
}

/// The first findings, and one that says how many more there would be.
fn capped(mut findings: Vec<Finding>, code: &str, what: &str) -> Vec<Finding> {
    if let Some(rest) = findings.len().checked_sub(MOST).filter(|rest| *rest > 0) {
        findings.truncate(MOST);
        findings.push(Finding::new(
            code,
            Severity::Warning,
            format!("{rest} more {what} differ between the platforms"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests;
