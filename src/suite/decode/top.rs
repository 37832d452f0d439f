//! The keys of the file itself.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use super::super::secret::Secret;
use super::super::{AuditPolicy, EmulationPolicy, Exception, Suite};
use super::file::Section;
use super::map::Map;
use super::{Decoder, Template};
use crate::diagnostic::suggest::{nearest, one_of};
use crate::diagnostic::{Diagnostic, code};
use crate::image::Platform;
use crate::yaml::{Kind, Node};

/// How much longer an emulated variant may take, where the file does not say:
/// a runtime's start under qemu was measured at ten to twenty times its own.
pub(in crate::suite) const EMULATION_FACTOR: f64 = 10.0;

const POLICIES: [(&str, EmulationPolicy); 3] = [
    ("allow", EmulationPolicy::Allow),
    ("warn", EmulationPolicy::Warn),
    ("forbid", EmulationPolicy::Forbid),
];

/// All of a file that is the same on every platform. What could not be read
/// has its default here, and its mistake in the decoder.
pub(in crate::suite) struct Decoded {
    pub(in crate::suite) suite: Suite,
    pub(in crate::suite) timeout: Option<Duration>,
    pub(in crate::suite) templates: Vec<Template>,
}

/// Decodes the file's top level and what of each check does not depend on a platform.
pub(in crate::suite) fn decode(
    decoder: &mut Decoder<'_>,
    file: &str,
    root: &Node,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Decoded {
    let mut decoded = Decoded {
        suite: Suite {
            name: stem(file).to_owned(),
            file: Some(file.to_owned()),
            platforms: Vec::new(),
            emulation: Vec::new(),
            emulation_factor: EMULATION_FACTOR,
            exceptions: Vec::new(),
            audit: AuditPolicy::default(),
            secrets: Vec::new(),
        },
        timeout: None,
        templates: Vec::new(),
    };
    let Some(mut map) = decoder.map(root, "a suite") else {
        return decoded;
    };
    decoder.version(&mut map);
    let suite = &mut decoded.suite;
    if let Some(name) = map.take("name").and_then(|node| decoder.filled_text(node)) {
        suite.name = name;
    }
    if let Some(platforms) = map
        .take("platforms")
        .and_then(|node| decoder.platforms(node))
    {
        suite.platforms = platforms;
    }
    decoded.timeout = map.take("timeout").and_then(|node| decoder.duration(node));
    if let Some(emulation) = map
        .take("emulation")
        .and_then(|node| decoder.emulation(node))
    {
        suite.emulation = emulation;
    }
    if let Some(factor) = map
        .take("emulation_factor")
        .and_then(|node| decoder.factor(node))
    {
        suite.emulation_factor = factor;
    }
    if let Some(node) = map.take("secrets") {
        suite.secrets = decoder.secrets(node, environment);
    }
    let mut names = HashMap::new();
    for section in [Section::Smoke, Section::Integration] {
        if let Some(node) = map.take(section.key()) {
            let templates = decoder.templates(section, node, &mut names);
            decoded.templates.extend(templates);
        }
    }
    if let Some(node) = map.take("exceptions") {
        decoded.suite.exceptions = decoder.exceptions(node, &decoded.templates);
    }
    if let Some(node) = map.take("audit") {
        decoded.suite.audit = decoder.audit(node);
    }
    // As in compose files: a place for anchors that are used elsewhere.
    map.finish_but(decoder, "x-");
    decoded
}

/// `smoke` of `ci/smoke.yaml`
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() { name } else { stem }
}

