//! Packages that build or fetch one addon when they are installed, and have none:
//! the install script did not run, or there was nothing to fetch.

use crate::audit::rules::packages::Target;

use super::Judged;
use super::modules::{Modules, Package};

/// How a package finds its addon.
struct Finder {
    /// The packages that do it.
    dependencies: &'static [&'static str],
    code: &'static str,
}

const FINDERS: [Finder; 2] = [
    Finder {
        dependencies: &[
            "@mapbox/node-pre-gyp",
            "node-pre-gyp",
            "@discordjs/node-pre-gyp",
        ],
        code: "node-pre-gyp-binary-missing",
    },
    Finder {
        dependencies: &["bindings", "prebuild-install"],
        code: "bindings-file-not-located",
    },
];

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    modules
        .packages
        .iter()
        .filter(|package| package.facts.installs_binary)
        .filter(|package| package.is_meant_for(modules.platform()))
        // These two have rules of their own.
        .filter(|package| !matches!(package.facts.name.as_str(), "sharp" | "grpc-tools"))
        .filter_map(|package| {
            let finder = FINDERS
                .iter()
                .find(|finder| package.depends_on(finder.dependencies))?;
            judge_package(modules, package, finder)
        })
        .collect()
}

fn judge_package(modules: &Modules<'_>, package: &Package<'_>, finder: &Finder) -> Option<Judged> {
    if super::prebuilds::has_fallback(modules, package) {
        return None;
    }
    // `lib/binding/napi-v6-linux-glibc-x64/`: folders that name a platform.
    let mut targets: Vec<Target> = Vec::new();
    for addon in package.addons() {
        let target = addon.path.rsplit('/').skip(1).find_map(Target::parse)?;
        targets.push(target);
    }
    let fits = |target: &Target| {
        target.is_for(modules.platform())
            && !matches!((target.libc(), modules.libc), (Some(named), Some(libc)) if named != libc)
    };
    if targets.iter().any(fits) {
        return None;
    }
    let severity = modules.severity(package);
    let mut message = match targets.is_empty() {
        true => format!(
            "{} has no addon: its install script did not run, or found no binary to fetch and no compiler",
            package.title()
        ),
        false => format!(
            "{} was installed for another platform than {}",
            package.title(),
            modules.here()
        ),
    };
    if severity == crate::event::Severity::Warning {
        message += "; the packages that ask for it do without it";
    }
    let mut judged = modules.judged(package, finder.code, severity, message);
    judged.finding = match targets.is_empty() {
        true => judged
            .finding
            .because(format!("no .node file below {}", package.folder))
            .hint("install without `--ignore-scripts` (pnpm: `onlyBuiltDependencies`) in a stage of the target platform; where no binary is published for it, add python3, make and g++"),
        false => package
            .addons()
            .take(5)
            .fold(judged.finding, |finding, addon| {
                finding.because(format!("{} is there", addon.path))
            })
            .hint("run the install in a stage of the target platform"),
    };
    judged.installed_for = targets.into_iter().map(|target| target.written).collect();
    Some(judged)
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;
    use crate::event::Severity;

    fn package(name: &str, dependency: &str) -> Fixture {
        Fixture::new("linux/arm64")
            .userland("/lib/ld-linux-aarch64.so.1")
            .node_package(&format!("/app/node_modules/{name}"), "11.0.0", |package| {
                package.installs_binary = true;
                package.dependencies = vec![dependency.to_owned()];
            })
    }

    #[test]
    fn an_addon_whose_install_script_did_not_run_is_missing() {
        // diegosouzapw/OmniRoute#2771, bytebase/dbhub#60
        let findings = judge(&package("better-sqlite3", "bindings").build());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "bindings-file-not-located");
        assert_eq!(findings[0].severity, Severity::Error);
        let built = package("better-sqlite3", "bindings").elf(
            "/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node",
            "linux/arm64",
        );
        assert_eq!(judge(&built.build()), []);
    }

    #[test]
    fn a_binary_of_node_pre_gyp_that_was_not_found_is_missing() {
        // kelektiv/node.bcrypt.js#917
        let findings = judge(&package("bcrypt", "@mapbox/node-pre-gyp").build());
        assert_eq!(findings[0].code, "node-pre-gyp-binary-missing");
        let fetched = package("bcrypt", "@mapbox/node-pre-gyp").elf(
            "/app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node",
            "linux/arm64",
        );
        assert_eq!(judge(&fetched.build()), []);
    }

    #[test]
    fn a_folder_named_for_another_platform_does_not_serve_this_one() {
        // TryGhost/node-sqlite3: Cannot find module '…/napi-v6-linux-glibc-arm64/node_sqlite3.node'
        let with = |folder: &str, platform: &str| {
            package("sqlite3", "@mapbox/node-pre-gyp").elf(
                &format!("/app/node_modules/sqlite3/lib/binding/{folder}/node_sqlite3.node"),
                platform,
            )
        };
        let findings = judge(&with("napi-v6-linux-glibc-x64", "linux/amd64").build());
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].code, "node-pre-gyp-binary-missing");
        assert_eq!(
            judge(&with("napi-v6-linux-glibc-arm64", "linux/arm64").build()),
            []
        );
    }

    #[test]
    fn a_package_for_another_system_is_not_expected_to_work() {
        // fsevents 1 depends on bindings, and is for macOS only.
        let fixture = Fixture::new("linux/arm64").node_package(
            "/app/node_modules/fsevents",
            "1.2.13",
            |package| {
                package.installs_binary = true;
                package.os = vec!["darwin".to_owned()];
                package.dependencies = vec!["bindings".to_owned()];
            },
        );
        assert_eq!(judge(&fixture.build()), []);
    }
}
