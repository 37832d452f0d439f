use crate::audit::Unpacked;
use crate::audit::file::{FileFacts, InstalledPackage};
use crate::audit::rules::packages::fixture::Fixture;
use crate::event::{Finding, Severity};
use crate::image::ImageConfig;

use super::judge;

/// An image with a binary in the folder that Debian names for its platform.
fn image(platform: &str) -> Fixture {
    let triplet = match platform {
        "linux/amd64" => "x86_64-linux-gnu",
        "linux/arm64" => "aarch64-linux-gnu",
        "linux/s390x" => "s390x-linux-gnu",
        _ => "arm-linux-gnueabihf",
    };
    Fixture::new(platform)
        .elf("/usr/bin/app", platform)
        .elf(&format!("/usr/lib/{triplet}/libz.so.1"), platform)
}

fn messages(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| f.message.as_str()).collect()
}

fn two(change: impl Fn(Fixture, bool) -> Fixture) -> Vec<Finding> {
    judge(&[
        change(image("linux/amd64"), true).build(),
        change(image("linux/arm64"), false).build(),
    ])
}

#[test]
fn the_same_image_for_several_platforms_is_healthy() {
    let variants: Vec<Unpacked> = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"]
        .iter()
        .map(|platform| image(platform).build())
        .collect();
    assert_eq!(judge(&variants), []);
    assert_eq!(judge(&variants[..1]), []);
}

#[test]
fn a_file_that_one_of_two_lacks_names_both() {
    // FriendsOfShopware/shopmon#770: a build step that did something else on arm64
    let findings = two(|image, is_amd64| match is_amd64 {
        true => image.file("/usr/local/bin/helper"),
        false => image,
    });
    assert_eq!(
        messages(&findings),
        ["/usr/local/bin/helper is in linux/amd64 and not in linux/arm64"]
    );
    assert_eq!(findings[0].code, "parity-files");
    assert_eq!(findings[0].severity, Severity::Warning);
    assert_eq!(findings[0].path.as_deref(), Some("/usr/local/bin/helper"));
    let platform = findings[0].platform.as_ref().map(ToString::to_string);
    assert_eq!(platform.as_deref(), Some("linux/arm64"));
}

#[test]
fn a_folder_that_only_one_has_is_one_finding() {
    let findings = two(|image, is_amd64| {
        let files = if is_amd64 { 0 } else { 1000 };
        (0..files).fold(image, |image, n| {
            image.file(&format!("/opt/plugins/p{}/file{n}.txt", n % 7))
        })
    });
    assert_eq!(
        messages(&findings),
        ["1000 files below /opt are in linux/arm64 and not in linux/amd64"]
    );
    assert_eq!(findings[0].evidence.len(), 6);
}

#[test]
fn the_majority_decides_who_is_odd() {
    let variant = |platform: &str, has: bool| match has {
        true => image(platform)
            .file("/etc/app/app.conf")
            .file("/etc/app/b")
            .build(),
        false => image(platform).file("/etc/app/b").build(),
    };
    let odd = |found: &[Finding]| found[0].platform.as_ref().map(ToString::to_string);
    let lacks = judge(&[
        variant("linux/amd64", true),
        variant("linux/arm64", false),
        variant("linux/s390x", true),
    ]);
    assert_eq!(
        messages(&lacks),
        ["/etc/app/app.conf is missing in linux/arm64"]
    );
    assert_eq!(odd(&lacks).as_deref(), Some("linux/arm64"));
    let has = judge(&[
        variant("linux/amd64", false),
        variant("linux/arm64", false),
        variant("linux/s390x", true),
    ]);
    assert_eq!(messages(&has), ["/etc/app/app.conf is in linux/s390x only"]);
    assert_eq!(odd(&has).as_deref(), Some("linux/s390x"));
}

#[test]
fn many_differences_are_few_findings() {
    let findings = two(|image, is_amd64| {
        let folders = if is_amd64 { 100 } else { 0 };
        (0..100).fold(image, |image, n| {
            let image = image.file(&format!("/data/d{n}/kept"));
            match n < folders {
                true => image.file(&format!("/data/d{n}/extra")),
                false => image,
            }
        })
    });
    assert_eq!(findings.len(), super::MOST + 1);
    assert_eq!(
        findings[super::MOST].message,
        "80 files more in other folders differ between the platforms"
    );
}

#[test]
fn caches_logs_and_platform_packages_may_differ() {
    let findings = two(|image, is_amd64| {
        match is_amd64 {
        true => image
            .file("/usr/lib/python3/__pycache__/a.cpython-311.pyc")
            .file("/var/log/dpkg.log")
            .file("/usr/bin/i386")
            .file("/usr/lib/x86_64-linux-gnu/perl/5.36.0/asm/unistd_64.ph")
            .file("/usr/lib/jvm/java-17-openjdk-amd64/lib/libjsvml.so")
            .file("/var/lib/dpkg/info/libquadmath0:amd64.list")
            .file("/usr/lib/x86_64-linux-gnu/libquadmath.so.0")
            .file("/app/node_modules/@rollup/rollup-linux-x64-gnu/rollup.node")
            .file("/app/node_modules/.pnpm/@img+sharp-linux-x64@0.33.5/node_modules/@img/sharp-linux-x64/a"),
        false => image,
    }
    });
    assert_eq!(findings, []);
}