impl Decoder<'_> {
    fn version(&mut self, map: &mut Map<'_>) {
        let Some(node) = map.take("version") else {
            let start = map.span().start;
            self.mistake(
                code::MISSING_KEY,
                &(start..map.span().end),
                "a suite needs `version`",
                "`version` is missing",
                "begin the file with `version: 1`",
            );
            return;
        };
        if node.scalar().is_none_or(|scalar| scalar.text != "1") {
            self.mistake(
                code::UNSUPPORTED_VERSION,
                &node.span,
                "this program reads version 1 of the format",
                "another version",
                "write `version: 1`, or use a newer everyarch",
            );
        }
    }

    /// One policy, or one for each platform.
    fn emulation(&mut self, node: &Node) -> Option<Vec<(Option<Platform>, EmulationPolicy)>> {
        let Kind::Map(entries) = &node.kind else {
            return self
                .word(node, &POLICIES)
                .map(|policy| vec![(None, policy)]);
        };
        let mut seen = Vec::new();
        let mut rules = Vec::new();
        let mut default = None;
        for entry in entries {
            let policy = self.word(&entry.value, &POLICIES);
            if entry.key.text == "default" {
                default = policy;
                continue;
            }
            let platform = self
                .platform_text(&entry.key.text, &entry.key.span)
                .filter(|platform| self.once(&mut seen, platform, &entry.key.span).is_some());
            if let (Some(platform), Some(policy)) = (platform, policy) {
                rules.push((Some(platform), policy));
            }
        }
        // The first rule that fits wins, so the one that always fits comes last.
        rules.extend(default.map(|policy| (None, policy)));
        Some(rules)
    }

    fn factor(&mut self, node: &Node) -> Option<f64> {
        let factor = match node.scalar().map(|scalar| &scalar.value) {
            Some(crate::yaml::ScalarValue::Number(number)) => number.as_f64(),
            _ => None,
        };
        let Some(factor) = factor else {
            self.wrong_type(node, "a number");
            return None;
        };
        if !(1.0..=100.0).contains(&factor) {
            self.mistake(
                code::OUT_OF_RANGE,
                &node.span,
                format!("{factor} is not between 1 and 100"),
                "out of range",
                None,
            );
            return None;
        }
        Some(factor)
    }

    fn secrets(
        &mut self,
        node: &Node,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<Secret> {
        let Kind::Seq(items) = &node.kind else {
            self.wrong_type(node, "a list of environment variables");
            return Vec::new();
        };
        let mut secrets = Vec::new();
        for item in items {
            let Some(name) = self.filled_text(item) else {
                continue;
            };
            // An empty value can't be masked, and is a job without access to it.
            let value = environment(&name).filter(|value| !value.is_empty());
            if value.is_none() {
                self.mistake(
                    code::UNSET_SECRET,
                    &item.span,
                    format!("the secret `{name}` is not set, or empty"),
                    "its value comes from the environment",
                    "set the environment variable of that name",
                );
            }
            // Kept in any case, so that each use of it is not one more mistake.
            secrets.push(Secret::new(name, value.unwrap_or_default()));
        }
        secrets
    }

    fn templates(
        &mut self,
        section: Section,
        node: &Node,
        names: &mut HashMap<String, Range<usize>>,
    ) -> Vec<Template> {
        let key = section.key();
        let Kind::Seq(items) = &node.kind else {
            if node.is_null() {
                self.mistake(
                    code::EMPTY_VALUE,
                    &node.span,
                    format!("`{key}` holds no check"),
                    "nothing follows",
                    "give a check, or leave its key out",
                );
            } else {
                self.wrong_type(node, "a list of checks");
            }
            return Vec::new();
        };
        if items.is_empty() {
            self.mistake(
                code::EMPTY_VALUE,
                &node.span,
                format!("`{key}` holds no check"),
                "nothing in it",
                "give a check, or leave its key out",
            );
        }
        items
            .iter()
            .filter_map(|item| self.template(section, item, names))
            .collect()
    }

    fn template(
        &mut self,
        section: Section,
        node: &Node,
        names: &mut HashMap<String, Range<usize>>,
    ) -> Option<Template> {
        let mut map = self.map(node, "a check")?;
        let name = map
            .require(self, "name", "write `name: prints its version`")
            .and_then(|node| self.check_name(node, names))
            .unwrap_or_default();
        let when = self.optional(map.take("when"), Self::when);
        let overrides = map
            .take("per_platform")
            .map(|node| self.per_platform(node))
            .unwrap_or_default();
        Some(Template {
            section,
            name,
            line: self.line(node),
            excerpt: self.lines.excerpt(self.source, &node.span),
            when: when.flatten().unwrap_or_default(),
            body: Template::body_of(node),
            overrides: overrides
                .into_iter()
                .map(|(platform, node)| (platform, Template::body_of(node)))
                .collect(),
        })
    }

    fn check_name(
        &mut self,
        node: &Node,
        names: &mut HashMap<String, Range<usize>>,
    ) -> Option<String> {
        let name = self.filled_text(node)?;
        // A name is a row of the matrix: one for all platforms, on one line.
        let why = if name.contains("${") {
            Some("a name is the same on every platform, so it holds no variables")
        } else if name.contains(super::super::PART_SEPARATOR) {
            Some("` › ` separates a check from its parts in reports")
        } else if name.trim() != name || name.chars().any(char::is_control) {
            Some("a name is one line, without spaces around it")
        } else {
            None
        };
        if let Some(why) = why {
            self.mistake(
                code::BAD_NAME,
                &node.span,
                "this can't be a check's name",
                "not possible",
                why,
            );
            return None;
        }
        if let Some(first) = names.get(&name) {
            self.report(
                Diagnostic::new(
                    code::DUPLICATE_NAME,
                    node.span.clone(),
                    format!("two checks are called `{name}`"),
                    "again here",
                )
                .also(first.clone(), "first here")
                .hint("reports and exceptions know a check by its name"),
            );
            return None;
        }
        names.insert(name.clone(), node.span.clone());
        Some(name)
    }

    fn exceptions(&mut self, node: &Node, templates: &[Template]) -> Vec<Exception> {
        let Kind::Seq(items) = &node.kind else {
            self.wrong_type(node, "a list of exceptions");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| self.exception(item, templates))
            .collect()
    }

    fn exception(&mut self, node: &Node, templates: &[Template]) -> Option<Exception> {
        let mut map = self.map(node, "an exception")?;
        let case = map
            .require(self, "case", "write the name of the check")
            .and_then(|node| self.case(node, templates));
        let platform = self.optional(map.take("platform"), Self::platform);
        let reason = map
            .require(self, "reason", "write why it is known not to pass")
            .and_then(|node| self.filled_text(node));
        let until = self.optional(map.take("until"), Self::date);
        map.finish(self);
        Some(Exception {
            case: case?,
            platform: platform?,
            reason: reason?,
            until: until?,
            line: self.line(node),
        })
    }

    fn case(&mut self, node: &Node, templates: &[Template]) -> Option<String> {
        let case = self.filled_text(node)?;
        let check = case
            .split_once(super::super::PART_SEPARATOR)
            .map_or(case.as_str(), |(check, _)| check);
        let names: Vec<&str> = templates
            .iter()
            .map(|template| template.name.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        if names.contains(&check) {
            return Some(case);
        }
        let hint = match nearest(check, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "this suite has no checks".to_owned(),
            None if names.len() <= 8 => format!("its checks are {}", one_of(&names, "and")),
            None => "write the name of one of its checks".to_owned(),
        };
        self.report(
            Diagnostic::new(
                code::UNKNOWN_CASE,
                node.span.clone(),
                format!("the suite has no check `{check}`"),
                "no such check",
            )
            .hint(hint),
        );
        None
    }

    pub(super) fn date(&mut self, node: &Node) -> Option<jiff::civil::Date> {
        let text = self.text(node)?;
        let is_form = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
        match text.parse() {
            Ok(date) if is_form => Some(date),
            _ => {
                self.mistake(
                    code::BAD_DATE,
                    &node.span,
                    format!("`{text}` is no date"),
                    "not a date",
                    "write it as in `2027-01-31`",
                );
                None
            }
        }
    }
}
