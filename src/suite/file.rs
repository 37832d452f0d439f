//! A suite's file: read once, with every mistake found, then asked for the
//! checks of each platform.

use std::time::Duration;

use super::decode::{self, Decoder, Instance, Lines, Scope, Template};
use super::variables::{self, Values};
use super::{Action, AuditPolicy, Check, Selection, Suite};
use crate::diagnostic::Diagnostic;
use crate::image::Platform;
use crate::yaml::{self, Dialect, Kind, Node};

const DIALECT: Dialect = Dialect {
    noun: "a suite",
    tags: &[],
};

/// How long an attempt may take, where neither file nor check says.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The same of checks that load every native module there is.
const NATIVE_MODULES_TIMEOUT: Duration = Duration::from_secs(120);
/// How long services may take from the first container to the last answer.
const STACK_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the image is watched after it was started as users start it.
const STARTS_TIMEOUT: Duration = Duration::from_secs(15);

/// A file without mistakes.
#[derive(Clone, Debug)]
pub struct SuiteFile {
    suite: Suite,
    source: String,
    lines: Lines,
    values: Values,
    timeout: Option<Duration>,
    checks: Checks,
}

#[derive(Clone, Debug)]
enum Checks {
    OfFile(Vec<Template>),
    BuiltIn,
}

impl SuiteFile {
    /// Reads a suite. `file` is what the user called it, `environment` is asked
    /// for `${env.NAME}` and for the values of `secrets`.
    ///
    /// # Errors
    /// All mistakes of the file, in its order; of a syntax error only the first.
    pub fn parse(
        file: &str,
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (root, mut diagnostics) = yaml::parse(text, DIALECT);
        if root.is_none() && !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let root = root
            .filter(|root| !root.is_null())
            .unwrap_or_else(|| Node::new(0..0, Kind::Map(Vec::new())));
        let lines = Lines::of(text);
        let mut values = Values::default();
        root.texts(&mut |scalar| {
            variables::environment_names(scalar, |name| {
                values
                    .environment
                    .entry(name.to_owned())
                    .or_insert_with(|| environment(name));
            });
        });

        let mut decoder = Decoder::new(text, &lines, None);
        let decoded = decode::decode(&mut decoder, file, &root, environment);
        diagnostics.append(&mut decoder.diagnostics);
        values.secrets = decoded.suite.secrets.clone();
        let read = Self {
            suite: decoded.suite,
            source: text.to_owned(),
            lines,
            values,
            timeout: decoded.timeout,
            checks: Checks::OfFile(decoded.templates),
        };
        diagnostics.append(&mut read.mistakes_of_checks());
        if diagnostics.is_empty() {
            Ok(read)
        } else {
            Err(in_order(diagnostics))
        }
    }

    /// What is checked where there is no suite: each runtime's architecture,
    /// the native modules, and that the image starts.
    pub fn built_in() -> Self {
        Self {
            suite: Suite {
                name: "built-in".to_owned(),
                file: None,
                platforms: Vec::new(),
                emulation: Vec::new(),
                emulation_factor: decode::EMULATION_FACTOR,
                exceptions: Vec::new(),
                audit: AuditPolicy::default(),
                secrets: Vec::new(),
            },
            source: String::new(),
            lines: Lines::of(""),
            values: Values::default(),
            timeout: None,
            checks: Checks::BuiltIn,
        }
    }

    /// What holds for all its checks.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// The file's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The checks of one platform, in the file's order, with variables and
    /// `per_platform` applied. `when: { execution: … }` is left to the caller,
    /// who learns it from an engine.
    pub fn checks(&self, platform: &Platform) -> Vec<Check> {
        match &self.checks {
            Checks::BuiltIn => built_in_checks(),
            Checks::OfFile(templates) => templates
                .iter()
                .filter(|template| template.when.holds(platform))
                .map(|template| {
                    let (instance, _) = self.instance(template, &template.body(platform), platform);
                    instance.map(|instance| self.check(template, instance))
                })
                // Never `None`: `parse` decoded each check for every platform
                // that makes a difference, and a platform's own words are of
                // one alphabet (see `variables`). If that were ever wrong, a
                // platform without checks is no pass, and one with fewer would be.
                .collect::<Option<Vec<_>>>()
                .unwrap_or_default(),
        }
    }

