//! Reads the compose files that a plan's cases name: all mistakes of all of them
//! at once, before anything is pulled.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{compose_plugin, screen};
use crate::compose::{self, By, Content, FileFault, Files, Services, Surroundings};
use crate::diagnostic::suggest::nearest;
use crate::plan::{Case, Plan};
use crate::suite::{Action, Runner, Stack};

/// The files of this machine. Their paths are absolute, so that what is mounted is
/// too; in messages they begin as the user named the suite.
struct Disk<'a> {
    /// The suite's folder, as it was named.
    named: &'a Path,
    /// The same, absolute: with `..` as it was written, and without.
    folders: [PathBuf; 2],
    /// Where everyarch runs.
    here: PathBuf,
}

impl<'a> Disk<'a> {
    fn of(case: &'a Case) -> io::Result<Self> {
        let suite = case.file.as_deref().map_or(Path::new(""), Path::new);
        let named = suite.parent().unwrap_or(Path::new(""));
        let here = std::env::current_dir()?;
        let folder = here.join(named);
        Ok(Self {
            named,
            folders: [clean(&folder), folder],
            here,
        })
    }
}

impl Files for Disk<'_> {
    fn text(&self, path: &Path) -> Result<String, FileFault> {
        std::fs::read_to_string(path).map_err(|error| FileFault::from(&error))
    }

    fn is_there(&self, path: &Path) -> bool {
        path.exists()
    }

    fn shown(&self, path: &Path) -> String {
        let mut folders = self.folders.iter();
        let shown = match folders.find_map(|folder| path.strip_prefix(folder).ok()) {
            Some(beside) => self.named.join(beside),
            None => path.strip_prefix(&self.here).unwrap_or(path).to_owned(),
        };
        shown.display().to_string()
    }
}

/// Without `..`, as compose files' own paths are joined.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                cleaned.pop();
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// Gives each case of services what its files say. What is wrong has been said when this
/// returns `Err`.
pub(super) async fn read(plan: &mut Plan, color: bool) -> Result<(), ()> {
    let mut said = BTreeSet::new();
    let cases = plan
        .platforms
        .iter_mut()
        .flat_map(|platform| &mut platform.cases);
    for case in cases {
        let Action::Stack(stack) = &case.check.action else {
            continue;
        };
        match services(stack, case, color).await {
            Ok(services) => case.services = Some(Arc::new(services)),
            // The same on each platform, mostly.
            Err(mistakes) => {
                said.insert(mistakes);
            }
        }
    }
    for mistakes in &said {
        screen::warn(mistakes);
    }
    if said.is_empty() { Ok(()) } else { Err(()) }
}

/// The values of all secrets of the compose files, which no report may show.
pub(super) fn secrets(plan: &Plan) -> Vec<String> {
    let cases = plan.platforms.iter().flat_map(|planned| &planned.cases);
    let services = cases.filter_map(|case| case.services.as_deref());
    let mut values: Vec<String> = services
        .flat_map(|services| &services.outline.secrets)
        .filter_map(|secret| match secret {
            Content::Environment { value, .. } => Some(value.reveal().to_owned()),
            Content::Inline(text) => Some(text.clone()),
            // One that is no text is not shown as one either.
            Content::File(path) => std::fs::read_to_string(path).ok(),
        })
        .map(|value| value.trim().to_owned())
        .collect();
    values.sort();
    values.dedup();
    values
}

async fn services(stack: &Stack, case: &Case, color: bool) -> Result<Services, String> {
    let place = || {
        let file = case.file.as_deref().unwrap_or_default();
        format!("{file}:{}: ", case.check.line)
    };
    let no_folder = |error: io::Error| format!("error: {}{error}\n", place());
    let files = files(stack, case).map_err(no_folder)?;
    let services = match stack.runner {
        Runner::Builtin => {
            let disk = Disk::of(case).map_err(no_folder)?;
            read_by_us(stack, &files, &disk, color)?
        }
        Runner::Plugin => compose_plugin::services(stack, files)
            .await
            .map_err(|why| format!("error: {}{why}", place()))?,
    };
    let unknown = unknown_services(stack, &services);
    if unknown.is_empty() {
        Ok(services)
    } else {
        let lines = unknown
            .iter()
            .map(|line| format!("error: {}{line}\n", place()));
        Err(lines.collect())
    }
}

fn read_by_us(
    stack: &Stack,
    files: &[String],
    disk: &Disk<'_>,
    color: bool,
) -> Result<Services, String> {
    let environment = |name: &str| {
        let own = stack.env.iter().find(|(known, _)| known == name);
        own.map(|(_, value)| value.clone())
            .or_else(|| std::env::var(name).ok())
    };
    let surroundings = Surroundings {
        files: disk,
        environment: &environment,
        profiles: &stack.profiles,
        under_test: &stack.under_test,
    };
    compose::read(files, surroundings)
        .map(Services::builtin)
        .map_err(|mistakes| mistakes.render(color))
}

/// Absolute, so that what the files mount is too.
fn files(stack: &Stack, case: &Case) -> io::Result<Vec<String>> {
    let suite = case.file.as_deref().map_or(Path::new(""), Path::new);
    let folder = suite.parent().unwrap_or(Path::new(""));
    stack
        .compose
        .iter()
        .map(|file| {
            let path: PathBuf = std::path::absolute(folder.join(file))?;
            Ok(path.to_string_lossy().into_owned())
        })
        .collect()
}

fn unknown_services(stack: &Stack, services: &Services) -> Vec<String> {
    let named = stack
        .under_test
        .iter()
        .map(|name| ("under_test", name))
        .chain(
            stack
                .exit_code_from
                .iter()
                .map(|name| ("exit_code_from", name)),
        )
        .chain(stack.checks.iter().map(|check| ("service", &check.service)));
    let mut seen = BTreeSet::new();
    let known = &services.outline.services;
    let is_inactive = |name: &String| match &services.by {
        By::Builtin(project) => project.inactive.contains_key(name),
        By::Plugin(_) => false,
    };
    named
        .filter(|(_, name)| !known.contains_key(*name))
        .filter(|found| seen.insert(*found))
        .map(|(key, name)| {
            let hint = if is_inactive(name) {
                "none of its profiles is on: name one under `profiles`".to_owned()
            } else {
                match nearest(name, known.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names: Vec<&str> = known.keys().map(String::as_str).collect();
                        format!("the services are {}", names.join(", "))
                    }
                }
            };
            format!("`{key}: {name}` is no service of the compose files\n  hint: {hint}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_the_user_named_the_suite() {
        let disk = |named: &'static str| {
            let folder = Path::new("/there").join(named);
            Disk {
                named: Path::new(named),
                folders: [clean(&folder), folder],
                here: "/there".into(),
            }
        };
        for (named, path, shown) in [
            ("", "/there/compose.yml", "compose.yml"),
            ("deploy", "/there/deploy/compose.yml", "deploy/compose.yml"),
            (
                "deploy",
                "/there/deploy/../compose.yml",
                "deploy/../compose.yml",
            ),
            ("deploy", "/there/common.env", "common.env"),
            (
                "../other",
                "/there/../other/compose.yml",
                "../other/compose.yml",
            ),
            ("../other", "/other/x.env", "../other/x.env"),
            ("/srv", "/srv/compose.yml", "/srv/compose.yml"),
            ("deploy", "/etc/x.env", "/etc/x.env"),
        ] {
            assert_eq!(disk(named).shown(Path::new(path)), shown, "{named}: {path}");
        }
    }
}
