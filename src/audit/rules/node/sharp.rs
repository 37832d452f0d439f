//! sharp before 0.33: one binary in `build/Release`, named for its platform.

use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::cpu;
use crate::image::Platform;

use super::Judged;
use super::modules::{Modules, Package, release};

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    modules
        .packages
        .iter()
        .filter(|package| package.facts.name == "sharp" && is_legacy(&package.facts.version))
        .filter_map(|package| judge_package(modules, package))
        .collect()
}

fn judge_package(modules: &Modules<'_>, package: &Package<'_>) -> Option<Judged> {
    let built: Vec<&str> = package
        .natives
        .iter()
        .filter_map(|native| native.path.strip_prefix("build/Release/"))
        .filter_map(|name| name.strip_suffix(".node"))
        .collect();
    // `sharp.node` names no platform: its bytes are another rule's.
    let fits = |name: &&str| *name == "sharp" || is_for(name, modules.platform(), modules.libc);
    if built.iter().any(fits) {
        return None;
    }
    let message = match built.is_empty() {
        true => format!(
            "{} has no binary in build/Release: its install script did not run or found none",
            package.title()
        ),
        false => format!(
            "{} was installed for another platform than {}",
            package.title(),
            modules.here()
        ),
    };
    let severity = modules.severity(package);
    let mut judged = modules.judged(package, "sharp-legacy-binding", severity, message);
    for name in &built {
        judged.finding = judged
            .finding
            .because(format!("build/Release/{name}.node is there"));
    }
    judged.finding = judged.finding.hint(
        "run the install in a stage of the target platform, without `--ignore-scripts`; sharp 0.33 and later are easier to install for another one",
    );
    judged.installed_for = built
        .iter()
        .filter_map(|name| name.strip_prefix("sharp-"))
        .map(str::to_owned)
        .collect();
    Some(judged)
}

/// `sharp-linux-arm64v8`, `sharp-linuxmusl-x64`, `sharp-linux-armv7`
fn is_for(name: &str, platform: &Platform, libc: Option<Libc>) -> bool {
    let Some((system, processor)) = name
        .strip_prefix("sharp-")
        .and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    let is_system = match (system, libc) {
        ("linux", Some(Libc::Musl)) | ("linuxmusl", Some(Libc::Glibc)) => false,
        ("linux" | "linuxmusl", _) => true,
        _ => false,
    };
    is_system && cpu(processor) == platform.node()
}

/// 0.32 and before.
fn is_legacy(version: &str) -> bool {
    matches!(release(version), Some((0, minor)) if minor < 33)
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;

    fn with(binary: &str) -> Fixture {
        let folder = "/app/node_modules/sharp";
        Fixture::new("linux/arm64")
            .userland("/lib/ld-linux-aarch64.so.1")
            .node_package(folder, "0.32.6", |package| package.installs_binary = true)
            .elf(&format!("{folder}/build/Release/{binary}"), "linux/arm64")
    }

    #[test]
    fn the_name_of_the_binary_tells_where_it_was_installed() {
        // ONLYOFFICE/Docker-DocumentServer#850, lovell/sharp#3587
        for name in [
            "sharp-linux-x64.node",
            "sharp-linuxmusl-arm64v8.node",
            "sharp-darwin-arm64v8.node",
        ] {
            let findings = judge(&with(name).build());
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].code, "sharp-legacy-binding");
        }
        for name in ["sharp-linux-arm64v8.node", "sharp.node"] {
            assert_eq!(judge(&with(name).build()), []);
        }
    }
}
