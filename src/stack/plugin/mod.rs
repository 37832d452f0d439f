//! The `docker compose` plugin as the runner, for files that say more than ours
//! reads: through testcontainers, with a file of our own laid over the user's.
//!
//! What testcontainers leaves to us (0.28): it waits for health 60 s and no longer,
//! so it is told not to wait at all; it finds services through the engine of
//! `DOCKER_HOST` alone, so we look them up ourselves; and its `down` knows neither
//! the engine nor a deadline, so containers are stopped and removed from here, and
//! `down` is only its word that all is over.

mod observe;
mod overlay;
mod said;

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use testcontainers::TestcontainersError;
use testcontainers::compose::{ComposeError, DockerCompose};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::networks::{self, PATIENCE};
use super::{Fault, Stack, StackInput, Why};
use crate::compose::PluginFiles;
use crate::engine::{EngineError, EngineFacts, Owned};

/// Between two looks for what the plugin has made meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// How long the plugin may take to see that all it had is gone.
const LAST_STEPS: Duration = Duration::from_secs(10);

/// A project of the plugin's.
pub(super) struct Running {
    project: String,
    /// Dropped once everything is down.
    up: Option<oneshot::Sender<()>>,
    /// Answers once the plugin is done.
    over: oneshot::Receiver<()>,
}

impl Stack {
    /// Has the plugin bring everything up, and follows what it does.
    ///
    /// # Errors
    /// The first service that does not do its part; what the plugin says where it
    /// is none of theirs; the deadline.
    pub(super) async fn compose_up(
        &mut self,
        input: &StackInput,
        files: &PluginFiles,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        loop {
            let project = self.workshop.project_name();
            let text = match self.attempt(input, files, &project, deadline).await? {
                Ok(()) => return Ok(()),
                Err(text) => text,
            };
            if !said::is_for_want_of_addresses(&text) || Instant::now() >= until {
                return Err(self.why(&project, &text).await);
            }
            // Whoever waits holds none of them; see `networks`.
            tracing::info!(project, "waiting for addresses");
            self.remove_project().await;
            tokio::time::sleep(networks::pause()).await;
        }
    }

    /// One try under a name of its own; what the plugin says where it gave up.
    async fn attempt(
        &mut self,
        input: &StackInput,
        files: &PluginFiles,
        project: &str,
        deadline: Instant,
    ) -> Result<Result<(), String>, Fault> {
        let labels = self.workshop.labels();
        let outline = &input.services.outline;
        let text = overlay::text(outline, &input.images, &input.ports, &labels);
        let overlay = write(&text).map_err(|error| Fault::Plugin {
            text: format!("the file for the plugin could not be written: {error}"),
        })?;
        let mut compose_files: Vec<PathBuf> = files.files.clone();
        compose_files.push(overlay.to_path_buf());
        let compose = DockerCompose::with_local_client(compose_files)
            .with_project_name(project)
            .with_env_vars(environment(files, self.workshop.engine().facts()))
            .with_wait(false);
        let mut came = self.launch(compose, overlay, project);
        let outcome = tokio::select! {
            outcome = &mut came => outcome,
            fault = self.wait(deadline, |_| false) => return fault.map(Ok),
        };
        match outcome {
            Ok(Ok(())) => Ok(Ok(())),
            // Compose was done; who came up, we see ourselves.
            Ok(Err(ComposeError::Testcontainers(TestcontainersError::Client(_)))) => Ok(Ok(())),
            Ok(Err(error)) => Ok(Err(error.to_string())),
            Err(_) => Err(Fault::Plugin {
                text: "its task broke off".to_owned(),
            }),
        }
    }

