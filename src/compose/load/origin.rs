//! What a file can see: where its relative paths begin, and its variables.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::super::dotenv::Values;

/// Where a file comes from.
#[derive(Clone)]
pub(in crate::compose) struct Origin<'a> {
    /// Its relative paths are joined to this.
    pub(in crate::compose) folder: PathBuf,
    pub(in crate::compose) environment: Rc<Environment<'a>>,
}

impl Origin<'_> {
    pub(in crate::compose) fn path(&self, written: &str) -> PathBuf {
        if let Some(rest) = written.strip_prefix('~')
            && (rest.is_empty() || rest.starts_with('/'))
            && let Some(home) = self.environment.get("HOME")
        {
            return joined(Path::new(&home), rest.trim_start_matches('/'));
        }
        joined(&self.folder, written)
    }
}

/// A folder and a path in it as one, without `.` and without `..` where it can be.
pub(super) fn joined(folder: &Path, written: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in folder.join(written).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
            {
                path.pop();
            }
            Component::ParentDir if path.has_root() => {}
            other => path.push(other),
        }
    }
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path
}

/// Variables: those of the process, then those of files.
pub(in crate::compose) struct Environment<'a> {
    process: &'a dyn Fn(&str) -> Option<String>,
    /// What comes before `own`.
    outer: Option<Rc<Environment<'a>>>,
    own: Values,
}

impl<'a> Environment<'a> {
    pub(super) fn of_process(process: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            process,
            outer: None,
            own: Values::new(),
        }
    }

    pub(super) fn beside(outer: Rc<Self>, own: Values) -> Self {
        Self {
            process: outer.process,
            outer: Some(outer),
            own,
        }
    }

    pub(in crate::compose) fn get(&self, name: &str) -> Option<String> {
        match &self.outer {
            Some(outer) => outer.get(name),
            None => (self.process)(name),
        }
        .or_else(|| self.own.get(name).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_they_would_be_by_hand() {
        for (folder, written, path) in [
            ("", "a", "a"),
            ("", ".", "."),
            ("x", "./a/../b", "x/b"),
            ("x", "..", "."),
            ("x", "../../a", "../a"),
            ("/x", "../../a", "/a"),
            ("/x", "/y", "/y"),
        ] {
            assert_eq!(
                joined(Path::new(folder), written),
                Path::new(path),
                "{written}"
            );
        }
    }

    #[test]
    fn the_outer_variable_comes_first() {
        let process = |name: &str| (name == "P").then(|| "process".to_owned());
        let values = |text: &str| {
            Values::from([("P", text), ("O", text)].map(|(k, v)| (k.to_owned(), v.to_owned())))
        };
        let outer =
            Environment::beside(Rc::new(Environment::of_process(&process)), values("outer"));
        let mut own = values("inner");
        own.insert("I".to_owned(), "inner".to_owned());
        let inner = Environment::beside(Rc::new(outer), own);
        assert_eq!(inner.get("P").as_deref(), Some("process"));
        assert_eq!(inner.get("O").as_deref(), Some("outer"));
        assert_eq!(inner.get("I").as_deref(), Some("inner"));
        assert_eq!(inner.get("X"), None);
    }
}
