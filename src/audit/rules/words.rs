//! What the name of a file or folder says of the platform it is for:
//! `linux-x64`, `sharp-linuxmusl-arm64`, `aarch64-unknown-linux-gnu`.

use crate::image::{Architecture, Platform};

use super::libc::Libc;

/// The architectures by the words that packages use for them, longer words
/// before those that they begin with.
const WORDS: &[(&str, Architecture)] = &[
    ("x86_64", Architecture::Amd64),
    ("amd64v1", Architecture::Amd64),
    ("amd64v2", Architecture::Amd64),
    ("amd64v3", Architecture::Amd64),
    ("x86-64", Architecture::Amd64),
    ("amd64", Architecture::Amd64),
    ("x64", Architecture::Amd64),
    ("linux64", Architecture::Amd64),
    ("powerpc64le", Architecture::Ppc64le),
    ("powerpc64", Architecture::Ppc64le),
    ("ppc64le", Architecture::Ppc64le),
    ("ppc64el", Architecture::Ppc64le),
    ("ppc64", Architecture::Ppc64le),
    ("loongarch64", Architecture::Loong64),
    ("loong64", Architecture::Loong64),
    ("riscv64gc", Architecture::Riscv64),
    ("riscv64", Architecture::Riscv64),
    ("mips64el", Architecture::Mips64le),
    ("mips64le", Architecture::Mips64le),
    ("mips64", Architecture::Mips64le),
    ("s390x", Architecture::S390x),
    ("s390", Architecture::S390x),
    ("aarch_64", Architecture::Arm64),
    ("aarch64", Architecture::Arm64),
    ("arm64v8", Architecture::Arm64),
    ("arm64", Architecture::Arm64),
    ("sbsa", Architecture::Arm64),
    ("armv8l", Architecture::Arm),
    ("armv8", Architecture::Arm64),
    ("arm32v7", Architecture::Arm),
    ("arm32v6", Architecture::Arm),
    ("arm32v5", Architecture::Arm),
    ("arm32", Architecture::Arm),
    ("arm_32", Architecture::Arm),
    ("armv7l", Architecture::Arm),
    ("armv7hl", Architecture::Arm),
    ("armv7a", Architecture::Arm),
    ("armv7", Architecture::Arm),
    ("armv6l", Architecture::Arm),
    ("armv6hf", Architecture::Arm),
    ("armv6", Architecture::Arm),
    ("armv5tel", Architecture::Arm),
    ("armv5te", Architecture::Arm),
    ("armv5", Architecture::Arm),
    ("armhf", Architecture::Arm),
    ("armel", Architecture::Arm),
    ("arm", Architecture::Arm),
    ("ia32", Architecture::I386),
    ("i386", Architecture::I386),
    ("i486", Architecture::I386),
    ("i586", Architecture::I386),
    ("i686", Architecture::I386),
    ("386", Architecture::I386),
    ("linux32", Architecture::I386),
    ("x86_32", Architecture::I386),
    ("x86", Architecture::I386),
];

/// Words that architectures are joined to without anything between.
const JOINED: &[&str] = &["linux", "musl", "glibc", "darwin", "win", "manylinux"];

/// A name whose architecture, operating system and libc are taken out, so that
/// the names of one package for several platforms are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// What is left.
    pub(super) pattern: String,
    /// Which architectures the name had.
    pub(super) architectures: Vec<Architecture>,
}

