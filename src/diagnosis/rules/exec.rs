//! The program could not be executed. `exec format error` has six causes and
//! "no such file" five; runc, crun, shells, tini and the kernel all word them
//! differently. The file's bytes tell them apart.

use super::{Observation, Rule, cause, facts, is_foreign, shown};
use crate::diagnosis::{FileFacts, FileShape};
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule { suspects, judge };

fn is_exec_failure(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "exec format error",
        "exec: \"",
        "exec container process",
        "executable file not found",
        "executable file `",
        "cannot execute",
        "starting container process caused",
        "unable to start container process",
        "oci runtime exec failed",
        "oci permission denied",
        "runtime attempted to invoke a command that was not found",
    ]
    .iter()
    .any(|needle| text.contains(needle))
        || text
            .lines()
            .any(|line| line.starts_with("exec /") || line.starts_with("standard_init_linux"))
}

fn suspects(observation: &Observation<'_>) -> Vec<String> {
    if !is_exec_failure(observation.text) && !matches!(observation.exit, Some(126 | 127)) {
        return Vec::new();
    }
    let mut paths: Vec<String> = Vec::new();
    // `/bin/sh: 1: /usr/bin/protoc: Exec format error`: the last path on the line.
    for line in observation.text.lines() {
        let lower = line.to_lowercase();
        if [
            "exec format error",
            "cannot execute",
            "not found",
            "permission denied",
            "no such file",
        ]
        .iter()
        .any(|needle| lower.contains(needle))
        {
            let words = line
                .split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '(' | ')'));
            let named = words
                .map(|word| word.trim_end_matches([':', ',', '.']))
                .rfind(|word| word.starts_with('/') && word.len() > 1);
            paths.extend(named.map(str::to_owned));
        }
    }
    paths.extend(observation.command.first().cloned());
    paths
}

fn judge(observation: &Observation<'_>, files: &[FileFacts]) -> Option<Cause> {
    let failed = is_exec_failure(observation.text) || matches!(observation.exit, Some(126 | 127));
    if !failed {
        return None;
    }
    let candidates: Vec<&FileFacts> = suspects(observation)
        .iter()
        .filter_map(|named| facts(files, named))
        .collect();
    candidates
        .into_iter()
        .find_map(|file| explain(observation, file))
}

fn explain(observation: &Observation<'_>, file: &FileFacts) -> Option<Cause> {
    let platform = observation.platform;
    let name = &file.path;
    let established = |code: &str, message: String, hint: &str| {
        let mut found = cause(code, Confidence::Established, message);
        found.evidence.push(shown(file));
        found.hint = Some(hint.to_owned());
        Some(found)
    };
    if is_foreign(file, observation) {
        return established(
            "exec-wrong-arch-app-binary",
            format!(
                "{name} {}, in an image for {platform}",
                file.shape.describe()
            ),
            "build or download that file for the target platform (a bare `ARG TARGETARCH` in the stage that uses it, `--platform=$BUILDPLATFORM` on no final stage)",
        );
    }
    match &file.shape {
        FileShape::Missing => established(
            "exec-file-missing",
            format!("{} is not in the image", file.named),
            "see whether a build step puts it there on some platforms only",
        ),
        FileShape::Directory => established(
            "exec-not-executable",
            format!("{name} is a directory"),
            "name the program itself",
        ),
        FileShape::Empty => established(
            "exec-empty-or-truncated-file",
            format!("{name} is empty"),
            "build the image again; a download or a cache left the file empty",
        ),
        FileShape::MachO | FileShape::Pe | FileShape::Html | FileShape::LfsPointer => established(
            "exec-foreign-format",
            format!("{name} {}", file.shape.describe()),
            "build or fetch it inside the image, and keep the host's files out with .dockerignore",
        ),
        FileShape::Script(_, true) => established(
            "exec-shebang-crlf",
            format!("the first line of {name} ends in a carriage return"),
            "store the script with LF line ends (`*.sh text eol=lf` in .gitattributes); this is no matter of architecture",
        ),
        FileShape::Script(interpreter, false) if interpreter.is_there == Some(false) => {
            established(
                "exec-shebang-interpreter-missing",
                format!(
                    "{name} asks for {}, which is not in the image",
                    interpreter.path
                ),
                "install it, or use an interpreter that the image has",
            )
        }
        FileShape::Elf(_, Some(interpreter)) if interpreter.is_there == Some(false) => established(
            "exec-elf-interpreter-missing",
            format!(
                "{name} asks for the loader {}, which is not in the image",
                interpreter.path
            ),
            "build it static or for this image's libc (musl and glibc are not interchangeable)",
        ),
        FileShape::Text | FileShape::ByteOrderMark => established(
            "exec-no-shebang",
            format!("{name} {}", file.shape.describe()),
            "its first two bytes must be `#!`; this is no matter of architecture",
        ),
        _ if !file.is_executable => established(
            "exec-not-executable",
            format!("{name} has no execute permission"),
            "`COPY --chmod=0755`, or set the bit in the repository",
        ),
        _ => None,
    }
}
