//! One layer under two platforms, with programs of one machine in it.

use std::collections::BTreeMap;

use crate::audit::Unpacked;
use crate::audit::file::FileFacts;
use crate::event::{Finding, Severity};
use crate::image::Digest;

use super::Rule;
use super::scene::Scene;
use super::standing::Standing;

pub(super) const RULE: Rule = Rule::Across(judge);

/// How many files a finding names.
const EXAMPLES: usize = 5;

/// `identical-layers-with-elf`, on each platform whose machine it is not.
pub(super) fn judge(variants: &[Unpacked]) -> Vec<Finding> {
    let mut found = Vec::new();
    for variant in variants.iter().filter(|variant| Scene::is_judged(variant)) {
        let shared: BTreeMap<usize, &Unpacked> = variant
            .layers
            .iter()
            .enumerate()
            .filter_map(|(at, layer)| {
                let twin = twin(variant, &layer.descriptor.digest, variants)?;
                Some((at, twin))
            })
            .collect();
        let holds_elf = variant.rootfs.files().any(|file| {
            shared.contains_key(&file.layer()) && matches!(file.facts(), Some(FileFacts::Elf(_)))
        });
        if !holds_elf {
            continue;
        }
        let scene = Scene::of(variant);
        found.extend(
            shared
                .into_iter()
                .filter_map(|(at, twin)| finding(&scene, at, twin)),
        );
    }
    found
}

/// Another platform that has the very same layer.
pub(super) fn twin<'a>(
    variant: &Unpacked,
    digest: &Digest,
    variants: &'a [Unpacked],
) -> Option<&'a Unpacked> {
    variants.iter().find(|other| {
        other.platform.architecture() != variant.platform.architecture()
            && other
                .layers
                .iter()
                .any(|layer| layer.descriptor.digest == *digest)
    })
}

fn finding(scene: &Scene<'_>, layer: usize, twin: &Unpacked) -> Option<Finding> {
    let here = || scene.elves.iter().filter(|elf| elf.file.layer() == layer);
    let foreign = || here().filter(|elf| elf.standing == Standing::Foreign);
    let first = foreign().min_by_key(|elf| elf.role)?;
    let has_own = here().any(|elf| elf.standing == Standing::Own);
    // A folder with builds for many platforms may well be the same under all of them.
    let severity = if has_own && !first.role.is_reached() {
        Severity::Warning
    } else {
        Severity::Error
    };
    let platform = &scene.image.platform;
    let found = scene.image.layers.get(layer)?;
    let mut finding = Finding::new(
        "identical-layers-with-elf",
        severity,
        format!(
            "layer {} is byte for byte the one of {}, and holds programs or libraries for {}: it can't be right for {platform}",
            layer + 1,
            twin.platform,
            first.facts.header()
        ),
    )
    .on(platform)
    .at(first.path.clone())
    .because(format!("both have {}", found.descriptor.digest));
    for elf in foreign().take(EXAMPLES) {
        finding = finding.because(format!("{} is {}", elf.path, elf.facts.header()));
    }
    if let Some(more) = foreign()
        .count()
        .checked_sub(EXAMPLES)
        .filter(|more| *more > 0)
    {
        finding = finding.because(format!("and {more} more"));
    }
    Some(finding.hint("build what this layer brings for each platform: in a stage without `--platform`, or with `$TARGETARCH`"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Image, codes, debian, elf, shared_object};
    use super::*;
    use crate::image::Machine;

    /// The same layer on two platforms.
    fn both(layer: fn(Image) -> Image) -> Vec<Finding> {
        let variants = ["linux/amd64", "linux/arm64"]
            .map(|platform| layer(debian(platform).layer("COPY /out /app # buildkit")).unpacked());
        judge(&variants)
    }

    #[test]
    fn one_layer_with_one_machine_s_programs_is_wrong_under_the_other_platform() {
        // lightninglabs/loop#1211.
        let found = both(|image| {
            image
                .file("/app/server", elf(Machine::X86_64))
                .entrypoint(&["/app/server"])
        });
        assert_eq!(codes(&found), ["identical-layers-with-elf"]);
        assert_eq!(
            found[0]
                .platform
                .as_ref()
                .map(ToString::to_string)
                .as_deref(),
            Some("linux/arm64")
        );
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].path.as_deref(), Some("/app/server"));
    }

    #[test]
    fn layers_without_programs_or_with_those_of_both_are_rightly_the_same() {
        let texts = both(|image| image.file("/app/run", super::super::fixture::script("/bin/sh")));
        assert_eq!(codes(&texts), [""; 0]);
        let prebuilds = both(|image| {
            image
                .plain(
                    "/app/node_modules/a/prebuilds/linux-x64/a.node",
                    shared_object(Machine::X86_64, "", &[]),
                )
                .plain(
                    "/app/node_modules/a/prebuilds/linux-arm64/a.node",
                    shared_object(Machine::AArch64, "", &[]),
                )
        });
        assert_eq!(codes(&prebuilds), [""; 0]);
    }
}
