//! A variant made ready: pulled, verified, probed. What every check of it shares.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use super::Shared;
use super::finding::{cause, engine_fault};
use super::rootfs::Rootfs;
use super::session::{self, Session};
use crate::diagnosis::{self, Observation};
use crate::engine::{ContainerSpec, Ended, Engine, EngineError, ExecSpec};
use crate::event::{Cause, Confidence, Event, Execution, VariantFacts};
use crate::image::{Architecture, Digest, ElfHeader, Platform, Variant};
use crate::repro::RunLine;
use crate::run::PullPolicy;
use crate::suite::EmulationPolicy;

/// What the probe prints when it runs.
const PROBE_TEXT: &str = "everyarch-probe";

/// A variant, ready to be checked.
pub(super) struct Room {
    pub(super) shared: Arc<Shared>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) variant: Variant,
    pub(super) facts: VariantFacts,
    /// How many times longer deadlines are.
    pub(super) factor: f64,
    specimen: OnceCell<String>,
    programs: Mutex<HashMap<String, Option<Program>>>,
}

/// A program of the image that a check executes.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The path to execute it by; a link where it is one.
    pub(super) invoked: String,
    /// The file itself.
    pub(super) path: String,
    pub(super) header: Option<ElfHeader>,
}

/// Why a variant can't be checked.
pub(super) struct Unready {
    /// The stage that ended it, as the name of the case that reports it.
    pub(super) stage: &'static str,
    pub(super) cause: Cause,
    /// The image's fault rather than the engine's.
    pub(super) is_failure: bool,
    pub(super) facts: VariantFacts,
}

