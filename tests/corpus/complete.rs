//! The corpus is whole: no code that a rule gives is without an entry.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::all;

/// Codes of the catalogue that no rule gives as a finding, and no hint names.
const NOT_GIVEN: &[(&str, &str)] = &[
    (
        "masked-native-binary",
        "said in the evidence of each foreign program",
    ),
    (
        "qemu-interpreter-missing",
        "said in the evidence of each foreign program",
    ),
    (
        "rosetta-interpreter-missing",
        "said in the evidence of each foreign program",
    ),
    (
        "enoexec-rerun-as-script",
        "said in the evidence of each foreign program",
    ),
    (
        "undefined-symbol",
        "costly, and `needed-library-too-old` has most of them",
    ),
    (
        "arm32-time64-seccomp",
        "true of every 32-bit userland of today: the host decides",
    ),
    (
        "sharp-x64-v2",
        "true of every sharp on amd64: the host decides",
    ),
    (
        "kaniko-cache-cross-arch",
        "kaniko leaves no trace of it in the image",
    ),
    (
        "native-runner-newer-glibc",
        "found as `glibc-too-old` on one platform",
    ),
    ("ignore-scripts", "found as `bindings-file-not-located`"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit")
}

/// The text of all rules, their unit tests left out.
fn text(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            let whole = std::fs::read_to_string(&path).expect("a file");
            all.push_str(
                whole
                    .split("#[cfg(test)]\nmod tests")
                    .next()
                    .unwrap_or_default(),
            );
        }
    }
}

#[test]
fn every_code_that_a_rule_gives_has_an_entry() {
    let mut rules = String::new();
    text(&source(), &mut rules);
    let entries: BTreeSet<&str> = all().map(|entry| entry.signature).collect();
    let left_out: BTreeSet<&str> = NOT_GIVEN.iter().map(|(code, _)| *code).collect();
    let codes: BTreeSet<&str> = everyarch::event::finding_kinds()
        .map(|kind| kind.code)
        .collect();
    let unknown: Vec<&&str> = entries
        .union(&left_out)
        .filter(|code| !codes.contains(**code))
        .collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    for code in codes {
        let is_given = rules.contains(&format!("\"{code}\""));
        assert!(
            entries.contains(code) || left_out.contains(code),
            "{code} has no entry, and no reason for that"
        );
        assert!(
            !(is_given && left_out.contains(code)),
            "{code} is left out, and a rule gives it"
        );
    }
}

#[test]
fn every_entry_can_be_written_and_read_by_others() {
    let here = tempfile::tempdir().expect("a folder");
    let wanted = std::env::var_os("EVERYARCH_CORPUS_OUT").map(PathBuf::from);
    let folder = wanted.unwrap_or_else(|| here.path().to_owned());
    super::trial::write_all(all(), &folder);
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        for twin in ["broken", "mended"] {
            assert!(
                !path.is_dir() || path.join(twin).join("index.json").is_file(),
                "{}",
                path.display()
            );
        }
    }
}
