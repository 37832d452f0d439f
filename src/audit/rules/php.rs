//! Extensions of PHP. One that can't be loaded is a warning on standard error and
//! nothing else, so that no exit code tells.

use std::collections::BTreeSet;

use crate::audit::Unpacked;
use crate::event::{Finding, Severity};

use super::packages::is_alien;

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let foreign: Vec<(String, String)> = unpacked
        .elf_files()
        .filter(|(path, elf)| is_extension(path) && !elf.header().is_for(&unpacked.platform))
        .map(|(path, elf)| (path, elf.header().to_string()))
        .collect();
    let is_judged = unpacked.platform.machine().is_some() && !is_alien(unpacked);
    if foreign.is_empty() || !is_judged {
        return Vec::new();
    }
    let configured = configured(unpacked);
    foreign
        .into_iter()
        .map(|(path, header)| {
            let name = path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".so");
            // What an ini file in conf.d is named for is what it loads.
            let severity = match configured.contains(name) {
                true => Severity::Error,
                false => Severity::Warning,
            };
            Finding::new(
                "php-extension-load",
                severity,
                format!(
                    "PHP's extension {name} is for {header}, in an image for {}: PHP warns of it, goes on without it and exits with 0",
                    unpacked.platform
                ),
            )
            .at(&path)
            .hint("fetch the extension for `$TARGETARCH`, and check `php -m` rather than the exit code")
        })
        .collect()
}

/// `/usr/local/lib/php/extensions/no-debug-non-zts-20220829/redis.so`,
/// `/usr/lib/php/20220829/redis.so`, `/usr/lib/php82/modules/redis.so`
pub(super) fn is_extension(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let [.., before, folder, name] = parts.as_slice() else {
        return false;
    };
    let is_api = folder.len() >= 8
        && folder
            .get(..8)
            .is_some_and(|date| date.bytes().all(|b| b.is_ascii_digit()));
    name.ends_with(".so")
        && (*before == "extensions" && path.contains("/php")
            || *before == "php" && is_api
            || before.starts_with("php") && *folder == "modules")
}

/// The names of ini files in the folders that PHP scans: `docker-php-ext-redis.ini`,
/// `20-redis.ini`, `newrelic.ini`.
fn configured(unpacked: &Unpacked) -> BTreeSet<String> {
    unpacked
        .rootfs
        .nodes()
        .filter(|node| node.name().ends_with(".ini"))
        .filter(|node| {
            let path = node.path();
            path.contains("/conf.d/") && path.contains("/php")
        })
        .map(|node| {
            let name = node.name().trim_end_matches(".ini");
            let name = name.strip_prefix("docker-php-ext-").unwrap_or(name);
            let name = name.trim_start_matches(|c: char| c.is_ascii_digit());
            name.trim_start_matches(['-', '_']).to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::rules::packages::fixture::Fixture;

    fn image(platform: &str) -> Fixture {
        Fixture::new("linux/arm64")
            .elf(
                "/usr/local/lib/php/extensions/no-debug-non-zts-20220829/newrelic.so",
                platform,
            )
            .elf("/usr/lib/php/20220829/redis.so", "linux/arm64")
    }

    #[test]
    fn an_extension_of_another_machine_is_told_although_php_exits_with_0() {
        // newrelic/newrelic-php-agent#383, #396
        let lying = judge(&image("linux/amd64").build());
        assert_eq!(lying.len(), 1);
        assert_eq!(lying[0].code, "php-extension-load");
        assert_eq!(lying[0].severity, Severity::Warning);
        assert!(lying[0].message.contains("exits with 0"));
        let loaded = image("linux/amd64").file("/usr/local/etc/php/conf.d/newrelic.ini");
        assert_eq!(judge(&loaded.build())[0].severity, Severity::Error);
    }

    #[test]
    fn an_extension_of_this_machine_is_healthy() {
        assert_eq!(judge(&image("linux/arm64").build()), []);
    }
}
