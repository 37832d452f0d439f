//! The modules of one language: found and loaded by a script in the container,
//! judged here by their bytes and by what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::language::Language;
use super::report::{Module, Progress, Report};
use crate::diagnosis::Observation;
use crate::engine::{Ended, EngineError, ExecSpec, Execution};
use crate::event::{Cause, Confidence};
use crate::image::ElfHeader;
use crate::repro::RunLine;
use crate::run::finding::{Finding, cause};
use crate::run::room::{Room, masked_binary};
use crate::run::session::Session;

/// How much the scripts may report: some 100 bytes for each native file.
const REPORT_CAP: usize = 16 << 20;

/// What became of one module's loading.
#[derive(Clone, Debug)]
pub(super) enum Loading {
    Loaded,
    Refused(String),
    Crashed {
        ended: Ended,
        text: String,
        oom: bool,
    },
}

/// The search in one language.
pub(super) struct Search<'a> {
    pub(super) room: &'a Arc<Room>,
    pub(super) session: &'a mut Session,
    pub(super) language: &'static Language,
    pub(super) program: String,
    pub(super) named: &'a [String],
    pub(super) deadline: Duration,
}

pub(super) type Judged = (Module, Loading, Duration, Vec<String>);

impl Search<'_> {
    /// Loads everything, in as many processes as crashes make necessary.
    pub(super) async fn run(&mut self) -> Result<(Vec<Judged>, Vec<Finding>), EngineError> {
        let mut modules: Vec<Module> = Vec::new();
        let mut done: BTreeMap<String, (Loading, Duration, Vec<String>)> = BTreeMap::new();
        loop {
            let nonce = format!("everyarch-{:016x}", rand::random::<u64>());
            let execution = self.execute(&nonce, done.keys()).await?;
            let progress = Progress::read(&execution.stdout.text(), &nonce);
            if modules.is_empty() {
                modules = progress.found.unwrap_or_default();
            }
            for Report {
                key,
                ok,
                text,
                notes,
                seconds,
            } in progress.loaded
            {
                let loading = if ok {
                    Loading::Loaded
                } else {
                    Loading::Refused(text)
                };
                done.insert(key, (loading, seconds, notes));
            }
            if progress.is_done {
                break;
            }
            let oom = self.session.oom_killed().await;
            let Some(key) = progress.loading else {
                // It ended before it had found anything: the runtime's own fault.
                return Ok((
                    Vec::new(),
                    vec![self.runtime_broken(&execution, progress.broken, oom).await],
                ));
            };
            done.insert(
                key,
                (
                    Loading::Crashed {
                        ended: execution.ended,
                        text: said(&execution),
                        oom,
                    },
                    execution.duration,
                    Vec::new(),
                ),
            );
        }
        let judged = modules
            .into_iter()
            .filter_map(|module| {
                let (loading, seconds, notes) = done.remove(&module.key)?;
                Some((module, loading, seconds, notes))
            })
            .collect();
        Ok((judged, Vec::new()))
    }

    async fn execute(
        &mut self,
        nonce: &str,
        skip: impl Iterator<Item = &String>,
    ) -> Result<Execution, EngineError> {
        let skip: Vec<&String> = skip.collect();
        let json = |list: serde_json::Value| list.to_string();
        let mut command = vec![self.program.clone()];
        command.extend(self.language.arguments.iter().map(|&word| word.to_owned()));
        command.push(self.language.script.to_owned());
        let spec = ExecSpec {
            command,
            env: vec![
                ("EVERYARCH_NONCE".to_owned(), nonce.to_owned()),
                (
                    "EVERYARCH_ARCH".to_owned(),
                    self.room
                        .variant
                        .platform
                        .node()
                        .unwrap_or_default()
                        .to_owned(),
                ),
                ("EVERYARCH_SKIP".to_owned(), json(serde_json::json!(skip))),
                (
                    "EVERYARCH_ONLY".to_owned(),
                    json(serde_json::json!(self.named)),
                ),
            ],
            ..ExecSpec::default()
        };
        self.session
            .exec_capped(&spec, self.deadline, REPORT_CAP)
            .await
    }

    /// Bytes first: a module that loads here although its file is for another
    /// machine fails all the same.
    pub(super) async fn judge(&self, module: &Module, loading: &Loading) -> Finding {
        let platform = &self.room.variant.platform;
        let mut causes: Vec<Cause> = Vec::new();
        let wrong: Vec<(&str, ElfHeader)> = module
            .files
            .iter()
            .filter_map(|file| Some((file.path.as_str(), file.header()?)))
            .filter(|(_, header)| !header.is_for(platform))
            .collect();
        let (text, ended, oom) = match loading {
            Loading::Loaded => (String::new(), Ended::Exit(0), false),
            Loading::Refused(text) => (text.clone(), Ended::Exit(1), false),
            Loading::Crashed { ended, text, oom } => (text.clone(), *ended, *oom),
        };
        let is_bad = !matches!(loading, Loading::Loaded);
        if is_bad {
            let observation = Observation {
                // The runtime's own exit code says nothing of the module.
                exit: None,
                oom_killed: oom,
                ..self.room.observation(&text, ended)
            };
            causes = self.room.diagnose(&observation).await;
            for found in &mut causes {
                if found.code == "ended-by-signal" || found.code == "qemu-guest-signal" {
                    found.message = format!(
                        "loading {} ended the whole process: {}",
                        module.name, found.message
                    );
                }
            }
        }
        if let Some((path, header)) = wrong.first()
            && !causes
                .iter()
                .any(|found| found.confidence == Confidence::Established)
        {
            let mut found = masked_binary(path, *header, platform);
            if is_bad {
                found.code = "dlopen-wrong-machine-glibc".to_owned();
                found.evidence.clear();
            }
            for (path, header) in wrong.iter().skip(1).take(4) {
                found
                    .evidence
                    .push(format!("{path} is an ELF file for {header}, too"));
            }
            causes.insert(0, found);
        }
        if let Some(problem) = &module.problem
            && !causes
                .iter()
                .any(|found| found.confidence == Confidence::Established)
        {
            let found = problem.cause(&module.name, platform);
            // The package's own words for the same thing say less.
            causes.retain(|cause| cause.code != found.code);
            causes.insert(0, found);
        }
        if is_bad {
            let first_line = text
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it printed nothing")
                .trim()
                .to_owned();
            if causes.is_empty() {
                let mut found = cause(
                    "native-module-does-not-load",
                    Confidence::Unknown,
                    format!("{} does not load: {first_line}", module.name),
                );
                found.hint = Some(
                    "the cause is not established; the output below is all there is".to_owned(),
                );
                causes.push(found);
            } else if let Some(found) = causes.first_mut() {
                found
                    .evidence
                    .push(format!("{} says: {first_line}", self.language.name));
            }
        }
        let mut part = module.name.clone();
        if self.language.name != "node" {
            part = format!("{part} ({})", self.language.name);
        }
        let mut finding = Finding::judged(causes)
            .part(part)
            .reproduce(self.reproduce(module));
        if is_bad {
            finding = finding.output(String::new(), text);
        }
        if !module.version.is_empty() {
            finding = finding.note(format!("version {}", module.version));
        }
        finding
    }

    /// The runtime did not get as far as looking for modules.
    async fn runtime_broken(
        &self,
        execution: &Execution,
        broken: Option<String>,
        oom: bool,
    ) -> Finding {
        let mut text = said(execution);
        if let Some(broken) = broken {
            text.push_str(&broken);
        }
        let command = [self.program.clone()];
        let observation = Observation {
            command: &command,
            oom_killed: oom,
            ..self.room.observation(&text, execution.ended)
        };
        let mut causes = self.room.diagnose(&observation).await;
        if causes.is_empty() {
            let end = match execution.ended {
                Ended::Exit(code) => format!("with exit code {code}"),
                Ended::Deadline => "at its deadline".to_owned(),
            };
            causes.push(cause(
                "runtime-does-not-start",
                Confidence::Unknown,
                format!(
                    "{} ended {end} before it could look for modules",
                    self.program
                ),
            ));
        }
        Finding::failed(causes)
            .part(self.language.name)
            .output(execution.stdout.text(), execution.stderr.text())
            .took(execution.duration)
    }

    /// The shortest command that shows the same by hand.
    fn reproduce(&self, module: &Module) -> String {
        let what = (self.language.load)(&module.name, &module.place);
        let mut command = vec![self.program.clone()];
        command.extend(self.language.arguments.iter().map(|&word| word.to_owned()));
        command.push(what);
        let entrypoint = command.drain(..1).collect();
        self.room.by_hand(RunLine {
            entrypoint: Some(entrypoint),
            command,
            ..self.room.run_line()
        })
    }
}

/// All that a process printed which is no report line of ours.
fn said(execution: &Execution) -> String {
    let stdout: String = execution
        .stdout
        .text()
        .lines()
        .filter(|line| !line.starts_with("everyarch-") && !line.trim().is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{stdout}{}", execution.stderr.text())
}
