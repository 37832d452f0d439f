//! 32-bit ARM: which version of the architecture, and how floating point is passed.

use crate::audit::file::ElfFacts;
use crate::event::{Finding, Severity};
use crate::image::{Architecture, Machine};

use super::group::{self, Case};
use super::scene::{Elf, Scene};
use super::standing::Role;

/// `e_flags`: floating point arguments in integer registers, or in those of the unit.
const SOFT_FLOAT: u32 = 0x200;
const HARD_FLOAT: u32 = 0x400;

/// `go-arm-float`, `armv7-on-armv6` and objects of the other float ABI.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let platform = &scene.image.platform;
    if scene.alien.is_some() || *platform.architecture() != Architecture::Arm {
        return Vec::new();
    }
    let variant: u8 = platform
        .variant()
        .and_then(|variant| variant.trim_start_matches('v').get(..1)?.parse().ok())
        .unwrap_or(7);
    let arm = || {
        scene
            .own()
            .filter(|elf| elf.facts.header().machine == Machine::Arm)
    };
    let is_hard = is_hard_float(scene);
    let mut cases: Vec<Case> = Vec::new();
    for elf in arm() {
        if let Some(level) = goarm(elf.facts).filter(|level| *level > variant) {
            let reached = elf.role.is_reached();
            cases.push(case(
                elf,
                "go-arm-float",
                if reached {
                    Severity::Error
                } else {
                    Severity::Warning
                },
                format!("GOARM={level}"),
            ));
        } else if let Some(version) = version(elf.facts).filter(|version| *version > variant) {
            // Files with code for several processors are marked with the newest: many
            // libraries, and for ARMv8's checksums also programs (PostgreSQL's server).
            let is_base = (elf.role == Role::Start && version < 8) || is_libc(&elf.path);
            cases.push(case(
                elf,
                "armv7-on-armv6",
                if is_base {
                    Severity::Error
                } else {
                    Severity::Info
                },
                format!("ARMv{version}"),
            ));
        }
        if let Some(is_hard) = is_hard
            && float_abi(elf.facts).is_some_and(|own| own != is_hard)
            && elf.facts.is_dynamic
        {
            let abi = if is_hard { "soft" } else { "hard" };
            let severity = if elf.role.is_reached() {
                Severity::Error
            } else {
                Severity::Warning
            };
            cases.push(case(elf, "arm-float-abi", severity, format!("{abi} float")));
        }
    }
    let (versions, others): (Vec<Case>, Vec<Case>) = cases
        .into_iter()
        .partition(|case| case.code == "armv7-on-armv6");
    let words: &dyn Fn(&Case, usize) -> (String, String) = &|case, count| {
        let files = format!("{}{}", case.path, group::and_more(count));
        let are = if count > 1 { "are" } else { "is" };
        let what = &case.cause;
        match case.code {
            "go-arm-float" => (
                format!("{files} {are} built with {what}, in an image for {platform}: it stops at once there"),
                "build it with `GOARM=${TARGETVARIANT#v}`".to_owned(),
            ),
            "arm-float-abi" => (
                format!("{files} {are} {what}, and the image's loader is for the other ABI"),
                "install the build for this image's ABI (armhf is hard float, armel is soft)".to_owned(),
            ),
            _ if case.severity == Severity::Info => (
                format!(
                    "{files} {} code for {what}, in an image for {platform}: fine where it is chosen by the processor",
                    if count > 1 { "have" } else { "has" }
                ),
                String::new(),
            ),
            _ => (
                format!("{files} {are} built for {what}, in an image for {platform}"),
                "Debian's and Ubuntu's armhf is ARMv7; Alpine's and Raspberry Pi OS's is ARMv6: choose the base by the platform, or offer it as linux/arm/v7".to_owned(),
            ),
        }
    };
    let mut found = group::findings(others, words);
    found.extend(group::one(versions, words));
    found
}

fn case(elf: &Elf<'_>, code: &'static str, severity: Severity, cause: String) -> Case {
    Case {
        code,
        severity,
        shown: format!("{}: {cause}", elf.path),
        cause,
        layer: elf.file.layer(),
        path: elf.path.clone(),
    }
}

fn goarm(facts: &ElfFacts) -> Option<u8> {
    let (name, value) = facts.go.as_ref()?.level.as_ref()?;
    if name != "GOARM" {
        return None;
    }
    value.get(..1)?.parse().ok()
}

/// The version that `Tag_CPU_arch` names (ABI for the ARM Architecture, addenda, 3.3.5.2);
/// those of microcontrollers left out.
fn version(facts: &ElfFacts) -> Option<u8> {
    Some(match facts.arm?.cpu_arch? {
        1 | 2 => 4,
        3..=5 => 5,
        6 | 7 | 9 => 6,
        // v6T2 has Thumb-2, which the ARMv6 of Raspberry Pis lacks.
        8 | 10 => 7,
        14 | 15 => 8,
        22 => 9,
        _ => return None,
    })
}

