//! Packages that keep their binary in a package per platform, named by
//! `optionalDependencies`: sharp, rollup, esbuild and whatever napi-rs builds.

use std::collections::BTreeMap;

use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{System, Target, listed};
use crate::event::Severity;

use super::Judged;
use super::modules::{Modules, Package};

/// The platform packages of one package that differ in nothing but the platform.
struct Family<'a> {
    prefix: String,
    members: Vec<(&'a str, Target)>,
}

/// What there is of a family in an image.
enum Presence<'a> {
    /// The one for this platform, or something as good.
    Fits,
    /// Only the build for WebAssembly, of this name.
    Wasm(String),
    /// Its author publishes none for this platform.
    Unsupported,
    /// Any of these would do, and those after them are installed instead.
    Missing {
        wanted: Vec<&'a str>,
        installed: Vec<(&'a str, &'a Target)>,
    },
}

pub(super) fn judge(modules: &Modules<'_>) -> Vec<Judged> {
    let mut found = Vec::new();
    for package in &modules.packages {
        let families = families(package);
        // sharp's libvips is of no interest where sharp's own binary is missing.
        let is_broken = |prefix: &str| {
            families
                .iter()
                .filter(|family| family.prefix == prefix)
                .any(|family| !matches!(presence(modules, package, family), Presence::Fits))
        };
        for family in &families {
            if family.prefix == "@img/sharp-libvips"
                && (is_broken("@img/sharp") || has_libvips(modules))
            {
                continue;
            }
            found.extend(judge_family(modules, package, family));
        }
    }
    found
}

fn judge_family(
    modules: &Modules<'_>,
    package: &Package<'_>,
    family: &Family<'_>,
) -> Option<Judged> {
    let code = code(package, family);
    let title = package.title();
    let here = modules.here();
    match presence(modules, package, family) {
        Presence::Fits => None,
        Presence::Wasm(name) => {
            let message = format!(
                "{title} has no binary for {here} and runs on {name}: slower, and without threads of its own"
            );
            let mut judged = modules.judged(package, code, Severity::Info, message);
            judged.finding = judged
                .finding
                .hint("install its package for this platform if speed matters");
            Some(judged)
        }
        Presence::Unsupported => {
            let mut message = format!("{title} is not published for {here}");
            if package.facts.name == "next" {
                message += ": `next build` and `next dev` fall back to WebAssembly or fail";
            } else {
                message += ": whatever loads it fails there";
            }
            let published: Vec<&str> = family
                .members
                .iter()
                .filter(|(_, target)| matches!(target.system, System::Linux(..)))
                .map(|(name, _)| *name)
                .collect();
            let mut judged = modules.judged(package, code, Severity::Warning, message);
            judged.finding = judged
                .finding
                .because(format!("for Linux there are: {}", listed(&published, 12)))
                .hint("build it from source in the target's own stage, use another package, or leave the platform out");
            Some(judged)
        }
        Presence::Missing { wanted, installed } => {
            missing(modules, package, code, &wanted, &installed)
        }
    }
}

fn missing(
    modules: &Modules<'_>,
    package: &Package<'_>,
    code: &str,
    wanted: &[&str],
    installed: &[(&str, &Target)],
) -> Option<Judged> {
    let is_next = package.facts.name == "next";
    if is_next && installed.is_empty() {
        // What `next build` leaves for production has no compiler, and needs none.
        return None;
    }
    let severity = match is_next {
        true => Severity::Warning,
        false => modules.severity(package),
    };
    let name = wanted.first().copied().unwrap_or_default();
    let mut message = format!(
        "{} needs {name} on {}, and it is not installed",
        package.title(),
        modules.here()
    );
    if is_next {
        message += ": `next build` and `next dev` fail, a finished build still starts";
    } else if severity == Severity::Warning {
        message += "; the packages that ask for it do without it";
    }
    let mut judged = modules.judged(package, code, severity, message);
    let names: Vec<&str> = installed.iter().map(|(name, _)| *name).collect();
    judged.finding = judged.finding.because(match names.is_empty() {
        true => "none of its platform packages is installed".to_owned(),
        false => format!("installed: {}", listed(&names, 12)),
    });
    let is_from_linux = installed
        .iter()
        .any(|(_, target)| matches!(target.system, System::Linux(..)));
    judged.finding = judged.finding.hint(match (names.is_empty(), is_from_linux) {
        (true, _) => "do not omit optional dependencies (`--omit=optional`, `--no-optional`), and see whether the lockfile names this platform".to_owned(),
        (_, true) => format!("run the install in a stage of the target platform, or `{}`", install(modules, package)),
        (_, false) => "node_modules was copied from another operating system: add it to .dockerignore and install inside the image".to_owned(),
    });
    judged.installed_for = installed
        .iter()
        .map(|(_, target)| target.written.clone())
        .collect();
    Some(judged)
}

fn install(modules: &Modules<'_>, package: &Package<'_>) -> String {
    let cpu = modules.platform().node().unwrap_or_default();
    let libc = match modules.libc {
        Some(Libc::Musl) => " --libc=musl",
        _ => "",
    };
    format!(
        "npm install --os=linux --cpu={cpu}{libc} {}",
        package.facts.name
    )
}

