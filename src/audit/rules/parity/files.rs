//! The files of each platform by their folded names.
//!
//! An image has hundreds of thousands of them: what is kept of a name is a hash and
//! the platforms that have it. A second walk names the few that differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use crate::audit::rootfs::NodeKind;
use crate::audit::rules::node;
use crate::audit::rules::packages::{counted, platform_package};
use crate::event::{Finding, Severity};

use super::sides::{Panel, Sides};
use super::{MOST, fold, packages};

const CODE: &str = "parity-files";

/// How many groups are kept; what is beyond is counted.
const GROUPS: usize = 10_000;

/// How many files a finding names.
const NAMED: usize = 5;

/// Who has which name.
struct Names {
    hasher: RandomState,
    sides: HashMap<u64, Sides>,
}

/// Files that the same platforms have, in one folder.
struct Group {
    with: Sides,
    /// Told already, as a package that the same platforms have.
    is_explained: bool,
    count: usize,
    /// The folder as one platform writes it.
    folder: String,
    examples: Vec<String>,
}

pub(super) fn judge(panel: &Panel<'_>) -> Vec<Finding> {
    let names = Names::read(panel);
    let divisions = packages::divisions(panel);
    let (mut groups, beyond) = groups(panel, &names, &divisions);
    groups.sort_by(|a, b| b.count.cmp(&a.count).then(a.folder.cmp(&b.folder)));
    let rest = groups.split_off(groups.len().min(MOST));
    let mut findings: Vec<Finding> = groups
        .into_iter()
        .map(|group| finding(panel, group))
        .collect();
    let uncounted = rest.iter().map(|group| group.count).sum::<usize>() + beyond;
    if uncounted > 0 {
        findings.push(Finding::new(
            CODE,
            Severity::Warning,
            format!(
                "{} more in other folders differ between the platforms",
                counted(uncounted, "file")
            ),
        ));
    }
    findings
}

fn finding(panel: &Panel<'_>, group: Group) -> Finding {
    let (what, path) = match group.examples.as_slice() {
        [only] if group.count == 1 => (only.clone(), only.clone()),
        _ => (
            format!("{} below {}", counted(group.count, "file"), group.folder),
            group.folder,
        ),
    };
    let is = if group.count == 1 { "is" } else { "are" };
    let message = format!("{what} {is} {}", panel.place(group.with));
    let severity = if group.is_explained {
        Severity::Info
    } else {
        Severity::Warning
    };
    let mut finding = panel
        .on(Finding::new(CODE, severity, message), group.with)
        .at(path);
    if group.count > 1 {
        for example in &group.examples {
            finding = finding.because(example);
        }
        if let Some(rest) = group.count.checked_sub(NAMED).filter(|rest| *rest > 0) {
            finding = finding.because(format!("and {rest} more"));
        }
    }
    finding.hint(match group.is_explained {
        true => "they come with the packages in which the same platforms differ: see what is said of those",
        false if group.count > 1 => {
            "find out what brings them: a package that is built otherwise there, or a build step that does something else; a difference that is meant can be accepted in the suite"
        }
        false => {
            "see whether a build step does something else on that platform; a difference that is meant can be accepted in the suite"
        }
    })
}

impl Names {
    fn read(panel: &Panel<'_>) -> Self {
        let mut names = Self {
            hasher: RandomState::new(),
            sides: HashMap::new(),
        };
        for (place, _) in panel.variants() {
            let mut last = String::new();
            for (_, folded) in compared(panel, place) {
                names.add(&folded, place);
                let parent = folded.rsplit_once('/').map_or("", |(parent, _)| parent);
                if parent != last {
                    let mut above = Some(parent);
                    while let Some(folder) = above.filter(|folder| !folder.is_empty()) {
                        names.add(&format!("{folder}/"), place);
                        above = folder.rsplit_once('/').map(|(above, _)| above);
                    }
                    last = parent.to_owned();
                }
            }
        }
        names
    }

    fn add(&mut self, name: &str, place: usize) {
        let hash = self.hasher.hash_one(name);
        self.sides.entry(hash).or_default().add(place);
    }

    fn of(&self, name: &str) -> Sides {
        let hash = self.hasher.hash_one(name);
        self.sides.get(&hash).copied().unwrap_or_default()
    }

    /// The highest folder above a name that the same platforms have and no other,
    /// else the one it lies in.
    fn folder<'n>(&self, name: &'n str, with: Sides) -> &'n str {
        let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
        let (mut highest, mut above) = (parent, parent);
        while !above.is_empty() && self.of(&format!("{above}/")) == with {
            highest = above;
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
        highest
    }
}

