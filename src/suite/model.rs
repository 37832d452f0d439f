//! A suite, once it has been read: every value here is valid.

use std::time::Duration;

use regex::Regex;

use super::decode::is_of;
use super::{AuditPolicy, Exception, Secret, Stack};
use crate::image::Platform;

/// A suite file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file's stem, or `built-in`.
    pub name: String,
    /// Where it was read from, as the user named it; `None` for the built-in suite.
    pub file: Option<String>,
    /// Platforms that must exist and pass; empty: all in the index.
    pub platforms: Vec<Platform>,
    /// Which execution is acceptable, first match wins.
    pub emulation: Vec<(Option<Platform>, EmulationPolicy)>,
    /// Deadlines of emulated variants are this many times longer.
    pub emulation_factor: f64,
    /// Checks that are known not to pass.
    pub exceptions: Vec<Exception>,
    /// What it says of the audit.
    pub audit: AuditPolicy,
    /// Values that are masked everywhere.
    pub secrets: Vec<Secret>,
}

impl Suite {
    /// What it says of an emulated variant of this platform; where it says
    /// nothing, emulation is allowed.
    pub fn emulation_of(&self, platform: &Platform) -> EmulationPolicy {
        self.emulation
            .iter()
            .find(|(rule, _)| rule.as_ref().is_none_or(|rule| is_of(rule, platform)))
            .map_or(EmulationPolicy::Allow, |(_, policy)| *policy)
    }
}

/// What a suite says of emulated variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmulationPolicy {
    /// Fine.
    Allow,
    /// Fine, and said.
    Warn,
    /// An error of that platform.
    Forbid,
}

/// One check, with the values of one platform filled in.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, unique in the suite.
    pub name: String,
    /// The line it begins on, from 1; 0 for built-in checks.
    pub line: usize,
    /// The suite's own lines of it.
    pub excerpt: String,
    /// How long each attempt may take, before `emulation_factor`.
    pub timeout: Duration,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// Only where the variant's execution is this.
    pub when_execution: Option<WhenExecution>,
    /// What it does.
    pub action: Action,
}

/// `when: { execution: … }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenExecution {
    /// Only natively.
    Native,
    /// Only under emulation.
    Emulated,
}

/// What a check does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `architecture:`
    Architecture(Selection<Runtime>),
    /// `native_modules:`
    NativeModules(Selection<String>),
    /// `run:` or `shell:`
    Run(Run),
    /// `start:`
    Start(Box<Start>),
    /// `files:`
    Files(Vec<FileExpectation>),
    /// `config:`
    Config(Box<ConfigExpectation>),
    /// An entry of `integration:`
    Stack(Box<Stack>),
    /// The built-in check: the image starts as users start it.
    StartsAsItIs,
}

/// `auto` or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// Whatever is found.
    Auto,
    /// These, and they must be there.
    Named(Vec<T>),
}

/// What can be asked for its architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Runtime {
    /// `uname -m`
    Uname,
    /// Node.js
    Node,
    /// Python 3
    Python,
    /// Ruby
    Ruby,
    /// Java
    Java,
    /// PHP
    Php,
    /// Perl
    Perl,
    /// .NET
    Dotnet,
    /// Deno
    Deno,
    /// Bun
    Bun,
}

impl Runtime {
    /// All, in the order they are asked.
    pub const ALL: [Self; 10] = [
        Self::Uname,
        Self::Node,
        Self::Python,
        Self::Ruby,
        Self::Java,
        Self::Php,
        Self::Perl,
        Self::Dotnet,
        Self::Deno,
        Self::Bun,
    ];

    /// Its name in suites and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uname => "uname",
            Self::Node => "node",
            Self::Python => "python",
            Self::Ruby => "ruby",
            Self::Java => "java",
            Self::Php => "php",
            Self::Perl => "perl",
            Self::Dotnet => "dotnet",
            Self::Deno => "deno",
            Self::Bun => "bun",
        }
    }
}

/// `run:` / `shell:` with what belongs to it.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is executed.
    pub command: Command,
    /// What is expected of it.
    pub expect: Expect,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// As this user.
    pub user: Option<String>,
    /// In this folder.
    pub workdir: Option<String>,
    /// What it reads.
    pub stdin: Option<String>,
    /// In a container of its own.
    pub isolate: bool,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Words; no shell takes part.
    Words(Vec<String>),
    /// A script for `/bin/sh -c`.
    Shell(String),
}

/// `expect:`
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// How it must end.
    pub exit: ExitExpectation,
    /// What it must write to standard output; all must hold.
    pub stdout: Vec<TextExpectation>,
    /// What it must write to standard error; all must hold.
    pub stderr: Vec<TextExpectation>,
}

/// `exit:` or `signal:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitExpectation {
    /// One of these codes.
    Codes(Vec<i64>),
    /// Any code but 0.
    NonZero,
    /// Ended by this signal number.
    Signal(i32),
}

