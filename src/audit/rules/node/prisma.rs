//! Prisma's query engines: a file per platform, C library and OpenSSL.

use std::collections::BTreeMap;

use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::listed;
use crate::event::{Finding, Severity};
use crate::image::Platform;

use super::Judged;
use super::modules::{Modules, root};

/// What an engine's name says it is for.
#[derive(Debug, PartialEq, Eq)]
struct Engine {
    /// Node's word for the processor; `None`: another operating system.
    cpu: Option<&'static str>,
    libc: Libc,
    /// `3.0`, `1.1`; a static one asks for none.
    openssl: Option<String>,
    is_static: bool,
}

/// The engines in one project.
#[derive(Default)]
struct Found {
    /// Generated clients, wherever their generator put them.
    client: Vec<(String, String)>,
    /// `@prisma/engines`
    engines: Vec<(String, String)>,
}

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    let is_overridden = ["PRISMA_QUERY_ENGINE_LIBRARY", "PRISMA_QUERY_ENGINE_BINARY"]
        .iter()
        .any(|name| modules.unpacked.config.env(name).is_some());
    if is_overridden {
        return Vec::new();
    }
    let mut projects: BTreeMap<String, Found> = BTreeMap::new();
    for file in modules.unpacked.rootfs.files() {
        if let Some(target) = target(file.name()) {
            let path = file.path();
            let project = projects.entry(root(&path).to_owned()).or_default();
            let list = match path.contains("/@prisma/engines/") {
                true => &mut project.engines,
                false => &mut project.client,
            };
            list.push((path, target.to_owned()));
        }
    }
    let openssl = openssl(modules);
    projects
        .into_iter()
        .filter_map(|(root, found)| {
            // The client looks beside itself first; the engines of `prisma` are
            // what it generates from.
            let engines = match found.client.is_empty() {
                true => found.engines,
                false => found.client,
            };
            missing(modules, root, &engines, &openssl)
        })
        .collect()
}

fn missing(
    modules: &Modules<'_>,
    root: String,
    engines: &[(String, String)],
    openssl: &[String],
) -> Option<Judged> {
    let fits = |target: &str| Engine::parse(target).is_some_and(|e| e.fits(modules, openssl));
    if engines.iter().any(|(_, target)| fits(target)) {
        return None;
    }
    let (path, _) = engines.first()?;
    let targets: Vec<&str> = engines.iter().map(|(_, target)| target.as_str()).collect();
    let wanted = wanted(modules, openssl);
    let mut finding = Finding::new(
        "prisma-engine-missing",
        Severity::Error,
        format!(
            "Prisma has no query engine for {}: it will ask for {wanted}",
            modules.here()
        ),
    )
    .at(path)
    .because(format!("engines for: {}", listed(&targets, 12)));
    if !openssl.is_empty() {
        finding = finding.because(format!("OpenSSL in the image: {}", listed(openssl, 4)));
    }
    Some(Judged {
        finding: finding.hint(format!(
            "add `{wanted}` to `binaryTargets` of the generator, or run `prisma generate` in a stage of the target platform"
        )),
        package: "prisma".to_owned(),
        root,
        installed_for: targets.iter().map(|target| (*target).to_owned()).collect(),
    })
}

/// The target in an engine's file name.
fn target(name: &str) -> Option<&str> {
    let is_library = name.strip_prefix("libquery_engine-").and_then(|rest| {
        rest.strip_suffix(".so.node")
            .or_else(|| rest.strip_suffix(".dylib.node"))
    });
    let is_windows = || {
        name.strip_prefix("query_engine-")
            .and_then(|rest| rest.strip_suffix(".dll.node"))
    };
    let is_program = || {
        name.strip_prefix("query-engine-")
            .filter(|rest| Engine::parse(rest).is_some())
    };
    is_library.or_else(is_windows).or_else(is_program)
}

/// Engines for other platforms: a client may have several, and `missing` judges
/// whether this platform's is among them.
pub(super) fn claims(path: &str, platform: &Platform) -> bool {
    engine(path).is_some_and(|engine| engine.cpu != platform.node())
}

/// Whether a file is an engine for one platform, which its name tells.
pub(super) fn is_engine(path: &str) -> bool {
    engine(path).is_some()
}