fn groups(panel: &Panel<'_>, names: &Names, divisions: &BTreeSet<Sides>) -> (Vec<Group>, usize) {
    let all = panel.all();
    let mut groups: BTreeMap<(Sides, String), Group> = BTreeMap::new();
    let mut beyond = 0;
    for (place, _) in panel.variants() {
        for (path, folded) in compared(panel, place) {
            let with = names.of(&folded);
            if with == all || !with.is_first(place) {
                continue;
            }
            let is_explained = divisions.contains(&with) && is_of_distribution(&folded);
            let folder = match is_explained {
                true => ancestor(&folded, 1),
                false => names.folder(&folded, with).to_owned(),
            };
            let key = (with, folder.clone());
            if groups.len() >= GROUPS && !groups.contains_key(&key) {
                beyond += 1;
                continue;
            }
            let depth = folder.matches('/').count();
            let group = groups.entry(key).or_insert_with(|| Group {
                with,
                is_explained,
                count: 0,
                folder: ancestor(&path, depth),
                examples: Vec::new(),
            });
            group.count += 1;
            if group.examples.len() < NAMED {
                group.examples.push(path);
            }
        }
    }
    (groups.into_values().collect(), beyond)
}

/// Where a distribution's packages have their files.
fn is_of_distribution(path: &str) -> bool {
    const FOLDERS: [&str; 5] = ["/usr/", "/lib/", "/bin/", "/sbin/", "/etc/"];
    FOLDERS.iter().any(|folder| path.starts_with(folder)) && !path.starts_with("/usr/local/")
}

/// The first parts of a path.
fn ancestor(path: &str, depth: usize) -> String {
    match path.match_indices('/').nth(depth) {
        Some((at, _)) if at > 0 => path.get(..at).unwrap_or(path).to_owned(),
        Some(_) => "/".to_owned(),
        None => path.to_owned(),
    }
}

/// The paths of a platform that are compared, with their folded names.
fn compared(panel: &Panel<'_>, place: usize) -> impl Iterator<Item = (String, String)> {
    panel
        .variants()
        .filter(move |(other, _)| *other == place)
        .flat_map(|(_, variant)| variant.rootfs.nodes())
        .filter(|node| node.kind() != NodeKind::Directory)
        .map(|node| node.path())
        .filter(|path| is_compared(path))
        .map(|path| {
            let folded = fold::path(&path);
            (path, folded)
        })
        // `setarch` has a name for each architecture that its processor can be.
        .filter(|(_, folded)| !folded.ends_with("/{arch}"))
}

/// Left out: what is made anew on each run or build, what nobody runs, and what
/// belongs to one processor by its nature.
fn is_compared(path: &str) -> bool {
    const FOLDERS: [&str; 26] = [
        "/proc/",
        "/sys/",
        "/dev/",
        "/run/",
        "/tmp/",
        "/boot/",
        "/var/tmp/",
        "/var/cache/",
        "/var/log/",
        "/var/run/",
        "/var/lib/dpkg/",
        "/var/lib/apt/",
        "/var/lib/systemd/",
        "/lib/apk/",
        "/usr/lib/apk/",
        "/usr/share/doc/",
        "/usr/share/man/",
        "/usr/share/info/",
        "/usr/share/lintian/",
        "/usr/share/locale/",
        "/usr/share/bug/",
        "/usr/share/gdb/",
        "/usr/include/",
        "/usr/lib/gcc/",
        "/usr/lib/debug/",
        "/usr/lib/firmware/",
    ];
    const ANYWHERE: [&str; 9] = [
        "/__pycache__/",
        "/.cache/",
        "/_cacache/",
        "/.npm/_logs/",
        "/.build-id/",
        "/glibc-hwcaps/",
        "/prebuilds/",
        "/.git/",
        // glibc converts some encodings with a processor's own instructions.
        "/gconv/",
    ];
    const ENDINGS: [&str; 7] = [".pyc", ".pyo", ".a", ".o", ".log", ".ph", "/ld.so.cache"];
    const LIBRARIES: [&str; 11] = [
        "libquadmath",
        "libitm",
        "libasan",
        "libtsan",
        "libubsan",
        "liblsan",
        "libhwasan",
        "libmpx",
        "libatomic",
        "libmvec",
        // Java's vector mathematics for x86.
        "libjsvml",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    !(FOLDERS.iter().any(|folder| path.starts_with(folder))
        || ANYWHERE.iter().any(|part| path.contains(part))
        || ENDINGS.iter().any(|end| path.ends_with(end))
        || LIBRARIES.iter().any(|start| name.starts_with(start))
        // Another rule judges whether the one for the platform is there.
        || platform_package(path).is_some()
        || node::is_for_one_platform(path))
}
