//! Whether what the config names is there, may be executed, and is something that a
//! kernel takes.

use crate::audit::file::{FileFacts, NotElf};
use crate::audit::rootfs::FileRef;
use crate::event::{Finding, Severity};

use super::scene::Scene;
use super::start::{By, Step, Target};

/// Faults of the entrypoint and command.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.steps.is_empty() {
        return vec![Finding::new(
            "exec-file-missing",
            Severity::Info,
            "the image has neither entrypoint nor command: it is no use without one given",
        )];
    }
    scene
        .steps
        .iter()
        .filter_map(|step| fault(scene, step))
        .collect()
}

fn fault(scene: &Scene<'_>, step: &Step<'_>) -> Option<Finding> {
    if step.by == By::Perhaps {
        return None;
    }
    let word = &step.word;
    let finding = |code: &str, message: String| {
        Finding::new(code, Severity::Error, message).because(command(scene))
    };
    match &step.target {
        Target::Nothing(why) => Some(
            finding("exec-file-missing", format!("the image starts `{word}`, and {why}"))
                .hint("see whether a build step puts it there on some platforms only"),
        )
        .map(|finding| match word.starts_with('/') {
            true => finding.at(word.clone()),
            false => finding,
        }),
        Target::Folder(path) => Some(
            finding(
                "exec-not-executable",
                format!("the image starts `{word}`, and {path} is a folder"),
            )
            .at(path.clone())
            .hint("name the program itself"),
        ),
        Target::NotExecutable(file) => Some(
            finding(
                "exec-not-executable",
                format!("the image starts {}, which nobody may execute", file.path()),
            )
            .at(file.path())
            .because(format!("its mode is {:04o}", file.mode() & 0o7777))
            .hint("`COPY --chmod=0755`, or set the bit in the repository; this is no matter of architecture"),
        ),
        Target::Program(file) => content(scene, step, *file),
    }
}

fn content(scene: &Scene<'_>, step: &Step<'_>, file: FileRef<'_>) -> Option<Finding> {
    let path = file.path();
    let finding = |code: &str, message: String| {
        Finding::new(code, Severity::Error, message)
            .at(path.clone())
            .because(command(scene))
    };
    let empty = || {
        finding(
            "exec-empty-or-truncated-file",
            format!("the image starts {path}, which is empty"),
        )
        .hint("build the image again: a download or a cache left the file empty")
    };
    match file.facts() {
        None if file.size() == 0 => Some(empty()),
        Some(FileFacts::NotElf(NotElf::Empty)) => Some(empty()),
        Some(FileFacts::NotElf(what @ (NotElf::MachO | NotElf::Pe | NotElf::Html | NotElf::LfsPointer))) => Some(
            finding(
                "exec-foreign-format",
                format!("the image starts {path}, which is {}", super::broken::describe(*what)),
            )
            .hint("build or fetch it inside the image, and keep the host's files out with .dockerignore"),
        ),
        Some(FileFacts::Elf(elf)) => elf.truncated.as_ref().map(|missing| {
            finding(
                "exec-empty-or-truncated-file",
                format!("the image starts {path}, which is cut off"),
            )
            .because(missing.clone())
            .hint("build the image again: a download or a copy broke off")
        }),
        // Whoever uses execvp hands such a file to /bin/sh, which reads it.
        Some(FileFacts::Script(script)) if script.shebang.is_none() && step.by == By::Exec => {
            let why = if script.has_byte_order_mark {
                "begins with a byte order mark and not with `#!`"
            } else if script.has_late_shebang {
                "has its `#!` not at the very beginning"
            } else {
                "is text without `#!`"
            };
            Some(
                finding("exec-no-shebang", format!("the image starts {path}, which {why}"))
                    .because("shells, tini and `docker run --init` run it all the same; engines alone say `exec format error`")
                    .hint("its first two bytes must be `#!`; this is no matter of architecture"),
            )
        }
        _ => None,
    }
}

