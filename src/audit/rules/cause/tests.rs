use super::*;
use crate::audit::rules::fixture::{
    Image, debian, elf, glibc_loader, image, program, shared_object, text,
};
use crate::audit::rules::programs;
use crate::event::Severity;
use crate::image::HistoryEntry;

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
        format!("RUN |1 TARGETARCH={value} /bin/sh -c go build -o /usr/local/bin/app # buildkit")
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

#[test]
fn a_layer_of_kaniko_s_that_two_platforms_share_comes_of_its_cache() {
    // GoogleContainerTools/kaniko#3350.
    let of = |author: &'static str| {
        ["linux/amd64", "linux/arm64"].map(|platform| {
            app(debian(platform).layer("").layer("RUN make install"))
                .config(|config| {
                    config.history = vec![HistoryEntry {
                        author: author.to_owned(),
                        ..HistoryEntry::default()
                    }];
                })
                .unpacked()
        })
    };
    let (hint, evidence) = explained(&of("kaniko"));
    assert!(hint.contains("(kaniko-cache-cross-arch)"), "{hint}");
    assert!(evidence.contains("the same layer is in linux/amd64"));
    let (hint, _) = explained(&of(""));
    assert!(!hint.contains("kaniko"), "{hint}");
}

#[test]
fn a_newer_glibc_that_one_platform_alone_needs_comes_of_its_build_machine() {
    // mhdzumair/MediaFusion#671.
    let image = |platform: &str, version: &str| {
        let machine = match platform {
            "linux/arm64" => Machine::AArch64,
            _ => Machine::X86_64,
        };
        let mut facts = program(machine, glibc_loader(machine), &["libc.so.6"]);
        facts.needs_versions = vec![("libc.so.6".to_owned(), vec![version.to_owned()])];
        debian(platform)
            .layer("COPY /out/app /usr/local/bin/app # buildkit")
            .file("/usr/local/bin/app", facts)
            .entrypoint(&["app"])
            .unpacked()
    };
    let arm64 = || image("linux/arm64", "GLIBC_2.39");
    let (hint, evidence) = explained(&[image("linux/amd64", "GLIBC_2.34"), arm64()]);
    assert!(hint.contains("(native-runner-newer-glibc)"), "{hint}");
    assert_eq!(
        evidence,
        "/usr/local/bin/app needs GLIBC_2.39 here, and no more than GLIBC_2.34 in linux/amd64"
    );
    // Both were built on the same one.
    let (hint, _) = explained(&[image("linux/amd64", "GLIBC_2.39"), arm64()]);
    assert!(!hint.contains("likely"), "{hint}");
}

#[test]
fn scripts_that_did_not_run_are_told_by_who_turned_them_off() {
    // diegosouzapw/OmniRoute#2771.
    let hint = |line: &str, variable: Option<&str>| {
        let mut image = debian("linux/arm64")
            .layer(line)
            .plain("/app/node_modules/better-sqlite3/package.json", text());
        if let Some(name) = variable {
            image = image.env(name, "true");
        }
        let image = image.unpacked();
        let mut finding =
            Finding::new("bindings-file-not-located", Severity::Error, "x").on(&image.platform);
        finding.layer = Some(image.layers[1].descriptor.digest.clone());
        let mut findings = [finding];
        explain(&mut findings, &[image]);
        findings[0].hint.clone().unwrap_or_default()
    };
    for (line, variable) in [
        ("RUN npm ci --ignore-scripts # buildkit", None),
        ("RUN pnpm install --frozen-lockfile # buildkit", None),
        ("COPY /app /app", Some("NPM_CONFIG_IGNORE_SCRIPTS")),
    ] {
        let hint = hint(line, variable);
        assert!(hint.contains("(ignore-scripts)"), "{line}: {hint}");
    }
    assert_eq!(hint("RUN npm ci # buildkit", None), "");
}

#[test]
fn the_layer_s_line_is_not_shown_twice() {
    let line = "layer 2 of 3: RUN curl x";
    assert_eq!(news(line, Some(line)), None);
    assert_eq!(news(line, None).as_deref(), Some(line));
    let more = format!("{line}; the same layer is in linux/amd64");
    assert_eq!(
        news(&more, Some(line)).as_deref(),
        Some("the same layer is in linux/amd64")
    );
}
