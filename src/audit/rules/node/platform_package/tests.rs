use crate::audit::rules::node::judge;
use crate::audit::rules::packages::fixture::Fixture;
use crate::event::{Finding, Severity};

const GLIBC: &str = "/lib/ld-linux-aarch64.so.1";
const MUSL: &str = "/lib/ld-musl-aarch64.so.1";

const SHARP: [&str; 10] = [
    "@img/sharp-darwin-arm64",
    "@img/sharp-libvips-darwin-arm64",
    "@img/sharp-libvips-linux-arm64",
    "@img/sharp-libvips-linux-x64",
    "@img/sharp-libvips-linuxmusl-arm64",
    "@img/sharp-linux-arm64",
    "@img/sharp-linux-x64",
    "@img/sharp-linuxmusl-arm64",
    "@img/sharp-linuxmusl-x64",
    "@img/sharp-wasm32",
];

fn image(interpreter: &str) -> Fixture {
    Fixture::new("linux/arm64").userland(interpreter)
}

/// A package that lists these platform packages, and those of them that are there.
fn with(fixture: Fixture, name: &str, listed: &[&str], installed: &[&str]) -> Fixture {
    let listed: Vec<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    let fixture = fixture.node_package(&format!("/app/node_modules/{name}"), "1.2.3", |package| {
        package.optional_dependencies = listed;
    });
    installed.iter().fold(fixture, |fixture, name| {
        fixture.node_package(&format!("/app/node_modules/{name}"), "1.2.3", |_| {})
    })
}

fn codes(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.severity))
        .collect()
}

#[test]
fn sharp_that_was_installed_for_another_platform_is_an_error() {
    // lovell/sharp#3898, #4142
    let installed = ["@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64"];
    let image = with(image(GLIBC), "sharp", &SHARP, &installed).build();
    let findings = judge(&image);
    assert_eq!(
        codes(&findings),
        [("sharp-platform-package-missing", Severity::Error)]
    );
    let finding = &findings[0];
    assert_eq!(
        finding.message,
        "sharp 1.2.3 needs @img/sharp-linux-arm64 on linux/arm64 with glibc, and it is not installed"
    );
    assert_eq!(finding.evidence, ["installed: @img/sharp-linux-x64"]);
    assert_eq!(
        finding.path.as_deref(),
        Some("/app/node_modules/sharp/package.json")
    );
    assert!(
        finding
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("npm install --os=linux --cpu=arm64 sharp"))
    );
}

#[test]
fn sharp_for_this_platform_and_others_is_healthy() {
    let installed = [
        "@img/sharp-linux-x64",
        "@img/sharp-linux-arm64",
        "@img/sharp-libvips-linux-arm64",
    ];
    let image = with(image(GLIBC), "sharp", &SHARP, &installed).build();
    assert_eq!(judge(&image), []);
}

#[test]
fn sharp_for_glibc_does_not_serve_an_alpine_image() {
    let installed = ["@img/sharp-linux-arm64", "@img/sharp-libvips-linux-arm64"];
    let image = with(image(MUSL), "sharp", &SHARP, &installed).build();
    let findings = judge(&image);
    assert!(findings[0].message.contains("@img/sharp-linuxmusl-arm64"));
    assert!(
        findings[0]
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("--libc=musl"))
    );
}

#[test]
fn sharp_without_its_libvips_is_an_error_unless_the_distribution_has_one() {
    // lovell/sharp#3898: libvips-cpp.so.42: cannot open shared object file
    let installed = ["@img/sharp-linux-arm64"];
    let broken = with(image(GLIBC), "sharp", &SHARP, &installed);
    assert_eq!(
        codes(&judge(&broken.build())),
        [("sharp-dlopen-failed", Severity::Error)]
    );
    let healthy = with(image(GLIBC), "sharp", &SHARP, &installed).elf(
        "/usr/lib/aarch64-linux-gnu/libvips-cpp.so.42",
        "linux/arm64",
    );
    assert_eq!(judge(&healthy.build()), []);
}

#[test]
fn sharp_on_webassembly_runs() {
    let image = with(image(GLIBC), "sharp", &SHARP, &["@img/sharp-wasm32"]).build();
    assert_eq!(
        codes(&judge(&image)),
        [("sharp-platform-package-missing", Severity::Info)]
    );
}

#[test]
fn rollup_without_any_platform_package_is_an_error_that_does_not_blame_npm() {
    // npm/cli#4828, rollup/rollup#5194
    let listed = [
        "@rollup/rollup-linux-arm64-gnu",
        "@rollup/rollup-linux-arm64-musl",
        "@rollup/rollup-linux-x64-gnu",
        "fsevents",
    ];
    let image = with(image(MUSL), "rollup", &listed, &[]).build();
    let findings = judge(&image);
    assert_eq!(
        codes(&findings),
        [("rollup-native-missing", Severity::Error)]
    );
    assert!(
        findings[0]
            .message
            .contains("@rollup/rollup-linux-arm64-musl")
    );
    assert_eq!(
        findings[0].evidence,
        ["none of its platform packages is installed"]
    );
}

#[test]
fn a_binding_for_another_platform_is_an_error() {
    // parcel-bundler/lightningcss#279
    let listed = [
        "lightningcss-darwin-arm64",
        "lightningcss-linux-arm64-gnu",
        "lightningcss-linux-x64-gnu",
    ];
    let broken = with(
        image(GLIBC),
        "lightningcss",
        &listed,
        &["lightningcss-darwin-arm64"],
    );
    let findings = judge(&broken.build());
    assert_eq!(
        codes(&findings),
        [("napi-rs-binding-missing", Severity::Error)]
    );
    assert!(
        findings[0]
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains(".dockerignore"))
    );
    let healthy = with(
        image(GLIBC),
        "lightningcss",
        &listed,
        &["lightningcss-linux-arm64-gnu"],
    );
    assert_eq!(judge(&healthy.build()), []);
}

