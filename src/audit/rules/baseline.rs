//! Programs that want a newer processor than the platform promises.

use crate::event::{Finding, Severity};
use crate::image::Architecture;

use super::group::{self, Case};
use super::scene::{Elf, Scene};

/// `cpu-baseline-x86` and `cpu-baseline-lse`.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let platform = &scene.image.platform;
    match platform.architecture() {
        Architecture::Amd64 => {
            let promised = platform.variant().and_then(digit).unwrap_or(1);
            let cases = scene
                .own()
                .filter(|elf| !is_for_newer(&elf.path))
                .filter_map(|elf| x86(elf, promised))
                .collect();
            group::one(cases, &|case, count| {
                (
                    format!(
                        "host: {}{} {} x86-64-v{}, and {platform} promises v{promised} only",
                        case.path,
                        group::and_more(count),
                        if count > 1 { "want up to" } else { "wants" },
                        case.cause
                    ),
                    "build it for the baseline (`GOAMD64=v1`, `-march=x86-64`), or say what the image needs: old processors, some virtual machines and emulators lack it".to_owned(),
                )
            })
            .into_iter()
            .collect()
        }
        Architecture::Arm64 => {
            let cases = scene.own().filter_map(lse).collect();
            group::one(cases, &|case, count| {
                (
                    format!(
                        "host: {}{} {} built for {}: the atomic instructions of ARMv8.1 are missing on Raspberry Pi 3 and 4",
                        case.path,
                        group::and_more(count),
                        if count > 1 { "are" } else { "is" },
                        case.cause
                    ),
                    "build it with `GOARM64=v8.0`".to_owned(),
                )
            })
            .into_iter()
            .collect()
        }
        _ => Vec::new(),
    }
}

/// Folders of builds that are taken only where the processor has what they need.
fn is_for_newer(path: &str) -> bool {
    path.contains("/glibc-hwcaps/") || path.contains("x86-64-v") || path.contains("x86_64-v")
}

/// `v3` as 3.
fn digit(level: &str) -> Option<u8> {
    level.trim_start_matches('v').get(..1)?.parse().ok()
}

fn x86(elf: &Elf<'_>, promised: u8) -> Option<Case> {
    let go = elf.facts.go.as_ref().and_then(|go| go.level.as_ref());
    let by_go = go
        .filter(|(name, _)| name == "GOAMD64")
        .and_then(|(_, value)| digit(value));
    let (level, shown) = match (elf.facts.x86_level, by_go) {
        (note, Some(level)) if Some(level) >= note => (level, format!("GOAMD64=v{level}")),
        (Some(level), _) => (level, format!("its property note demands x86-64-v{level}")),
        (None, _) => return None,
    };
    (level > promised).then(|| Case {
        code: "cpu-baseline-x86",
        severity: Severity::Warning,
        cause: level.to_string(),
        layer: elf.file.layer(),
        path: elf.path.clone(),
        shown: format!("{}: {shown}", elf.path),
    })
}

fn lse(elf: &Elf<'_>) -> Option<Case> {
    let (name, value) = elf.facts.go.as_ref()?.level.as_ref()?;
    let is_new = !value.starts_with("v8.0") || value.contains("lse");
    (name == "GOARM64" && is_new).then(|| Case {
        code: "cpu-baseline-lse",
        severity: Severity::Info,
        cause: format!("GOARM64={value}"),
        layer: elf.file.layer(),
        path: elf.path.clone(),
        shown: format!("{}: GOARM64={value}", elf.path),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, debian, elf};
    use super::super::programs;
    use crate::audit::file::{ElfFacts, GoBuild};
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(platform: &str, facts: ElfFacts) -> Vec<Finding> {
        programs::judge(&debian(platform).file("/usr/bin/app", facts).unpacked())
    }

    fn go(machine: Machine, name: &str, value: &str) -> ElfFacts {
        ElfFacts {
            go: Some(GoBuild {
                goarch: None,
                level: Some((name.to_owned(), value.to_owned())),
            }),
            ..elf(machine)
        }
    }

    #[test]
    fn a_level_above_what_the_platform_promises_is_a_warning() {
        // podman-container-tools/podman#15456 (the note), kubestellar#832 (Go).
        let note = ElfFacts {
            x86_level: Some(2),
            ..elf(Machine::X86_64)
        };
        let found = judge("linux/amd64", note.clone());
        assert_eq!(codes(&found), ["cpu-baseline-x86"]);
        assert_eq!(found[0].severity, Severity::Warning);
        let v3 = go(Machine::X86_64, "GOAMD64", "v3");
        assert!(
            judge("linux/amd64", v3.clone())[0]
                .message
                .contains("wants x86-64-v3")
        );
        assert_eq!(codes(&judge("linux/amd64/v2", note)), [""; 0]);
        assert_eq!(codes(&judge("linux/amd64/v3", v3)), [""; 0]);
        assert_eq!(
            codes(&judge("linux/amd64", go(Machine::X86_64, "GOAMD64", "v1"))),
            [""; 0]
        );
    }

    #[test]
    fn builds_beside_the_baseline_for_newer_processors_are_meant() {
        let note = ElfFacts {
            x86_level: Some(3),
            ..elf(Machine::X86_64)
        };
        let path = "/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libz.so.1";
        let found = programs::judge(&debian("linux/amd64").plain(path, note).unpacked());
        assert_eq!(codes(&found), [""; 0]);
    }

    #[test]
    fn atomics_of_armv8_1_are_worth_a_word() {
        // restatedev/restate#5123.
        assert_eq!(
            codes(&judge(
                "linux/arm64",
                go(Machine::AArch64, "GOARM64", "v8.1")
            )),
            ["cpu-baseline-lse"]
        );
        assert_eq!(
            codes(&judge(
                "linux/arm64",
                go(Machine::AArch64, "GOARM64", "v8.0,lse")
            )),
            ["cpu-baseline-lse"]
        );
        assert_eq!(
            codes(&judge(
                "linux/arm64",
                go(Machine::AArch64, "GOARM64", "v8.0")
            )),
            [""; 0]
        );
    }
}
