//! glibc's loader refuses an object. It says "No such file or directory" of a
//! file for another machine (`open_verify` in elf/dl-load.c sets ENOENT), the
//! very text of a file that is absent.

use super::{Observation, Rule, cause, facts, is_foreign, shown};
use crate::diagnosis::{FileFacts, FileShape};
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule { suspects, judge };

const TEXTS: [&str; 4] = [
    ": cannot open shared object file",
    ": invalid ELF header",
    ": wrong ELF class",
    ": file too short",
];

fn suspects(observation: &Observation<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for line in observation.text.lines() {
        for text in TEXTS {
            if let Some((before, _)) = line.split_once(text)
                && let Some(path) = before
                    .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '\'' | '"'))
                    .next()
                && path.starts_with('/')
            {
                paths.push(path.to_owned());
            }
        }
    }
    paths
}

fn judge(observation: &Observation<'_>, files: &[FileFacts]) -> Option<Cause> {
    let named = suspects(observation);
    let file = named.iter().find_map(|path| facts(files, path))?;
    let platform = observation.platform;
    let path = &file.path;
    let (code, message, hint) = match &file.shape {
        _ if is_foreign(file, observation) => (
            "dlopen-wrong-machine-glibc",
            format!(
                "{path} {}, in an image for {platform}; the loader reports that as a missing file",
                file.shape.describe()
            ),
            "install or rebuild that package in the target platform's own build stage; do not copy it from another one",
        ),
        FileShape::Missing => (
            "needed-library-missing",
            format!("{path} is not in the image"),
            "install the package that brings it, on this platform too",
        ),
        FileShape::Empty => (
            "dlopen-truncated",
            format!("{path} is empty"),
            "build the image again; a download or a cache left the file empty",
        ),
        FileShape::Elf(..) => return None,
        _ => (
            "dlopen-not-elf",
            format!("{path} {}", file.shape.describe()),
            "install inside the image, and keep the host's node_modules out with .dockerignore",
        ),
    };
    let mut found = cause(code, Confidence::Established, message);
    found.evidence.push(shown(file));
    found.hint = Some(hint.to_owned());
    Some(found)
}
