//! What cases leave to be looked at, as files: where each of them is, and what is
//! in it.
//!
//! `<suite>/<platform>/<case>/` holds `events.txt`, and for each service
//! `<service>.stdout.log`, `<service>.stderr.log` and, where the case did not pass,
//! `<service>.inspect.json`. A further attempt has a folder of its own in it.

use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::document;
use crate::event::{Artifact, Artifacts};
use crate::image::Platform;

/// How long a name may be before it is shortened: with its hash and its ending it
/// is one that every file system takes.
const NAME: usize = 80;
/// How long a text of an inspection may be, and the whole of it.
const TEXT: usize = 16 << 10;
const DOCUMENT: usize = 1 << 20;

/// The folder of an attempt at a case, relative and without `..`. No two have the
/// same, on no file system.
pub fn folder(artifacts: &Artifacts) -> PathBuf {
    let mut folder = PathBuf::from(safe(&artifacts.suite));
    folder.push(of_platform(&artifacts.platform));
    folder.push(safe(&artifacts.case));
    if artifacts.attempt > 1 {
        folder.push(format!("attempt-{}", artifacts.attempt));
    }
    folder
}

/// The name of a file in that folder, and its text; `None` where nothing was
/// printed.
pub fn file(artifact: &Artifact) -> Option<(String, String)> {
    match artifact {
        Artifact::Events(events) => {
            let lines = events.iter().map(|event| format!("{event}\n"));
            Some(("events.txt".to_owned(), lines.collect()))
        }
        Artifact::Log { text, .. } if text.is_empty() => None,
        Artifact::Log {
            service,
            stream,
            text,
        } => {
            let name = format!("{}.{}.log", safe(service), stream.as_str());
            Some((name, text.clone()))
        }
        Artifact::Inspection { service, document } => {
            let name = format!("{}.inspect.json", safe(service));
            Some((name, inspection(document)))
        }
    }
}

/// Whether a file of this name is one of these: what an earlier run left is then
/// not taken for this one's.
pub fn is_ours(name: &str) -> bool {
    let endings = [".stdout.log", ".stderr.log", ".inspect.json"];
    name == "events.txt" || endings.iter().any(|ending| name.ends_with(ending))
}

fn inspection(document: &Value) -> String {
    let mut document = document.clone();
    shorten(&mut document);
    let mut text = document::text(&document);
    if text.len() > DOCUMENT {
        let why = format!("{} bytes, which is more than is kept", text.len());
        text = document::text(&json!({ "left out": why }));
    }
    text
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > TEXT => {
            let mut at = TEXT;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let excess = text.len() - at;
            text.truncate(at);
            text.push_str(&format!("[… {excess} bytes left out …]"));
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(entries) => entries.values_mut().for_each(shorten),
        _ => {}
    }
}

/// `linux-arm-v7`
fn of_platform(platform: &Platform) -> String {
    let name = platform.to_string();
    if name.contains('-') {
        // `a-b/c` and `a/b-c` are two.
        return with_hash(&name);
    }
    match name.replace('/', "-") {
        plain if is_plain(&plain) => plain,
        _ => with_hash(&name),
    }
}

/// A name as a part of a path: itself where every file system takes it, else what
/// is left of it with a hash of the whole, so that no two become one.
fn safe(name: &str) -> String {
    if is_plain(name) {
        name.to_owned()
    } else {
        with_hash(name)
    }
}

/// Capital letters are not: some file systems take them for small ones.
fn is_plain(name: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " -_+=,()".contains(c);
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins_well
        && !name.ends_with(' ')
        && name.len() <= NAME
        && name.chars().all(|c| is_taken(c) || c == '.')
        && !name.ends_with('.')
        && !is_of_windows(name)
        && !looks_hashed(name)
        && !name.starts_with("attempt-")
}

/// Devices, whatever their ending.
fn is_of_windows(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_numbered = ["com", "lpt"].iter().any(|device| {
        stem.strip_prefix(device)
            .is_some_and(|number| number.len() == 1)
    });
    is_numbered || ["con", "prn", "aux", "nul"].contains(&stem)
}

