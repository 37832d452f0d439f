//! musl's loader does not look at `e_machine`: a foreign object fails on its
//! relocations, whose numbers tell the machine it was built for.

use super::{Observation, Rule, cause, facts, is_foreign, shown};
use crate::diagnosis::FileFacts;
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule { suspects, judge };

fn line<'a>(observation: &Observation<'a>) -> Option<(&'a str, &'a str)> {
    observation.text.lines().find_map(|line| {
        let (_, rest) = line.split_once("Error relocating ")?;
        let (path, _) = rest.split_once(':')?;
        Some((line.trim(), path))
    })
}

fn suspects(observation: &Observation<'_>) -> Vec<String> {
    line(observation)
        .map(|(_, path)| path.to_owned())
        .into_iter()
        .collect()
}

fn judge(observation: &Observation<'_>, files: &[FileFacts]) -> Option<Cause> {
    let (line, path) = line(observation)?;
    let file = facts(files, path);
    if let Some(file) = file.filter(|file| is_foreign(file, observation)) {
        let mut found = cause(
            "dlopen-wrong-machine-musl",
            Confidence::Established,
            format!(
                "{} {}, in an image for {}",
                file.path,
                file.shape.describe(),
                observation.platform
            ),
        );
        found.evidence = vec![shown(file), line.to_owned()];
        found.hint = Some(
            "install or rebuild that package in the target platform's own build stage".to_owned(),
        );
        return Some(found);
    }
    if line.contains("symbol not found") {
        let mut found = cause(
            "glibc-object-on-musl",
            Confidence::Consistent,
            format!("{path} needs a symbol that this image's musl has not"),
        );
        found.evidence.push(line.to_owned());
        found.hint =
            Some("install the musl build of that package, or use a glibc base image".to_owned());
        return Some(found);
    }
    None
}
