//! `extends`: a service over another one, of this file or of another.

use std::path::{Path, PathBuf};

use super::super::merge::{RESET, merge};
use super::Loader;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Diagnostic, code};
use crate::yaml::{Entry, Kind, Node};

/// The services on the way to the one that is looked at: file and name.
type Chain = Vec<(PathBuf, String)>;

impl Loader<'_> {
    /// The file with each of its services over the one it extends.
    pub(super) fn with_extends(&mut self, mut root: Node, path: &Path) -> Node {
        let Some(services) = root.get("services").cloned() else {
            return root;
        };
        let names: Vec<String> = services
            .map()
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.key.text.clone())
            .collect();
        for name in names {
            let extended = self.extended(&services, &name, path, &mut Chain::new());
            if let Some(extended) = extended
                && let Kind::Map(entries) = &mut root.kind
                && let Some(section) = entries.iter_mut().find(|e| e.key.text == "services")
                && let Kind::Map(members) = &mut section.value.kind
                && let Some(member) = members.iter_mut().find(|e| e.key.text == name)
            {
                member.value = extended;
            }
        }
        root
    }

    /// A service over what it extends; `None` where that can't be had, which is told.
    fn extended(
        &mut self,
        services: &Node,
        name: &str,
        path: &Path,
        chain: &mut Chain,
    ) -> Option<Node> {
        let service = services.get(name)?;
        let Some(extends) = service
            .get("extends")
            .filter(|extends| !extends.is_null() && extends.tag != Some(RESET))
        else {
            return Some(service.clone());
        };
        chain.push((path.to_owned(), name.to_owned()));
        let base = self.base(services, name, extends, path, chain);
        chain.pop();
        let merged = merge(
            &without_extends(base?),
            &without_extends(service.clone()),
            &["services", name],
            &mut self.diagnostics,
        );
        Some(merged)
    }

    fn base(
        &mut self,
        services: &Node,
        name: &str,
        extends: &Node,
        path: &Path,
        chain: &mut Chain,
    ) -> Option<Node> {
        let (target, file) = self.named(extends)?;
        let other;
        let (services, path) = match file {
            Some(file) => {
                let written = file.scalar()?.text.clone();
                let at = self.path(&file.span, &written);
                other = self.services_of(&at, file)?;
                (&other, at)
            }
            None => (services, path.to_owned()),
        };
        let wanted = &target.scalar()?.text;
        if services.get(wanted).is_none() {
            let names = services.map().unwrap_or_default().iter();
            let names = names.map(|entry| entry.key.text.as_str());
            let near = nearest(wanted, names.filter(|near| *near != name));
            self.diagnostics.push(
                Diagnostic::new(
                    code::COMPOSE_UNDEFINED,
                    target.span.clone(),
                    format!(
                        "`{name}` extends `{wanted}`, and {} has no such service",
                        self.surroundings.files.shown(&path)
                    ),
                    "not there",
                )
                .hint_if(near.map(|near| format!("did you mean `{near}`?"))),
            );
            return None;
        }
        if let Some(at) = chain
            .iter()
            .position(|(file, name)| *file == path && name == wanted)
        {
            let mut names: Vec<String> = chain
                .iter()
                .skip(at)
                .map(|(_, name)| format!("`{name}`"))
                .collect();
            let mut cycle = names.clone();
            cycle.sort();
            // It is the same one, wherever it is entered.
            if !self.cycles.insert(cycle) {
                return None;
            }
            names.push(format!("`{wanted}`"));
            self.diagnostics.push(Diagnostic::new(
                code::COMPOSE_CYCLE,
                target.span.clone(),
                format!("services extend each other: {}", names.join(" → ")),
                "back to the first",
            ));
            return None;
        }
        self.extended(services, wanted, &path, chain)
    }

    /// The service and the file that an `extends` names.
    fn named<'n>(&mut self, extends: &'n Node) -> Option<(&'n Node, Option<&'n Node>)> {
        let mut target = None;
        let mut file = None;
        let Some(entries) = extends.map() else {
            self.wrong(
                extends,
                "`extends` is a service's name, or a map of `service` and `file`",
            );
            return None;
        };
        for Entry { key, value } in entries {
            match key.text.as_str() {
                "service" | "file" if value.scalar().is_none() || value.is_null() => {
                    self.wrong(value, "a text belongs here");
                    return None;
                }
                "service" => target = Some(value),
                "file" => file = Some(value),
                _ => {
                    let known = ["service", "file"];
                    let unknown = super::super::decode::unknown_key(key, "`extends`", &known, &[]);
                    self.diagnostics.push(unknown);
                    return None;
                }
            }
        }
        if target.is_none() {
            self.diagnostics.push(Diagnostic::new(
                code::MISSING_KEY,
                extends.span.clone(),
                "`extends` needs `service`",
                "`service` is missing",
            ));
        }
        Some((target?, file))
    }

    pub(super) fn wrong(&mut self, node: &Node, message: &str) {
        let what = node.what();
        self.diagnostics.push(Diagnostic::new(
            code::WRONG_TYPE,
            node.span.clone(),
            format!("{message}, and this is {what}"),
            format!("this is {what}"),
        ));
    }

    /// The services of another file, as they stand there.
    fn services_of(&mut self, path: &Path, named: &Node) -> Option<Node> {
        let mut origin = self.origin(&named.span)?.clone();
        // What is relative in a file that is extended is relative to that file.
        let from = std::mem::replace(
            &mut origin.folder,
            path.parent().unwrap_or(Path::new("")).to_owned(),
        );
        let key = (path.to_owned(), from);
        let root = match self.extended.get(&key) {
            Some(root) => root.clone(),
            None => {
                let root = self.document(path, Some(&named.span), &origin);
                self.extended.insert(key, root.clone());
                root
            }
        }?;
        let services = root.get("services").cloned();
        if services.is_none() {
            self.diagnostics.push(Diagnostic::new(
                code::COMPOSE_UNDEFINED,
                named.span.clone(),
                format!("{} has no services", self.surroundings.files.shown(path)),
                "this file",
            ));
        }
        services
    }
}

fn without_extends(mut service: Node) -> Node {
    if let Kind::Map(entries) = &mut service.kind {
        entries.retain(|entry| entry.key.text != "extends");
    }
    service
}