/// What is known before anything has been done.
pub(super) fn facts_of(
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
    /// Pulls, verifies and probes a variant; the session it returns is running.
    pub(super) async fn prepare(
        shared: Arc<Shared>,
        engine: Arc<dyn Engine>,
        variant: Variant,
        emulation: EmulationPolicy,
        factor: f64,
    ) -> Result<(Arc<Self>, Session), Box<Unready>> {
        let mut facts = facts_of(
            Some(engine.as_ref()),
            &variant.platform,
            Some(&variant.digest),
        );
        let unready = |stage, cause, is_failure, facts: &VariantFacts| {
            Box::new(Unready {
                stage,
                cause,
                is_failure,
                facts: facts.clone(),
            })
        };
        let fault = |stage, error: EngineError, facts: &VariantFacts| {
            unready(stage, engine_fault(&error), false, facts)
        };
        pull(&shared, &engine, &variant)
            .await
            .map_err(|cause| unready("the image can be pulled", *cause, false, &facts))?;
        let made =
            session::create_first(&shared, &engine, &variant.pull_reference, &variant.platform);
        let container = made
            .await
            .map_err(|error| fault("a container can be made", error, &facts))?;
        verify(engine.as_ref(), &container, &variant)
            .await
            .map_err(|cause| {
                unready(
                    "the engine uses the image it was given",
                    *cause,
                    false,
                    &facts,
                )
            })?;
        let files = session::programs(engine.as_ref(), &variant.platform)
            .map_err(|error| fault("a container can be made", error, &facts))?;
        let start = async {
            engine.put(&container, &files).await?;
            engine.start(&container).await
        };
        start
            .await
            .map_err(|error| fault("a container can be started", error, &facts))?;
        let probed = probe(
            engine.as_ref(),
            &container,
            &variant.platform,
            shared.options.engine_deadline,
        )
        .await
        .map_err(|error| fault("the platform runs on this engine", error, &facts))?;
        facts.execution = probed.execution;
        facts.emulator = probed.emulator;
        shared.recorder.send(Event::VariantReady(facts.clone()));
        if let Some(cause) = probed.fault {
            return Err(unready(
                "the platform runs on this engine",
                cause,
                false,
                &facts,
            ));
        }
        let is_emulated = facts.execution == Execution::Emulated;
        match emulation {
            EmulationPolicy::Forbid if is_emulated => {
                let mut found = cause(
                    "emulation-forbidden",
                    Confidence::Established,
                    format!(
                        "the suite forbids emulation for {}, and this engine emulates it",
                        variant.platform
                    ),
                );
                found.hint = Some(format!(
                    "give a native engine: `--engine {}=URL`",
                    variant.platform
                ));
                return Err(unready("emulation is allowed", found, false, &facts));
            }
            EmulationPolicy::Warn if is_emulated => shared.recorder.notice(format!(
                "{} is emulated here; the suite asks to be told",
                variant.platform
            )),
            _ => {}
        }
        let room = Arc::new(Self {
            factor: if is_emulated { factor.max(1.0) } else { 1.0 },
            shared,
            engine,
            variant,
            facts,
            specimen: OnceCell::new(),
            programs: Mutex::default(),
        });
        let session = Session::within(Arc::clone(&room), container);
        Ok((room, session))
    }

    /// A deadline as it holds for this variant.
    pub(super) fn stretch(&self, deadline: Duration) -> Duration {
        deadline.mul_f64(self.factor)
    }

    /// The image's file system as it was built: a container that never starts.
    pub(super) async fn specimen(&self) -> Result<Rootfs<'_>, EngineError> {
        let id = self
            .specimen
            .get_or_try_init(|| async {
                let spec = ContainerSpec {
                    image: self.variant.pull_reference.clone(),
                    platform: Some(self.variant.platform.clone()),
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
    pub(super) async fn program(&self, word: &str) -> Result<Option<Program>, EngineError> {
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
    pub(super) async fn masked(&self, word: &str) -> Result<Option<Cause>, EngineError> {
        let Some(program) = self.program(word).await? else {
            return Ok(None);
        };
        Ok(program
            .header
            .filter(|header| !header.runs_on(&self.variant.platform))
            .map(|header| masked_binary(&program.path, header, &self.variant.platform)))
    }

    /// Why a program did not do as it should, as far as bytes and text tell.
    pub(super) async fn diagnose(&self, observation: &Observation<'_>) -> Vec<Cause> {
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

    /// The `docker run` line of the bare image: what a check adds to it makes
    /// the line that does the same by hand.
    pub(super) fn run_line(&self) -> RunLine {
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
    pub(super) fn is_emulated(&self) -> bool {
        self.facts.execution == Execution::Emulated
    }
}

/// The words for a binary of another machine that ran all the same.
pub(super) fn masked_binary(path: &str, header: ElfHeader, platform: &Platform) -> Cause {
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

async fn pull(
    shared: &Shared,
    engine: &Arc<dyn Engine>,
    variant: &Variant,
) -> Result<(), Box<Cause>> {
    let name = &variant.pull_reference;
    if variant.is_local {
        return Ok(());
    }
    let boxed = |error: EngineError| Box::new(engine_fault(&error));
    let was_there = engine.image(name).await.map_err(boxed)?.is_some();
    if shared.options.pull != PullPolicy::Always {
        if was_there {
            return Ok(());
        }
        if shared.options.pull == PullPolicy::Never {
            let mut found = cause(
                "image-not-pulled",
                Confidence::Established,
                format!("the engine has no {name}, and --pull never forbids pulling it"),
            );
            found.hint = Some(format!("docker pull {name}"));
            return Err(Box::new(found));
        }
    }
    let platform = variant.platform.clone();
    let progress = |done, total| {
        shared.recorder.send(Event::PullProgress {
            platform: platform.clone(),
            done,
            total,
        });
    };
    let outcome = engine
        .pull(
            name,
            &variant.platform,
            shared.credentials.as_ref(),
            shared.options.engine_deadline * 10,
            &progress,
        )
        .await;
    if outcome.is_ok() && !was_there {
        let mut pulled = shared.pulled.lock().await;
        pulled.push((Arc::clone(engine), name.clone()));
    }
    outcome.map_err(|error| {
        let mut found = engine_fault(&error);
        found.code = "pull-failed".to_owned();
        found.message = format!("{name}: {}", found.message);
        let text = error.to_string();
        if text.contains("server gave HTTP response to HTTPS client") {
            found.hint = Some("the registry speaks plain HTTP: add it to the engine's `insecure-registries`".to_owned());
        } else if text.contains("connection refused") || text.contains("no such host") {
            found.hint = Some("the engine reaches the registry by its own network, which is not this process's; is the name right from there?".to_owned());
        }
        Box::new(found)
    })
}

/// The container's image is the very variant asked for (D1): some engines
/// ignore the platform, and a digest may name what another pull left behind.
async fn verify(engine: &dyn Engine, container: &str, variant: &Variant) -> Result<(), Box<Cause>> {
    let boxed = |error: EngineError| Box::new(engine_fault(&error));
    let state = engine.inspect(container).await.map_err(boxed)?;
    let bare = |id: &str| id.trim_start_matches("sha256:").to_owned();
    let actual = bare(&state.image_id);
    let expected = [
        bare(variant.config_digest.as_str()),
        bare(variant.digest.as_str()),
    ];
    if !expected.contains(&actual) {
        let mut found = cause(
            "engine-substituted-image",
            Confidence::Established,
            format!(
                "the engine made the container from another image than {}",
                variant.pull_reference
            ),
        );
        found.evidence = vec![
            format!(
                "asked for: {} (config {})",
                variant.digest, variant.config_digest
            ),
            format!("made from: {}", state.image_id),
        ];
        return Err(Box::new(found));
    }
    let image = engine.image(&state.image_id).await.map_err(boxed)?;
    if let (Some(image), Some(said)) = (image, &variant.config.platform)
        && image.platform.architecture() != said.architecture()
    {
        let mut found = cause(
            "engine-substituted-image",
            Confidence::Established,
            format!(
                "the engine says the image is for {}, its config says {said}",
                image.platform
            ),
        );
        found.evidence.push(format!("image id: {}", state.image_id));
        return Err(Box::new(found));
    }
    Ok(())
}

/// What the probe told.
struct Probed {
    execution: Execution,
    emulator: Option<String>,
    fault: Option<Cause>,
}

/// Runs a tiny program of the platform. `QEMU_VERSION` in its environment
/// makes qemu-user print its version in place of running it: so the answer
/// itself tells whether an emulator stands between, wherever the engine is.
async fn probe(
    engine: &dyn Engine,
    container: &str,
    platform: &Platform,
    deadline: Duration,
) -> Result<Probed, EngineError> {
    if crate::engine::tiny_elf::probe(platform).is_none() {
        return Ok(Probed {
            execution: Execution::Unknown,
            emulator: None,
            fault: None,
        });
    }
    let run = async |env: &[(String, String)]| {
        let spec = ExecSpec {
            command: vec![session::probe_path()],
            env: env.to_vec(),
            user: Some("0".to_owned()),
            ..ExecSpec::default()
        };
        engine.exec(container, &spec, deadline, 4096).await
    };
    let asked = run(&[("QEMU_VERSION".to_owned(), "1".to_owned())]).await?;
    let first_line = asked
        .stdout
        .text()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    if first_line == PROBE_TEXT {
        let is_native = runs_natively(engine.facts().platform.architecture(), platform);
        return Ok(Probed {
            execution: if is_native {
                Execution::Native
            } else {
                Execution::Emulated
            },
            emulator: (!is_native).then(|| "not qemu; its name is not known".to_owned()),
            fault: None,
        });
    }
    let emulator = first_line.contains("version").then(|| {
        first_line
            .split(" (")
            .next()
            .unwrap_or(&first_line)
            .to_owned()
    });
    let ran = if emulator.is_some() {
        run(&[]).await?
    } else {
        asked
    };
    if ran.stdout.text().trim() == PROBE_TEXT {
        return Ok(Probed {
            execution: Execution::Emulated,
            emulator,
            fault: None,
        });
    }
    let mut said = format!("{}{}", ran.stdout.text(), ran.stderr.text())
        .trim()
        .to_owned();
    if said.is_empty() {
        said = match ran.ended {
            Ended::Exit(code) => format!("it ended with exit code {code} and printed nothing"),
            Ended::Deadline => "it did not end".to_owned(),
        };
    }
    let host = &engine.facts().platform;
    let mut fault = cause(
        "exec-no-binfmt",
        Confidence::Established,
        format!(
            "this engine's host ({host}) can't run programs for {platform}: even a probe of a few instructions fails"
        ),
    );
    fault.evidence.push(format!("the probe: {said}"));
    fault.hint = Some(format!(
        "install emulation on the engine's host: `docker run --privileged --rm tonistiigi/binfmt --install {}`, or the packages qemu-user-static and binfmt-support; or give a native engine: `--engine {platform}=URL`",
        binfmt_name(platform)
    ));
    Ok(Probed {
        execution: Execution::Impossible,
        emulator,
        fault: Some(fault),
    })
}

/// Whether a host's processor runs a platform's programs itself.
fn runs_natively(host: &Architecture, platform: &Platform) -> bool {
    host == platform.architecture()
        || matches!(
            (host, platform.architecture()),
            (Architecture::Amd64, Architecture::I386) | (Architecture::Arm64, Architecture::Arm)
        )
}

/// What the binfmt image calls an architecture.
fn binfmt_name(platform: &Platform) -> &str {
    platform.architecture().as_str()
}
