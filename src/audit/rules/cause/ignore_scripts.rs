//! `ignore-scripts`: the scripts that build or fetch native modules did not run when
//! packages were installed.

use crate::audit::Unpacked;
use crate::event::Finding;

use super::Likely;

/// Findings on packages without a native module.
const UNBUILT: &[&str] = &[
    "bindings-file-not-located",
    "node-pre-gyp-binary-missing",
    "sharp-legacy-binding",
    "grpc-tools-no-arm64",
];

pub(super) fn likely(finding: &Finding, variant: &Unpacked, layer: usize) -> Option<Likely> {
    if !UNBUILT.contains(&finding.code.as_str()) {
        return None;
    }
    let line = variant.layers.get(layer)?.created_by.as_deref();
    let line = line.unwrap_or_default().to_lowercase();
    let history = variant.history(layer).unwrap_or_default();
    let say = |what, shown| {
        Some(Likely {
            id: "ignore-scripts",
            what,
            shown,
        })
    };
    let is_told = [
        "--ignore-scripts",
        "ignore_scripts=true",
        "ignore-scripts=true",
    ]
    .iter()
    .any(|words| line.contains(words));
    if is_told {
        return say(
            "install scripts were turned off: run those of packages with native modules, as with `npm rebuild`",
            history,
        );
    }
    let by_environment = variant.config.env.iter().find(|(name, value)| {
        name.eq_ignore_ascii_case("npm_config_ignore_scripts") && value == "true"
    });
    if let Some((name, value)) = by_environment {
        return say(
            "install scripts are turned off by the environment: run those of packages with native modules",
            format!("{name}={value} is in the image's environment"),
        );
    }
    // `pnpm run build` installs nothing.
    let installs = ["pnpm i", "pnpm add", "bun i", "bun add"];
    if installs.iter().any(|words| line.contains(words)) {
        return say(
            "pnpm since version 10, and Bun, run no install scripts of packages that are not allowed to: list those with native modules in `onlyBuiltDependencies` or `trustedDependencies`",
            history,
        );
    }
    None
}
