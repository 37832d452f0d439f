//! Reads the suites: all mistakes of all files at once.

use std::path::{Path, PathBuf};

use super::screen;
use crate::diagnostic;
use crate::suite::SuiteFile;

/// What is read where no suite is named.
const DEFAULT: &str = "everyarch.yaml";

/// The suites named, else the one in this folder, else the built-in one. What
/// is wrong with them has been said when this returns `Err`.
pub(super) fn read(named: &[PathBuf], color: bool) -> Result<Vec<SuiteFile>, ()> {
    let files: Vec<PathBuf> = match named {
        [] if Path::new(DEFAULT).is_file() => vec![PathBuf::from(DEFAULT)],
        [] => return Ok(vec![SuiteFile::built_in()]),
        named => named.to_vec(),
    };
    let mut suites: Vec<SuiteFile> = Vec::new();
    let mut is_good = true;
    for file in &files {
        let shown = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                screen::complain(&format!("the suite {shown} can't be read: {error}"), None);
                is_good = false;
                continue;
            }
        };
        match SuiteFile::parse(&shown, &text, &|name| std::env::var(name).ok()) {
            Ok(suite) => {
                if let Some(other) = suites
                    .iter()
                    .find(|other| other.suite().name == suite.suite().name)
                {
                    screen::complain(
                        &format!(
                            "two suites are called `{}`: {} and {shown}",
                            suite.suite().name,
                            other.suite().file.as_deref().unwrap_or("built-in")
                        ),
                        Some("reports tell suites apart by their names: give one a `name:`"),
                    );
                    is_good = false;
                }
                suites.push(suite);
            }
            Err(mistakes) => {
                screen::warn(&diagnostic::render(&shown, &text, &mistakes, color));
                let count = mistakes.len();
                let word = if count == 1 { "mistake" } else { "mistakes" };
                screen::warn(&format!(
                    "{shown}: {count} {word}; nothing was pulled or run\n"
                ));
                is_good = false;
            }
        }
    }
    if is_good { Ok(suites) } else { Err(()) }
}
