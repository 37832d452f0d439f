//! Extension modules: what their names say they are for, and what their bytes are.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Unpacked;
use crate::audit::file::FileFacts;
use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{counted, cpu, elf, listed};
use crate::audit::rules::words;
use crate::event::{Finding, Severity};
use crate::image::Platform;

use super::{in_packages, interpreters};

/// The suffix of an extension module's name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Suffix {
    /// `3.11`; `None` where any version loads it.
    version: Option<String>,
    /// Node's word for the processor and the C library, where the name has them.
    platform: Option<(&'static str, Option<Libc>)>,
}

/// A module: a name that `import` looks for, and the files that may be it.
#[derive(Default)]
struct Module<'a> {
    files: Vec<(String, Suffix, Option<&'a FileFacts>)>,
}

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let mut modules: BTreeMap<String, Module<'_>> = BTreeMap::new();
    for file in unpacked.rootfs.files() {
        if !file.name().ends_with(".so") {
            continue;
        }
        let path = file.path();
        let Some((stem, suffix)) = parse(file.name()) else {
            continue;
        };
        if !is_judged(&path, &suffix) {
            continue;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = format!("{folder}/{stem}");
        let module = modules.entry(key).or_default();
        module.files.push((path, suffix, file.facts()));
    }
    let libc = Libc::of(unpacked);
    let versions = interpreters::versions(unpacked);
    let mut skipped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut other_version: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for module in modules.values() {
        let for_here = |suffix: &Suffix| suffix.is_for(&unpacked.platform, libc);
        let has_version = |suffix: &Suffix| {
            versions.is_empty()
                || suffix
                    .version
                    .as_ref()
                    .is_none_or(|version| versions.contains(version))
        };
        let Some((path, ..)) = module.files.first() else {
            continue;
        };
        let (folder, _) = place(path);
        let mut named_for_here = module
            .files
            .iter()
            .filter(|(_, s, _)| for_here(s))
            .peekable();
        if named_for_here.peek().is_none() {
            skipped.entry(folder).or_default().push(path.clone());
            continue;
        }
        let mut usable = named_for_here.filter(|(_, s, _)| has_version(s)).peekable();
        if usable.peek().is_none() {
            other_version.entry(folder).or_default().push(path.clone());
            continue;
        }
        let foreign: Vec<_> = usable
            .map(|(path, _, facts)| (path, elf(*facts).map(|elf| elf.header())))
            .collect();
        let is_foreign = |header: &Option<crate::image::ElfHeader>| {
            header.is_some_and(|header| !header.is_for(&unpacked.platform))
        };
        if foreign.iter().all(|(_, header)| is_foreign(header)) {
            let list = wrong.entry(folder).or_default();
            list.extend(
                foreign
                    .into_iter()
                    .filter_map(|(path, header)| Some((path.clone(), header?.to_string()))),
            );
        }
    }
    let here = match libc {
        Some(libc) => format!("{} with {libc}", unpacked.platform),
        None => unpacked.platform.to_string(),
    };
    let mut findings = Vec::new();
    // Without a Python nobody looks for them.
    let severity = match versions.is_empty() {
        true => Severity::Warning,
        false => Severity::Error,
    };
    for (folder, files) in skipped {
        findings.push(
            about(
                "py-extension-other-arch-skipped",
                severity,
                format!(
                    "{} {} named for another platform than {here}: Python does not see {}, and `import` says ModuleNotFoundError",
                    described(&folder, &files),
                    if files.len() == 1 { "is" } else { "are" },
                    if files.len() == 1 { "it" } else { "them" },
                ),
                &files,
            )
            .hint("install the packages in a stage of the target platform; a venv can't be copied from a stage with `--platform=$BUILDPLATFORM`"),
        );
    }
    for (folder, files) in other_version {
        let all: Vec<&str> = versions.iter().map(String::as_str).collect();
        findings.push(
            about(
                "py-extension-other-arch-skipped",
                Severity::Info,
                format!(
                    "{} for a Python that is not in the image (it has {})",
                    described(&folder, &files),
                    listed(&all, 6)
                ),
                &files,
            )
            .hint("use the same minor version of Python in the build stage and in the image"),
        );
    }
    for (folder, files) in wrong {
        let (paths, headers): (Vec<String>, Vec<String>) = files.into_iter().unzip();
        let header = headers.first().map(String::as_str).unwrap_or_default();
        findings.push(
            about(
                "py-extension-wrong-machine",
                severity,
                format!(
                    "{} for {header}, in an image for {}, under a name that Python loads",
                    described(&folder, &paths),
                    unpacked.platform
                ),
                &paths,
            )
            .hint("install the package in a stage of the target platform; caches shared between platforms and `pip install --platform` do this too"),
        );
    }
    findings
}

fn about(code: &str, severity: Severity, message: String, files: &[String]) -> Finding {
    let mut finding = Finding::new(code, severity, message);
    if let Some(first) = files.first() {
        finding = finding.at(first);
    }
    for file in files.iter().take(5) {
        finding = finding.because(file);
    }
    if let Some(rest) = files.len().checked_sub(5).filter(|rest| *rest > 0) {
        finding = finding.because(format!("and {rest} more"));
    }
    finding
}

