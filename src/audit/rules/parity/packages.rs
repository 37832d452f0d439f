//! The installed packages of each package manager, and their versions.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::file::InstalledPackage;
use crate::audit::rules::installed::{Ecosystem, installed};
use crate::audit::rules::packages::{Target, counted, listed};
use crate::event::{Finding, Severity};

use super::fold;
use super::sides::{Panel, Sides};

const CODE: &str = "parity-packages";

/// How many packages a finding names.
const NAMED: usize = 20;

/// Of each platform: a package's versions.
type Versions = BTreeMap<usize, BTreeSet<String>>;

/// A package's versions, by name and package manager.
type Worlds = BTreeMap<Ecosystem, BTreeMap<String, Versions>>;

pub(super) fn judge(panel: &Panel<'_>) -> Vec<Finding> {
    worlds(panel)
        .iter()
        .flat_map(|(ecosystem, world)| {
            let mut findings = presence(panel, *ecosystem, world);
            findings.extend(versions(panel, *ecosystem, world));
            findings
        })
        .collect()
}

/// Which platforms have a package of the distribution that others lack: the files
/// of such a package are the same difference.
pub(super) fn divisions(panel: &Panel<'_>) -> BTreeSet<Sides> {
    worlds(panel)
        .into_iter()
        .filter(|(ecosystem, _)| matches!(ecosystem, Ecosystem::Dpkg | Ecosystem::Apk))
        .flat_map(|(_, world)| world.into_values())
        .map(|versions| sides(&versions))
        .filter(|with| *with != panel.all())
        .collect()
}

fn worlds(panel: &Panel<'_>) -> Worlds {
    let mut worlds = Worlds::new();
    for (place, variant) in panel.variants() {
        for (ecosystem, packages) in installed(variant) {
            let world = worlds.entry(ecosystem).or_default();
            for package in packages.iter().filter(|p| is_compared(ecosystem, p)) {
                let versions = world.entry(fold::text(&package.name)).or_default();
                let version = version(ecosystem, &package.version).to_owned();
                versions.entry(place).or_default().insert(version);
            }
        }
    }
    worlds
}

/// What only some platforms have.
fn presence(
    panel: &Panel<'_>,
    ecosystem: Ecosystem,
    world: &BTreeMap<String, Versions>,
) -> Vec<Finding> {
    let mut by_sides: BTreeMap<Sides, Vec<&str>> = BTreeMap::new();
    for (name, versions) in world {
        let with = sides(versions);
        if with != panel.all() {
            by_sides.entry(with).or_default().push(name);
        }
    }
    by_sides
        .into_iter()
        .map(|(with, names)| {
            let message = format!(
                "{} {} {}",
                counted(names.len(), &format!("{ecosystem} package")),
                if names.len() == 1 { "is" } else { "are" },
                panel.place(with)
            );
            let finding = Finding::new(CODE, Severity::Warning, message)
                .because(listed(&names, NAMED))
                .hint("see whether an install step is guarded by the architecture, or a package is not available for it");
            with_path(panel.on(finding, with), ecosystem)
        })
        .collect()
}

/// What all have, or several, in different versions.
fn versions(
    panel: &Panel<'_>,
    ecosystem: Ecosystem,
    world: &BTreeMap<String, Versions>,
) -> Vec<Finding> {
    let mut by_sides: BTreeMap<Option<Sides>, Vec<String>> = BTreeMap::new();
    for (name, versions) in world {
        let divided = panel.divided(versions.clone().into_iter().collect());
        if divided.len() < 2 {
            continue;
        }
        let line: Vec<String> = divided
            .iter()
            .map(|(versions, sides)| {
                let versions: Vec<&String> = versions.iter().collect();
                format!("{} in {}", listed(&versions, 3), panel.names(*sides))
            })
            .collect();
        let odd = panel.odd(&divided);
        // A package that some lack may make them odd; they are judged elsewhere.
        let odd = odd.map(|odd| odd.and(sides(versions)));
        let line = format!("{name}: {}", line.join(", "));
        by_sides.entry(odd).or_default().push(line);
    }
    by_sides
        .into_iter()
        .map(|(odd, lines)| {
            let what = counted(lines.len(), &format!("{ecosystem} package"));
            let have = if lines.len() == 1 { "has" } else { "have" };
            let message = match odd {
                Some(odd) => format!(
                    "{what} {have} another version in {} than in the other platforms",
                    panel.names(odd)
                ),
                None => format!(
                    "{what} {have} different versions in {}",
                    panel.names(panel.all())
                ),
            };
            let mut finding = Finding::new(CODE, Severity::Warning, message);
            for line in lines.iter().take(NAMED) {
                finding = finding.because(line);
            }
            if let Some(rest) = lines.len().checked_sub(NAMED).filter(|rest| *rest > 0) {
                finding = finding.because(format!("and {rest} more"));
            }
            let finding = finding
                .hint("build all platforms at the same time, from the same lockfile, and pin what matters");
            let finding = match odd {
                Some(odd) => panel.on(finding, odd),
                None => finding,
            };
            with_path(finding, ecosystem)
        })
        .collect()
}

fn with_path(finding: Finding, ecosystem: Ecosystem) -> Finding {
    match ecosystem {
        Ecosystem::Dpkg => finding.at("/var/lib/dpkg/status"),
        Ecosystem::Apk => finding.at("/lib/apk/db/installed"),
        Ecosystem::Npm | Ecosystem::Pip => finding,
    }
}

fn sides(versions: &Versions) -> Sides {
    let mut with = Sides::default();
    for place in versions.keys() {
        with.add(*place);
    }
    with
}

/// Whether a package is one that every platform should have.
fn is_compared(ecosystem: Ecosystem, package: &InstalledPackage) -> bool {
    match ecosystem {
        // The platform packages are what rightly differs; other rules judge them.
        Ecosystem::Npm => !package.name.is_empty() && Target::parse(&package.name).is_none(),
        Ecosystem::Dpkg => !is_of_some_architectures(&package.name),
        // Alpine's virtual packages are named by whoever built the image.
        Ecosystem::Apk => {
            !package.name.starts_with('.') && !is_of_some_architectures(&package.name)
        }
        Ecosystem::Pip => true,
    }
}

/// The compiler's own libraries and the drivers that exist on some processors only.
fn is_of_some_architectures(name: &str) -> bool {
    const BEGINNINGS: [&str; 26] = [
        "libquadmath",
        "libitm",
        "libasan",
        "libtsan",
        "libubsan",
        "liblsan",
        "libhwasan",
        "libmpx",
        "libcilkrts",
        "libvtv",
        "libatomic",
        "lib32",
        "libx32",
        "lib64",
        "libc6-",
        "libipt",
        "libnuma",
        "libdrm-",
        "libpciaccess",
        "libsframe",
        "libmfx",
        "libvpl",
        "libigdgmm",
        "intel-",
        "i965-",
        "libomxil",
    ];
    BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// Debian rebuilds a package on single architectures without a new source: `+b1`.
fn version(ecosystem: Ecosystem, version: &str) -> &str {
    match (ecosystem, version.rsplit_once("+b")) {
        (Ecosystem::Dpkg, Some((source, rebuilt)))
            if !rebuilt.is_empty() && rebuilt.bytes().all(|b| b.is_ascii_digit()) =>
        {
            source
        }
        _ => version,
    }
}
