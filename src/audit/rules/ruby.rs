//! Ruby's precompiled gems, which are named for a platform, and the folders of
//! extensions that were built on installation.

use std::collections::BTreeMap;

use crate::audit::Unpacked;
use crate::audit::rootfs::NodeKind;
use crate::event::{Finding, Severity};
use crate::image::Platform;

use super::libc::Libc;
use super::packages::{counted, cpu, is_alien, listed};

const CODE: &str = "ruby-native-gem";

/// The gems in one `gems` folder, by name and version.
#[derive(Default)]
struct Gems {
    /// The platforms of each, with its folder's path; an empty one is Ruby's source.
    platforms: BTreeMap<String, Vec<(String, String)>>,
}

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let is_judged = unpacked.platform.os() == "linux" && unpacked.platform.node().is_some();
    if !is_judged || is_alien(unpacked) {
        return Vec::new();
    }
    let libc = Libc::of(unpacked);
    let mut folders: BTreeMap<String, Gems> = BTreeMap::new();
    let mut extensions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in unpacked.rootfs.nodes() {
        if node.kind() != NodeKind::Directory {
            continue;
        }
        let path = node.path();
        let Some((parent, name)) = path.rsplit_once('/') else {
            continue;
        };
        if parent.ends_with("/gems") {
            if let Some((gem, platform)) = gem(name) {
                let gems = folders.entry(parent.to_owned()).or_default();
                let platforms = gems.platforms.entry(gem.to_owned()).or_default();
                platforms.push((platform.to_owned(), path.clone()));
            }
        } else if parent.ends_with("/extensions") && is_platform(name) {
            let found = extensions.entry(parent.to_owned()).or_default();
            found.push(name.to_owned());
        }
    }
    let mut findings: Vec<Finding> = folders
        .iter()
        .filter_map(|(folder, gems)| precompiled(unpacked, libc, folder, gems))
        .collect();
    findings.extend(
        extensions
            .iter()
            .filter_map(|(folder, platforms)| built(unpacked, folder, platforms)),
    );
    findings
}

fn precompiled(
    unpacked: &Unpacked,
    libc: Option<Libc>,
    folder: &str,
    gems: &Gems,
) -> Option<Finding> {
    let fits = |name: &str| name.is_empty() || is_for(name, &unpacked.platform, libc);
    let misfits: Vec<&(String, String)> = gems
        .platforms
        .values()
        .filter(|platforms| !platforms.iter().any(|(name, _)| fits(name)))
        .filter_map(|platforms| platforms.first())
        .collect();
    let (_, path) = misfits.first()?;
    let names: Vec<&str> = misfits
        .iter()
        .filter_map(|(_, path)| path.rsplit('/').next())
        .collect();
    let here = match libc {
        Some(libc) => format!("{} with {libc}", unpacked.platform),
        None => unpacked.platform.to_string(),
    };
    let is = if names.len() == 1 { "is" } else { "are" };
    Some(
        Finding::new(
            CODE,
            Severity::Error,
            format!(
                "{} in {folder} {is} for another platform than {here}: Ruby does not find {}",
                counted(names.len(), "gem"),
                if names.len() == 1 { "it" } else { "them" }
            ),
        )
        .at(path)
        .because(listed(&names, 12))
        .hint("add the platform to Gemfile.lock (`bundle lock --add-platform aarch64-linux`) and run `bundle install` in a stage of the target platform"),
    )
}

fn built(unpacked: &Unpacked, folder: &str, platforms: &[String]) -> Option<Finding> {
    let is_here = |name: &String| is_for(name, &unpacked.platform, None);
    if platforms.iter().any(is_here) {
        return None;
    }
    let first = platforms.first()?;
    let gems: Vec<String> = unpacked
        .rootfs
        .list(&format!("{folder}/{first}"))
        .iter()
        .flat_map(|abi| unpacked.rootfs.list(&abi.path()))
        .map(|gem| gem.name().to_owned())
        .collect();
    if gems.is_empty() {
        return None;
    }
    Some(
        Finding::new(
            CODE,
            Severity::Error,
            format!(
                "the extensions of {} in {folder} were built for {}, and not for {}: Ruby ignores those gems",
                counted(gems.len(), "gem"),
                listed(platforms, 4),
                unpacked.platform
            ),
        )
        .at(format!("{folder}/{first}"))
        .because(listed(&gems, 12))
        .hint("run `bundle install` in a stage of the target platform"),
    )
}

