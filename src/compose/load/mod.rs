//! Files into one tree: read, filled in, with what they include and extend.

mod extends;
mod include;
mod origin;

pub(super) use origin::{Environment, Origin};

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::interpolate::{self, VariableError};
use super::merge::{DIALECT, merge, settled};
use super::model::{Note, Place};
use super::{FileFault, Surroundings, dotenv, forms};
use crate::diagnostic::{Diagnostic, Sources, code};
use crate::yaml::{self, Entry, Kind, Node, Scalar, ScalarValue};
use origin::joined;

/// More than any project has, far fewer than files that name each other could make.
const MAX_FILES: usize = 500;

/// The keys of a file.
const TOP: [&str; 8] = [
    "version", "name", "include", "services", "networks", "volumes", "secrets", "configs",
];

/// Reads files and collects what is wrong with them.
pub(super) struct Loader<'a> {
    pub(super) surroundings: Surroundings<'a>,
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) notes: Vec<Note>,
    /// Where each source's bytes begin, and what it can see.
    origins: Vec<(usize, Origin<'a>)>,
    /// Files that services extend, which several may do.
    extended: HashMap<(PathBuf, PathBuf), Option<Node>>,
    /// Services that extend each other, which are told once.
    cycles: HashSet<Vec<String>>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(surroundings: Surroundings<'a>) -> Self {
        Self {
            surroundings,
            sources: Sources::default(),
            diagnostics: Vec::new(),
            notes: Vec::new(),
            origins: Vec::new(),
            extended: HashMap::new(),
            cycles: HashSet::new(),
        }
    }

    /// All files, merged and settled; `None` where there is nothing to go on with.
    pub(super) fn all(&mut self, files: &[String]) -> Option<Node> {
        let folder = files
            .first()
            .and_then(|first| Path::new(first).parent())
            .unwrap_or(Path::new(""));
        let environment = Rc::new(Environment::of_process(self.surroundings.environment));
        let origin = Origin {
            folder: folder.to_owned(),
            environment,
        };
        let origin = self.with_env_files(origin, &[(folder.join(".env"), None)]);
        let paths: Vec<(PathBuf, Option<Range<usize>>)> =
            files.iter().map(|file| (file.into(), None)).collect();
        let root = self.layered(&paths, &origin, &mut Vec::new())?;
        Some(settled(root))
    }

    /// Files of one origin, the later ones over the earlier ones. With each path goes
    /// the place that names it, if it is not the user who does.
    fn layered(
        &mut self,
        paths: &[(PathBuf, Option<Range<usize>>)],
        origin: &Origin<'a>,
        including: &mut Vec<PathBuf>,
    ) -> Option<Node> {
        let mut whole: Option<Node> = None;
        // Every file is looked at, even after a bad one.
        for (path, named) in paths {
            let Some(file) = self.file(path, named.as_ref(), origin, including) else {
                continue;
            };
            whole = Some(match whole {
                Some(base) => merge(&base, &file, &[], &mut self.diagnostics),
                None => file,
            });
        }
        whole
    }

    /// One file with what it includes and extends.
    fn file(
        &mut self,
        path: &Path,
        named: Option<&Range<usize>>,
        origin: &Origin<'a>,
        including: &mut Vec<PathBuf>,
    ) -> Option<Node> {
        let root = self.document(path, named, origin)?;
        self.check_top(&root);
        including.push(path.to_owned());
        let root = self.with_includes(root, origin, including);
        including.pop();
        Some(self.with_extends(root, path))
    }

    fn check_top(&mut self, root: &Node) {
        for Entry { key, .. } in root.map().unwrap_or_default() {
            let name = key.text.as_str();
            if TOP.contains(&name) || name.starts_with("x-") {
                continue;
            }
            let diagnostic = super::decode::unknown_key(key, "a compose file", &TOP, &["models"]);
            self.diagnostics.push(diagnostic);
        }
    }

    /// One file as a tree, filled in and in its long forms.
    fn document(
        &mut self,
        path: &Path,
        named: Option<&Range<usize>>,
        origin: &Origin<'a>,
    ) -> Option<Node> {
        let (text, base) = self.text(path, named, origin)?;
        let (root, diagnostics) = yaml::parse(&text, DIALECT);
        self.diagnostics.extend(
            diagnostics
                .into_iter()
                .map(|diagnostic| moved(diagnostic, base)),
        );
        let root = root?.moved(base);
        if root.map().is_none_or(<[Entry]>::is_empty) {
            let what = root.what();
            self.diagnostics.push(
                Diagnostic::new(
                    code::WRONG_TYPE,
                    root.span.clone(),
                    format!("a compose file is a map with `services`, and this is {what}"),
                    "no compose file",
                )
                .hint("begin it with `services:`"),
            );
            return None;
        }
        Some(forms::long(self.filled(root)))
    }

    /// A file's text, and where its bytes begin.
    pub(super) fn text(
        &mut self,
        path: &Path,
        named: Option<&Range<usize>>,
        origin: &Origin<'a>,
    ) -> Option<(String, usize)> {
        let name = self.surroundings.files.shown(path);
        if self.origins.len() >= MAX_FILES {
            let span = named.cloned().unwrap_or(0..0);
            self.diagnostics.push(Diagnostic::new(
                code::YAML_LIMIT,
                span,
                format!("more than {MAX_FILES} files are too much for a project"),
                "one more",
            ));
            return None;
        }
        let (text, fault) = match self.surroundings.files.text(path) {
            Ok(text) => (text, None),
            Err(fault) => (String::new(), Some(fault)),
        };
        if let (Some(fault), Some(span)) = (fault, named) {
            let diagnostic = missing(&name, fault, span);
            self.diagnostics.push(diagnostic);
            return None;
        }
        let base = self.sources.add(name.as_str(), text.as_str());
        self.origins.push((base, origin.clone()));
        if let Some(fault) = fault {
            let diagnostic = missing(&name, fault, &(base..base));
            self.diagnostics.push(diagnostic);
            return None;
        }
        Some((text, base))
    }

    /// What the file can see in which something is written.
    pub(super) fn origin(&self, span: &Range<usize>) -> Option<&Origin<'a>> {
        let number = self
            .origins
            .partition_point(|(base, _)| *base <= span.start)
            .checked_sub(1)?;
        self.origins.get(number).map(|(_, origin)| origin)
    }

    /// A path that stands in a file, joined to its folder.
    pub(super) fn path(&self, span: &Range<usize>, written: &str) -> PathBuf {
        match self.origin(span) {
            Some(origin) => origin.path(written),
            None => joined(Path::new(""), written),
        }
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let (file, line) = self.sources.place(span);
        Place {
            file: file.to_owned(),
            line,
        }
    }

    pub(super) fn note(&mut self, span: &Range<usize>, text: impl Into<String>) {
        let note = Note {
            place: self.place(span),
            text: text.into(),
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The same origin, which sees the variables of these files too, where they are
    /// there. A file that the user's files do not name may be missing.
    fn with_env_files(
        &mut self,
        origin: Origin<'a>,
        files: &[(PathBuf, Option<Range<usize>>)],
    ) -> Origin<'a> {
        let mut values = dotenv::Values::new();
        for (path, named) in files {
            if named.is_none() && !self.surroundings.files.is_there(path) {
                continue;
            }
            let Some((text, base)) = self.text(path, named.as_ref(), &origin) else {
                continue;
            };
            let outside = Rc::clone(&origin.environment);
            let lookup = |name: &str| outside.get(name);
            let errors = dotenv::parse(&text, dotenv::EnvFormat::Quoted, &lookup, &mut values);
            self.env_errors(errors, base);
        }
        Origin {
            environment: Rc::new(Environment::beside(origin.environment, values)),
            folder: origin.folder,
        }
    }

    pub(super) fn env_errors(&mut self, errors: Vec<dotenv::EnvError>, base: usize) {
        self.diagnostics.extend(errors.into_iter().map(|error| {
            let span = error.span.start + base..error.span.end + base;
            Diagnostic::new(code::COMPOSE_ENV_LINE, span, error.message, "this line")
                .hint("a line is `NAME=value`")
        }));
    }

    /// The tree with the variables of its texts filled in.
    fn filled(&mut self, node: Node) -> Node {
        let Node { span, tag, kind } = node;
        let kind = match kind {
            Kind::Scalar(scalar) => Kind::Scalar(self.filled_scalar(scalar, &span)),
            Kind::Seq(items) => {
                Kind::Seq(items.into_iter().map(|item| self.filled(item)).collect())
            }
            Kind::Map(entries) => Kind::Map(
                entries
                    .into_iter()
                    .map(|entry| Entry {
                        key: entry.key,
                        value: self.filled(entry.value),
                    })
                    .collect(),
            ),
        };
        Node { span, tag, kind }
    }

    fn filled_scalar(&mut self, scalar: Scalar, span: &Range<usize>) -> Scalar {
        if scalar.value != ScalarValue::Str || !scalar.text.contains('$') {
            return scalar;
        }
        let Some(environment) = self.origin(span).map(|o| Rc::clone(&o.environment)) else {
            return scalar;
        };
        match interpolate::fill(&scalar.text, &|name| environment.get(name)) {
            Ok(filled) => {
                for name in filled.unset {
                    self.note(
                        span,
                        format!("the variable `{name}` is not set: it was taken as empty"),
                    );
                }
                Scalar::quoted(filled.text)
            }
            Err(error) => {
                let diagnostic = variable(&self.sources, span, &error);
                self.diagnostics.push(diagnostic);
                scalar
            }
        }
    }
}