#[test]
fn a_binding_that_is_published_for_no_such_platform_is_a_warning() {
    // parcel-bundler/lightningcss#988
    let listed = ["lightningcss-linux-arm64-gnu", "lightningcss-linux-x64-gnu"];
    let image = with(Fixture::new("linux/s390x"), "lightningcss", &listed, &[]).build();
    let findings = judge(&image);
    assert_eq!(
        codes(&findings),
        [("napi-rs-binding-missing", Severity::Warning)]
    );
    assert!(
        findings[0]
            .message
            .contains("not published for linux/s390x")
    );
}

#[test]
fn a_binding_built_from_source_needs_no_platform_package() {
    let listed = [
        "@parcel/watcher-linux-x64-glibc",
        "@parcel/watcher-darwin-arm64",
    ];
    let fixture = with(image(GLIBC), "@parcel/watcher", &listed, &[]).elf(
        "/app/node_modules/@parcel/watcher/build/Release/watcher.node",
        "linux/arm64",
    );
    assert_eq!(judge(&fixture.build()), []);
}

#[test]
fn esbuild_for_another_platform_is_an_error() {
    // evanw/esbuild: "You installed esbuild for another platform"
    let listed = ["@esbuild/linux-arm64", "@esbuild/linux-x64"];
    let broken = with(image(MUSL), "esbuild", &listed, &["@esbuild/linux-x64"]);
    assert_eq!(
        codes(&judge(&broken.build())),
        [("esbuild-other-platform", Severity::Error)]
    );
    let healthy = with(image(MUSL), "esbuild", &listed, &["@esbuild/linux-arm64"]);
    assert_eq!(judge(&healthy.build()), []);
}

#[test]
fn pnpm_keeps_platform_packages_behind_links() {
    let store = "/app/node_modules/.pnpm";
    let build = |is_linked: bool| {
        let fixture = image(GLIBC)
            .node_package(
                &format!("{store}/esbuild@0.25.0/node_modules/esbuild"),
                "0.25.0",
                |package| {
                    package.optional_dependencies =
                        vec!["@esbuild/linux-arm64".into(), "@esbuild/linux-x64".into()];
                },
            )
            .node_package(
                &format!("{store}/@esbuild+linux-arm64@0.25.0/node_modules/@esbuild/linux-arm64"),
                "0.25.0",
                |_| {},
            );
        match is_linked {
            true => fixture.link(
                &format!("{store}/esbuild@0.25.0/node_modules/@esbuild/linux-arm64"),
                "../../../@esbuild+linux-arm64@0.25.0/node_modules/@esbuild/linux-arm64",
            ),
            false => fixture,
        }
        .build()
    };
    assert_eq!(judge(&build(true)), []);
    assert_eq!(
        codes(&judge(&build(false))),
        [("esbuild-other-platform", Severity::Error)]
    );
}

#[test]
fn next_runs_a_finished_build_without_its_compiler() {
    let listed = ["@next/swc-linux-arm64-gnu", "@next/swc-linux-x64-gnu"];
    let standalone = with(image(GLIBC), "next", &listed, &[]);
    assert_eq!(judge(&standalone.build()), []);
    // vercel/next.js: "Attempted to load @next/swc-linux-arm64-gnu, but it was not installed"
    let copied = with(image(GLIBC), "next", &listed, &["@next/swc-linux-x64-gnu"]);
    assert_eq!(
        codes(&judge(&copied.build())),
        [("napi-rs-binding-missing", Severity::Warning)]
    );
}

#[test]
fn a_library_that_lists_rollups_packages_does_not_need_them() {
    let listed = [
        "@rollup/rollup-linux-x64-gnu",
        "@rollup/rollup-darwin-arm64",
    ];
    let image = with(image(GLIBC), "some-plugin", &listed, &[]).build();
    assert_eq!(judge(&image), []);
}

#[test]
fn a_package_that_is_only_wanted_optionally_is_a_warning() {
    // msgpackr works without msgpackr-extract.
    let names = [
        "@msgpackr-extract/msgpackr-extract-linux-x64",
        "@msgpackr-extract/msgpackr-extract-linux-arm64",
    ];
    let fixture = with(image(GLIBC), "msgpackr-extract", &names, &names[..1])
        .node_package("/app/node_modules/msgpackr", "1.11.0", |package| {
            package.optional_dependencies = vec!["msgpackr-extract".into()];
        })
        .node_package("/app", "1.0.0", |package| {
            package.dependencies = vec!["msgpackr".into()];
        });
    assert_eq!(
        codes(&judge(&fixture.build())),
        [("napi-rs-binding-missing", Severity::Warning)]
    );
}

#[test]
fn several_packages_of_one_other_platform_name_the_root_cause() {
    // lovell/sharp#3705, swc-project/swc#4184
    let swc = ["@swc/core-linux-arm64-gnu", "@swc/core-linux-x64-gnu"];
    let esbuild = ["@esbuild/linux-arm64", "@esbuild/linux-x64"];
    let fixture = with(image(GLIBC), "@swc/core", &swc, &swc[1..]);
    let findings = judge(&with(fixture, "esbuild", &esbuild, &esbuild[1..]).build());
    let label = findings.last().expect("findings");
    assert_eq!(label.code, "node-modules-copied-across-platforms");
    assert_eq!(label.path.as_deref(), Some("/app/node_modules"));
    assert!(label.message.contains("2 packages"), "{}", label.message);
}
