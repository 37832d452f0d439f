//! Asks every rule, and completes what a rule leaves to others: on which platform,
//! by which layer.

use super::rules::{self, Rule};
use super::tree::Tree;
use super::unpacked::Unpacked;
use crate::event::Finding;

/// What the documents show.
pub(super) fn of_tree(tree: &Tree) -> Vec<Finding> {
    rules::ALL
        .iter()
        .flat_map(|rule| match rule {
            Rule::Tree(judge) => judge(tree),
            Rule::Variant(_) | Rule::Across(_) => Vec::new(),
        })
        .collect()
}

/// What the files show.
pub(super) fn of_files(unpacked: &[Unpacked]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules::ALL {
        match rule {
            Rule::Tree(_) => {}
            Rule::Variant(judge) => findings.extend(unpacked.iter().flat_map(|variant| {
                judge(variant)
                    .into_iter()
                    .map(|finding| located(finding.on(&variant.platform), variant))
            })),
            Rule::Across(judge) => findings.extend(judge(unpacked).into_iter().map(|finding| {
                let variant = unpacked
                    .iter()
                    .find(|variant| Some(&variant.platform) == finding.platform.as_ref());
                match variant {
                    Some(variant) => located(finding, variant),
                    None => finding,
                }
            })),
        }
    }
    rules::cause::explain(&mut findings, unpacked);
    findings
}

/// With the layer that brought its file.
fn located(mut finding: Finding, variant: &Unpacked) -> Finding {
    let Some(path) = finding.path.as_deref().filter(|_| finding.layer.is_none()) else {
        return finding;
    };
    let Some(file) = variant.rootfs.entry(path) else {
        return finding;
    };
    if let Some(layer) = variant.layers.get(file.layer()) {
        finding.layer = Some(layer.descriptor.digest.clone());
        finding.history = variant.history(file.layer());
    }
    finding
}
