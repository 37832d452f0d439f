//! Libraries that a loader does not find, or finds too old.
//!
//! An error only of what is surely reached: programs that the config starts or that
//! are on `PATH`, with all they need, and what runtimes load by its place.

use std::collections::{BTreeMap, HashMap};

use crate::audit::rootfs::NodeKind;
use crate::event::{Finding, Severity};
use crate::image::ElfHeader;

use super::group::{self, Case};
use super::libc::Libc;
use super::loader::{Found, Object};
use super::loading::{self, Loaders};
use super::process::{Missing, Process};
use super::scene::{Elf, Scene, by_path};
use super::standing::Role;
use super::words;

/// Everything that DT_NEEDED and symbol versions show.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let mut search = Search::new(scene);
    for elf in scene.own().filter(|elf| elf.facts.is_dynamic) {
        match elf.role {
            Role::Start | Role::Path if !elf.is_library() => search.program(elf),
            Role::Extension => search.extension(elf),
            _ => search.other(elf),
        }
    }
    let cases = merged(search.cases.into_values());
    let (certain, possible): (Vec<Case>, Vec<Case>) = cases
        .into_iter()
        .partition(|case| case.severity != Severity::Info);
    let mut found = group::findings(certain, &wording);
    found.extend(group::one(possible, &|case, count| {
        (
            format!(
                "{}{} {} libraries that are not in the image",
                case.path,
                group::and_more(count),
                if count > 1 { "need" } else { "needs" }
            ),
            "nothing shows that they are ever loaded; where they are, install what they need"
                .to_owned(),
        )
    }));
    found
}

fn wording(case: &Case, count: usize) -> (String, String) {
    let path = &case.path;
    let more = group::and_more(count);
    let need = if count > 1 { "need" } else { "needs" };
    let what = &case.cause;
    match case.code {
        "needed-library-wrong-arch" => (
            format!("{path}{more} {need} {what}, which is there for another machine only"),
            "install the package that brings it for this platform; don't copy library folders from another platform's stage".to_owned(),
        ),
        "glibc-object-on-musl" => (
            format!("{path}{more} {need} {what}, which is glibc's, and the image's libc is musl"),
            "install the musl build of that package, or use a base image with glibc".to_owned(),
        ),
        "musl-object-on-glibc" => (
            format!("{path}{more} {need} {what}, which is musl's, and the image's libc is glibc"),
            "install the glibc build of that package".to_owned(),
        ),
        "glibc-too-old" | "libstdcxx-too-old" | "needed-library-too-old" => (
            format!("{path}{more} {need} {what}"),
            "build it on the release that the image is made from, or an older one; or move the base image up".to_owned(),
        ),
        _ => (
            format!("{path}{more} {need} {what}, which is not in the image"),
            "install the package that brings it in this variant; an install step guarded by the architecture is the usual reason".to_owned(),
        ),
    }
}

/// One case for all libraries that an object lacks for one reason.
fn merged(cases: impl Iterator<Item = Case>) -> Vec<Case> {
    let mut merged: BTreeMap<(String, &str, Severity), Case> = BTreeMap::new();
    for case in cases {
        let key = (case.path.clone(), case.code, case.severity);
        match merged.get_mut(&key) {
            Some(known) if !case.code.ends_with("-too-old") => {
                known.shown = format!("{}; {}", known.shown, case.shown);
                known.cause = format!("{}, {}", known.cause, case.cause);
            }
            // Of several versions the highest is enough; they come in order.
            Some(known) => {
                let shown = format!("{}; {}", known.shown, case.shown);
                *known = Case { shown, ..case };
            }
            None => {
                merged.insert(key, case);
            }
        }
    }
    merged.into_values().collect()
}

/// What is asked again and again while searching.
struct Search<'s, 'a> {
    scene: &'s Scene<'a>,
    elves: HashMap<&'s str, &'s Elf<'a>>,
    loaders: Loaders<'s, 'a>,
    hosts: HashMap<&'static str, Option<Process<'a>>>,
    /// The paths of everything that may be a library, by name; made when first asked for.
    names: Option<HashMap<String, Vec<String>>>,
    has_gcompat: bool,
    cases: BTreeMap<(String, String), Case>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(scene: &'s Scene<'a>) -> Self {
        let has_gcompat = ["/lib/libgcompat.so.0", "/usr/lib/libgcompat.so.0"]
            .iter()
            .any(|path| scene.image.rootfs.resolve(path).is_ok());
        Self {
            elves: by_path(scene),
            scene,
            loaders: Loaders::of(scene),
            hosts: HashMap::new(),
            names: None,
            has_gcompat,
            cases: BTreeMap::new(),
        }
    }