/// Takes the platform out of a name; `None` where it names no architecture.
pub(super) fn fold(name: &str) -> Option<Folded> {
    let name = name.to_ascii_lowercase();
    let mut pattern = String::with_capacity(name.len());
    let mut architectures = Vec::new();
    let mut rest = name.as_str();
    while !rest.is_empty() {
        if is_start(&pattern)
            && let Some((word, architecture)) = leading(rest)
        {
            architectures.push(architecture.clone());
            pattern.push('*');
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        let Some(next) = rest.chars().next() else {
            break;
        };
        pattern.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    if architectures.is_empty() {
        return None;
    }
    for libc in [
        "musleabihf",
        "gnueabihf",
        "musleabi",
        "gnueabi",
        "glibc",
        "musl",
        "gnu",
    ] {
        pattern = pattern.replace(libc, "");
    }
    for os in ["darwin", "win32", "windows", "macos", "freebsd"] {
        pattern = pattern.replace(os, "linux");
    }
    let pattern = pattern.trim_end_matches(['-', '_', '.']).to_owned();
    Some(Folded {
        pattern,
        architectures,
    })
}

/// The word for an architecture that a text begins with, in whatever case.
pub(super) fn leading(text: &str) -> Option<(&str, &'static Architecture)> {
    // Hundreds of thousands of paths are asked, and few of their parts can be any.
    let bytes = text.as_bytes();
    let mut run = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let first = bytes.first()?.to_ascii_lowercase();
    let is_possible = match first {
        // `arm`, `armhf`, `sbsa`: all others have a digit.
        b'a' | b's' => true,
        _ => run.any(u8::is_ascii_digit),
    };
    if !is_possible {
        return None;
    }
    let alike = |(word, _): &&(&str, Architecture)| word.as_bytes().first() == Some(&first);
    WORDS.iter().filter(alike).find_map(|(word, architecture)| {
        let (start, after) = text.split_at_checked(word.len())?;
        let is_whole = !after.starts_with(|next: char| next.is_ascii_alphanumeric());
        (is_whole && start.eq_ignore_ascii_case(word)).then_some((start, architecture))
    })
}

fn is_start(before: &str) -> bool {
    match before.chars().next_back() {
        Some(last) if last.is_ascii_alphanumeric() => {
            JOINED.iter().any(|word| before.ends_with(word))
        }
        _ => true,
    }
}

/// The architectures that the last part of a path names which names any.
pub(super) fn architectures(path: &str) -> Vec<Architecture> {
    path.rsplit('/')
        .find_map(fold)
        .map(|folded| folded.architectures)
        .unwrap_or_default()
}

/// Whether a path says that it is for other platforms than this one.
pub(super) fn names_another(path: &str, platform: &Platform) -> bool {
    let named = architectures(path);
    !named.is_empty() && !named.contains(platform.architecture())
}

/// Whether a name is a GNU or Rust triplet: `aarch64-linux-gnu`, `arm-none-eabi`,
/// `x86_64-unknown-linux-musl`.
pub(super) fn triplet(name: &str) -> Option<Architecture> {
    let (_, after) = name.split_once('-')?;
    let is_triplet = ["linux", "none", "elf", "unknown", "pc", "redhat", "alpine"]
        .iter()
        .any(|word| after.split('-').any(|part| part == *word));
    let folded = fold(name)?;
    (is_triplet && folded.pattern.starts_with('*'))
        .then(|| folded.architectures.into_iter().next())
        .flatten()
}

/// Whether a path names a libc that is not this one, as packages with a build for
/// each do: `linuxmusl-x64`, `libquery_engine-linux-musl.so.node`, `node.napi.glibc.node`.
pub(super) fn names_another_libc(path: &str, libc: Libc) -> bool {
    let path = path.to_ascii_lowercase();
    let other: &[&str] = match libc {
        Libc::Glibc => &["musl"],
        Libc::Musl => &["glibc", "gnu", "manylinux", "debian", "rhel"],
    };
    other.iter().any(|word| path.contains(word))
}

/// Whether a path names a system other than this one whose programs are ELF files too:
/// `prebuilds/android-arm64`.
pub(super) fn names_another_elf_system(path: &str) -> bool {
    path.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| {
            matches!(
                word,
                "android" | "freebsd" | "openbsd" | "netbsd" | "sunos" | "solaris" | "illumos"
            )
        })
}

/// Whether a path names an operating system that is not Linux.
pub(super) fn names_another_system(path: &str) -> bool {
    path.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| {
            matches!(
                word,
                "darwin"
                    | "macos"
                    | "macosx"
                    | "osx"
                    | "mac"
                    | "apple"
                    | "ios"
                    | "win"
                    | "win32"
                    | "win64"
                    | "windows"
                    | "mingw"
                    | "mingw32"
                    | "mingw64"
                    | "msvc"
                    | "wine"
                    | "dll"
                    | "exe"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_package_for_several_platforms_are_the_same() {
        for (one, other) in [
            ("linux-x64", "linux-arm64"),
            ("sharp-linuxmusl-x64", "sharp-linux-arm64"),
            (
                "lightningcss-linux-x64-gnu",
                "lightningcss-linux-arm64-musl",
            ),
            ("@esbuild+linux-x64@0.19.0", "@esbuild+linux-arm64@0.19.0"),
            ("linux-x86-64", "linux-aarch64"),
            ("linux-aarch_64", "linux-x86_64"),
            ("x64", "arm64"),
            ("rollup-linux-arm-gnueabihf", "rollup-linux-x64-gnu"),
        ] {
            assert_eq!(
                fold(one).map(|folded| folded.pattern),
                fold(other).map(|folded| folded.pattern),
                "{one} and {other}"
            );
        }
        assert_ne!(
            fold("esbuild-linux-x64").map(|folded| folded.pattern),
            fold("rollup-linux-arm64").map(|folded| folded.pattern)
        );
    }

    #[test]
    fn a_word_that_only_contains_an_architecture_names_none() {
        for name in ["charm", "farmhash", "libx264.so.164", "alarm", "max64bit"] {
            assert_eq!(fold(name), None, "{name}");
        }
        assert_eq!(
            architectures("/app/linux-x64/lib/x.node"),
            [Architecture::Amd64]
        );
    }

    #[test]
    fn a_word_for_an_architecture_is_read_in_any_case_and_as_a_whole() {
        for (text, word) in [
            ("x86_64-linux-gnu", "x86_64"),
            ("AMD64.zip", "AMD64"),
            ("aarch_64", "aarch_64"),
            ("sbsa-linux", "sbsa"),
            ("armhf", "armhf"),
            ("386/x", "386"),
        ] {
            assert_eq!(leading(text).map(|(word, _)| word), Some(word));
        }
        for text in ["", "x640", "armor", "linux-x64", "s3", "é386"] {
            assert_eq!(leading(text), None, "{text}");
        }
        // The shortcut leaves none out.
        for (word, architecture) in WORDS {
            assert!(leading(word).is_some(), "{word}: {architecture:?}");
        }
    }

    #[test]
    fn a_triplet_begins_with_its_architecture() {
        assert_eq!(triplet("x86_64-linux-gnu"), Some(Architecture::Amd64));
        assert_eq!(triplet("arm-none-eabi"), Some(Architecture::Arm));
        assert_eq!(
            triplet("x86_64-unknown-linux-musl"),
            Some(Architecture::Amd64)
        );
        assert_eq!(triplet("linux-x64"), None);
        assert_eq!(triplet("python3-arm64"), None);
    }
}
