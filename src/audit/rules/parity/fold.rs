//! Names without what legitimately differs between platforms: the architecture in
//! all its vocabularies, and hashes of contents.

use crate::audit::rules::words;

const ARCHITECTURE: &str = "{arch}";
const HASH: &str = "{hash}";

/// Of esbuild's and others' packages: nowhere else are these numbers architectures.
const NUMBERED: [&str; 2] = ["linux-64", "linux-32"];

/// A text with its architectures and hashes folded.
pub(super) fn text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_alphanumeric() {
            folded.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (word, replacement) = word(rest);
        match replacement {
            Some(replacement) => folded.push_str(replacement),
            None => folded.push_str(word),
        }
        rest = rest.get(word.len()..).unwrap_or_default();
    }
    folded
}

/// A path, folded: the loaders and the folders of libraries as well.
pub(super) fn path(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        folded.push('/');
        match part {
            "lib64" | "lib32" | "libx32" => folded.push_str("lib"),
            _ if is_loader(part) => folded.push_str("{loader}"),
            _ => folded.push_str(&text(part)),
        }
    }
    folded
}

fn is_loader(name: &str) -> bool {
    ["ld-linux", "ld64.so", "ld-musl-"]
        .iter()
        .any(|start| name.starts_with(start))
        // armel's and i386's.
        || matches!(name, "ld.so.1" | "ld-linux.so.2" | "ld-linux.so.3")
}

/// The word at the start of a text, and what stands for it.
fn word(text: &str) -> (&str, Option<&'static str>) {
    if let Some((word, _)) = words::leading(text) {
        return (word, Some(ARCHITECTURE));
    }
    for name in NUMBERED {
        if let Some((word, after)) = text.split_at_checked(name.len())
            && word.eq_ignore_ascii_case(name)
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return (word, Some("linux-{arch}"));
        }
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let word = text.get(..end).unwrap_or(text);
    (word, replacement(word))
}

fn replacement(word: &str) -> Option<&'static str> {
    match word {
        "gnueabihf" | "gnueabi" => Some("gnu"),
        "musleabihf" | "musleabi" => Some("musl"),
        _ if is_hash(word) => Some(HASH),
        _ => None,
    }
}

/// `1a2b3c4d` of `libfoo-1a2b3c4d.so.1` (auditwheel), digests, bundlers' chunks.
fn is_hash(word: &str) -> bool {
    word.len() >= 8
        && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && word.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_of_two_platforms_has_one_name() {
        for (one, other) in [
            (
                "/usr/lib/x86_64-linux-gnu/libz.so.1",
                "/usr/lib/arm-linux-gnueabihf/libz.so.1",
            ),
            ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"),
            ("/lib64/ld64.so.2", "/lib/ld-linux-armhf.so.3"),
            ("/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-armhf.so.1"),
            ("/lib/libc.musl-x86_64.so.1", "/lib/libc.musl-aarch64.so.1"),
            (
                "/p/_c.cpython-311-x86_64-linux-gnu.so",
                "/p/_c.cpython-311-powerpc64le-linux-gnu.so",
            ),
            (
                "/p/_sysconfigdata__linux_x86_64-linux-gnu.py",
                "/p/_sysconfigdata__linux_aarch64-linux-gnu.py",
            ),
            (
                "/p/x.libs/libgfortran-040039e1.so.5",
                "/p/x.libs/libgfortran-8a9f1b2c.so.5",
            ),
            ("/n/@esbuild/linux-x64/bin", "/n/@esbuild/linux-arm64/bin"),
            ("/n/esbuild-linux-64/bin", "/n/esbuild-linux-arm64/bin"),
            (
                "/jvm/java-17-openjdk-amd64/x",
                "/jvm/java-17-openjdk-ppc64el/x",
            ),
        ] {
            assert_eq!(path(one), path(other));
        }
    }

    #[test]
    fn words_that_only_begin_like_an_architecture_stay() {
        for name in [
            "/armor/farm",
            "/x640/amd640",
            "/usr/bin/charm",
            "/deadbeef",
            "/ä/x64ß",
        ] {
            assert_eq!(
                path(name).contains("{arch}"),
                name.contains("x64ß"),
                "{name}"
            );
        }
        assert_eq!(path("/opt/v1.2.3/app"), "/opt/v1.2.3/app");
    }
}
