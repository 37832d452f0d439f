//! `native_modules:` every module that carries or depends on native code is
//! found, its bytes are looked at, and it is loaded.
//!
//! All are loaded in one process, since a runtime's start costs a second under
//! emulation. After a crash the process is started again for the rest, so one
//! bad module never hides another.

mod language;
mod report;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use self::language::LANGUAGES;
use self::search::Search;
use super::finding::{Finding, cause};
use super::room::Room;
use super::session::Session;
use crate::engine::EngineError;
use crate::event::Confidence;
use crate::suite::Selection;

/// Judges all modules of all languages that the image has a runtime for.
pub(super) async fn judge(
    room: &Arc<Room>,
    session: &mut Session,
    selection: &Selection<String>,
    deadline: Duration,
) -> Result<Vec<Finding>, EngineError> {
    let named: &[String] = match selection {
        Selection::Auto => &[],
        Selection::Named(names) => names,
    };
    let mut findings = Vec::new();
    let mut asked = Vec::new();
    let mut seen = BTreeSet::new();
    for language in LANGUAGES {
        let mut program = None;
        for name in language.programs {
            if let Some(found) = room.program(name).await? {
                program = Some(found);
                break;
            }
        }
        let Some(program) = program else { continue };
        asked.push(language.name);
        let mut search = Search {
            room,
            session,
            language,
            program: program.invoked.clone(),
            named,
            deadline,
        };
        let (modules, mut broken) = search.run().await?;
        findings.append(&mut broken);
        for (module, loading, seconds, notes) in modules {
            seen.insert(module.name.clone());
            let mut finding = search.judge(&module, &loading).await;
            finding.duration = seconds;
            finding.notes.extend(notes);
            findings.push(finding);
        }
    }
    unique_parts(&mut findings);
    for name in named.iter().filter(|name| !seen.contains(*name)) {
        let mut found = cause(
            "native-module-not-found",
            Confidence::Established,
            format!("the module {name} is not in the image"),
        );
        found.evidence.push(match asked.as_slice() {
            [] => "the image has neither Node, Python nor Ruby".to_owned(),
            asked => format!("asked: {}", asked.join(", ")),
        });
        findings.push(Finding::failed(vec![found]).part(name.clone()));
    }
    if findings.is_empty() {
        let note = match asked.as_slice() {
            [] => {
                "the image has no runtime that loads native modules (Node, Python, Ruby)".to_owned()
            }
            asked => format!("no native modules found; asked: {}", asked.join(", ")),
        };
        findings.push(Finding::passed().note(note));
    }
    Ok(findings)
}

/// Two modules of one name are told apart by where they lie.
fn unique_parts(findings: &mut [Finding]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for part in findings
        .iter_mut()
        .filter_map(|finding| finding.part.as_mut())
    {
        let count = counts.entry(part.clone()).or_default();
        *count += 1;
        if *count > 1 {
            *part = format!("{part} #{count}");
        }
    }
}