fn engine(path: &str) -> Option<Engine> {
    const PROGRAMS: [&str; 5] = [
        "libquery_engine-",
        "query-engine-",
        "schema-engine-",
        "migration-engine-",
        "introspection-engine-",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    PROGRAMS
        .iter()
        .find_map(|start| name.strip_prefix(start))
        .map(|rest| rest.trim_end_matches(".node").trim_end_matches(".so"))
        .and_then(Engine::parse)
}

impl Engine {
    /// Prisma's names (prisma/engines, `binaryTargets`).
    fn parse(target: &str) -> Option<Self> {
        let (platform, openssl) = match target.split_once("openssl-") {
            Some((platform, version)) => (
                platform.trim_end_matches('-'),
                Some(version.trim_end_matches(".x").to_owned()),
            ),
            None => (target, None),
        };
        let (cpu, libc) = match platform {
            "debian" | "rhel" | "linux-static-x64" | "linux-nixos" => (Some("x64"), Libc::Glibc),
            "linux-arm64" | "linux-static-arm64" => (Some("arm64"), Libc::Glibc),
            "linux-arm" => (Some("arm"), Libc::Glibc),
            "linux-musl" => (Some("x64"), Libc::Musl),
            "linux-musl-arm64" => (Some("arm64"), Libc::Musl),
            "windows" | "darwin" | "darwin-arm64" | "freebsd" | "openbsd" | "netbsd" | "arm" => {
                (None, Libc::Glibc)
            }
            _ if platform.starts_with("freebsd") => (None, Libc::Glibc),
            _ => return None,
        };
        Some(Self {
            cpu,
            libc,
            is_static: platform.starts_with("linux-static"),
            // The first engine for Alpine named none, and was linked with 1.1.
            openssl: openssl.or_else(|| (platform == "linux-musl").then(|| "1.1".to_owned())),
        })
    }

    fn fits(&self, modules: &Modules<'_>, openssl: &[String]) -> bool {
        let is_libc = self.is_static || modules.libc.is_none_or(|libc| libc == self.libc);
        let is_openssl = openssl.is_empty()
            || self
                .openssl
                .as_ref()
                .is_none_or(|wanted| openssl.contains(wanted));
        self.cpu.is_some() && self.cpu == modules.platform().node() && is_libc && is_openssl
    }
}

/// The name of the engine that Prisma will ask for.
fn wanted(modules: &Modules<'_>, openssl: &[String]) -> String {
    let version = openssl.first().map_or("3.0", String::as_str);
    let platform = match (modules.libc, modules.platform().node()) {
        (Some(Libc::Musl), Some("x64")) => "linux-musl".to_owned(),
        (Some(Libc::Musl), cpu) => format!("linux-musl-{}", cpu.unwrap_or_default()),
        (_, Some("x64")) => "debian".to_owned(),
        (_, cpu) => format!("linux-{}", cpu.unwrap_or_default()),
    };
    format!("{platform}-openssl-{version}.x")
}

/// The versions of OpenSSL in the image as Prisma words them, the newest first.
fn openssl(modules: &Modules<'_>) -> Vec<String> {
    let rootfs = &modules.unpacked.rootfs;
    let mut folders: Vec<String> = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .map(str::to_owned)
        .to_vec();
    for parent in ["/lib", "/usr/lib"] {
        for child in rootfs.list(parent) {
            if child.name().contains("-linux-") {
                folders.push(format!("{parent}/{}", child.name()));
            }
        }
    }
    let mut versions: Vec<String> = folders
        .iter()
        .flat_map(|folder| rootfs.list(folder))
        .filter_map(|file| file.name().strip_prefix("libssl.so."))
        .filter_map(|version| match version {
            "3" => Some("3.0".to_owned()),
            "1.1" => Some("1.1".to_owned()),
            "10" | "1.0.0" | "1.0.2" => Some("1.0".to_owned()),
            _ => None,
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.dedup();
    versions
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::node::judge;
    use crate::audit::rules::packages::fixture::Fixture;

    use super::*;

    fn image(engine: &str, openssl: &str) -> Fixture {
        Fixture::new("linux/arm64")
            .userland("/lib/ld-linux-aarch64.so.1")
            .elf(
                &format!("/usr/lib/aarch64-linux-gnu/libssl.so.{openssl}"),
                "linux/arm64",
            )
            .elf(
                &format!("/app/node_modules/.prisma/client/libquery_engine-{engine}.so.node"),
                "linux/arm64",
            )
    }

    #[test]
    fn an_engine_for_another_platform_is_an_error() {
        // prisma/orm#16901, #16232
        let findings = judge(&image("debian-openssl-3.0.x", "3").build());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "prisma-engine-missing");
        assert_eq!(
            findings[0].message,
            "Prisma has no query engine for linux/arm64 with glibc: it will ask for linux-arm64-openssl-3.0.x"
        );
    }

    #[test]
    fn an_engine_for_another_openssl_is_an_error() {
        // prisma/orm#16947
        let findings = judge(&image("linux-arm64-openssl-1.1.x", "3").build());
        assert_eq!(findings[0].code, "prisma-engine-missing");
        let findings = judge(&image("linux-musl-arm64-openssl-3.0.x", "3").build());
        assert_eq!(findings[0].code, "prisma-engine-missing");
    }

    #[test]
    fn engines_for_several_platforms_with_this_one_among_them_are_healthy() {
        let fixture = image("linux-arm64-openssl-3.0.x", "3").elf(
            "/app/node_modules/.prisma/client/libquery_engine-debian-openssl-3.0.x.so.node",
            "linux/amd64",
        );
        assert_eq!(judge(&fixture.build()), []);
    }

    #[test]
    fn the_engines_package_may_hold_fewer_than_the_client() {
        let fixture = image("linux-arm64-openssl-3.0.x", "3").elf(
            "/app/node_modules/@prisma/engines/libquery_engine-debian-openssl-3.0.x.so.node",
            "linux/amd64",
        );
        assert_eq!(judge(&fixture.build()), []);
    }

    #[test]
    fn targets_are_read_as_prisma_names_them() {
        assert_eq!(
            Engine::parse("linux-musl-arm64-openssl-3.0.x"),
            Some(Engine {
                cpu: Some("arm64"),
                libc: Libc::Musl,
                openssl: Some("3.0".to_owned()),
                is_static: false,
            })
        );
        assert_eq!(Engine::parse("something-else"), None);
        assert_eq!(target("query_engine-windows.dll.node"), Some("windows"));
    }
}