fn command(scene: &Scene<'_>) -> String {
    let config = &scene.image.config;
    let quoted = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        format!("[{}]", words.join(", "))
    };
    match (config.entrypoint.is_empty(), config.cmd.is_empty()) {
        (false, false) => format!(
            "ENTRYPOINT {} CMD {}",
            quoted(&config.entrypoint),
            quoted(&config.cmd)
        ),
        (false, true) => format!("ENTRYPOINT {}", quoted(&config.entrypoint)),
        _ => format!("CMD {}", quoted(&config.cmd)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Image, codes, debian, elf, script, text};
    use super::super::programs;
    use crate::audit::file::{ElfFacts, NotElf, Script};
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    fn amd64() -> Image {
        debian("linux/amd64")
    }

    #[test]
    fn a_program_that_is_not_there_is_told_with_where_it_was_looked_for() {
        // docker-library/official-images: a binary copied in under a guard on the architecture.
        let found = judge(amd64().entrypoint(&["/srv/app"]));
        assert_eq!(codes(&found), ["exec-file-missing"]);
        assert_eq!(found[0].path.as_deref(), Some("/srv/app"));
        let found = judge(amd64().entrypoint(&["sh", "-c", "exec app --port 80"]));
        assert_eq!(codes(&found), ["exec-file-missing"]);
        assert!(found[0].message.contains("`app`"), "{}", found[0].message);
        for healthy in [
            amd64().entrypoint(&["sh"]),
            amd64()
                .entrypoint(&["./sh"])
                .config(|config| config.workdir = "/usr/bin".to_owned()),
            amd64()
                .file("/srv/app", elf(Machine::X86_64))
                .entrypoint(&["/srv/app"]),
        ] {
            assert_eq!(codes(&judge(healthy)), [""; 0]);
        }
    }

    #[test]
    fn an_image_that_starts_nothing_is_worth_a_word() {
        let found = judge(amd64().command(&[]));
        assert_eq!(codes(&found), ["exec-file-missing"]);
        assert_eq!(found[0].severity, Severity::Info);
    }

    #[test]
    fn a_file_without_permission_and_a_folder_are_not_executable() {
        // moby/moby#40859.
        let found = judge(
            amd64()
                .plain("/run.sh", script("/bin/sh"))
                .entrypoint(&["/run.sh"]),
        );
        assert_eq!(codes(&found), ["exec-not-executable"]);
        assert!(found[0].evidence.contains(&"its mode is 0644".to_owned()));
        let found = judge(amd64().folder("/srv").entrypoint(&["/srv"]));
        assert_eq!(codes(&found), ["exec-not-executable"]);
        assert_eq!(
            codes(&judge(
                amd64()
                    .file("/run.sh", script("/bin/sh"))
                    .entrypoint(&["/run.sh"])
            )),
            [""; 0]
        );
    }

    #[test]
    fn a_script_without_shebang_fails_where_the_engine_starts_it_itself() {
        // docker-library/mysql#228, podman/buildah#475, instantlinux/docker-tools#38.
        let bom = Script {
            has_byte_order_mark: true,
            ..text()
        };
        let late = Script {
            has_late_shebang: true,
            ..text()
        };
        for broken in [text(), bom, late] {
            let found = judge(amd64().file("/run.sh", broken).entrypoint(&["/run.sh"]));
            assert_eq!(codes(&found), ["exec-no-shebang"]);
        }
        let through_tini = amd64()
            .file("/run.sh", text())
            .file("/usr/bin/tini", elf(Machine::X86_64))
            .entrypoint(&["tini", "--", "/run.sh"]);
        assert_eq!(codes(&judge(through_tini)), [""; 0]);
    }

    #[test]
    fn what_a_mac_or_a_broken_download_left_is_told_apart() {
        // krallin/tini#140: curl without -L saved a page.
        for (what, code) in [
            (NotElf::MachO, "exec-foreign-format"),
            (NotElf::Pe, "exec-foreign-format"),
            (NotElf::Html, "exec-foreign-format"),
            (NotElf::Empty, "exec-empty-or-truncated-file"),
        ] {
            let found = judge(amd64().file("/app", what).entrypoint(&["/app"]));
            assert_eq!(codes(&found), [code]);
        }
        // containerd/containerd#11910.
        let cut = ElfFacts {
            truncated: Some("a segment ends at 9000 of 4096 bytes".to_owned()),
            ..elf(Machine::X86_64)
        };
        let found = judge(amd64().file("/app", cut).entrypoint(&["/app"]));
        assert_eq!(codes(&found), ["exec-empty-or-truncated-file"]);
    }
}
