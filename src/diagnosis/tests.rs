//! The catalogue as a table: text and bytes in, code and confidence out.

use super::*;
use crate::image::ElfHeader;

fn elf(machine: u16) -> FileShape {
    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    FileShape::Elf(ElfHeader::parse(&bytes).expect("a header"), None)
}

fn file(path: &str, shape: FileShape) -> FileFacts {
    FileFacts {
        named: path.to_owned(),
        path: path.to_owned(),
        shape,
        is_executable: true,
    }
}

fn diagnose(
    text: &str,
    exit: Option<i64>,
    command: &[&str],
    files: &[FileFacts],
) -> Vec<(String, Confidence)> {
    let platform = "linux/arm64".parse().expect("a platform");
    let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    let observed = Observation::of(&platform, Execution::Emulated, text);
    let observation = Observation {
        command: &command,
        timed_out: exit.is_none(),
        ..match exit {
            Some(code) => observed.exited(code),
            None => observed,
        }
    };
    for path in files.iter().map(|file| &file.named) {
        assert!(
            suspects(&observation).contains(path),
            "{path} is not looked at: {:?}",
            suspects(&observation)
        );
    }
    causes(&observation, files)
        .into_iter()
        .map(|cause| (cause.code, cause.confidence))
        .collect()
}

fn established(code: &str) -> Vec<(String, Confidence)> {
    vec![(code.to_owned(), Confidence::Established)]
}

#[test]
fn the_same_loader_text_is_told_apart_by_the_file() {
    let text = "Error: /app/x.node: cannot open shared object file: No such file or directory";
    assert_eq!(
        diagnose(text, Some(1), &["node"], &[file("/app/x.node", elf(62))]),
        established("dlopen-wrong-machine-glibc")
    );
    assert_eq!(
        diagnose(
            text,
            Some(1),
            &["node"],
            &[file("/app/x.node", FileShape::Missing)]
        ),
        established("needed-library-missing")
    );
}

#[test]
fn exec_format_error_has_many_causes() {
    let text = "exec /entrypoint.sh: exec format error";
    for (shape, code) in [
        (elf(62), "exec-wrong-arch-app-binary"),
        (FileShape::Empty, "exec-empty-or-truncated-file"),
        (FileShape::Text, "exec-no-shebang"),
        (FileShape::MachO, "exec-foreign-format"),
    ] {
        assert_eq!(
            diagnose(
                text,
                Some(1),
                &["/entrypoint.sh"],
                &[file("/entrypoint.sh", shape)]
            ),
            established(code)
        );
    }
}

#[test]
fn a_script_with_windows_line_ends_is_no_missing_file() {
    let shape = FileShape::of(b"#!/bin/sh\r\necho hello\r\n");
    assert_eq!(
        diagnose(
            "exec /run.sh: no such file or directory",
            Some(1),
            &["/run.sh"],
            &[file("/run.sh", shape)]
        ),
        established("exec-shebang-crlf")
    );
}

#[test]
fn a_shell_that_names_the_helper_is_heard() {
    assert_eq!(
        diagnose(
            "/bin/sh: 1: /usr/bin/protoc: Exec format error",
            Some(126),
            &["/bin/sh", "-c", "protoc"],
            &[file("/usr/bin/protoc", elf(62))]
        ),
        established("exec-wrong-arch-app-binary")
    );
}

#[test]
fn musl_names_the_object_it_can_t_relocate() {
    assert_eq!(
        diagnose(
            "Error: Error relocating /app/y.node: unsupported relocation type 7",
            Some(1),
            &["node"],
            &[file("/app/y.node", elf(62))]
        ),
        established("dlopen-wrong-machine-musl")
    );
}

#[test]
fn a_crash_under_emulation_suspects_the_emulator_and_says_so() {
    let text = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped";
    assert_eq!(
        diagnose(text, None, &["/app"], &[]),
        [("qemu-guest-signal".to_owned(), Confidence::Unknown)]
    );
}

#[test]
fn nothing_is_made_up_where_no_rule_applies() {
    assert_eq!(
        diagnose("assertion failed: 1 == 2", Some(1), &["/app"], &[]),
        []
    );
}

#[test]
fn a_dependency_is_told_from_the_object() {
    let text = "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or directory";
    assert_eq!(
        diagnose(text, Some(1), &[], &[]),
        [("needed-library-missing".to_owned(), Confidence::Consistent)]
    );
}
