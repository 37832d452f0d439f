//! The runtimes that load native modules, and how each is asked.

/// A runtime.
pub(super) struct Language {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// What its program is called, the first one found is used.
    pub(super) programs: &'static [&'static str],
    /// What stands between the program and a script.
    pub(super) arguments: &'static [&'static str],
    /// Finds and loads all modules.
    pub(super) script: &'static str,
    /// A script that loads one, for a person to run: from its name and its place.
    pub(super) load: fn(&str, &str) -> String,
}

/// All of them, in the order they are asked.
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        name: "node",
        programs: &["node", "nodejs"],
        arguments: &["-e"],
        script: include_str!("node.cjs"),
        load: |_, place| format!("require({})", serde_json::Value::from(place)),
    },
    Language {
        name: "python",
        programs: &["python3", "python"],
        arguments: &["-c"],
        script: include_str!("python.py"),
        load: |name, _| format!("import {name}"),
    },
    Language {
        name: "ruby",
        programs: &["ruby"],
        arguments: &["-e"],
        script: include_str!("ruby.rb"),
        load: |name, _| format!("require {}", serde_json::Value::from(name)),
    },
];
