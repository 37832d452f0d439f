//! `package.json` of an installed Node package, or of the project that uses them.

use serde_json::Value;

use super::bytes::FileBytes;
use super::{FileFacts, NodePackage};

/// Far more than any package has to say of itself.
const MOST_BYTES: u64 = 1024 * 1024;
/// What an install script runs to build a binary, or to fetch one.
const INSTALLERS: &[&str] = &[
    "node-gyp",
    "node-pre-gyp",
    "prebuild-install",
    "prebuildify",
    "cmake-js",
    "napi-postinstall",
];

/// At a package's root: `node_modules/NAME/package.json` or
/// `node_modules/@SCOPE/NAME/package.json`; outside of `node_modules` any.
pub(super) fn is_one(path: &str) -> bool {
    let is_installed = path.split('/').any(|part| part == "node_modules");
    if !is_installed && (path == "package.json" || path.ends_with("/package.json")) {
        return true;
    }
    let mut parts = path.rsplit('/');
    if parts.next() != Some("package.json") {
        return false;
    }
    let (Some(name), Some(parent)) = (parts.next(), parts.next()) else {
        return false;
    };
    let is_scoped = parent.starts_with('@') && parts.next() == Some("node_modules");
    !name.starts_with(['.', '@']) && (is_scoped || parent == "node_modules")
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let text = |key: &str| document.get(key)?.as_str().map(str::to_owned);
    // A project need not have a name, a package has one.
    let name = text("name").or_else(|| document.get("dependencies").map(|_| String::new()))?;
    Some(FileFacts::NodePackage(Box::new(NodePackage {
        name,
        version: text("version").unwrap_or_default(),
        optional_dependencies: keys(document.get("optionalDependencies")),
        dependencies: keys(document.get("dependencies")),
        os: texts(document.get("os")),
        cpu: texts(document.get("cpu")),
        libc: texts(document.get("libc")),
        installs_binary: installs_binary(&document),
    })))
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_object)
        .map(|members| members.keys().cloned().collect())
        .unwrap_or_default()
}

/// A list of texts, or a text alone.
fn texts(value: Option<&Value>) -> Vec<String> {
    let one = value.into_iter().filter_map(Value::as_str);
    let list = value.and_then(Value::as_array).into_iter().flatten();
    one.chain(list.filter_map(Value::as_str))
        .map(str::to_owned)
        .collect()
}

fn installs_binary(document: &Value) -> bool {
    let is_gyp = document.get("gypfile").and_then(Value::as_bool) == Some(true);
    // What node-pre-gyp is told; others use the name for a text.
    let has_binary = document.get("binary").is_some_and(Value::is_object);
    let scripts = document.get("scripts");
    let runs_installer = ["preinstall", "install", "postinstall"]
        .iter()
        .filter_map(|name| scripts?.get(name)?.as_str())
        .any(|line| INSTALLERS.iter().any(|tool| line.contains(tool)));
    is_gyp || has_binary || runs_installer
}
