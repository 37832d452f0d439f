//! Programs that a package downloads for x86-64 whatever the platform.

use std::collections::BTreeMap;

use crate::audit::file::ElfFacts;
use crate::audit::rules::packages::{elf, is_native};
use crate::event::{Finding, Severity};

use super::Judged;
use super::modules::{Modules, root};

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    let mut found = grpc_tools(modules);
    found.extend(puppeteer(modules));
    found
}

/// grpc-tools fetches `protoc` for the platform, and there is none for Linux on arm64.
fn grpc_tools(modules: &Modules<'_>) -> Vec<Judged> {
    const PROTOC: &str = "bin/protoc";
    modules
        .packages
        .iter()
        .filter(|package| package.facts.name == "grpc-tools")
        .filter_map(|package| {
            let protoc = package.natives.iter().find(|native| native.path == PROTOC);
            let (message, path) = match protoc.map(|native| native.facts) {
                Some(facts) if is_native(facts, modules.platform()) => return None,
                Some(facts) => (
                    format!(
                        "protoc of {} is for {}, in an image for {}",
                        package.title(),
                        elf(facts).map_or_else(String::new, |elf| elf.header().to_string()),
                        modules.platform()
                    ),
                    format!("{}/{PROTOC}", package.folder),
                ),
                None => (
                    format!(
                        "{} has no protoc: none is published for {}, or its install script did not run",
                        package.title(),
                        modules.platform()
                    ),
                    format!("{}/package.json", package.folder),
                ),
            };
            let severity = modules.severity(package);
            let mut judged = modules.judged(package, "grpc-tools-no-arm64", severity, message);
            judged.finding = judged.finding.at(path).hint(
                "generate the code in a stage for linux/amd64, or install the distribution's protobuf-compiler",
            );
            Some(judged)
        })
        .collect()
}

/// Where Puppeteer keeps its browsers.
const CACHE: &str = "/.cache/puppeteer/";

/// Foreign files that are judged here.
pub(super) fn claims(path: &str) -> bool {
    path.contains(CACHE) || path.contains("/node_modules/grpc-tools/bin/")
}

/// The browsers in Puppeteer's cache are x86-64 even below `linux_arm-…`.
fn puppeteer(modules: &Modules<'_>) -> Vec<Judged> {
    const BROWSERS: [&str; 4] = ["chrome", "chrome-headless-shell", "chromedriver", "firefox"];
    let is_browser = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        BROWSERS.contains(&name)
    };
    let mut by_download: BTreeMap<String, (String, &ElfFacts)> = BTreeMap::new();
    for (path, elf) in modules.unpacked.elf_files() {
        if elf.header().is_for(modules.platform()) || !path.contains(CACHE) {
            continue;
        }
        let download = download(&path).to_owned();
        let worst = by_download
            .entry(download)
            .or_insert_with(|| (path.clone(), elf));
        if is_browser(&path) {
            *worst = (path, elf);
        }
    }
    by_download
        .into_values()
        .map(|(path, elf)| Judged {
            root: root(&path).to_owned(),
            finding: Finding::new(
                "puppeteer-chrome-x64",
                Severity::Error,
                format!(
                    "the browser that Puppeteer fetched is for {}, in an image for {}: not every processor has one",
                    elf.header(),
                    modules.platform()
                ),
            )
            .at(path)
            .hint("install the distribution's chromium, name it in PUPPETEER_EXECUTABLE_PATH and set PUPPETEER_SKIP_DOWNLOAD"),
            package: "puppeteer".to_owned(),
            installed_for: Vec::new(),
        })
        .collect()
}

/// `/root/.cache/puppeteer/chrome/linux_arm-142.0.7444.59`
fn download(path: &str) -> &str {
    let start = path.find(CACHE).map_or(0, |at| at + CACHE.len());
    let inside = path.get(start..).unwrap_or_default();
    match inside.match_indices('/').nth(1) {
        Some((at, _)) => path.get(..start + at).unwrap_or(path),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;

    #[test]
    fn protoc_of_grpc_tools_has_to_be_for_the_platform() {
        // grpc/grpc-node#2274, #1405
        let folder = "/app/node_modules/grpc-tools";
        let image = || {
            Fixture::new("linux/arm64").node_package(folder, "1.11.3", |package| {
                package.installs_binary = true;
                package.dependencies = vec!["@mapbox/node-pre-gyp".to_owned()];
            })
        };
        let protoc = format!("{folder}/bin/protoc");
        for broken in [image(), image().elf(&protoc, "linux/amd64")] {
            let findings = judge(&broken.build());
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].code, "grpc-tools-no-arm64");
        }
        assert_eq!(judge(&image().elf(&protoc, "linux/arm64").build()), []);
    }

    #[test]
    fn a_browser_of_puppeteer_is_x86_64_whatever_its_folder_says() {
        // puppeteer/puppeteer#11564, #12583
        let chrome = "/root/.cache/puppeteer/chrome/linux_arm-142.0.7444.59/chrome-linux64/chrome";
        let image = |platform: &str| Fixture::new(platform).elf(chrome, "linux/amd64").build();
        let findings = judge(&image("linux/arm64"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "puppeteer-chrome-x64");
        assert_eq!(findings[0].path.as_deref(), Some(chrome));
        assert_eq!(judge(&image("linux/amd64")), []);
    }
}
