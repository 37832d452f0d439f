//! One set of audits that every reporter is shown.

use std::time::Duration;

use crate::event::{AuditReport, AuditedPlatform, Finding, Severity, Unseen};
use crate::image::{Digest, Platform};

/// All of them, by the names of their golden files.
pub(super) fn all() -> Vec<(&'static str, AuditReport)> {
    vec![
        ("healthy", healthy()),
        ("failing", failing()),
        ("accepted", accepted()),
        ("broken", broken()),
        ("hostile", hostile()),
        ("unreached", unreached()),
    ]
}

fn platform(text: &str) -> Platform {
    text.parse().expect(text)
}

fn audited(on: &str, files: usize, elf_files: usize) -> AuditedPlatform {
    AuditedPlatform {
        platform: platform(on),
        digest: Digest::of(on.as_bytes()),
        layers: 7,
        files,
        elf_files,
    }
}

fn brought_by(mut finding: Finding, layer: usize, line: &str) -> Finding {
    finding.layer = Some(Digest::of(&[u8::try_from(layer).expect("a layer")]));
    finding.history = Some(format!("layer {layer} of 7: {line}"));
    finding
}

/// Nothing is wrong on two platforms, and one thing is worth knowing.
pub(super) fn healthy() -> AuditReport {
    AuditReport {
        reference: "localhost:5055/app:2.4.1".to_owned(),
        index_digest: Some(Digest::of(b"index")),
        platforms: vec![
            audited("linux/amd64", 8123, 412),
            audited("linux/arm64", 8119, 411),
        ],
        findings: vec![Finding::new(
            "attestation-entry",
            Severity::Info,
            "2 entries of the index are attestations, each attached to its platform",
        )],
        errors: Vec::new(),
        notes: Vec::new(),
        duration: Duration::from_millis(2_734),
    }
}

/// linux/arm64 holds programs for amd64, linux/arm/v7 is not there.
pub(super) fn failing() -> AuditReport {
    let arm64 = platform("linux/arm64");
    let amd64 = platform("linux/amd64");
    let mut report = healthy();
    report.reference = "localhost:5055/app:broken".to_owned();
    report.findings = vec![
        brought_by(
            Finding::new(
                "dlopen-wrong-machine-glibc",
                Severity::Error,
                "it is built for x86-64, in an image for linux/arm64; glibc reports that as a missing file",
            )
            .on(&arm64)
            .at("/app/node_modules/bcrypt/prebuilds/linux-arm64/bcrypt.glibc.node")
            .because("ELF machine 62 (x86-64), wanted 183 (aarch64)")
            .because("linux/amd64 has the same file, byte for byte")
            .hint("install or rebuild bcrypt in a stage of the target platform; do not copy it from another one"),
            5,
            "COPY --from=deps /app/node_modules /app/node_modules",
        ),
        brought_by(
            Finding::new(
                "exec-wrong-arch-helper",
                Severity::Error,
                "it is built for x86-64, in an image for linux/arm64",
            )
            .on(&arm64)
            .at("/usr/local/bin/tini")
            .because("ELF machine 62 (x86-64), wanted 183 (aarch64)")
            .hint("choose the download by $TARGETARCH"),
            3,
            "RUN curl -fsSLo /usr/local/bin/tini …/tini-amd64",
        ),
        Finding::new(
            "platform-not-in-index",
            Severity::Error,
            "the index has no linux/arm/v7, which is required",
        )
        .on(&platform("linux/arm/v7"))
        .because("it lists linux/amd64 and linux/arm64")
        .hint("build and push it, or take it out of `platforms`"),
        Finding::new(
            "parity-packages",
            Severity::Warning,
            "the platforms have different versions of openssl",
        )
        .because("linux/amd64: 3.0.15-1~deb12u1")
        .because("linux/arm64: 3.0.14-1~deb12u2"),
        brought_by(
            Finding::new(
                "exec-shebang-interpreter-missing",
                Severity::Warning,
                "its interpreter /bin/zsh is not in the image",
            )
            .on(&amd64)
            .at("/opt/tools/report.sh")
            .because("first line: #!/bin/zsh"),
            6,
            "COPY tools /opt/tools",
        ),
        Finding::new(
            "cpu-baseline-x86",
            Severity::Info,
            "it asks for x86-64-v3: older processors, and some emulators, can't run it",
        )
        .on(&amd64)
        .at("/opt/tools/fast"),
    ];
    report
}

/// All that is wrong is accepted by the suite.
pub(super) fn accepted() -> AuditReport {
    let mut report = failing();
    report.reference = "localhost:5055/app:known".to_owned();
    report
        .findings
        .retain(|finding| finding.code != "platform-not-in-index");
    for finding in &mut report.findings {
        if finding.severity == Severity::Error {
            finding.accepted = Some("bcrypt is not used on arm64 (issue 4711)".to_owned());
        }
    }
    report.notes = vec![
        "everyarch.yaml:9: nothing was found that this acceptance of `elf-page-alignment` in /opt/** is for; remove it".to_owned(),
    ];
    report
}

/// A layer can't be had, so that one platform was never looked at.
pub(super) fn broken() -> AuditReport {
    let arm64 = Platform::new("linux", "arm64", None);
    let mut report = failing();
    report.platforms.truncate(1);
    report.findings.truncate(1);
    report.errors = vec![
        Unseen::of(
            &arm64,
            "layer 5 of linux/arm64 (sha256:4bf5122f3445) could not be looked at: the registry closed the connection (asked 4 times)",
        ),
        Unseen::of(
            &arm64,
            "the config of linux/arm64 could not be looked at: 503 Service Unavailable",
        ),
    ];
    report
}

/// The registry never answered.
pub(super) fn unreached() -> AuditReport {
    AuditReport {
        index_digest: None,
        platforms: Vec::new(),
        findings: Vec::new(),
        errors: vec![
            "looking up localhost:5055/app:2.4.1: connection refused (asked 4 times)"
                .to_owned()
                .into(),
        ],
        ..healthy()
    }
}

/// An image that does what it can to be believed.
pub(super) fn hostile() -> AuditReport {
    let mut report = failing();
    let finding = &mut report.findings[0];
    finding.path = Some("/app/\u{1b}[2Jevil dir/%41:b?#é\n::error::owned]]>.node".to_owned());
    finding.message =
        "it is <b>fine</b>\n::error file=a::owned [click](https://example.org/owned)".to_owned();
    finding.evidence = vec![
        "\u{1b}]0;title\u{7}##[error]owned".to_owned(),
        "a\0b\u{9b}31mc\u{202e}d".to_owned(),
    ];
    finding.history = Some(
        "layer 5 of 7: RUN echo ##vso[task.complete result=Succeeded]\n::set-env name=PATH::/tmp"
            .to_owned(),
    );
    finding.hint = Some("section_start:1:x\r\u{1b}[0Khidden".to_owned());
    report.platforms.push(AuditedPlatform {
        platform: Platform::new("li\u{1b}[2Jnux", "##[error]a/b", None),
        digest: Digest::of(b"odd"),
        layers: 1,
        files: 0,
        elf_files: 0,
    });
    report.errors = vec!["##[error]a layer\n::error::of it".to_owned().into()];
    report.notes = vec!["\u{1b}[31mred\n::warning::owned".to_owned()];
    report
}
