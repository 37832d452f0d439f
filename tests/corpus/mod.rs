//! The corpus of the audit: for each signature a small image made in code that has
//! it, modelled on an incident that is public, and its healthy twin: the same image
//! with the one thing mended.
//!
//! `EVERYARCH_CORPUS_OUT=DIR` names a folder in which all of them are left as OCI
//! layouts, with `entries.json` to tell what they are: `ci/corpus` tries them there
//! on an engine. `README.md` beside this file has what came of it.

mod baselines;
mod complete;
mod documents;
mod entry;
mod libraries;
mod node;
mod others;
mod programs;
mod python;
mod relocated;
mod scripts;
mod trial;
mod world;

use entry::Entry;

/// Everything, by area.
fn all() -> impl Iterator<Item = &'static Entry> {
    [
        documents::ENTRIES,
        programs::ENTRIES,
        scripts::ENTRIES,
        libraries::ENTRIES,
        baselines::ENTRIES,
        node::ENTRIES,
        python::ENTRIES,
        others::ENTRIES,
    ]
    .into_iter()
    .flatten()
}
