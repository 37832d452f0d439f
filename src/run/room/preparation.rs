//! Makes a variant ready: pulled, verified, probed, and allowed to run as it runs here.

use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use super::probe::probe;
use super::{Room, facts_of};
use crate::engine::{Engine, EngineError};
use crate::event::{Cause, Confidence, Event, Execution, VariantFacts};
use crate::image::Variant;
use crate::run::finding::{cause, engine_fault};
use crate::run::session::{self, Session};
use crate::run::{PullPolicy, Shared};
use crate::suite::EmulationPolicy;

/// Why a variant can't be checked.
pub(in crate::run) struct Unready {
    /// The stage that ended it, as the name of the case that reports it.
    pub(in crate::run) stage: &'static str,
    pub(in crate::run) cause: Cause,
    /// The image's fault rather than the engine's.
    pub(in crate::run) is_failure: bool,
    pub(in crate::run) facts: VariantFacts,
}

impl Room {
    /// Pulls, verifies and probes a variant; the session it returns is running.
    pub(in crate::run) async fn prepare(
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
        let made = session::create_first(&shared, &engine, &variant);
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
        tracing::info!(platform = %variant.platform, execution = probed.execution.as_str(), emulator = probed.emulator, "probed");
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
            emulation_factor: factor.max(1.0),
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
pub(in crate::run) async fn verify(
    engine: &dyn Engine,
    container: &str,
    variant: &Variant,
) -> Result<(), Box<Cause>> {
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
