//! Packages that ship all their addons in `prebuilds/<platform>-<arch>/`, from
//! which `node-gyp-build` takes the one that fits.

use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{cpu, listed};

use super::Judged;
use super::modules::{Modules, Package};

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    modules
        .packages
        .iter()
        .filter(|package| package.is_meant_for(modules.platform()))
        .filter_map(|package| judge_package(modules, package))
        .collect()
}

/// The package catches the failure itself, as bufferutil and utf-8-validate do.
pub(super) fn has_fallback(modules: &Modules<'_>, package: &Package<'_>) -> bool {
    let rootfs = &modules.unpacked.rootfs;
    rootfs
        .entry(&format!("{}/fallback.js", package.folder))
        .is_some()
}

fn judge_package(modules: &Modules<'_>, package: &Package<'_>) -> Option<Judged> {
    let prebuilds: Vec<Prebuild<'_>> = package
        .addons()
        .filter_map(|addon| Prebuild::parse(&addon.path))
        .collect();
    let is_expected = !prebuilds.is_empty() || package.facts.installs_binary;
    if !package.depends_on(&["node-gyp-build"]) || !is_expected || has_fallback(modules, package) {
        return None;
    }
    let was_built = package
        .addons()
        .any(|addon| addon.path.starts_with("build/"));
    if was_built || prebuilds.iter().any(|prebuild| prebuild.fits(modules)) {
        return None;
    }
    let message = format!(
        "{} has no prebuilt addon for {}, and none was built",
        package.title(),
        modules.here()
    );
    let severity = modules.severity(package);
    let mut judged = modules.judged(package, "node-gyp-build-no-prebuild", severity, message);
    let mut names: Vec<String> = prebuilds
        .iter()
        .map(|prebuild| format!("{}/{}", prebuild.tuple, prebuild.file))
        .collect();
    names.sort();
    judged.finding = judged
        .finding
        .because(match names.is_empty() {
            true => "prebuilds/ holds no addon".to_owned(),
            false => format!("prebuilds/ holds {}", listed(&names, 12)),
        })
        .hint("install it in a stage of the target platform with python3, make and g++, so that it is built, or use a release that has this platform");
    Some(judged)
}

/// `prebuilds/linux-x64/node.napi.glibc.node`
struct Prebuild<'a> {
    /// `linux-x64`, `darwin-x64+arm64`
    tuple: &'a str,
    file: &'a str,
}

impl<'a> Prebuild<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let (tuple, file) = path.strip_prefix("prebuilds/")?.split_once('/')?;
        Some(Self { tuple, file })
    }

    /// As `node-gyp-build` decides it: the folder's platform, then the file's tags.
    fn fits(&self, modules: &Modules<'_>) -> bool {
        let platform = modules.platform();
        let Some((system, processors)) = self.tuple.split_once('-') else {
            return false;
        };
        let is_other = |libc: Libc| modules.libc.is_some_and(|here| here != libc);
        let is_system = match system {
            "linux" => true,
            "linuxmusl" => !is_other(Libc::Musl),
            "linuxglibc" => !is_other(Libc::Glibc),
            _ => false,
        };
        let is_processor = processors
            .split('+')
            .any(|processor| cpu(processor) == platform.node());
        is_system && is_processor && self.file.split('.').all(|tag| self.allows(tag, modules))
    }

    fn allows(&self, tag: &str, modules: &Modules<'_>) -> bool {
        let is_napi = self.file.split('.').any(|tag| tag == "napi");
        match tag {
            "glibc" => modules.libc != Some(Libc::Musl),
            "musl" => modules.libc != Some(Libc::Glibc),
            "electron" | "node-webkit" => is_napi,
            _ => match tag.strip_prefix("abi").map(str::parse::<u32>) {
                Some(Ok(abi)) => is_napi || modules.has_abi(abi),
                _ => self.allows_armv(tag, modules),
            },
        }
    }

    /// `armv7` is no use to an image for ARMv6; a newer processor runs the older code,
    /// but `node-gyp-build` wants the very version that Node was built for.
    fn allows_armv(&self, tag: &str, modules: &Modules<'_>) -> bool {
        let Some(Ok(version)) = tag.strip_prefix("armv").map(str::parse::<u32>) else {
            return true;
        };
        match (modules.platform().node(), modules.platform().variant()) {
            (Some("arm64"), _) => version == 8,
            // Node's own builds for arm/v7 say 7, Debian's armhf says 7, Raspbian's 6.
            (Some("arm"), Some("v6")) => version == 6,
            (Some("arm"), _) => matches!(version, 6 | 7),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;

    fn image(platform: &str, interpreter: &str, prebuilds: &[&str]) -> Fixture {
        let folder = "/app/node_modules/@datadog/pprof";
        let fixture =
            Fixture::new(platform)
                .userland(interpreter)
                .node_package(folder, "5.4.1", |package| {
                    package.dependencies = vec!["node-gyp-build".to_owned()];
                });
        prebuilds.iter().fold(fixture, |fixture, path| {
            fixture.elf(&format!("{folder}/prebuilds/{path}"), "linux/amd64")
        })
    }

    fn is_silent(platform: &str, interpreter: &str, prebuilds: &[&str]) -> bool {
        let findings = judge(&image(platform, interpreter, prebuilds).build());
        assert!(
            findings
                .iter()
                .all(|finding| finding.code == "node-gyp-build-no-prebuild")
        );
        findings.is_empty()
    }

    const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
    const MUSL: &str = "/lib/ld-musl-aarch64.so.1";

    #[test]
    fn no_prebuild_for_the_processor_is_an_error() {
        // grafana/pyroscope-nodejs#128: platform=linuxmusl arch=arm64
        assert!(!is_silent(
            "linux/arm64",
            MUSL,
            &["linux-x64/node.napi.node"]
        ));
        assert!(is_silent(
            "linux/arm64",
            MUSL,
            &[
                "linux-x64/node.napi.node",
                "linux-arm64/node.napi.armv8.node"
            ]
        ));
    }

    #[test]
    fn a_prebuild_for_the_other_libc_does_not_count() {
        assert!(!is_silent(
            "linux/arm64",
            MUSL,
            &["linux-arm64/node.napi.glibc.node"]
        ));
        assert!(!is_silent(
            "linux/amd64",
            GLIBC,
            &["linuxmusl-x64/node.napi.node"]
        ));
        // One without a tag serves both.
        assert!(is_silent(
            "linux/arm64",
            MUSL,
            &["linux-arm64/node.napi.node"]
        ));
    }

    #[test]
    fn several_processors_may_share_a_folder() {
        assert!(is_silent("linux/amd64", GLIBC, &["linux-x64+arm64/a.node"]));
    }

    #[test]
    fn a_package_that_has_a_fallback_is_silent() {
        // websockets/bufferutil: fallback.js
        let fixture = image("linux/arm64", MUSL, &["linux-x64/node.napi.node"])
            .file("/app/node_modules/@datadog/pprof/fallback.js");
        assert_eq!(judge(&fixture.build()), []);
    }

    #[test]
    fn what_was_built_in_the_image_needs_no_prebuild() {
        let fixture = image("linux/arm64", MUSL, &["linux-x64/node.napi.node"]).elf(
            "/app/node_modules/@datadog/pprof/build/Release/pprof.node",
            "linux/arm64",
        );
        assert_eq!(judge(&fixture.build()), []);
    }
}