fn is_libc(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == "libc.so.6" || name.starts_with("ld-musl-") || name.starts_with("ld-linux")
}

/// Whether the image's loader is the one of the hard-float ABI.
fn is_hard_float(scene: &Scene<'_>) -> Option<bool> {
    scene.own().find_map(|elf| {
        let loader = elf.facts.interpreter.as_deref()?;
        scene.image.rootfs.resolve(loader).ok()?;
        match loader.rsplit('/').next()? {
            "ld-linux-armhf.so.3" | "ld-musl-armhf.so.1" => Some(true),
            "ld-linux.so.3" | "ld-musl-arm.so.1" => Some(false),
            _ => None,
        }
    })
}

/// Whether an object passes floating point in the unit's registers, where it says so.
fn float_abi(facts: &ElfFacts) -> Option<bool> {
    if facts.flags & HARD_FLOAT != 0 {
        return Some(true);
    }
    if facts.flags & SOFT_FLOAT != 0 {
        return Some(false);
    }
    (facts.arm?.vfp_args? == 1).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{codes, debian, elf, shared_object};
    use super::super::programs;
    use crate::audit::file::{ArmAttributes, ElfFacts, GoBuild};
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(platform: &str, path: &str, facts: ElfFacts) -> Vec<Finding> {
        let image = debian(platform).file(path, facts).entrypoint(&[path]);
        programs::judge(&image.unpacked())
    }

    fn go(value: &str) -> ElfFacts {
        ElfFacts {
            go: Some(GoBuild {
                goarch: Some("arm".to_owned()),
                level: Some(("GOARM".to_owned(), value.to_owned())),
            }),
            ..elf(Machine::Arm)
        }
    }

    fn version(cpu_arch: u8) -> ElfFacts {
        ElfFacts {
            arm: Some(ArmAttributes {
                cpu_arch: Some(cpu_arch),
                vfp_args: None,
            }),
            ..elf(Machine::Arm)
        }
    }

    #[test]
    fn a_go_program_for_a_newer_arm_stops_at_once() {
        // TriliumNext/Notes#4344.
        let found = judge("linux/arm/v6", "/app", go("7"));
        assert_eq!(codes(&found), ["go-arm-float"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(
            codes(&judge("linux/arm/v6", "/app", go("6,hardfloat"))),
            [""; 0]
        );
        assert_eq!(codes(&judge("linux/arm/v7", "/app", go("7"))), [""; 0]);
    }

    #[test]
    fn an_armv7_program_in_an_armv6_image_is_an_error_where_it_is_started() {
        // docker-library/python#565, home-assistant/docker-base#6.
        let found = judge("linux/arm/v6", "/app", version(10));
        assert_eq!(codes(&found), ["armv7-on-armv6"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(codes(&judge("linux/arm/v6", "/app", version(6))), [""; 0]);
        assert_eq!(codes(&judge("linux/arm/v7", "/app", version(10))), [""; 0]);
        let image = debian("linux/arm/v6").plain(
            "/usr/lib/libcrypto.so.3",
            ElfFacts {
                arm: version(10).arm,
                ..shared_object(Machine::Arm, "libcrypto.so.3", &[])
            },
        );
        let found = programs::judge(&image.unpacked());
        assert_eq!(found[0].severity, Severity::Info);
    }

    #[test]
    fn a_program_with_code_for_armv8_beside_its_own_is_no_fault() {
        // Debian's PostgreSQL for armhf computes checksums with ARMv8's instructions
        // where the processor has them.
        let found = judge(
            "linux/arm/v7",
            "/usr/lib/postgresql/15/bin/postgres",
            version(14),
        );
        assert_eq!(codes(&found), ["armv7-on-armv6"]);
        assert_eq!(found[0].severity, Severity::Info);
        let libc = ElfFacts {
            arm: version(14).arm,
            ..shared_object(Machine::Arm, "libc.so.6", &[])
        };
        let found = programs::judge(
            &debian("linux/arm/v7")
                .plain("/usr/lib/arm-linux-gnueabihf/libc.so.6", libc)
                .unpacked(),
        );
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn an_object_of_the_other_float_abi_does_not_fit_the_loader() {
        let soft = ElfFacts {
            flags: 0x0500_0200,
            ..shared_object(Machine::Arm, "liba.so.1", &[])
        };
        let hard = ElfFacts {
            flags: 0x0500_0400,
            ..soft.clone()
        };
        let judge = |facts| {
            programs::judge(
                &debian("linux/arm/v7")
                    .plain("/usr/lib/liba.so.1", facts)
                    .unpacked(),
            )
        };
        assert_eq!(codes(&judge(soft)), ["arm-float-abi"]);
        assert_eq!(codes(&judge(hard)), [""; 0]);
    }
}
