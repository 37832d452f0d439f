//! Which mistake of a build most likely brought foreign files, by the layer that has
//! them, its history line, and what the other platforms have in its place; and of some
//! other findings.

mod ignore_scripts;
mod newer_runner;

use crate::audit::Unpacked;
use crate::event::Finding;
use crate::image::{Machine, Platform};

use super::identical_layers::twin;
use super::words;

/// The findings on files of another machine.
const FOREIGN: &[&str] = &[
    "exec-wrong-arch-userland",
    "exec-wrong-arch-app-binary",
    "exec-wrong-arch-helper",
    "arm32-uname-lies",
    "dlopen-wrong-machine-glibc",
    "dlopen-wrong-machine-musl",
    "dlopen-wrong-machine-musl-silent",
    "dlopen-wrong-class",
    "needed-library-wrong-arch",
    "identical-layers-with-elf",
    "py-extension-other-arch-skipped",
    "py-extension-wrong-machine",
    "java-native-wrong-arch",
];

/// A mistake, and why it is thought of.
struct Likely {
    id: &'static str,
    what: &'static str,
    shown: String,
}

/// Adds the likely mistake to the hints of findings on foreign files.
pub(in crate::audit) fn explain(findings: &mut [Finding], variants: &[Unpacked]) {
    for finding in findings {
        let Some(variant) = variants
            .iter()
            .find(|variant| Some(&variant.platform) == finding.platform.as_ref())
        else {
            continue;
        };
        let Some(layer) = variant
            .layers
            .iter()
            .position(|layer| Some(&layer.descriptor.digest) == finding.layer.as_ref())
        else {
            continue;
        };
        let likely = if FOREIGN.contains(&finding.code.as_str()) {
            likely(finding, variant, layer, variants)
        } else {
            newer_runner::likely(finding, variant, variants)
                .or_else(|| ignore_scripts::likely(finding, variant, layer))
        };
        let Some(likely) = likely else {
            continue;
        };
        let line = format!("likely: {} ({})", likely.what, likely.id);
        finding.hint = Some(match finding.hint.take() {
            Some(hint) => format!("{hint}\n{line}"),
            None => line,
        });
        finding
            .evidence
            .extend(news(&likely.shown, finding.history.as_deref()));
    }
}