    fn check(&self, template: &Template, instance: Instance) -> Check {
        let timeout = match (instance.timeout, &instance.action) {
            (Some(timeout), _) => timeout,
            // The file's is that of one check, and services take longer.
            (None, Action::Stack(_)) => STACK_TIMEOUT,
            (None, Action::NativeModules(_)) => self.timeout.unwrap_or(NATIVE_MODULES_TIMEOUT),
            (None, _) => self.timeout.unwrap_or(TIMEOUT),
        };
        Check {
            name: template.name.clone(),
            line: template.line,
            excerpt: template.excerpt.clone(),
            timeout,
            retries: instance.retries,
            when_execution: template.when.execution,
            action: instance.action,
        }
    }

    fn instance(
        &self,
        template: &Template,
        body: &Node,
        platform: &Platform,
    ) -> (Option<Instance>, Vec<Diagnostic>) {
        let scope = Scope {
            platform,
            values: &self.values,
        };
        let mut decoder = Decoder::new(&self.source, &self.lines, Some(scope));
        let instance = decode::instance(&mut decoder, template.section, body);
        (instance, decoder.diagnostics)
    }

    /// Decodes each check as every platform will see it: those that the file
    /// names, the known ones, and one that nobody knows.
    fn mistakes_of_checks(&self) -> Vec<Diagnostic> {
        let Checks::OfFile(templates) = &self.checks else {
            return Vec::new();
        };
        let mut diagnostics = Vec::new();
        for template in templates {
            let mut decoded: Vec<Node> = Vec::new();
            for platform in self.telling_platforms(template) {
                let body = template.body(&platform);
                let mut differs = false;
                body.texts(&mut |text| differs |= variables::depends_on_platform(text));
                if !differs && decoded.contains(&body) {
                    continue;
                }
                diagnostics.extend(self.instance(template, &body, &platform).1);
                decoded.push(body);
            }
        }
        diagnostics
    }

    fn telling_platforms(&self, template: &Template) -> Vec<Platform> {
        let named = template.platforms().chain(&self.suite.platforms).cloned();
        let mut platforms: Vec<Platform> = KNOWN
            .iter()
            .map(|(architecture, variant)| Platform::new("linux", architecture, *variant))
            .chain([
                Platform::new("windows", "amd64", None),
                Platform::new("linux", "other", None),
            ])
            .chain(named)
            .collect();
        platforms.sort();
        platforms.dedup();
        platforms
    }
}

const KNOWN: [(&str, Option<&str>); 9] = [
    ("amd64", None),
    ("arm64", None),
    ("arm", Some("v7")),
    ("386", None),
    ("ppc64le", None),
    ("s390x", None),
    ("riscv64", None),
    ("loong64", None),
    ("mips64le", None),
];

/// In the file's order, and what several platforms have in common once.
fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span.start, d.span.end, d.code, d.label.clone());
        key(a).cmp(&key(b))
    });
    // Not by the message, which may show what a platform made of a variable.
    diagnostics.dedup_by(|a, b| (a.code, &a.span, &a.label) == (b.code, &b.span, &b.label));
    diagnostics
}

fn built_in_checks() -> Vec<Check> {
    [
        (
            "reports its architecture",
            TIMEOUT,
            Action::Architecture(Selection::Auto),
        ),
        (
            "native modules load",
            NATIVE_MODULES_TIMEOUT,
            Action::NativeModules(Selection::Auto),
        ),
        ("starts as it is", STARTS_TIMEOUT, Action::StartsAsItIs),
    ]
    .into_iter()
    .map(|(name, timeout, action)| Check {
        name: name.to_owned(),
        line: 0,
        excerpt: String::new(),
        timeout,
        retries: 0,
        when_execution: None,
        action,
    })
    .collect()
}