/// `nokogiri-1.16.0-x86_64-linux-musl` is `nokogiri-1.16.0` for `x86_64-linux-musl`.
fn gem(folder: &str) -> Option<(&str, &str)> {
    let is_version = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    // Names may hold digits and dashes: the version is the first part that could be one
    // and has a dot.
    let (at, _) = folder.match_indices('-').find(|(at, _)| {
        let rest = folder.get(at + 1..).unwrap_or_default();
        let part = rest.split('-').next().unwrap_or_default();
        is_version(part) && part.contains('.')
    })?;
    let version = folder.get(at + 1..)?;
    Some(match version.split_once('-') {
        Some((_, platform)) if is_platform(platform) => (
            folder.get(..folder.len().checked_sub(platform.len() + 1)?)?,
            platform,
        ),
        _ => (folder, ""),
    })
}

/// A platform as RubyGems writes it, of whatever operating system.
fn is_platform(text: &str) -> bool {
    let (processor, system) = text.split_once('-').unwrap_or((text, ""));
    let has_processor = cpu(processor).is_some() || processor == "universal" || is_arm(processor);
    let has_system = ["linux", "darwin", "mingw", "mswin", "freebsd", "java"]
        .iter()
        .any(|name| system.starts_with(name));
    text == "java" || text == "jruby" || (has_processor && has_system)
}

fn is_for(name: &str, platform: &Platform, libc: Option<Libc>) -> bool {
    let Some((processor, system)) = name.split_once('-') else {
        return false;
    };
    let is_processor = match platform.node() {
        Some("arm") => is_arm(processor),
        Some(node) => cpu(processor) == Some(node) || processor == "powerpc64le" && node == "ppc64",
        None => false,
    };
    // Plain `linux` is glibc's by habit, and any to RubyGems.
    let is_libc = match libc {
        Some(Libc::Glibc) => !system.contains("musl"),
        Some(Libc::Musl) => !system.contains("gnu"),
        None => true,
    };
    is_processor && system.starts_with("linux") && is_libc
}

fn is_arm(processor: &str) -> bool {
    processor.starts_with("arm") && !processor.starts_with("arm64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::rules::packages::fixture::Fixture;

    const GEMS: &str = "/usr/local/bundle/gems";

    fn with(interpreter: &str, gems: &[&str]) -> Vec<Finding> {
        let image = Fixture::new("linux/arm64").userland(interpreter);
        let image = gems.iter().fold(image, |image, gem| {
            image.file(&format!("{GEMS}/{gem}/lib/nokogiri.rb"))
        });
        judge(&image.build())
    }

    const GLIBC: &str = "/lib/ld-linux-aarch64.so.1";

    #[test]
    fn a_gem_for_another_platform_is_an_error() {
        // sparklemotion/nokogiri#2414, ubicloud/ubicloud#1148
        for gem in [
            "nokogiri-1.16.0-x86_64-linux",
            "nokogiri-1.16.0-arm64-darwin",
            "nokogiri-1.16.0-aarch64-linux-musl",
        ] {
            let findings = with(GLIBC, &[gem]);
            assert_eq!(findings.len(), 1, "{gem}");
            assert_eq!(findings[0].code, "ruby-native-gem");
        }
    }

    #[test]
    fn a_gem_for_this_platform_or_from_source_is_healthy() {
        for gems in [
            &["nokogiri-1.16.0-aarch64-linux"][..],
            &[
                "nokogiri-1.16.0-aarch64-linux-gnu",
                "nokogiri-1.16.0-x86_64-linux",
            ],
            &["nokogiri-1.16.0"],
            &["net-http2-0.18.5", "rails-i18n-7.0.8"],
        ] {
            assert_eq!(with(GLIBC, gems), [], "{gems:?}");
        }
        let musl = "/lib/ld-musl-aarch64.so.1";
        assert_eq!(with(musl, &["nokogiri-1.16.0-aarch64-linux-musl"]), []);
    }

    #[test]
    fn extensions_built_for_another_platform_are_ignored_by_ruby() {
        // BretFisher/jekyll-serve#69
        let image = |platform: &str| {
            Fixture::new("linux/arm64")
                .file(&format!(
                    "/usr/local/bundle/extensions/{platform}/3.2.0/puma-6.4.0/gem.build_complete"
                ))
                .build()
        };
        let findings = judge(&image("x86_64-linux"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].evidence, ["puma-6.4.0"]);
        assert_eq!(judge(&image("aarch64-linux")), []);
    }
}