impl Default for ExitExpectation {
    fn default() -> Self {
        Self::Codes(vec![0])
    }
}

/// One demand on a text.
#[derive(Clone, Debug)]
pub enum TextExpectation {
    /// Equal, one final line break apart.
    Equals(String),
    /// Contains this.
    Contains(String),
    /// Does not contain this.
    NotContains(String),
    /// A regular expression finds a match.
    Matches(Regex),
    /// It is JSON, and these paths have these values.
    Json(Vec<JsonExpectation>),
    /// Nothing but white space.
    Empty,
}

/// One path into a JSON text, as in `users[0].name`, and what must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonExpectation {
    /// As it is written.
    pub path: String,
    /// Its steps.
    pub steps: Vec<JsonStep>,
    /// What must be there.
    pub value: serde_json::Value,
}

/// A step of a JSON path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// `.name`
    Member(String),
    /// `[0]`
    Element(usize),
}

/// `start:` with `ready:`, `http:` and `logs:`.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// Replaces the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command.
    pub cmd: Option<Vec<String>>,
    /// As this user.
    pub user: Option<String>,
    /// In this folder.
    pub workdir: Option<String>,
    /// When it counts as up.
    pub ready: Option<Ready>,
    /// Requests made once it is up.
    pub http: Vec<HttpCheck>,
    /// What its log must hold at the end.
    pub logs: Vec<TextExpectation>,
}

/// `within` where `ready` does not say.
pub const READY_WITHIN: Duration = Duration::from_secs(30);

/// `ready:`; all conditions given must hold.
#[derive(Clone, Debug)]
pub struct Ready {
    /// How long that may take, before `emulation_factor`.
    pub within: Duration,
    /// What is waited for.
    pub conditions: Vec<ReadyCondition>,
}

/// One condition of `ready:`.
#[derive(Clone, Debug)]
pub enum ReadyCondition {
    /// A GET is answered with a status below 400.
    Http {
        /// The container's port.
        port: u16,
        /// The path, with its leading slash.
        path: String,
    },
    /// A TCP port accepts connections.
    Tcp(u16),
    /// A line of the log matches.
    Log(Regex),
    /// The image's own healthcheck says healthy.
    Healthcheck,
    /// It ends with this code.
    Exit(i64),
}

/// One entry of `http:`.
#[derive(Clone, Debug)]
pub struct HttpCheck {
    /// The line it stands on.
    pub line: usize,
    /// `GET`, `POST`, …
    pub method: String,
    /// The container's port; `None`: that of `ready:`, or the only exposed one.
    pub port: Option<u16>,
    /// The path, with its leading slash.
    pub path: String,
    /// Request headers.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<String>,
    /// Which statuses are fine; empty: below 400.
    pub status: Vec<u16>,
    /// What response headers must hold, by lower-case name.
    pub expect_headers: Vec<(String, TextExpectation)>,
    /// What the body must hold.
    pub expect_body: Vec<TextExpectation>,
}

/// One entry of `files:`.
#[derive(Clone, Debug)]
pub struct FileExpectation {
    /// The line it stands on.
    pub line: usize,
    /// An absolute path.
    pub path: String,
    /// `absent: true` makes it `false`.
    pub exists: bool,
    /// Its kind; symlinks are followed unless `symlink` is expected.
    pub kind: Option<FileKind>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner id, and group id where one is given.
    pub owner: Option<(u64, Option<u64>)>,
    /// Bounds of its size in bytes, both inclusive.
    pub size: Option<(u64, u64)>,
    /// Its content's sha256, 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// Demands on its content.
    pub content: Vec<TextExpectation>,
}

/// `type:` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `file`
    File,
    /// `directory`
    Directory,
    /// `symlink`
    Symlink,
}

/// `config:`: what the image's config must say. Lists are compared whole, maps
/// by the keys given.
#[derive(Clone, Debug, Default)]
pub struct ConfigExpectation {
    /// `entrypoint`
    pub entrypoint: Option<Vec<String>>,
    /// `cmd`
    pub cmd: Option<Vec<String>>,
    /// `env`: `None` demands that the variable is not set.
    pub env: Vec<(String, Option<TextExpectation>)>,
    /// `user`
    pub user: Option<String>,
    /// `workdir`
    pub workdir: Option<String>,
    /// `exposed_ports`: these must be among them, as in `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// `labels`: `None` demands that the label is not there.
    pub labels: Vec<(String, Option<TextExpectation>)>,
    /// `volumes`: these must be among them.
    pub volumes: Vec<String>,
    /// `healthcheck`: `true` demands one, `false` that there is none.
    pub healthcheck: Option<bool>,
    /// `healthcheck`: its `Test` words.
    pub healthcheck_test: Option<Vec<String>>,
}
