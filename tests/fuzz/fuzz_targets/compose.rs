//! Compose files, with others beside them to merge, include and extend, between zero
//! bytes: a project whose order is whole, or mistakes that can be shown; never a panic.

#![no_main]

use std::path::Path;

use everyarch::compose::{FileFault, Files, Surroundings, read};
use libfuzzer_sys::fuzz_target;

/// By these names the files can name one another.
const NAMES: &[&str] = &["compose.yaml", "override.yaml", "other.yaml", ".env"];

/// Any other name is that of an empty file, so that what is mounted is there.
struct InMemory<'a>(Vec<&'a [u8]>);

impl Files for InMemory<'_> {
    fn text(&self, path: &Path) -> Result<String, FileFault> {
        let name = path.file_name().unwrap_or_default();
        let bytes = match NAMES.iter().position(|known| name == *known) {
            Some(at) => self.0.get(at).ok_or(FileFault::Missing)?,
            None => &[][..],
        };
        String::from_utf8(bytes.to_vec()).map_err(|_| FileFault::NotText)
    }

    fn is_there(&self, path: &Path) -> bool {
        self.text(path).is_ok()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let files = InMemory(bytes.splitn(NAMES.len(), |byte| *byte == 0).collect());
    let given = NAMES.iter().take(files.0.len().min(2));
    let given: Vec<String> = given.map(|name| (*name).to_owned()).collect();
    let read = read(
        &given,
        Surroundings {
            files: &files,
            environment: &|name| (name == "SET").then(|| "set".to_owned()),
            profiles: &["test".to_owned()],
            under_test: &["app".to_owned()],
        },
    );
    match read {
        Ok(project) => {
            let ordered: usize = project.order().iter().map(Vec::len).sum();
            assert_eq!(ordered, project.services.len(), "each has its turn, once");
        }
        Err(mistakes) => {
            assert!(!mistakes.diagnostics().is_empty(), "it fails without a word");
            mistakes.render(false);
        }
    }
});
