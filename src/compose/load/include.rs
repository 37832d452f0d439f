//! `include`: the services and resources of other projects, under those of the file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::decode::unknown_key;
use super::super::merge::merge;
use super::{Loader, Origin};
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Kind, Node};

/// What is taken from an included file.
const TAKEN: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];

/// The keys of the long form.
const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];

impl<'a> Loader<'a> {
    /// The file over what it includes.
    pub(super) fn with_includes(
        &mut self,
        mut root: Node,
        origin: &Origin<'a>,
        including: &mut Vec<PathBuf>,
    ) -> Node {
        let Some(include) = root.get("include").cloned() else {
            return root;
        };
        if let Kind::Map(entries) = &mut root.kind {
            entries.retain(|entry| entry.key.text != "include");
        }
        if include.is_null() {
            return root;
        }
        let Some(items) = include.seq() else {
            self.wrong(&include, "`include` is a list");
            return root;
        };
        for item in items {
            if let Some(included) = self.included(item, origin, including) {
                root = merge(&taken(included), &root, &[], &mut self.diagnostics);
            }
        }
        root
    }

    fn included(
        &mut self,
        item: &Node,
        origin: &Origin<'a>,
        including: &mut Vec<PathBuf>,
    ) -> Option<Node> {
        let (mut paths, mut folder, mut env_files) = (Vec::new(), None, None);
        match &item.kind {
            Kind::Map(entries) => {
                for Entry { key, value } in entries {
                    match key.text.as_str() {
                        "path" => paths = self.paths(value)?,
                        "project_directory" => folder = self.paths(value)?.into_iter().next(),
                        "env_file" => env_files = Some(self.paths(value)?),
                        _ => {
                            let unknown = unknown_key(key, "an entry of `include`", &KEYS, &[]);
                            self.diagnostics.push(unknown);
                        }
                    }
                }
            }
            _ => paths = self.paths(item)?,
        }
        let Some((first, named)) = paths.first().cloned() else {
            self.diagnostics.push(Diagnostic::new(
                code::MISSING_KEY,
                item.span.clone(),
                "an entry of `include` needs `path`",
                "`path` is missing",
            ));
            return None;
        };
        if including.contains(&first) {
            let mut files: Vec<String> = including
                .iter()
                .map(|path| self.surroundings.files.shown(path))
                .collect();
            files.push(self.surroundings.files.shown(&first));
            self.diagnostics.push(Diagnostic::new(
                code::COMPOSE_CYCLE,
                named,
                format!("files include each other: {}", files.join(" → ")),
                "back to one of them",
            ));
            return None;
        }
        let folder = match folder {
            Some((folder, _)) => folder,
            None => first.parent().unwrap_or(Path::new("")).to_owned(),
        };
        let env_files = match env_files {
            Some(files) => files
                .into_iter()
                .map(|(path, span)| (path, Some(span)))
                .collect(),
            None => vec![(folder.join(".env"), None)],
        };
        let inner = Origin {
            folder,
            environment: std::rc::Rc::clone(&origin.environment),
        };
        let inner = self.with_env_files(inner, &env_files);
        let paths: Vec<_> = paths
            .into_iter()
            .map(|(path, span)| (path, Some(span)))
            .collect();
        self.layered(&paths, &inner, including)
    }

    /// A path, or a list of them, joined to the folder of the file.
    fn paths(&mut self, node: &Node) -> Option<Vec<(PathBuf, Range<usize>)>> {
        let items = match &node.kind {
            Kind::Seq(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut paths = Vec::new();
        for item in items {
            match item.scalar().filter(|_| !item.is_null()) {
                Some(scalar) => {
                    paths.push((self.path(&item.span, &scalar.text), item.span.clone()));
                }
                None => {
                    self.wrong(item, "a path belongs here");
                    return None;
                }
            }
        }
        Some(paths)
    }
}

fn taken(mut root: Node) -> Node {
    if let Kind::Map(entries) = &mut root.kind {
        entries.retain(|entry| TAKEN.contains(&entry.key.text.as_str()));
    }
    root
}
