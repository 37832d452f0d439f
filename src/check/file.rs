//! A file of the image.

use super::Mismatch;
use super::text::{Captured, text};
use crate::suite::{FileExpectation, FileKind};

/// A file that is there. Symlinks were followed, unless one was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileObservation {
    /// What it is.
    pub kind: ObservedKind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// Its owner's id.
    pub uid: u64,
    /// Its group's id.
    pub gid: u64,
    /// Bytes.
    pub size: u64,
    /// Of its content, where that was asked for.
    pub sha256: Option<String>,
    /// Its content, where that was asked for.
    pub content: Option<Captured>,
}

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a socket, a pipe.
    Other,
}

impl ObservedKind {
    fn in_words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Symlink => "a symlink",
            Self::Other => "a device, socket or pipe",
        }
    }
}

/// The demands on a file that do not hold; `actual` is `None` where there is none.
pub fn file(expectation: &FileExpectation, actual: Option<&FileObservation>) -> Vec<Mismatch> {
    let path = &expectation.path;
    let mismatches = match (expectation.exists, actual) {
        (false, None) => Vec::new(),
        (false, Some(found)) => vec![Mismatch::new(
            path,
            "nothing",
            format!("there is {}", found.kind.in_words()),
        )],
        (true, None) => vec![Mismatch::new(path, "a file", "there is none")],
        (true, Some(found)) => present(expectation, found),
    };
    mismatches
        .into_iter()
        .map(|mismatch| mismatch.at_line(expectation.line))
        .collect()
}

fn present(expectation: &FileExpectation, found: &FileObservation) -> Vec<Mismatch> {
    let path = &expectation.path;
    let of = |what: &str| format!("{path}: {what}");
    let mut mismatches = Vec::new();
    if let Some(kind) = expectation.kind {
        let kind = match kind {
            FileKind::File => ObservedKind::File,
            FileKind::Directory => ObservedKind::Directory,
            FileKind::Symlink => ObservedKind::Symlink,
        };
        if kind != found.kind {
            mismatches.push(Mismatch::new(
                path,
                kind.in_words(),
                format!("it is {}", found.kind.in_words()),
            ));
        }
    }
    if let Some(mode) = expectation.mode.filter(|mode| *mode != found.mode & 0o7777) {
        mismatches.push(Mismatch::new(
            &of("mode"),
            format!("{mode:04o}"),
            format!("it is {:04o}", found.mode & 0o7777),
        ));
    }
    if let Some((uid, gid)) = expectation.owner {
        let is_met = uid == found.uid && gid.is_none_or(|gid| gid == found.gid);
        if !is_met {
            let (expected, actual) = match gid {
                Some(gid) => (
                    format!("{uid}:{gid}"),
                    format!("{}:{}", found.uid, found.gid),
                ),
                None => (uid.to_string(), found.uid.to_string()),
            };
            mismatches.push(Mismatch::new(
                &of("owner"),
                expected,
                format!("it is {actual}"),
            ));
        }
    }
    if let Some((min, max)) = expectation.size
        && !(min..=max).contains(&found.size)
    {
        let expected = match (min, max) {
            (min, max) if min == max => format!("{min} bytes"),
            (min, u64::MAX) => format!("at least {min} bytes"),
            (0, max) => format!("at most {max} bytes"),
            (min, max) => format!("{min} to {max} bytes"),
        };
        mismatches.push(Mismatch::new(
            &of("size"),
            expected,
            format!("it has {}", found.size),
        ));
    }
    if let Some(expected) = &expectation.sha256
        && found.sha256.as_ref() != Some(expected)
    {
        let actual = match &found.sha256 {
            Some(actual) => format!("it is {actual}"),
            None => format!("{} has none", found.kind.in_words()),
        };
        mismatches.push(Mismatch::new(&of("sha256"), expected, actual));
    }
    if !expectation.content.is_empty() {
        match &found.content {
            Some(content) => {
                mismatches.extend(text(&of("content"), &expectation.content, content));
            }
            None => mismatches.push(Mismatch::new(
                &of("content"),
                "one that can be read",
                format!("{} has none", found.kind.in_words()),
            )),
        }
    }
    mismatches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::TextExpectation;

    fn expectation() -> FileExpectation {
        FileExpectation {
            line: 3,
            path: "/app".to_owned(),
            exists: true,
            kind: None,
            mode: None,
            owner: None,
            size: None,
            sha256: None,
            content: Vec::new(),
        }
    }

    fn found() -> FileObservation {
        FileObservation {
            kind: ObservedKind::File,
            mode: 0o100_644,
            uid: 1000,
            gid: 50,
            size: 10,
            sha256: Some("a".repeat(64)),
            content: Some(Captured::from("hello")),
        }
    }

    #[test]
    fn each_demand_is_judged() {
        let mut wanted = expectation();
        wanted.mode = Some(0o644);
        wanted.owner = Some((1000, None));
        wanted.size = Some((1, 10));
        wanted.kind = Some(FileKind::File);
        wanted.content = vec![TextExpectation::Contains("ell".into())];
        assert_eq!(file(&wanted, Some(&found())), []);

        wanted.mode = Some(0o755);
        wanted.owner = Some((0, Some(0)));
        wanted.size = Some((0, 5));
        wanted.kind = Some(FileKind::Directory);
        wanted.sha256 = Some("b".repeat(64));
        wanted.content = vec![TextExpectation::Empty];
        let messages: Vec<String> = file(&wanted, Some(&found()))
            .into_iter()
            .map(|mismatch| mismatch.message)
            .collect();
        assert_eq!(messages[0], "/app: expected a directory, but it is a file");
        assert_eq!(messages[1], "/app: mode: expected 0755, but it is 0644");
        assert_eq!(messages[2], "/app: owner: expected 0:0, but it is 1000:50");
        assert_eq!(
            messages[3],
            "/app: size: expected at most 5 bytes, but it has 10"
        );
        assert!(messages[4].starts_with("/app: sha256: expected bbb"));
        assert_eq!(
            messages[5],
            r#"/app: content: expected nothing, but it was "hello""#
        );
    }

    #[test]
    fn being_there_and_not_are_both_demands() {
        let mut wanted = expectation();
        assert_eq!(
            file(&wanted, None)[0].message,
            "/app: expected a file, but there is none"
        );
        wanted.exists = false;
        assert_eq!(file(&wanted, None), []);
        let mismatch = &file(&wanted, Some(&found()))[0];
        assert_eq!(
            mismatch.message,
            "/app: expected nothing, but there is a file"
        );
        assert_eq!(mismatch.line, Some(3));
    }

    #[test]
    fn a_content_that_was_not_read_is_no_pass() {
        let mut wanted = expectation();
        wanted.content = vec![TextExpectation::NotContains("x".into())];
        let mut directory = found();
        directory.kind = ObservedKind::Directory;
        directory.content = None;
        assert_eq!(
            file(&wanted, Some(&directory))[0].message,
            "/app: content: expected one that can be read, but a directory has none"
        );
    }
}
