//! Node packages that keep their binary in a package per platform, of which
//! the one for this platform was not installed.

use super::{Observation, Rule, cause, no_suspects};
use crate::diagnosis::FileFacts;
use crate::event::{Cause, Confidence};

pub(super) const RULE: Rule = Rule {
    suspects: no_suspects,
    judge,
};

/// What each package says, and the catalogue's name for it.
const TEXTS: [(&str, &str); 12] = [
    (
        "Could not load the \"sharp\" module using the",
        "sharp-platform-package-missing",
    ),
    (
        "You installed esbuild for another platform",
        "esbuild-other-platform",
    ),
    (
        "could not be found, and is needed by esbuild",
        "esbuild-other-platform",
    ),
    (
        "Cannot find module @rollup/rollup-",
        "rollup-native-missing",
    ),
    (
        "Cannot find module '@rollup/rollup-",
        "rollup-native-missing",
    ),
    (
        "No native build was found for platform=",
        "node-gyp-build-no-prebuild",
    ),
    (
        "Could not locate the bindings file",
        "bindings-file-not-located",
    ),
    ("Failed to load native binding", "napi-rs-binding-missing"),
    ("Cannot find native binding", "napi-rs-binding-missing"),
    ("Failed to load SWC binary for", "napi-rs-binding-missing"),
    (
        "could not locate the Query Engine for runtime",
        "prisma-engine-missing",
    ),
    (
        "was compiled against a different Node.js version",
        "node-abi-mismatch",
    ),
];

fn judge(observation: &Observation<'_>, _: &[FileFacts]) -> Option<Cause> {
    // With a loader's text beside it, the object is there and refused: another rule's.
    if observation.text.contains("cannot open shared object file") {
        return None;
    }
    let (line, code) = TEXTS.iter().find_map(|(text, code)| {
        super::line_with(observation.text, text).map(|line| (line, *code))
    })?;
    let mut found = cause(code, Confidence::Consistent, line);
    found.hint = Some(match code {
        "bindings-file-not-located" => "the package's install script did not run (`--ignore-scripts`, or no prebuild for this platform and no compiler)",
        "node-abi-mismatch" => "use the same major version of Node in the build stage and in the image, or `npm rebuild`",
        "prisma-engine-missing" => "add this platform to `binaryTargets`, or generate the client in the target stage",
        _ => "run the install in the target platform's own stage, or `npm install --os=linux --cpu=…` with optional dependencies",
    }.to_owned());
    Some(found)
}