    /// Sets the plugin to work, in a task of its own, which outlives a caller that is
    /// cancelled: a plugin that nobody waits for would go on making containers.
    fn launch(
        &mut self,
        compose: DockerCompose,
        overlay: tempfile::TempPath,
        project: &str,
    ) -> oneshot::Receiver<Result<(), ComposeError>> {
        let (up, downed) = oneshot::channel();
        let (done, over) = oneshot::channel();
        let (tell, came) = oneshot::channel();
        let keeps = self.workshop.keeps();
        self.workshop.outlive(Box::pin(async move {
            // Its drop would block a thread, and take down what is to be kept.
            let mut compose = ManuallyDrop::new(compose);
            let outcome = compose.up().await;
            drop(overlay);
            // Nobody may listen any more.
            let _ = tell.send(outcome);
            let _ = downed.await;
            if !keeps {
                // Against the engine of the environment, which may be another one;
                // what matters has been removed from here.
                let _ = ManuallyDrop::into_inner(compose).down().await;
            }
            let _ = done.send(());
        }));
        self.plugin = Some(Running {
            project: project.to_owned(),
            up: Some(up),
            over,
        });
        self.tasks.spawn(observe::services(
            project.to_owned(),
            self.members.clone(),
            Arc::clone(&self.workshop),
            Arc::clone(&self.timeline),
        ));
        came
    }

    /// What the plugin gave up for: a service, where one did not do its part.
    async fn why(&self, project: &str, text: &str) -> Fault {
        // What it saw is seen from here a moment later.
        let seen = Instant::now() + Duration::from_secs(2);
        if let Err(Fault::Service { service, why }) = self.wait(seen, |_| false).await
            && self.fault().is_some()
        {
            return Fault::Service { service, why };
        }
        let text_of_it = said::essence(text);
        // Podman keeps no word of a start that failed with the container.
        let not_started = said::not_started(text, project);
        let mut services = self.order.iter().flatten();
        match services.find(|name| not_started.contains(*name)) {
            Some(service) => Fault::Service {
                service: service.clone(),
                why: Why::NotStarted {
                    code: 126,
                    text: text_of_it,
                },
            },
            None => Fault::Plugin { text: text_of_it },
        }
    }

    /// Removes what the plugin made, its further copies of services too.
    pub(super) async fn remove_project(&mut self) {
        let Some(mut running) = self.plugin.take() else {
            return;
        };
        // A plugin still on its way gives up when its containers go; what it made
        // meanwhile goes after it.
        self.remove_labelled(&running.project).await;
        running.up = None;
        let until = Instant::now() + LAST_STEPS;
        while Instant::now() < until {
            let over = tokio::time::timeout(BETWEEN_LOOKS, &mut running.over).await;
            self.remove_labelled(&running.project).await;
            if over.is_ok() {
                break;
            }
        }
    }

    async fn remove_labelled(&self, project: &str) {
        let workshop = &self.workshop;
        let engine = workshop.engine();
        let of = |all: Result<Vec<Owned>, EngineError>| {
            all.unwrap_or_default()
                .into_iter()
                .filter(|owned| observe::is_of(owned, project))
        };
        for container in of(engine.labelled(observe::PROJECT).await) {
            workshop.remove_container(&container.id).await;
        }
        for network in of(engine.labelled_networks(observe::PROJECT).await) {
            workshop.remove_network(&network.id).await;
        }
        for volume in of(engine.labelled_volumes(observe::PROJECT).await) {
            workshop.remove_volume(&volume.id).await;
        }
    }
}

fn write(text: &str) -> std::io::Result<tempfile::TempPath> {
    use std::io::Write as _;
    let mut file = tempfile::Builder::new()
        .prefix("everyarch-compose-")
        .suffix(".yml")
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    Ok(file.into_temp_path())
}

/// The plugin's environment beside our own: the engine is the one that this run
/// uses. One behind TLS is found by the plugin as we found it.
fn environment(files: &PluginFiles, engine: &EngineFacts) -> HashMap<String, String> {
    let mut env: HashMap<String, String> = files.env.clone().into_iter().collect();
    if engine.address.starts_with("unix://") {
        env.insert("DOCKER_HOST".to_owned(), engine.address.clone());
    }
    env
}
