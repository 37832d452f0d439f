//! What the scripts report: a line of JSON each, behind a nonce. The module
//! under test shares their standard output, so nothing else there is believed.

use std::time::Duration;

use serde::Deserialize;

use crate::event::{Cause, Confidence};
use crate::image::{ElfHeader, Platform};
use crate::run::finding::cause;

/// A module that was found.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Module {
    /// What tells it from all others.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) version: String,
    /// The folder it lies in.
    pub(super) place: String,
    /// Its native files that are meant for this platform.
    pub(super) files: Vec<NativeFile>,
    pub(super) problem: Option<Problem>,
}

/// A native file, by its first bytes.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct NativeFile {
    pub(super) path: String,
    /// The first 20 bytes in hexadecimal.
    head: String,
}

/// What the files alone show to be missing.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Problem {
    code: String,
    wanted: Vec<String>,
    there: Vec<String>,
}

/// What came of one module's loading.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) key: String,
    pub(super) ok: bool,
    pub(super) text: String,
    pub(super) notes: Vec<String>,
    pub(super) seconds: Duration,
}

/// All that one process reported.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) found: Option<Vec<Module>>,
    pub(super) loaded: Vec<Report>,
    /// The module that was being loaded at the end.
    pub(super) loading: Option<String>,
    pub(super) is_done: bool,
    pub(super) broken: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    found: Option<Vec<Module>>,
    loading: Option<String>,
    loaded: Option<String>,
    #[serde(default)]
    ok: bool,
    /// Healthy in spite of what its files lack.
    #[serde(default)]
    excused: bool,
    #[serde(default)]
    text: String,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    done: bool,
    broken: Option<String>,
}

impl Progress {
    /// Reads what a process printed.
    pub(super) fn read(stdout: &str, nonce: &str) -> Self {
        let mut progress = Self::default();
        let lines = stdout
            .lines()
            .filter_map(|line| line.strip_prefix(nonce)?.strip_prefix(' '))
            .filter_map(|json| serde_json::from_str::<Line>(json).ok());
        for line in lines {
            if let Some(found) = line.found {
                progress.found = Some(found);
            } else if let Some(key) = line.loading {
                progress.loading = Some(key);
            } else if let Some(key) = line.loaded {
                progress.loading = None;
                let modules = progress.found.iter_mut().flatten();
                for module in modules.filter(|module| line.excused && module.key == key) {
                    module.problem = None;
                }
                progress.loaded.push(Report {
                    key,
                    ok: line.ok,
                    text: line.text,
                    notes: line.notes,
                    seconds: Duration::try_from_secs_f64(line.seconds).unwrap_or_default(),
                });
            } else if line.done {
                progress.is_done = true;
            } else if line.broken.is_some() {
                progress.broken = line.broken;
            }
        }
        progress
    }
}

impl NativeFile {
    /// Its ELF header; `None` where it is no ELF file.
    pub(super) fn header(&self) -> Option<ElfHeader> {
        let bytes: Option<Vec<u8>> = self
            .head
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        ElfHeader::parse(&bytes?)
    }
}

impl Problem {
    /// As a cause. The files are a fact; that the module can't do without them
    /// is the package's own word, so the cause is no more than consistent.
    pub(super) fn cause(&self, module: &str, platform: &Platform) -> Cause {
        let (message, hint) = match self.code.as_str() {
            "platform-package-missing" if self.wanted.is_empty() => (
                format!(
                    "{module} keeps its native code in a package per platform, and has none for {platform}"
                ),
                "use a version or a package that supports this platform, or leave the platform out",
            ),
            "platform-package-missing" => (
                format!(
                    "{module} has no package for {platform}: none of {} is installed",
                    self.wanted.join(", ")
                ),
                "run the install in the target platform's own stage, with optional dependencies; copied node_modules and lock files made on another platform leave it out",
            ),
            "node-gyp-build-no-prebuild" | "prisma-engine-missing" => (
                format!("{module} carries native files, but none for {platform}"),
                "install or build it in the target platform's own stage",
            ),
            "bindings-file-not-located" => (
                format!(
                    "{module} is built from source or fetched at install time, and was not: it has no .node file"
                ),
                "its install script did not run (`--ignore-scripts`), or found neither a prebuild for this platform nor a compiler",
            ),
            "py-extension-other-arch-skipped" => (
                format!(
                    "{module} has extension modules for another platform or version of Python only; Python passes over them"
                ),
                "install the wheels in the target platform's own stage; a copied virtual environment keeps the other platform's",
            ),
            "gem-extension-not-built" => (
                format!("the gem {module} has an extension that was never built"),
                "run `bundle install` in the target platform's own stage",
            ),
            other => (format!("{module}: {other}"), "see the evidence"),
        };
        let code = match (self.code.as_str(), module) {
            ("platform-package-missing", "sharp") => "sharp-platform-package-missing",
            ("platform-package-missing", "esbuild") => "esbuild-other-platform",
            ("platform-package-missing", "rollup") => "rollup-native-missing",
            ("platform-package-missing", _) => "napi-rs-binding-missing",
            (code, _) => code,
        };
        let mut found = cause(code, Confidence::Consistent, message);
        if !self.there.is_empty() {
            found
                .evidence
                .push(format!("there are: {}", self.there.join(", ")));
        }
        found.hint = Some(hint.to_owned());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_behind_the_nonce_are_believed() {
        let stdout = concat!(
            "everyarch-1 {\"found\":[]}\n",
            "{\"loaded\":\"fake\",\"ok\":true}\n",
            "everyarch-2 {\"loaded\":\"fake\",\"ok\":true}\n",
            "everyarch-1 {\"loading\":\"real\"}\n",
        );
        let progress = Progress::read(stdout, "everyarch-1");
        assert!(progress.loaded.is_empty());
        assert_eq!(progress.loading.as_deref(), Some("real"));
        assert!(!progress.is_done);
    }

    #[test]
    fn what_loads_without_its_native_code_has_no_problem() {
        let stdout = concat!(
            "n {\"found\":[{\"key\":\"a\",\"name\":\"a\",\"version\":\"1\",\"place\":\"/a\",\"files\":[],",
            "\"problem\":{\"code\":\"node-gyp-build-no-prebuild\",\"wanted\":[],\"there\":[]}},",
            "{\"key\":\"b\",\"name\":\"b\",\"version\":\"1\",\"place\":\"/b\",\"files\":[],",
            "\"problem\":{\"code\":\"bindings-file-not-located\",\"wanted\":[],\"there\":[]}}]}\n",
            "n {\"loading\":\"a\"}\nn {\"loaded\":\"a\",\"ok\":true,\"excused\":true}\n",
            "n {\"loading\":\"b\"}\nn {\"loaded\":\"b\",\"ok\":true,\"excused\":false}\n",
        );
        let found = Progress::read(stdout, "n").found.unwrap();
        assert!(found[0].problem.is_none());
        assert!(found[1].problem.is_some());
    }

    #[test]
    fn a_module_that_ended_its_process_is_the_one_that_was_loading() {
        let stdout = concat!(
            "n {\"found\":[{\"key\":\"a\",\"name\":\"a\",\"version\":\"1\",\"place\":\"/a\",\"files\":[],\"problem\":null}]}\n",
            "n {\"loading\":\"a\"}\nn {\"loaded\":\"a\",\"ok\":true,\"seconds\":0.5}\n",
            "n {\"loading\":\"b\"}\n",
        );
        let progress = Progress::read(stdout, "n");
        assert_eq!(progress.loaded.len(), 1);
        assert_eq!(progress.loading.as_deref(), Some("b"));
    }
}
