//! Programs whose loader is not in the image.

use crate::audit::rootfs::NodeKind;
use crate::event::{Finding, Severity};

use super::group::{self, Case};
use super::libc::Libc;
use super::scene::Scene;
use super::standing::Role;
use super::words;

/// `exec-elf-interpreter-missing`: of what is on the path an error, elsewhere a warning.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let mut cases = Vec::new();
    for elf in scene.own() {
        let Some(loader) = &elf.facts.interpreter else {
            continue;
        };
        let is_there = scene
            .image
            .rootfs
            .resolve(loader)
            .is_ok_and(|file| file.kind() == NodeKind::File);
        if is_there || elf.is_library() {
            continue;
        }
        let severity = match elf.role {
            Role::Start | Role::Path => Severity::Error,
            _ if !elf.file.is_executable() => continue,
            _ => {
                // A build for the other libc, beside the one that is used.
                let is_meant = scene
                    .libc
                    .is_some_and(|libc| words::names_another_libc(&elf.path, libc))
                    || scene.surroundings.reason(&elf.path).is_some();
                if is_meant {
                    continue;
                }
                Severity::Warning
            }
        };
        cases.push(Case {
            code: "exec-elf-interpreter-missing",
            severity,
            cause: loader.clone(),
            layer: elf.file.layer(),
            path: elf.path.clone(),
            shown: format!("{} ({}) asks for {loader}", elf.path, elf.facts.header()),
        });
    }
    group::findings(cases, &|case, count| {
        let loader = &case.cause;
        let path = &case.path;
        let more = group::and_more(count);
        let ask = if count > 1 { "ask" } else { "asks" };
        let why = match (Libc::of_loader(loader), scene.libc) {
            (Some(built), Some(libc)) if built != libc => format!(
                ": built for {}, in an image whose libc is {}",
                built.name(),
                libc.name()
            ),
            (Some(built), None) => {
                format!(": built for {}, in an image without a libc", built.name())
            }
            _ => String::new(),
        };
        (
            format!("{path}{more} {ask} for the loader {loader}, which is not in the image{why}"),
            "build it static (`CGO_ENABLED=0`, a musl target), or use a base image with that libc; users see `no such file or directory` for a file that is there".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{
        Image, alpine, codes, debian, elf, glibc_loader, image, musl_loader, program,
    };
    use super::super::programs;
    use crate::event::{Finding, Severity};
    use crate::image::Machine::AArch64;

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    #[test]
    fn a_glibc_program_on_musl_has_no_loader_and_the_reverse() {
        // gliderlabs/docker-alpine#12, nextcloud/recognize#784.
        let glibc = program(AArch64, glibc_loader(AArch64), &["libc.so.6"]);
        let found = judge(alpine("linux/arm64").file("/usr/bin/app", glibc.clone()));
        assert_eq!(codes(&found), ["exec-elf-interpreter-missing"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(
            found[0]
                .message
                .ends_with("built for glibc, in an image whose libc is musl"),
            "{}",
            found[0].message
        );
        let musl = program(AArch64, musl_loader(AArch64), &["libc.musl-aarch64.so.1"]);
        let found = judge(debian("linux/arm64").file("/usr/bin/app", musl.clone()));
        assert_eq!(codes(&found), ["exec-elf-interpreter-missing"]);
        assert_eq!(
            codes(&judge(debian("linux/arm64").file("/usr/bin/app", glibc))),
            [""; 0]
        );
        assert_eq!(
            codes(&judge(alpine("linux/arm64").file("/usr/bin/app", musl))),
            [""; 0]
        );
    }

    #[test]
    fn a_dynamic_program_alone_in_an_image_has_no_loader_and_a_static_one_needs_none() {
        // moby/moby#14972.
        let dynamic = program(AArch64, glibc_loader(AArch64), &["libc.so.6"]);
        let found = judge(
            image("linux/arm64")
                .file("/app", dynamic)
                .entrypoint(&["/app"]),
        );
        assert_eq!(codes(&found), ["exec-elf-interpreter-missing"]);
        assert!(
            found[0].message.contains("in an image without a libc"),
            "{}",
            found[0].message
        );
        let found = judge(
            image("linux/arm64")
                .file("/app", elf(AArch64))
                .entrypoint(&["/app"]),
        );
        assert_eq!(codes(&found), [""; 0]);
    }

    #[test]
    fn builds_for_the_other_libc_beside_one_s_own_are_meant() {
        let found = judge(alpine("linux/arm64").file(
            "/app/node_modules/x-linux-arm64-gnu/bin/x",
            program(AArch64, glibc_loader(AArch64), &[]),
        ));
        assert_eq!(codes(&found), [""; 0]);
    }
}
