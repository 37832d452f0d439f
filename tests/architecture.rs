//! The rules of the house, kept by a test: who may use whom, who may print, how
//! long a file may be. The table is that of `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file of the crate.
struct Source {
    path: PathBuf,
    /// The module of the crate that it belongs to; `None` for `lib.rs` and `main.rs`.
    module: Option<String>,
    /// Without its unit tests.
    text: String,
    lines: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of `src` but those that hold nothing but tests.
fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    let tests: BTreeSet<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files
        .into_iter()
        .filter(|file| {
            !tests
                .iter()
                .any(|test| file.starts_with(test) || file == test)
        })
        .map(|path| {
            let whole = std::fs::read_to_string(&path).expect("a file");
            let inside = path.strip_prefix(root().join("src")).expect("in src");
            let module = inside.components().next().map(|first| {
                let first = first.as_os_str().to_string_lossy();
                first.trim_end_matches(".rs").to_owned()
            });
            Source {
                module: module.filter(|name| name != "lib" && name != "main"),
                // Unit tests stand at a file's end.
                text: match whole.split_once("#[cfg(test)]\nmod tests {") {
                    Some((program, _)) => program.to_owned(),
                    None => whole.clone(),
                },
                lines: whole.lines().count(),
                path: path.strip_prefix(root()).expect("in the crate").to_owned(),
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The files and folders of the modules that a file declares for tests only.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(file).expect("a file");
    let name = file.file_stem().expect("a name").to_string_lossy();
    let folder = match name.as_ref() {
        "mod" | "lib" | "main" => file.parent().expect("a folder").to_owned(),
        name => file.with_file_name(name),
    };
    text.split("#[cfg(test)]")
        .skip(1)
        .filter_map(|rest| {
            let declared = rest
                .lines()
                .map(str::trim)
                .find(|line| !line.is_empty() && !line.starts_with("#["))?;
            let declared = declared
                .trim_start_matches("pub(super) ")
                .strip_prefix("mod ")?;
            Some(declared.strip_suffix(';')?.to_owned())
        })
        .flat_map(|module| [folder.join(format!("{module}.rs")), folder.join(module)])
        .collect()
}

/// The modules of this crate that a text names after `crate::`.
fn used(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = |text: &str| text.chars().take_while(|c| is_word(*c)).collect::<String>();
        match rest.strip_prefix('{') {
            // `crate::{image::Platform, suite}`: the words at depth one.
            Some(group) => {
                let mut depth = 1;
                let mut is_start = true;
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 1 => is_start = true,
                        _ if is_start && is_word(character) => {
                            names.insert(word(&group[at..]));
                            is_start = false;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            None => {
                names.insert(word(rest));
            }
        }
    }
    names
}

/// The table of `ARCHITECTURE.md`: each module and what it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, table) = text
        .split_once("| module | its one job | may use |")
        .expect("the table of modules");
    let rows: Vec<(String, String)> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (
                cells[0].trim_matches('`').to_owned(),
                cells[cells.len() - 1].to_owned(),
            )
        })
        .collect();
    let all: BTreeSet<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    let list = |words: &str| -> BTreeSet<String> {
        words
            .split(',')
            .map(|word| word.trim().trim_matches('`').to_owned())
            .collect()
    };
    rows.into_iter()
        .map(|(name, may_use)| {
            let allowed = match (may_use.as_str(), may_use.strip_prefix("all but ")) {
                ("–", _) => BTreeSet::new(),
                ("all", _) => all.clone(),
                (_, Some(rest)) => all.difference(&list(rest)).cloned().collect(),
                (words, None) => list(words),
            };
            let unknown: Vec<&String> = allowed.difference(&all).collect();
            assert!(
                unknown.is_empty(),
                "{name} may use what there is not: {unknown:?}"
            );
            (name, allowed)
        })
        .collect()
}

#[test]
fn every_module_uses_only_what_its_row_allows() {
    let table = table();
    let sources = sources();
    let modules: BTreeSet<&String> = sources.iter().filter_map(|s| s.module.as_ref()).collect();
    assert_eq!(
        modules,
        table.keys().collect(),
        "the table has a row for each module"
    );
    let mut broken = Vec::new();
    for source in &sources {
        let Some(module) = &source.module else {
            continue;
        };
        for name in used(&source.text) {
            if table.contains_key(&name) && name != *module && !table[module].contains(&name) {
                broken.push(format!("{} uses crate::{name}", source.path.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn only_the_command_line_prints_and_nothing_panics_for_want_of_a_value() {
    let mut broken = Vec::new();
    for source in sources() {
        if source.module.as_deref() == Some("cli") {
            continue;
        }
        for (number, line) in (1..).zip(source.text.lines()) {
            let is_comment = line.trim_start().starts_with("//");
            let words = [
                "print!(",
                "println!(",
                "dbg!(",
                "stdout()",
                "stderr()",
                ".unwrap()",
                ".expect(",
            ];
            if !is_comment && words.iter().any(|word| line.contains(word)) {
                broken.push(format!(
                    "{}:{number}: {}",
                    source.path.display(),
                    line.trim()
                ));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines > 500)
        .map(|source| format!("{}: {} lines", source.path.display(), source.lines))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn one_folder_alone_knows_the_engine_s_client() {
    let elsewhere: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.contains("bollard::") || source.text.contains("use bollard"))
        .map(|source| source.path.display().to_string())
        .filter(|path| !path.starts_with("src/engine/docker/"))
        .collect();
    assert_eq!(elsewhere, Vec::<String>::new());
}

#[test]
fn no_source_names_a_folder_of_the_machine_it_was_written_on() {
    let here = root().to_string_lossy();
    let named: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|source| source.text.contains(here.as_ref()))
        .map(|source| source.path)
        .collect();
    assert_eq!(named, Vec::<PathBuf>::new());
}

/// The codes that the audit's rules write into their findings, in the forms that
/// are in use: as an argument, as a constant, beside a severity.
fn codes_of_findings(text: &str) -> Vec<&str> {
    let behind = ["Finding::new(", "CODE: &str ="]
        .into_iter()
        .flat_map(|form| {
            text.split(form)
                .skip(1)
                .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        });
    let ends: Vec<&str> = text.split("\", Severity::").collect();
    let (_, before) = ends.split_last().expect("one at least");
    let before = before.iter().filter_map(|text| text.rsplit('"').next());
    behind.chain(before).collect()
}

#[test]
fn every_finding_of_the_audit_is_in_the_catalogue() {
    let mut unknown = Vec::new();
    for source in sources() {
        if source.module.as_deref() != Some("audit") {
            continue;
        }
        for code in codes_of_findings(&source.text) {
            if everyarch::event::finding_kind(code).is_none() {
                unknown.push(format!("{}: {code}", source.path.display()));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, table) = text.split_once("## Dependencies").expect("the table");
    let named: BTreeSet<&str> = table
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))
        .collect();
    let mut is_dependencies = false;
    let mut without = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependencies = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (is_dependencies, line.split_once(" = "))
            && !named.contains(name)
        {
            without.push(name);
        }
    }
    assert_eq!(without, Vec::<&str>::new());
}

#[test]
fn imports_are_read_in_every_form() {
    let text = "use crate::image::Platform;\nuse crate::{check::{text, json}, run, suite::Check};\nlet x = crate::event::Cause;";
    let names: Vec<String> = used(text).into_iter().collect();
    assert_eq!(names, ["check", "event", "image", "run", "suite"]);
}