/// The folder of packages that a module lies in, and its package there; elsewhere the
/// folder that it is in.
fn place(path: &str) -> (String, Option<&str>) {
    match in_packages(path) {
        Some((folder, inside)) => {
            let package = inside.split_once('/').map(|(package, _)| package);
            (folder.to_owned(), package)
        }
        None => {
            let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
            (folder.to_owned(), None)
        }
    }
}

/// `2 extension modules of numpy, lxml in /venv/lib/python3.11/site-packages`
fn described(folder: &str, files: &[String]) -> String {
    let packages: BTreeSet<&str> = files.iter().filter_map(|file| place(file).1).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    let count = counted(files.len(), "extension module");
    match packages.is_empty() {
        true => format!("{count} in {folder}"),
        false => format!("{count} of {} in {folder}", listed(&packages, 6)),
    }
}

/// Whether a file is one that a rule here judges.
pub(in crate::audit::rules) fn claims(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with(".so") && parse(name).is_some_and(|(_, suffix)| is_judged(path, &suffix))
}

/// What bears no tag is an extension module by its place, or not at all; those that
/// tests bring with them nobody imports.
fn is_judged(path: &str, suffix: &Suffix) -> bool {
    let has_no_tag = suffix.platform.is_none() && suffix.version.is_none();
    let is_test = path.contains("/tests/") || path.contains("/test/");
    !is_test && (!has_no_tag || in_packages(path).is_some() && !is_several(path))
}

/// A package that carries libraries for several platforms keeps them in folders
/// that are named for them.
fn is_several(path: &str) -> bool {
    in_packages(path).is_some_and(|(_, inside)| {
        let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
        !words::architectures(folder).is_empty() || folder.contains(".libs")
    })
}

/// A module's name and suffix; `None`: no extension module.
fn parse(name: &str) -> Option<(&str, Suffix)> {
    let (stem, rest) = name.strip_suffix(".so")?.split_once('.').map_or_else(
        || (name.trim_end_matches(".so"), ""),
        |(stem, rest)| (stem, rest),
    );
    let suffix = match rest {
        // A library of its own, which other code loads by its name.
        "" if stem.starts_with("lib") => return None,
        "" | "abi3" => Suffix {
            version: None,
            platform: None,
        },
        _ => tagged(rest)?,
    };
    Some((stem, suffix))
}

/// `cpython-311-x86_64-linux-gnu`, `cpython-36m-arm-linux-gnueabihf`, `cpython-311`,
/// `pypy39-pp73-x86_64-linux-gnu`
fn tagged(tag: &str) -> Option<Suffix> {
    let (version, rest) = if let Some(rest) = tag.strip_prefix("cpython-") {
        let (digits, rest) = rest.split_once('-').unwrap_or((rest, ""));
        let digits = digits.trim_end_matches(['m', 'd', 'u', 't']);
        let is_number = digits.len() >= 2 && digits.bytes().all(|b| b.is_ascii_digit());
        let (major, minor) = digits.split_at_checked(1).filter(|_| is_number)?;
        (Some(format!("{major}.{minor}")), rest)
    } else if tag.starts_with("pypy") || tag.starts_with("graalpy") {
        // Their programs have names of their own: only the platform is judged.
        let platform = tag.splitn(3, '-').nth(2).unwrap_or_default();
        (None, platform)
    } else {
        return None;
    };
    Some(Suffix {
        version,
        platform: triplet(rest),
    })
}

/// `x86_64-linux-gnu`, `aarch64-linux-musl`, `arm-linux-gnueabihf`
fn triplet(text: &str) -> Option<(&'static str, Option<Libc>)> {
    let (processor, libc) = text.split_once("-linux-")?;
    let processor = match processor {
        "powerpc64le" => "ppc64le",
        "i586" | "i486" => "i386",
        other => other,
    };
    let libc = match libc {
        libc if libc.starts_with("gnu") => Some(Libc::Glibc),
        libc if libc.starts_with("musl") => Some(Libc::Musl),
        _ => None,
    };
    Some((cpu(processor)?, libc))
}

impl Suffix {
    fn is_for(&self, platform: &Platform, libc: Option<Libc>) -> bool {
        self.platform.is_none_or(|(processor, named)| {
            // Pythons for musl before 3.9 called themselves `linux-gnu` all the same.
            let is_libc = match (named, libc) {
                (Some(Libc::Musl), Some(Libc::Glibc)) => false,
                (Some(Libc::Glibc), Some(Libc::Musl)) => self.is_before_musl_was_named(),
                _ => true,
            };
            platform.node() == Some(processor) && is_libc
        })
    }

    fn is_before_musl_was_named(&self) -> bool {
        let minor = self
            .version
            .as_deref()
            .and_then(|version| version.strip_prefix("3."));
        minor
            .and_then(|minor| minor.parse::<u32>().ok())
            .is_none_or(|minor| minor < 11)
    }
}
