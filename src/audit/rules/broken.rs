//! Libraries that are none, and programs that are cut off.

use crate::audit::file::{FileFacts, NotElf};
use crate::event::{Finding, Severity};

use super::group::{self, Case};
use super::scene::Scene;
use super::standing::{Role, Standing, is_extension};
use super::words;

/// What something that is no ELF file is.
pub(super) fn describe(what: NotElf) -> &'static str {
    match what {
        NotElf::MachO => "a macOS binary",
        NotElf::Pe => "a Windows binary",
        NotElf::LfsPointer => "a pointer of Git LFS in place of the file",
        NotElf::Html => "a web page in place of the file",
        NotElf::Empty => "empty",
        NotElf::Other => "no ELF file",
    }
}

/// `dlopen-not-elf`, `dlopen-truncated`, and what stands on `PATH` in a foreign format.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut cases = Vec::new();
    for file in scene.image.rootfs.files() {
        let Some(FileFacts::NotElf(what)) = file.facts() else {
            continue;
        };
        let path = file.path();
        if scene.steps.iter().any(|step| {
            step.target
                .file()
                .is_some_and(|started| started.path() == path)
        }) {
            continue;
        }
        if let Some((code, severity)) = not_elf(scene, &path, *what) {
            cases.push(Case {
                code,
                severity,
                cause: describe(*what).to_owned(),
                layer: file.layer(),
                shown: format!("{path} is {}", describe(*what)),
                path,
            });
        }
    }
    for elf in &scene.elves {
        let Some(missing) = &elf.facts.truncated else {
            continue;
        };
        if elf.role == Role::Start
            || matches!(elf.standing, Standing::Tolerated(_))
            || elf.facts.is_debug_only
        {
            continue;
        }
        if scene.surroundings.reason(&elf.path).is_some() {
            continue;
        }
        cases.push(Case {
            code: if elf.is_library() {
                "dlopen-truncated"
            } else {
                "exec-empty-or-truncated-file"
            },
            severity: if elf.role.is_reached() {
                Severity::Error
            } else {
                Severity::Warning
            },
            cause: "cut off".to_owned(),
            layer: elf.file.layer(),
            path: elf.path.clone(),
            shown: format!("{}: {missing}", elf.path),
        });
    }
    group::findings(cases, &|case, count| {
        let hint = match case.code {
            "dlopen-truncated" | "exec-empty-or-truncated-file" => {
                "build the image again: a download, a copy or a shared cache broke off"
            }
            _ => "install it inside the image, and keep the host's files out with .dockerignore",
        };
        let more = group::and_more(count);
        let is = if count > 1 { "are" } else { "is" };
        (
            format!("{}{more} {is} {}", case.path, case.cause),
            hint.to_owned(),
        )
    })
}

fn not_elf(scene: &Scene<'_>, path: &str, what: NotElf) -> Option<(&'static str, Severity)> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_labelled =
        matches!(what, NotElf::MachO | NotElf::Pe) && words::names_another_system(path);
    if is_labelled || scene.surroundings.reason(path).is_some() {
        return None;
    }
    if is_extension(path) {
        let code = match what {
            NotElf::Empty => "dlopen-truncated",
            _ => "dlopen-not-elf",
        };
        // `.so` in a runtime's folder may be a script of the linker; `.node` may not.
        let is_sure = what != NotElf::Other || name.ends_with(".node");
        return is_sure.then_some((code, Severity::Error));
    }
    if name.ends_with(".so") || name.contains(".so.") {
        return match what {
            // `libc.so` of development packages is a script of the linker.
            NotElf::Other => None,
            NotElf::Empty => Some(("dlopen-truncated", Severity::Warning)),
            _ => Some(("dlopen-not-elf", Severity::Warning)),
        };
    }
    let is_program = scene.on_path.contains_key(path) && what != NotElf::Other;
    is_program.then_some(match what {
        NotElf::Empty => ("exec-empty-or-truncated-file", Severity::Warning),
        _ => ("exec-foreign-format", Severity::Warning),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Image, codes, debian, shared_object};
    use super::super::programs;
    use crate::audit::file::{ElfFacts, NotElf};
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    #[test]
    fn an_addon_of_another_system_is_no_elf_file() {
        // kelektiv/node.bcrypt.js#755: node_modules copied from a Mac.
        let path = "/app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node";
        for what in [
            NotElf::MachO,
            NotElf::Pe,
            NotElf::LfsPointer,
            NotElf::Html,
            NotElf::Other,
        ] {
            let found = judge(debian("linux/arm64").plain(path, what));
            assert_eq!(codes(&found), ["dlopen-not-elf"]);
            assert_eq!(found[0].severity, Severity::Error);
        }
        let healthy = debian("linux/arm64").plain(path, shared_object(Machine::AArch64, "", &[]));
        assert_eq!(codes(&judge(healthy)), [""; 0]);
    }

    #[test]
    fn builds_for_other_systems_in_their_own_folders_are_meant() {
        for path in [
            "/app/node_modules/bcrypt/prebuilds/darwin-arm64/bcrypt.node",
            "/app/node_modules/onnxruntime-node/bin/napi-v3/win32/x64/o.node",
            "/app/node_modules/@img/sharp-darwin-arm64/lib/s.node",
        ] {
            assert_eq!(
                codes(&judge(debian("linux/arm64").plain(path, NotElf::MachO))),
                [""; 0],
                "{path}"
            );
        }
        // Scripts of the linker.
        let path = "/usr/lib/aarch64-linux-gnu/libc.so";
        assert_eq!(
            codes(&judge(debian("linux/arm64").plain(path, NotElf::Other))),
            [""; 0]
        );
    }

    #[test]
    fn an_empty_or_cut_library_is_truncated() {
        let path = "/app/node_modules/a/build/Release/a.node";
        let cut = ElfFacts {
            truncated: Some("a segment ends beyond the file".to_owned()),
            ..shared_object(Machine::AArch64, "", &[])
        };
        assert_eq!(
            codes(&judge(debian("linux/arm64").plain(path, NotElf::Empty))),
            ["dlopen-truncated"]
        );
        assert_eq!(
            codes(&judge(debian("linux/arm64").plain(path, cut))),
            ["dlopen-truncated"]
        );
    }
}