    fn program(&mut self, elf: &Elf<'a>) {
        let Some(interpreter) = elf.facts.interpreter.as_deref() else {
            return;
        };
        // Without a loader it does not come so far; that is another rule's finding.
        if self.scene.image.rootfs.resolve(interpreter).is_err() {
            return;
        }
        let Some(libc) = Libc::of_loader(interpreter) else {
            return;
        };
        let Some(loader) = self.loaders.get(libc, elf.facts.header()) else {
            return;
        };
        let process = Process::load(loader, elf, None);
        for missing in &process.missing {
            let (own, foreign) = self.elsewhere(&missing.name, elf.facts.header());
            // A script that starts the program may set LD_LIBRARY_PATH.
            let is_sure = own.is_none() || self.is_started_directly(elf);
            let severity = if is_sure {
                Severity::Error
            } else {
                Severity::Warning
            };
            self.missing(libc, missing, elf, severity, own, foreign);
        }
        self.versions(libc, &process, elf);
    }

    fn is_started_directly(&self, elf: &Elf<'a>) -> bool {
        self.scene.steps.first().is_some_and(|step| {
            step.target
                .file()
                .is_some_and(|file| file.path() == elf.path)
        })
    }

    fn extension(&mut self, elf: &Elf<'a>) {
        let Some(libc) = self.scene.libc else {
            return;
        };
        if loading::is_for_another(self.scene, libc, &elf.path) {
            return;
        }
        let runtime = loading::runtime(&elf.path);
        if !self.hosts.contains_key(runtime) {
            let host = self.host(runtime);
            self.hosts.insert(runtime, host);
        }
        let host = self.hosts.remove(runtime).flatten();
        let process = self
            .loaders
            .get(libc, elf.facts.header())
            .map(|loader| Process::load(loader, elf, host.as_ref()));
        let is_sure = host.is_some();
        self.hosts.insert(runtime, host);
        let Some(process) = process else {
            return;
        };
        let severity = match runtime {
            // Modules of Python's own library are optional: slim images lack Tk.
            _ if elf.path.contains("/lib-dynload/") => Severity::Info,
            "node" | "python3" if is_sure => Severity::Error,
            _ => Severity::Warning,
        };
        for missing in &process.missing {
            let (own, foreign) = self.elsewhere(&missing.name, elf.facts.header());
            // Packages load libraries of their own beforehand, by path.
            if own.is_none() {
                self.missing(libc, missing, elf, severity, None, foreign);
            }
        }
        let wants_glibc = elf
            .facts
            .needs_versions
            .iter()
            .any(|(library, _)| library == "libc.so.6");
        if libc == Libc::Musl && process.missing.is_empty() && wants_glibc && !self.has_gcompat {
            let missing = Missing {
                name: "libc.so.6".to_owned(),
                by: elf.path.clone(),
                passed: Vec::new(),
            };
            // musl answers for libc.so.6 and may lack only what is never called.
            self.missing(libc, &missing, elf, Severity::Warning, None, Vec::new());
        }
        self.versions(libc, &process, elf);
    }

    /// A library that nothing is known to load: no more than what it needs itself.
    fn other(&mut self, elf: &Elf<'a>) {
        let Some(libc) = self.scene.libc else {
            return;
        };
        if !elf.is_library()
            || words::names_another_libc(&elf.path, libc)
            || self.scene.surroundings.reason(&elf.path).is_some()
        {
            return;
        }
        let object = Object {
            opened: elf.path.clone(),
            real: elf.path.clone(),
            facts: elf.facts,
            inherited: Vec::new(),
        };
        for name in &elf.facts.needed {
            let found = self
                .loaders
                .get(libc, elf.facts.header())
                .map(|loader| loader.find(name, &object));
            let Some(Found::Nothing(passed)) = found else {
                continue;
            };
            let (own, foreign) = self.elsewhere(name, elf.facts.header());
            if own.is_none() {
                let missing = Missing {
                    name: name.clone(),
                    by: elf.path.clone(),
                    passed,
                };
                self.missing(libc, &missing, elf, Severity::Info, None, foreign);
            }
        }
    }