/// What is shown and is not the layer's line, which every report has beside the finding.
fn news(shown: &str, history: Option<&str>) -> Option<String> {
    let rest = match history.and_then(|history| shown.strip_prefix(history)) {
        Some(rest) if rest.is_empty() || rest.starts_with("; ") => rest.trim_start_matches("; "),
        _ => shown,
    };
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn likely(
    finding: &Finding,
    variant: &Unpacked,
    layer: usize,
    variants: &[Unpacked],
) -> Option<Likely> {
    let found = variant.layers.get(layer)?;
    let path = finding.path.as_deref().unwrap_or_default();
    let line = found.created_by.as_deref().unwrap_or_default();
    let lower = line.to_lowercase();
    let history = variant.history(layer).unwrap_or_default();
    let twin = twin(variant, &found.descriptor.digest, variants);
    let say = |id, what, shown| Some(Likely { id, what, shown });

    if let Some(twin) = twin
        && digests(twin).eq(digests(variant))
    {
        return say(
            "buildplatform-final-stage",
            "the last stage is built for one platform only: `FROM --platform=…`, or a base image pinned by the digest of one platform's manifest",
            format!("all its layers are those of {}", twin.platform),
        );
    }
    if let Some(shown) = argument(line, &variant.platform) {
        return if shown.ends_with('=') {
            say(
                "targetarch-not-redeclared",
                "`ARG TARGETARCH` stands before FROM and is not declared again in the stage: it is empty there",
                format!("{history} was run with {shown}"),
            )
        } else {
            say(
                "targetarch-default-shadowed",
                "`ARG TARGETARCH=…` has a default value, which hides the real one: write a bare `ARG TARGETARCH`",
                format!("{history} was run with {shown}"),
            )
        };
    }
    if let Some(twin) = twin
        && is_kaniko_s(variant)
    {
        return say(
            "kaniko-cache-cross-arch",
            "kaniko took the layer from a cache that another platform filled: give each platform a `--cache-repo` of its own",
            format!("{history}; the same layer is in {}", twin.platform),
        );
    }
    if lower.contains("type=cache") {
        return say(
            "cache-mount-shared",
            "a cache mount is shared by all platforms: give it an id with `$TARGETARCH` in it",
            history,
        );
    }
    if lower.contains("--add-architecture") || names_package(&lower) {
        return say(
            "foreign-apt-arch",
            "packages were installed for an architecture that the line names",
            history,
        );
    }
    let is_download = ["curl ", "wget ", "http://", "https://"]
        .iter()
        .any(|word| lower.contains(word));
    if is_download && names_foreign(&lower, &variant.platform) {
        return say(
            "hardcoded-download",
            "the download names one architecture: choose it by `$TARGETARCH`",
            history,
        );
    }
    let is_copy = lower.contains("copy ") || lower.contains("add ");
    let place = [
        "/node_modules/",
        "/site-packages/",
        "/dist-packages/",
        "/gems/",
    ]
    .into_iter()
    .find(|place| path.contains(place));
    let shown = match twin {
        Some(twin) => format!("{history}; the same layer is in {}", twin.platform),
        None => history.clone(),
    };
    match (place, is_copy, twin) {
        (Some(_), true, Some(_)) => say(
            "copy-from-pinned-stage",
            "installed packages are copied from a stage that is built for one platform",
            shown,
        ),
        (Some("/node_modules/"), true, None) => say(
            "node-modules-copied-across-platforms",
            "node_modules is copied from the build host or another platform's stage: install inside the image, and list it in .dockerignore",
            shown,
        ),
        (None, true, Some(_)) if is_started(&finding.code) => say(
            "targetarch-default-shadowed",
            "the build takes one architecture for all platforms: `ARG TARGETARCH` with a default value, or not declared again after FROM, or a fixed GOARCH",
            shown,
        ),
        (None, true, None)
            if is_started(&finding.code) && same_elsewhere(variant, path, variants) =>
        {
            say(
                "targetarch-default-shadowed",
                "the build takes one architecture for all platforms: `ARG TARGETARCH` with a default value, or not declared again after FROM, or a fixed GOARCH",
                format!("{history}; the file is the same machine's under every platform"),
            )
        }
        (_, _, Some(_)) => say(
            "copy-from-pinned-stage",
            "the layer was made once, for one platform, and is used for all",
            shown,
        ),
        _ if is_download => say(
            "hardcoded-download",
            "the download is the same for every platform: choose it by `$TARGETARCH`",
            history,
        ),
        _ if finding.code == "exec-wrong-arch-userland" => say(
            "buildplatform-final-stage",
            "the last stage is built for another platform: `FROM --platform=…`, or a base image pinned by the digest of one platform's manifest",
            history,
        ),
        _ => None,
    }
}

/// kaniko signs each step of the history.
fn is_kaniko_s(variant: &Unpacked) -> bool {
    let mut steps = variant.config.history.iter();
    steps.any(|step| step.author == "kaniko")
}

fn digests(variant: &Unpacked) -> impl Iterator<Item = &str> {
    variant
        .layers
        .iter()
        .map(|layer| layer.descriptor.digest.as_str())
}

fn is_started(code: &str) -> bool {
    code.starts_with("exec-wrong-arch-app") || code == "identical-layers-with-elf"
}

/// `TARGETARCH=amd64` of a BuildKit line (`RUN |1 TARGETARCH=amd64 /bin/sh -c …`)
/// where the platform is another.
fn argument(line: &str, platform: &Platform) -> Option<String> {
    let arguments = line.strip_prefix("RUN |")?.split("/bin/sh").next()?;
    arguments.split_whitespace().find_map(|word| {
        let value = word.strip_prefix("TARGETARCH=")?;
        (value != platform.architecture().as_str()).then(|| word.to_owned())
    })
}

/// `apt-get install libssl3:amd64`
fn names_package(line: &str) -> bool {
    line.contains("apt")
        && [":amd64", ":arm64", ":armhf", ":i386", ":s390x", ":ppc64el"]
            .iter()
            .any(|architecture| line.contains(architecture))
}

/// Whether a line names an architecture that is not the platform's.
fn names_foreign(line: &str, platform: &Platform) -> bool {
    line.split(|c: char| c.is_whitespace() || c == '/')
        .filter_map(words::fold)
        .any(|folded| !folded.architectures.contains(platform.architecture()))
}

/// Whether another platform has a file of the same machine in this place.
fn same_elsewhere(variant: &Unpacked, path: &str, variants: &[Unpacked]) -> bool {
    let machine = |variant: &Unpacked| -> Option<Machine> {
        match variant.rootfs.resolve(path).ok()?.facts()? {
            crate::audit::file::FileFacts::Elf(elf) => Some(elf.header().machine),
            _ => None,
        }
    };
    let own = machine(variant);
    own.is_some()
        && variants.iter().any(|other| {
            other.platform.architecture() != variant.platform.architecture()
                && machine(other) == own
        })
}

#[cfg(test)]
mod tests;