#[test]
fn configs_are_compared_without_their_architecture() {
    let with = |image: Fixture, entrypoint: &str, arch: &str, created: &str| {
        image.config(ImageConfig {
            entrypoint: vec![entrypoint.to_owned()],
            env: vec![(
                "JAVA_HOME".to_owned(),
                format!("/usr/lib/jvm/java-17-{arch}"),
            )],
            labels: [(
                "org.opencontainers.image.created".to_owned(),
                created.to_owned(),
            )]
            .into(),
            ..ImageConfig::default()
        })
    };
    let healthy = two(|image, is_amd64| match is_amd64 {
        true => with(image, "/app", "amd64", "2026-01-01"),
        false => with(image, "/app", "arm64", "2026-01-02"),
    });
    assert_eq!(healthy, []);
    let broken = two(|image, is_amd64| match is_amd64 {
        true => with(image, "/app", "amd64", "2026-01-01"),
        false => with(image, "/bin/sh", "arm64", "2026-01-02"),
    });
    assert_eq!(
        messages(&broken),
        ["the entrypoint differs between linux/amd64, linux/arm64"]
    );
    assert_eq!(broken[0].code, "parity-config");
    assert_eq!(
        broken[0].evidence,
        ["linux/amd64: [\"/app\"]", "linux/arm64: [\"/bin/sh\"]"]
    );
}

fn debian(image: Fixture, packages: &[(&str, &str)]) -> Fixture {
    let packages = packages
        .iter()
        .map(|(name, version)| InstalledPackage {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            architecture: "all".to_owned(),
        })
        .collect();
    image.facts("/var/lib/dpkg/status", FileFacts::Packages(packages))
}

#[test]
fn packages_that_one_platform_lacks_are_one_finding() {
    // moghtech/komodo#1281: a library that one platform's install step left out
    let findings = two(|image, is_amd64| match is_amd64 {
        true => debian(image, &[("libssl3", "3.0.11"), ("curl", "7"), ("git", "2")]),
        false => debian(image, &[("libssl3", "3.0.11")]),
    });
    assert_eq!(
        messages(&findings),
        ["2 dpkg packages are in linux/amd64 and not in linux/arm64"]
    );
    assert_eq!(findings[0].evidence, ["curl, git"]);
}

#[test]
fn the_files_of_a_package_that_one_platform_lacks_are_no_second_warning() {
    // Debian's PostgreSQL compiles queries with LLVM, except on s390x.
    let variant = |platform: &str, has: bool| match has {
        true => debian(
            image(platform)
                .file("/usr/lib/postgresql/15/lib/llvmjit.so")
                .file("/usr/share/llvm/a"),
            &[("libllvm14", "14"), ("postgresql-15", "15")],
        ),
        false => debian(image(platform), &[("postgresql-15", "15")]),
    };
    let told = |tool: &str| {
        let found = judge(&[
            variant("linux/amd64", true).file(tool).build(),
            variant("linux/arm64", true).file(tool).build(),
            variant("linux/s390x", false).build(),
        ]);
        let told: Vec<(Severity, String)> = found
            .into_iter()
            .map(|finding| (finding.severity, finding.message))
            .collect();
        told
    };
    let package = "1 dpkg package is missing in linux/s390x".to_owned();
    let files = "3 files below /usr are missing in linux/s390x".to_owned();
    assert_eq!(
        told("/usr/bin/llvm"),
        [
            (Severity::Warning, package.clone()),
            (Severity::Info, files)
        ]
    );
    // What no package brings is told as before.
    let files = "2 files below /usr are missing in linux/s390x".to_owned();
    let tool = "/usr/local/bin/tool is missing in linux/s390x".to_owned();
    assert_eq!(
        told("/usr/local/bin/tool"),
        [
            (Severity::Warning, package),
            (Severity::Info, files),
            (Severity::Warning, tool)
        ]
    );
}

#[test]
fn glibc_s_converters_for_one_processor_are_its_own_business() {
    let findings = two(|image, is_amd64| match is_amd64 {
        true => image,
        false => image.file("/usr/lib/s390x-linux-gnu/gconv/UTF8_UTF16_Z9.so"),
    });
    assert_eq!(findings, []);
}

#[test]
fn packages_in_another_version_are_told_with_both() {
    let findings = two(|image, is_amd64| {
        let version = if is_amd64 { "3.0.11" } else { "3.0.9" };
        debian(image, &[("libssl3", version)])
    });
    assert_eq!(
        messages(&findings),
        ["1 dpkg package has different versions in linux/amd64, linux/arm64"]
    );
    assert_eq!(
        findings[0].evidence,
        ["libssl3: 3.0.11 in linux/amd64, 3.0.9 in linux/arm64"]
    );
}

#[test]
fn packages_that_rightly_differ_are_not_told() {
    let findings = two(|image, is_amd64| match is_amd64 {
        true => debian(
            image,
            &[
                ("libquadmath0", "12"),
                ("perl", "5.36.0-7+b1"),
                ("binutils-x86-64-linux-gnu", "2"),
            ],
        )
        .node_package("/app/node_modules/@esbuild/linux-x64", "0.25.0", |_| {}),
        false => debian(
            image,
            &[("perl", "5.36.0-7"), ("binutils-aarch64-linux-gnu", "2")],
        )
        .node_package("/app/node_modules/@esbuild/linux-arm64", "0.25.0", |_| {}),
    });
    assert_eq!(findings, []);
}