    fn missing(
        &mut self,
        libc: Libc,
        missing: &Missing,
        root: &Elf<'a>,
        severity: Severity,
        own: Option<String>,
        foreign: Vec<String>,
    ) {
        let name = &missing.name;
        let is_musl_s = name.starts_with("libc.musl-") || name == "libc.so";
        let is_glibc_s = Libc::of_loader(name) == Some(Libc::Glibc) || name == "libc.so.6";
        let code = match libc {
            Libc::Musl if is_glibc_s => "glibc-object-on-musl",
            Libc::Glibc if is_musl_s => "musl-object-on-glibc",
            _ if own.is_none() && !(foreign.is_empty() && missing.passed.is_empty()) => {
                "needed-library-wrong-arch"
            }
            _ => "needed-library-missing",
        };
        let mut shown = format!("{} needs {name}", missing.by);
        if root.path != missing.by {
            shown.push_str(&format!(", and {} needs that", root.path));
        }
        if let Some(own) = own {
            shown.push_str(&format!("; {own} is in no folder that the loader searches"));
        }
        for other in missing.passed.iter().chain(&foreign).take(1) {
            shown.push_str(&format!("; {other}"));
        }
        self.add(code, severity, name.clone(), &missing.by, root, shown);
    }

    fn versions(&mut self, libc: Libc, process: &Process<'a>, root: &Elf<'a>) {
        if libc == Libc::Musl {
            // musl looks at no versions.
            return;
        }
        for old in process.too_old() {
            let kind = old.wanted.rsplit_once('_').map_or("", |(kind, _)| kind);
            let (code, severity) = match kind {
                "GLIBC" | "GLIBC_ABI_DT" => ("glibc-too-old", Severity::Error),
                "GLIBCXX" | "CXXABI" => ("libstdcxx-too-old", Severity::Error),
                _ => ("needed-library-too-old", Severity::Warning),
            };
            let cause = format!(
                "{} of {}, and the image's has no more than {}",
                old.wanted, old.provider, old.highest
            );
            let shown = format!("{} needs {} of {}", old.by, old.wanted, old.provider);
            self.add(code, severity, cause, &old.by, root, shown);
        }
    }

    /// Keeps a case; of two of one object and library the worse.
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        cause: String,
        by: &str,
        root: &Elf<'a>,
        shown: String,
    ) {
        let layer = self
            .elves
            .get(by)
            .map_or(root.file.layer(), |elf| elf.file.layer());
        let case = Case {
            code,
            severity,
            cause: cause.clone(),
            layer,
            path: by.to_owned(),
            shown,
        };
        let known = self
            .cases
            .entry((by.to_owned(), cause))
            .or_insert_with(|| case.clone());
        if case.severity < known.severity {
            *known = case;
        }
    }

    /// The process of the runtime that loads extensions.
    fn host(&mut self, runtime: &str) -> Option<Process<'a>> {
        let elf = loading::host(self.scene, runtime)?;
        let libc = Libc::of_program(elf.facts)?;
        let loader = self.loaders.get(libc, elf.facts.header())?;
        Some(Process::load(loader, elf, None))
    }

    /// Where else in the image a library of that name is: one of this machine, and those
    /// of others.
    fn elsewhere(&mut self, name: &str, header: ElfHeader) -> (Option<String>, Vec<String>) {
        let scene = self.scene;
        let names = self.names.get_or_insert_with(|| {
            let mut names: HashMap<String, Vec<String>> = HashMap::new();
            for node in scene.image.rootfs.nodes() {
                let is_file = matches!(node.kind(), NodeKind::File | NodeKind::Symlink(_));
                if is_file && node.name().contains(".so") {
                    names
                        .entry(node.name().to_owned())
                        .or_default()
                        .push(node.path());
                }
            }
            names
        });
        let mut foreign = Vec::new();
        for path in names.get(name).into_iter().flatten() {
            let Ok(file) = scene.image.rootfs.resolve(path) else {
                continue;
            };
            let Some(elf) = self.elves.get(file.path().as_str()) else {
                continue;
            };
            if elf.facts.header() == header {
                return (Some(path.clone()), Vec::new());
            }
            foreign.push(format!("{path} is {}", elf.facts.header()));
        }
        (None, foreign)
    }
}

#[cfg(test)]
mod tests;
