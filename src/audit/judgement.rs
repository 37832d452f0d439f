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

/// Adds what the files show to what the documents show. Where both tell one mistake of
/// one platform it is one finding: in the words of the files, which know more, and as bad
/// as the worse of the two.
pub(super) fn join(documents: &mut Vec<Finding>, files: Vec<Finding>) {
    for mut finding in files {
        let told = documents.iter().position(|told| {
            told.code == "config-arch-mismatch"
                && told.code == finding.code
                && told.platform == finding.platform
        });
        if let Some(told) = told.map(|at| documents.remove(at)) {
            finding.severity = finding.severity.min(told.severity);
            finding.evidence.extend(told.evidence);
            finding.hint = finding.hint.or(told.hint);
        }
        documents.push(finding);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Severity;
    use crate::image::Platform;

    #[test]
    fn what_documents_and_files_both_tell_is_one_finding() {
        let arm64 = Platform::new("linux", "arm64", None);
        let of = |code: &str, severity, message: &str| {
            Finding::new(code, severity, message)
                .on(&arm64)
                .because(message)
        };
        let mismatch = "config-arch-mismatch";
        let mut findings = vec![
            of(mismatch, Severity::Error, "they differ"),
            of("layer-empty", Severity::Warning, "a layer is empty"),
        ];
        let files = vec![
            of(mismatch, Severity::Warning, "the config is wrong"),
            of("layer-empty", Severity::Warning, "another layer is empty"),
        ];
        join(&mut findings, files);
        let told: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "a layer is empty",
                "the config is wrong",
                "another layer is empty"
            ]
        );
        let joined = &findings[1];
        assert_eq!(joined.severity, Severity::Error);
        assert_eq!(joined.evidence, ["the config is wrong", "they differ"]);
    }
}