fn presence<'a>(
    modules: &Modules<'_>,
    package: &Package<'_>,
    family: &'a Family<'a>,
) -> Presence<'a> {
    let wanted: Vec<&str> = family
        .members
        .iter()
        .filter(|(_, target)| family.fits(target, modules))
        .map(|(name, _)| *name)
        .collect();
    let is_installed = |name: &str| modules.find(package, name).is_some();
    if wanted.iter().any(|name| is_installed(name))
        || package.has_own_binary(modules.platform())
        || is_overridden(modules)
    {
        return Presence::Fits;
    }
    let wasm = family
        .members
        .iter()
        .filter(|(_, target)| target.system == System::Wasm)
        .map(|(name, _)| *name)
        .chain(wasm_elsewhere(&package.facts.name))
        .find(|name| is_installed(name));
    if let Some(name) = wasm {
        return Presence::Wasm(name.to_owned());
    }
    if wanted.is_empty() {
        return Presence::Unsupported;
    }
    let installed = family
        .members
        .iter()
        .filter(|(name, target)| target.system != System::Wasm && is_installed(name))
        .map(|(name, target)| (*name, target))
        .collect();
    Presence::Missing { wanted, installed }
}

/// The image's environment names a binary to use instead.
fn is_overridden(modules: &Modules<'_>) -> bool {
    [
        "ESBUILD_BINARY_PATH",
        "NAPI_RS_NATIVE_LIBRARY_PATH",
        "NAPI_RS_FORCE_WASI",
    ]
    .iter()
    .any(|name| modules.unpacked.config.env(name).is_some())
}

/// Builds for WebAssembly that are used without being in `optionalDependencies`.
fn wasm_elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "next" => Some("@next/swc-wasm-nodejs"),
        "@swc/core" => Some("@swc/wasm"),
        _ => None,
    }
}

/// libvips of the distribution, which sharp's binary finds by its name.
fn has_libvips(modules: &Modules<'_>) -> bool {
    let folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"].map(str::to_owned);
    let nested: Vec<String> = unpacked_folders(modules, "/usr/lib");
    folders
        .iter()
        .chain(&nested)
        .flat_map(|folder| modules.unpacked.rootfs.list(folder))
        .any(|file| file.name().starts_with("libvips-cpp.so"))
}

/// Debian's folders of libraries, which are named for the architecture.
fn unpacked_folders(modules: &Modules<'_>, folder: &str) -> Vec<String> {
    modules
        .unpacked
        .rootfs
        .list(folder)
        .iter()
        .filter(|file| file.name().contains("-linux-"))
        .map(|file| format!("{folder}/{}", file.name()))
        .collect()
}

fn code(package: &Package<'_>, family: &Family<'_>) -> &'static str {
    match (package.facts.name.as_str(), family.prefix.as_str()) {
        (_, "@img/sharp") => "sharp-platform-package-missing",
        (_, "@img/sharp-libvips") => "sharp-dlopen-failed",
        (_, "@rollup/rollup") => "rollup-native-missing",
        ("esbuild", _) => "esbuild-other-platform",
        _ => "napi-rs-binding-missing",
    }
}

/// Its families. A library that lists another one's platform packages, to work
/// around a package manager, does not itself need them: the names have to be related.
fn families<'a>(package: &'a Package<'_>) -> Vec<Family<'a>> {
    let mut grouped: BTreeMap<String, Vec<(&str, Target)>> = BTreeMap::new();
    for name in &package.facts.optional_dependencies {
        if let Some(target) = Target::parse(name) {
            let members = grouped.entry(target.prefix.clone()).or_default();
            members.push((name, target));
        }
    }
    grouped
        .into_iter()
        .filter(|(prefix, members)| {
            let native = |member: &&(&str, Target)| member.1.system != System::Wasm;
            members.iter().filter(native).count() >= 2 && is_related(&package.facts.name, prefix)
        })
        .map(|(prefix, members)| Family { prefix, members })
        .collect()
}

fn is_related(name: &str, prefix: &str) -> bool {
    const TELL_NOTHING: [&str; 9] = [
        "cli", "js", "node", "core", "native", "binding", "bindings", "napi", "lib",
    ];
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() >= 2 && !TELL_NOTHING.contains(word))
        .any(|word| prefix.contains(word))
}

impl Family<'_> {
    /// Whether a member is for the image. One that names no C library is glibc's
    /// where another one for the same processor is musl's, else anybody's.
    fn fits(&self, target: &Target, modules: &Modules<'_>) -> bool {
        let platform = modules.platform();
        if !target.is_for(platform) {
            return false;
        }
        match (modules.libc, target.libc()) {
            (None, _) => true,
            (Some(libc), Some(named)) => libc == named,
            (Some(Libc::Glibc), None) => true,
            (Some(Libc::Musl), None) => !self
                .members
                .iter()
                .any(|(_, other)| other.is_for(platform) && other.libc() == Some(Libc::Musl)),
        }
    }
}

#[cfg(test)]
mod tests;
