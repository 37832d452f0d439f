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

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;

    fn package(text: &str) -> Option<NodePackage> {
        let mut file = FileBytes::new(Whole::Bytes(text.as_bytes())).expect("bytes");
        match read(&mut file)? {
            FileFacts::NodePackage(package) => Some(*package),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_projects_and_the_roots_of_installed_packages_count() {
        for path in [
            "app/package.json",
            "package.json",
            "app/my_node_modules/sharp/package.json",
            "app/node_modules/sharp/package.json",
            "node_modules/@img/sharp-linux-x64/package.json",
            "app/node_modules/.pnpm/sharp@0.33.0/node_modules/sharp/package.json",
            "app/node_modules/a/node_modules/b/package.json",
        ] {
            assert!(is_one(path), "{path}");
        }
        for path in [
            "app/my-package.json",
            "app/node_modules/package.json",
            "app/node_modules/sharp/lib/package.json",
            "app/node_modules/@img/package.json",
            "app/node_modules/.cache/package.json",
            "app/node_modules/@a/b/c/package.json",
        ] {
            assert!(!is_one(path), "{path}");
        }
    }

    #[test]
    fn what_a_rule_needs_is_kept() {
        let found = package(
            r#"{"name": "sharp", "version": "0.33.0", "dependencies": {"semver": "^7"},
                "optionalDependencies": {"@img/sharp-linux-x64": "0.33.0"},
                "os": ["linux"], "cpu": "arm64", "libc": ["glibc"],
                "scripts": {"install": "node install/check || node-gyp rebuild"}}"#,
        );
        let expected = NodePackage {
            name: "sharp".into(),
            version: "0.33.0".into(),
            optional_dependencies: vec!["@img/sharp-linux-x64".into()],
            dependencies: vec!["semver".into()],
            os: vec!["linux".into()],
            cpu: vec!["arm64".into()],
            libc: vec!["glibc".into()],
            installs_binary: true,
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn building_or_fetching_a_binary_is_told_from_other_scripts() {
        for (text, expected) in [
            (r#"{"name": "a", "gypfile": true}"#, true),
            (r#"{"name": "a", "binary": {"module_name": "a"}}"#, true),
            (
                r#"{"name": "a", "scripts": {"install": "node-gyp-build"}}"#,
                true,
            ),
            (
                r#"{"name": "a", "scripts": {"postinstall": "prebuild-install"}}"#,
                true,
            ),
            (
                r#"{"name": "a", "scripts": {"test": "node-gyp rebuild"}}"#,
                false,
            ),
            (
                r#"{"name": "a", "scripts": {"postinstall": "node thanks.js"}}"#,
                false,
            ),
            (r#"{"name": "a", "gypfile": false, "binary": "yes"}"#, false),
        ] {
            let found = package(text).expect("a package");
            assert_eq!(found.installs_binary, expected, "{text}");
        }
    }

    #[test]
    fn other_shapes_than_npm_s_are_passed_over() {
        assert_eq!(package("{"), None);
        assert_eq!(package("[]"), None);
        assert_eq!(package(r#"{"type": "module"}"#), None);
        assert_eq!(package(&"[".repeat(100_000)), None);
        let odd = r#"{"name": "a", "version": 7, "os": {}, "dependencies": []}"#;
        let odd = package(odd).expect("a package");
        assert_eq!((odd.version.as_str(), odd.os.len()), ("", 0));
    }
}
