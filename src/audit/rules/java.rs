//! Native libraries within Java archives: the JVM unpacks the one for its platform.

use std::collections::BTreeMap;

use crate::audit::Unpacked;
use crate::audit::file::{ArchivedElf, FileFacts};
use crate::event::{Finding, Severity};
use crate::image::{ElfHeader, Machine};

use super::packages::{is_alien, listed};

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    if unpacked.platform.machine().is_none() || is_alien(unpacked) {
        return Vec::new();
    }
    // By folder and stem: netty has a jar per platform, side by side.
    let mut groups: BTreeMap<String, Vec<(String, Vec<&ArchivedElf>)>> = BTreeMap::new();
    for file in unpacked.rootfs.files() {
        let Some(FileFacts::Archive(members)) = file.facts() else {
            continue;
        };
        let natives: Vec<&ArchivedElf> = members.iter().filter(|m| is_for_linux(m)).collect();
        if is_java(file.name()) && !natives.is_empty() {
            let path = file.path();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let key = format!("{folder}/{}", stem(file.name()));
            groups.entry(key).or_default().push((path, natives));
        }
    }
    groups
        .into_values()
        .filter_map(|jars| judge_jars(unpacked, &jars))
        .collect()
}

fn judge_jars(unpacked: &Unpacked, jars: &[(String, Vec<&ArchivedElf>)]) -> Option<Finding> {
    let natives = || jars.iter().flat_map(|(_, natives)| natives);
    if natives().any(|native| header(native).is_for(&unpacked.platform)) {
        return None;
    }
    let (path, _) = jars.first()?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut machines: Vec<String> = natives().map(|n| header(n).to_string()).collect();
    machines.sort();
    machines.dedup();
    let mut finding = Finding::new(
        "java-native-wrong-arch",
        Severity::Warning,
        format!(
            "the native libraries in {name} are for {}, and none for {}: what needs them fails with UnsatisfiedLinkError",
            listed(&machines, 6),
            unpacked.platform
        ),
    )
    .at(path);
    for native in natives().take(4) {
        finding = finding.because(format!("{} is for {}", native.path, header(native)));
    }
    Some(
        finding
            .hint("use a release of the library that has this platform, or its classifier for it"),
    )
}

fn header(native: &ArchivedElf) -> ElfHeader {
    ElfHeader {
        machine: Machine::from(native.machine),
        is_64: native.is_64,
        is_little_endian: native.is_little_endian,
    }
}

fn is_java(name: &str) -> bool {
    [".jar", ".war", ".ear"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// ELF is not Linux's alone.
fn is_for_linux(native: &ArchivedElf) -> bool {
    const OTHERS: [&str; 8] = [
        "android",
        "armeabi",
        "arm64-v8a",
        "freebsd",
        "openbsd",
        "sunos",
        "solaris",
        "dragonfly",
    ];
    let path = native.path.to_ascii_lowercase();
    !OTHERS.iter().any(|other| path.contains(other))
}

/// `netty-transport-native-epoll` of `netty-transport-native-epoll-4.1.100-linux-x86_64.jar`
fn stem(name: &str) -> &str {
    let is_version = |at: usize| {
        name.get(at + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    name.match_indices('-')
        .find(|(at, _)| is_version(*at))
        .and_then(|(at, _)| name.get(..at))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::rules::packages::fixture::Fixture;

    fn jar(image: Fixture, name: &str, natives: &[(&str, u16)]) -> Fixture {
        let members = natives
            .iter()
            .map(|(path, machine)| ArchivedElf {
                path: (*path).to_owned(),
                machine: *machine,
                is_64: true,
                is_little_endian: true,
            })
            .collect();
        image.facts(&format!("/app/lib/{name}"), FileFacts::Archive(members))
    }

    fn image() -> Fixture {
        Fixture::new("linux/arm64")
    }

    #[test]
    fn a_jar_without_a_library_for_the_platform_is_a_warning() {
        // facebook/rocksdb#12779
        let broken = jar(
            image(),
            "rocksdbjni-6.0.jar",
            &[("librocksdbjni-linux64.so", 62)],
        );
        let findings = judge(&broken.build());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "java-native-wrong-arch");
        assert_eq!(
            findings[0].evidence,
            ["librocksdbjni-linux64.so is for x86-64"]
        );
        let natives = [
            ("librocksdbjni-linux64.so", 62),
            ("librocksdbjni-linux-aarch64.so", 183),
        ];
        assert_eq!(
            judge(&jar(image(), "rocksdbjni-8.0.jar", &natives).build()),
            []
        );
    }

    #[test]
    fn a_jar_beside_it_may_have_the_library() {
        let name = "netty-transport-native-epoll-4.1.100.Final";
        let image = jar(
            image(),
            &format!("{name}-linux-x86_64.jar"),
            &[("META-INF/a.so", 62)],
        );
        let image = jar(
            image,
            &format!("{name}-linux-aarch_64.jar"),
            &[("META-INF/a.so", 183)],
        );
        assert_eq!(judge(&image.build()), []);
    }

    #[test]
    fn libraries_for_android_and_the_bsds_are_not_for_linux() {
        let image = jar(
            image(),
            "jna.jar",
            &[("com/sun/jna/freebsd-x86-64/libjna.so", 62)],
        );
        assert_eq!(judge(&image.build()), []);
    }
}
