//! The corpus is whole: every code of the catalogue is given by a rule, or is a symptom
//! that evidence names, and none that is given is without an entry.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use everyarch::event::{FindingKind, FindingRole, finding_kinds};

use super::all;

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
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default(),
            );
        }
    }
}

#[test]
fn every_code_of_the_catalogue_is_given_and_has_an_entry() {
    let mut rules = String::new();
    text(&source(), &mut rules);
    let entries: BTreeSet<&str> = all().map(|entry| entry.signature).collect();
    let kinds: Vec<&FindingKind> = finding_kinds().collect();
    let unknown: Vec<&&str> = entries
        .iter()
        .filter(|code| kinds.iter().all(|kind| kind.code != **code))
        .collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    for FindingKind { code, role, .. } in kinds {
        let is_named = rules.contains(&format!("\"{code}\""));
        match role {
            FindingRole::Finding | FindingRole::Cause => {
                assert!(is_named, "{code} is in the catalogue, and no rule gives it");
                assert!(entries.contains(code), "{code} has no entry");
            }
            FindingRole::Symptom => {
                assert!(!is_named, "{code} is called a symptom, and a rule gives it");
                let is_shown = rules.contains(&format!("({code})"));
                assert!(is_shown, "no finding's evidence names {code}");
            }
        }
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
