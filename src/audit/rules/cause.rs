//! Which mistake of a build most likely brought foreign files, by the layer that has
//! them, its history line, and what the other platforms have in its place.

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
        if !FOREIGN.contains(&finding.code.as_str()) {
            continue;
        }
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
        let Some(likely) = likely(finding, variant, layer, variants) else {
            continue;
        };
        let line = format!("likely: {} ({})", likely.what, likely.id);
        finding.hint = Some(match finding.hint.take() {
            Some(hint) => format!("{hint}\n{line}"),
            None => line,
        });
        finding.evidence.push(likely.shown);
    }
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
mod tests {
    use super::super::fixture::{Image, debian, elf, image, shared_object};
    use super::super::programs;
    use super::*;

    /// The hint of the first finding on arm64, and its last line of evidence.
    fn explained(variants: &[Unpacked]) -> (String, String) {
        let Some(variant) = variants
            .iter()
            .find(|variant| variant.platform.architecture().as_str() == "arm64")
        else {
            panic!("an arm64 image");
        };
        let mut findings: Vec<Finding> = programs::judge(variant)
            .into_iter()
            .map(|finding| finding.on(&variant.platform))
            .collect();
        for finding in &mut findings {
            let file = finding
                .path
                .as_deref()
                .and_then(|path| variant.rootfs.entry(path));
            finding.layer = file
                .and_then(|file| variant.layers.get(file.layer()))
                .map(|layer| layer.descriptor.digest.clone());
        }
        explain(&mut findings, variants);
        let first = findings.first().expect("a finding");
        (
            first.hint.clone().unwrap_or_default(),
            first.evidence.last().cloned().unwrap_or_default(),
        )
    }

    fn pair(line: &str, add: fn(Image) -> Image) -> [Unpacked; 2] {
        ["linux/amd64", "linux/arm64"]
            .map(|platform| add(debian(platform).layer("").layer(line)).unpacked())
    }

    fn app(image: Image) -> Image {
        image
            .file("/usr/local/bin/app", elf(Machine::X86_64))
            .entrypoint(&["app"])
    }

    #[test]
    fn layers_that_are_all_the_same_come_of_a_last_stage_for_one_platform() {
        // albertodonato/query-exporter#381.
        let variants = ["linux/amd64", "linux/arm64"].map(|platform| {
            image(platform)
                .debian_of(Machine::X86_64)
                .command(&["/bin/sh"])
                .unpacked()
        });
        let (hint, evidence) = explained(&variants);
        assert!(hint.contains("(buildplatform-final-stage)"), "{hint}");
        assert_eq!(evidence, "all its layers are those of linux/amd64");
    }

    #[test]
    fn a_copied_program_that_is_the_same_everywhere_comes_of_targetarch() {
        // docker/buildx#510.
        let (hint, evidence) = explained(&pair("COPY /out/app /usr/local/bin/app # buildkit", app));
        assert!(hint.contains("(targetarch-default-shadowed)"), "{hint}");
        assert!(
            evidence.contains("the same layer is in linux/amd64"),
            "{evidence}"
        );
    }

    #[test]
    fn the_arguments_of_a_step_tell_a_default_from_a_missing_declaration() {
        // FriendsOfShopware/shopmon#770.
        let run = |value: &str| {
            format!(
                "RUN |1 TARGETARCH={value} /bin/sh -c go build -o /usr/local/bin/app # buildkit"
            )
        };
        assert!(
            explained(&pair(&run("amd64"), app))
                .0
                .contains("(targetarch-default-shadowed)")
        );
        assert!(
            explained(&pair(&run(""), app))
                .0
                .contains("(targetarch-not-redeclared)")
        );
    }

    #[test]
    fn a_download_that_names_an_architecture_is_told() {
        // onedr0p/containers#178.
        let line = "RUN /bin/sh -c curl -L https://example.org/tini-amd64 -o /tini # buildkit";
        let add = |image: Image| {
            image
                .file("/tini", elf(Machine::X86_64))
                .entrypoint(&["/tini", "--", "sh"])
        };
        let (hint, evidence) = explained(&pair(line, add));
        assert!(hint.contains("(hardcoded-download)"), "{hint}");
        assert!(evidence.contains("curl -L"), "{evidence}");
    }

    #[test]
    fn packages_copied_from_one_platform_s_stage_are_told() {
        // NousResearch/hermes-agent#74554, lovell/sharp#3705.
        let add = |image: Image| {
            image.plain(
                "/app/node_modules/sqlite3/build/Release/a.node",
                shared_object(Machine::X86_64, "", &[]),
            )
        };
        let (hint, _) = explained(&pair(
            "COPY /app/node_modules ./node_modules # buildkit",
            add,
        ));
        assert!(hint.contains("(copy-from-pinned-stage)"), "{hint}");
        let alone = [add(debian("linux/arm64").layer("COPY . . # buildkit")).unpacked()];
        let (hint, _) = explained(&alone);
        assert!(
            hint.contains("(node-modules-copied-across-platforms)"),
            "{hint}"
        );
    }

    #[test]
    fn a_shared_cache_mount_is_told() {
        // moby/buildkit#2598.
        let line = "RUN --mount=type=cache,target=/root/.npm npm ci # buildkit";
        let add = |image: Image| {
            image.plain(
                "/app/node_modules/x/build/Release/x.node",
                shared_object(Machine::X86_64, "", &[]),
            )
        };
        let (hint, _) = explained(&[add(debian("linux/arm64").layer(line)).unpacked()]);
        assert!(hint.contains("(cache-mount-shared)"), "{hint}");
    }
}