/// Whether a name ends as one with a hash does.
fn looks_hashed(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// How many digits of the hash are shown.
const HASH: usize = 12;

fn with_hash(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | ' ' | '.' => c,
            _ => '_',
        })
        .take(NAME)
        .collect();
    let kept = kept.trim_matches(['.', ' ', '-']);
    let hash: String = Sha256::digest(name.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let hash = hash.get(..HASH).unwrap_or_default();
    match kept {
        "" => format!("_-{hash}"),
        kept => format!("{kept}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Component;

    use super::*;
    use crate::event::{ServiceEvent, Stream};
    use proptest::prelude::*;

    fn left(suite: &str, platform: &str, case: &str, attempt: u32) -> PathBuf {
        folder(&Artifacts {
            suite: suite.to_owned(),
            platform: platform.parse().expect("a platform"),
            case: case.to_owned(),
            attempt,
            left: Vec::new(),
        })
    }

    #[test]
    fn names_that_every_file_system_takes_stay_as_they_are() {
        assert_eq!(
            left("everyarch", "linux/arm/v7", "with its database", 1),
            PathBuf::from("everyarch/linux-arm-v7/with its database")
        );
        assert_eq!(
            left("smoke", "linux/amd64", "a.b_c-1", 2),
            PathBuf::from("smoke/linux-amd64/a.b_c-1/attempt-2")
        );
    }

    #[test]
    fn names_that_not_every_file_system_takes_get_a_hash() {
        for (name, kept) in [
            ("../../etc/passwd", "_.._etc_passwd-"),
            ("..", "_-"),
            ("", "_-"),
            ("a/b", "a_b-"),
            ("Db", "Db-"),
            ("nul", "nul-"),
            ("com1.log", "com1.log-"),
            ("ends.", "ends-"),
            ("größe", "gr__e-"),
            ("attempt-2", "attempt-2-"),
        ] {
            let safe = safe(name);
            assert!(
                safe.starts_with(kept) && looks_hashed(&safe),
                "{name}: {safe}"
            );
        }
    }

    /// As file systems that know no capital letters see it.
    fn seen(name: &str) -> String {
        safe(name).to_lowercase()
    }

    #[test]
    fn a_name_that_is_made_like_another_s_hash_gets_one_of_its_own() {
        let names = ["a/b", "a:b", "A/b", "a_b", "A_b", "a_b-", &safe("a/b")];
        let all: BTreeSet<String> = names.iter().map(|name| seen(name)).collect();
        assert_eq!(all.len(), names.len(), "{all:?}");
    }

    proptest! {
        #[test]
        fn any_name_is_one_part_of_a_path_and_no_other_s(a in ".{0,200}", b in ".{0,200}") {
            let path = PathBuf::from(safe(&a));
            let parts: Vec<Component<'_>> = path.components().collect();
            prop_assert!(matches!(parts.as_slice(), [Component::Normal(_)]), "{:?}", path);
            prop_assert!(safe(&a).len() <= NAME + 1 + HASH);
            prop_assert_eq!(a == b, seen(&a) == seen(&b));
        }
    }

    #[test]
    fn what_was_printed_and_what_happened_are_files_and_silence_is_none() {
        let log = |text: &str| Artifact::Log {
            service: "db".to_owned(),
            stream: Stream::Stderr,
            text: text.to_owned(),
        };
        let named = |name: &str, text: &str| Some((name.to_owned(), text.to_owned()));
        assert_eq!(file(&log("oh\n")), named("db.stderr.log", "oh\n"));
        assert_eq!(file(&log("")), None);
        let events = Artifact::Events(vec![ServiceEvent {
            seconds: 0.25,
            service: "db".to_owned(),
            what: "started".to_owned(),
        }]);
        assert_eq!(
            file(&events),
            named("events.txt", "   0.250 s  db  started\n")
        );
    }

    #[test]
    fn an_inspection_stays_a_document_however_long_it_is() {
        let long = "é".repeat(TEXT);
        let many = vec![json!("x".repeat(1000)); 2000];
        for (document, words) in [
            (json!({ "Id": "a", "Env": [long] }), "bytes left out"),
            (json!({ "Id": "a", "Env": many }), "more than is kept"),
        ] {
            let artifact = Artifact::Inspection {
                service: "db".to_owned(),
                document,
            };
            let (name, text) = file(&artifact).expect("a file");
            assert_eq!(name, "db.inspect.json");
            assert!(is_ours(&name));
            assert!(text.len() <= DOCUMENT && text.contains(words));
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        }
    }
}
