//! Symbols that nothing defines: a library and what uses it are of different versions.
//!
//! A program is judged by what its loader loads with it. Objects that somebody else
//! loads may find their symbols in whoever that is: of those only what nothing in the
//! whole image defines is told.

mod everywhere;
mod search;
#[cfg(test)]
mod tests;

use crate::event::{Finding, Severity};

use super::group::{self, Case};
use super::scene::Scene;
use super::standing::Role;
use search::Search;

/// `undefined-symbol`
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let mut search = Search::new(scene);
    for elf in scene.own().filter(|elf| elf.facts.is_dynamic) {
        match elf.role {
            Role::Start | Role::Path if !elf.is_library() => search.program(elf),
            Role::Extension => search.extension(elf),
            _ if elf.is_library() => search.unloaded(elf),
            _ => {}
        }
    }
    let (certain, possible): (Vec<Case>, Vec<Case>) = search
        .cases()
        .partition(|case| case.severity != Severity::Info);
    let mut found = group::findings(certain, &wording);
    found.extend(group::one(possible, &|case, count| {
        (
            format!(
                "{}{} {} symbols that nothing in the image defines",
                case.path,
                group::and_more(count),
                if count > 1 { "need" } else { "needs" }
            ),
            "nothing shows that they are ever loaded; where they are, whoever loads them must have these symbols"
                .to_owned(),
        )
    }));
    found
}

fn wording(case: &Case, count: usize) -> (String, String) {
    let need = if count > 1 { "need" } else { "needs" };
    let message = format!(
        "{}{} {need} {}",
        case.path,
        group::and_more(count),
        case.cause
    );
    // What gcc 10 calls in place of atomic instructions stands in its own libgcc.
    let hint = match case.cause.contains("`__aarch64_") {
        true => {
            "it was compiled with outline atomics and linked with a libgcc that is too old to have them: link it with the compiler that compiled it, or build with `-mno-outline-atomics`"
        }
        false => {
            "it was built against another version than the image has: build it on the release that it runs on, and copy or install its libraries with it"
        }
    };
    (message, hint.to_owned())
}
