//! A variant made ready: pulled, verified, probed. What every check of it shares.

mod preparation;
mod probe;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

pub(in crate::run) use self::preparation::{Unready, verify};
use super::Shared;
use super::finding::cause;
use super::rootfs::Rootfs;
use super::session::{self};
use crate::diagnosis::{self, Observation};
use crate::engine::{ContainerSpec, Ended, Engine, EngineError};
use crate::event::{Cause, Confidence, Execution, VariantFacts};
use crate::image::{Digest, ElfHeader, Platform, Variant};
use crate::repro::{RunLine, docker_run_line};

/// A variant, ready to be checked.
pub(in crate::run) struct Room {
    pub(in crate::run) shared: Arc<Shared>,
    pub(in crate::run) engine: Arc<dyn Engine>,
    pub(in crate::run) variant: Variant,
    pub(in crate::run) facts: VariantFacts,
    /// How many times longer deadlines are.
    pub(in crate::run) factor: f64,
    /// How many times longer they are where something is emulated.
    pub(in crate::run) emulation_factor: f64,
    specimen: OnceCell<String>,
    programs: Mutex<HashMap<String, Option<Program>>>,
}

/// A program of the image that a check executes.
#[derive(Clone, Debug)]
pub(in crate::run) struct Program {
    /// The path to execute it by; a link where it is one.
    pub(in crate::run) invoked: String,
    /// The file itself.
    pub(in crate::run) path: String,
    pub(in crate::run) header: Option<ElfHeader>,
}

/// What is known before anything has been done.
pub(in crate::run) fn facts_of(
    engine: Option<&dyn Engine>,
    platform: &Platform,
    digest: Option<&Digest>,
) -> VariantFacts {
    VariantFacts {
        platform: platform.clone(),
        digest: digest.cloned(),
        execution: Execution::Unknown,
        emulator: None,
        engine: engine.map_or_else(String::new, |engine| {
            let facts = engine.facts();
            format!(
                "{} {} ({}) at {}",
                facts.name, facts.version, facts.platform, facts.address
            )
        }),
    }
}

impl Room {
    /// A deadline as it holds for this variant.
    pub(in crate::run) fn stretch(&self, deadline: Duration) -> Duration {
        deadline.mul_f64(self.factor)
    }

    /// The image's file system as it was built: a container that never starts.
    pub(in crate::run) async fn specimen(&self) -> Result<Rootfs<'_>, EngineError> {
        let id = self
            .specimen
            .get_or_try_init(|| async {
                let spec = ContainerSpec {
                    image: self.variant.pull_reference.clone(),
                    platform: Some(session::asked_platform(&self.variant)),
                    // It needs a command to be made, and is never started.
                    entrypoint: Some(vec!["/never-started".to_owned()]),
                    ..ContainerSpec::default()
                };
                self.shared.containers.create(&self.engine, spec).await
            })
            .await?;
        Ok(Rootfs {
            engine: self.engine.as_ref(),
            container: id,
        })
    }

    /// The program that a command's first word means, and its ELF header;
    /// `None` where the image has none. Looked up once for each word.
    pub(in crate::run) async fn program(&self, word: &str) -> Result<Option<Program>, EngineError> {
        let mut known = self.programs.lock().await;
        if let Some(program) = known.get(word) {
            return Ok(program.clone());
        }
        let rootfs = self.specimen().await?;
        let found = if word.contains('/') && !word.starts_with('/') {
            let workdir = &self.variant.config.workdir;
            rootfs.follow(&format!("{workdir}/{word}")).await?
        } else {
            rootfs.which(word, &self.variant.config.path()).await?
        };
        let program = match found {
            Some(found) => Some(Program {
                header: rootfs.elf(&found.path).await?,
                invoked: found.invoked,
                path: found.path,
            }),
            None => None,
        };
        known.insert(word.to_owned(), program.clone());
        Ok(program)
    }

    /// A program that ran although it is for another machine: the host's
    /// processor took it, and the platform's own would not.
    pub(in crate::run) async fn masked(&self, word: &str) -> Result<Option<Cause>, EngineError> {
        let Some(program) = self.program(word).await? else {
            return Ok(None);
        };
        Ok(program
            .header
            .filter(|header| !header.runs_on(&self.variant.platform))
            .map(|header| masked_binary(&program.path, header, &self.variant.platform)))
    }

    /// A program of this variant that ended so, having printed `text`.
    pub(in crate::run) fn observation<'a>(
        &'a self,
        text: &'a str,
        ended: Ended,
    ) -> Observation<'a> {
        let observed = Observation::of(&self.variant.platform, self.facts.execution, text);
        match ended {
            Ended::Exit(code) => observed.exited(code),
            Ended::Deadline => Observation {
                timed_out: true,
                ..observed
            },
        }
    }

    /// Why a program did not do as it should, as far as bytes and text tell.
    pub(in crate::run) async fn diagnose(&self, observation: &Observation<'_>) -> Vec<Cause> {
        let named = diagnosis::suspects(observation);
        let mut files = Vec::new();
        if !named.is_empty()
            && let Ok(rootfs) = self.specimen().await
        {
            let folders = self.variant.config.path();
            for name in &named {
                // A file that can't be looked at is no evidence of anything.
                if let Ok(facts) = rootfs
                    .facts(name, &folders, &self.variant.config.workdir)
                    .await
                {
                    files.push(facts);
                }
            }
        }
        diagnosis::causes(observation, &files)
    }

    /// The `docker run` line that does the same by hand, without the secrets: they
    /// are taken out word by word, since a quoted one would not be found again.
    pub(in crate::run) fn by_hand(&self, mut line: RunLine) -> String {
        let masker = self.shared.recorder.masker();
        let values = line.env.iter_mut().map(|(_, value)| value);
        let words = line
            .entrypoint
            .iter_mut()
            .flatten()
            .chain(&mut line.command);
        let rest = line.user.iter_mut().chain(&mut line.workdir);
        values
            .chain(words)
            .chain(rest)
            .for_each(|text| masker.mask(text));
        docker_run_line(&line)
    }

    /// What [`Room::by_hand`] makes of the bare image: a check adds to it.
    pub(in crate::run) fn run_line(&self) -> RunLine {
        RunLine {
            platform: self.variant.platform.clone(),
            image: self.variant.pull_reference.clone(),
            env: Vec::new(),
            user: None,
            workdir: None,
            entrypoint: None,
            command: Vec::new(),
            interactive_stdin: false,
        }
    }

    /// Whether the variant's programs go through an emulator.
    pub(in crate::run) fn is_emulated(&self) -> bool {
        self.facts.execution == Execution::Emulated
    }
}

/// The words for a binary of another machine that ran all the same.
pub(in crate::run) fn masked_binary(path: &str, header: ElfHeader, platform: &Platform) -> Cause {
    let mut found = cause(
        "masked-native-binary",
        Confidence::Established,
        format!("{path} is an ELF file for {header}, in an image for {platform}"),
    );
    found.evidence.push(
        "it ran here because this engine's host can run it; on the platform itself it can't"
            .to_owned(),
    );
    found.hint = Some(
        "build or install it for the target platform; look for a `--platform` on the final `FROM`, a default on `ARG TARGETARCH`, or a copy from another stage".to_owned(),
    );
    found
}
