use crate::audit::file::FileFacts;
use crate::audit::rules::packages::fixture::Fixture;
use crate::event::{Finding, Severity};

use super::judge;

const PACKAGES: &str = "/usr/local/lib/python3.11/site-packages";

fn image() -> Fixture {
    Fixture::new("linux/arm64")
        .userland("/lib/ld-linux-aarch64.so.1")
        .elf("/usr/local/bin/python3.11", "linux/arm64")
}

fn codes(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.severity))
        .collect()
}

fn with(name: &str, platform: &str) -> Vec<Finding> {
    judge(
        &image()
            .elf(&format!("{PACKAGES}/pydantic_core/{name}"), platform)
            .build(),
    )
}

#[test]
fn a_module_named_for_another_processor_is_not_seen() {
    // NousResearch/hermes-agent#74554
    let findings = with(
        "_pydantic_core.cpython-311-x86_64-linux-gnu.so",
        "linux/amd64",
    );
    assert_eq!(
        codes(&findings),
        [("py-extension-other-arch-skipped", Severity::Error)]
    );
    assert!(
        findings[0].message.starts_with(&format!(
            "1 extension module of pydantic_core in {PACKAGES} is named"
        )),
        "{}",
        findings[0].message
    );
    assert_eq!(
        with(
            "_pydantic_core.cpython-311-aarch64-linux-gnu.so",
            "linux/arm64"
        ),
        []
    );
}

#[test]
fn a_module_named_for_the_other_libc_is_not_seen() {
    let findings = with(
        "_pydantic_core.cpython-311-aarch64-linux-musl.so",
        "linux/arm64",
    );
    assert_eq!(
        codes(&findings),
        [("py-extension-other-arch-skipped", Severity::Error)]
    );
}

#[test]
fn a_module_for_a_python_that_is_not_there_is_worth_knowing() {
    let findings = with(
        "_pydantic_core.cpython-310-aarch64-linux-gnu.so",
        "linux/arm64",
    );
    assert_eq!(
        codes(&findings),
        [("py-extension-other-arch-skipped", Severity::Info)]
    );
}

#[test]
fn a_package_for_several_pythons_and_platforms_is_healthy() {
    let names = [
        ("_c.cpython-310-aarch64-linux-gnu.so", "linux/arm64"),
        ("_c.cpython-311-aarch64-linux-gnu.so", "linux/arm64"),
        ("_c.cpython-311-x86_64-linux-gnu.so", "linux/amd64"),
    ];
    let image = names.iter().fold(image(), |image, (name, platform)| {
        image.elf(&format!("{PACKAGES}/_c/{name}"), platform)
    });
    assert_eq!(judge(&image.build()), []);
}

#[test]
fn a_module_of_another_machine_under_a_name_that_fits_is_an_error() {
    // xLLM-AI/xllm#38
    for name in [
        "_rust.abi3.so",
        "_c.so",
        "_c.cpython-311-aarch64-linux-gnu.so",
    ] {
        assert_eq!(
            codes(&with(name, "linux/amd64")),
            [("py-extension-wrong-machine", Severity::Error)],
            "{name}"
        );
        assert_eq!(with(name, "linux/arm64"), []);
    }
}

#[test]
fn a_package_that_carries_libraries_for_several_platforms_is_healthy() {
    let image = image()
        .elf(
            &format!("{PACKAGES}/tool/bin/linux_x86_64/plugin.so"),
            "linux/amd64",
        )
        .elf(&format!("{PACKAGES}/tool/lib/libtool.so"), "linux/amd64");
    assert_eq!(judge(&image.build()), []);
}

#[test]
fn a_wheel_tagged_for_another_platform_is_an_error() {
    // NousResearch/hermes-agent#75086
    let image = |tag: &str| {
        image()
            .facts(
                &format!("{PACKAGES}/cffi-1.17.1.dist-info/WHEEL"),
                FileFacts::WheelTags(vec![tag.to_owned()]),
            )
            .build()
    };
    let findings = judge(&image("cp311-cp311-manylinux_2_17_x86_64"));
    assert_eq!(
        codes(&findings),
        [("py-wheel-platform-tag-mismatch", Severity::Error)]
    );
    assert!(findings[0].message.contains("cffi-1.17.1"));
    assert_eq!(judge(&image("cp311-cp311-manylinux_2_17_aarch64")), []);
}

#[test]
fn numpy_for_x86_64_asks_something_of_the_host() {
    let image = |version: &str| {
        Fixture::new("linux/amd64")
            .file(&format!("{PACKAGES}/numpy-{version}.dist-info/METADATA"))
            .build()
    };
    assert_eq!(
        codes(&judge(&image("2.4.0"))),
        [("numpy-baseline-cpu", Severity::Info)]
    );
    assert_eq!(judge(&image("2.1.3")), []);
}