fn variable(sources: &Sources, span: &Range<usize>, error: &VariableError) -> Diagnostic {
    let within = |part: &str| match sources.written(span).find(part) {
        Some(at) => span.start + at..span.start + at + part.len(),
        None => span.clone(),
    };
    match error {
        VariableError::Malformed(from) => Diagnostic::new(
            code::COMPOSE_VARIABLE,
            within(from),
            "no variable begins with this `${`",
            "here",
        )
        .hint("a variable is `${NAME}`, `${NAME:-default}` or the like; write `$${` for these characters themselves"),
        VariableError::Required { name, reason } => {
            let message = if reason.is_empty() {
                format!("the variable `{name}` must be set, and is not")
            } else {
                format!("the variable `{name}` must be set, and is not: {reason}")
            };
            Diagnostic::new(code::COMPOSE_VARIABLE, within(name), message, "not set")
                .hint("set it in the environment, or in `.env` beside the first file")
        }
    }
}

pub(super) fn missing(path: &str, fault: FileFault, span: &Range<usize>) -> Diagnostic {
    let (message, label) = match fault {
        FileFault::Missing => (format!("there is no file `{path}`"), "not there"),
        FileFault::Unreadable => (format!("the file `{path}` can't be read"), "not readable"),
        FileFault::NotText => (format!("the file `{path}` is no text in UTF-8"), "no text"),
    };
    Diagnostic::new(code::COMPOSE_FILE, span.clone(), message, label)
}

fn moved(mut diagnostic: Diagnostic, by: usize) -> Diagnostic {
    let onwards = |span: &Range<usize>| span.start + by..span.end + by;
    diagnostic.span = onwards(&diagnostic.span);
    if let Some(also) = &mut diagnostic.also {
        also.span = onwards(&also.span);
    }
    diagnostic
}
