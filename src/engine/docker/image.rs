//! Images: looked up, pulled, removed.

use std::collections::HashMap;
use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::{
    CreateImageOptions, CreateImageOptionsBuilder, RemoveImageOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::DockerEngine;
use super::call::{QUICK, SLOW, found};
use crate::engine::{EngineError, LocalImage, PullCredentials, PullProgress};
use crate::image::{ImageConfig, Platform};

/// Engines write the whole archive to their own disk before they send any of it.
const FIRST_PIECE: Duration = Duration::from_secs(600);

impl DockerEngine {
    pub(super) async fn inspect_image(
        &self,
        name: &str,
    ) -> Result<Option<LocalImage>, EngineError> {
        let step = format!("inspecting image {name}");
        let answer = self
            .call(&step, QUICK, self.client.inspect_image(name))
            .await;
        let Some(image) = found(answer)? else {
            return Ok(None);
        };
        let platform = Platform::new(
            image.os.as_deref().unwrap_or_default(),
            image.architecture.as_deref().unwrap_or_default(),
            image.variant.as_deref(),
        )
        .with_os(image.os_version, Vec::new());
        let config = serde_json::to_value(image.config)
            .and_then(|config| ImageConfig::from_inspection(platform.clone(), config))
            .map_err(|error| EngineError::Unexpected {
                step,
                why: format!("its config can't be read: {error}"),
            })?;
        Ok(Some(LocalImage {
            id: image_id(image.id.unwrap_or_default()),
            platform,
            repo_digests: image.repo_digests.unwrap_or_default(),
            config,
        }))
    }

    pub(super) async fn pull_image(
        &self,
        reference: &str,
        platform: &Platform,
        credentials: Option<&PullCredentials>,
        deadline: Duration,
        progress: PullProgress<'_>,
    ) -> Result<(), EngineError> {
        let step = format!("pulling {reference} for {platform}");
        let options = CreateImageOptionsBuilder::new()
            .from_image(reference)
            .platform(&platform_query(platform))
            .build();
        let mut messages = self.client.create_image(
            Some::<CreateImageOptions>(options),
            None,
            credentials.map(header),
        );
        let mut layers = Layers::default();
        loop {
            let message = match tokio::time::timeout(deadline, messages.next()).await {
                Ok(Some(message)) => message.map_err(|error| self.explain(&step, error))?,
                Ok(None) => break,
                Err(_) => {
                    return Err(EngineError::Deadline {
                        step,
                        after: deadline,
                    });
                }
            };
            if let Some((done, total)) = layers.take(&message) {
                progress(done, total);
            }
        }
        // A stream that only stops is no success.
        match self.inspect_image(reference).await? {
            Some(_) => Ok(()),
            None => Err(EngineError::Unexpected {
                step,
                why: "the pull ended without an error, but the engine does not have the image"
                    .to_owned(),
            }),
        }
    }

    /// bollard's stream has no deadline at all, so each piece gets one.
    pub(super) fn save_image(
        &self,
        name: &str,
    ) -> impl Stream<Item = Result<Bytes, EngineError>> + Send {
        let step = format!("saving image {name}");
        let pieces = Box::pin(self.client.export_image(name));
        // `None`: it has failed, and nothing comes after that.
        let start = Some((pieces, FIRST_PIECE));
        futures_util::stream::unfold(start, move |state| {
            let step = step.clone();
            async move {
                let (mut pieces, deadline) = state?;
                match tokio::time::timeout(deadline, pieces.next()).await {
                    Ok(Some(Ok(piece))) => Some((Ok(piece), Some((pieces, SLOW)))),
                    Ok(Some(Err(error))) => Some((Err(self.explain(&step, error)), None)),
                    Ok(None) => None,
                    Err(_) => Some((
                        Err(EngineError::Deadline {
                            step,
                            after: deadline,
                        }),
                        None,
                    )),
                }
            }
        })
    }

    pub(super) async fn delete_image(&self, name: &str) -> Result<(), EngineError> {
        let answer = self
            .call(
                &format!("removing image {name}"),
                SLOW,
                self.client.remove_image(
                    name,
                    Some(RemoveImageOptionsBuilder::new().build()),
                    None,
                ),
            )
            .await;
        found(answer).map(|_| ())
    }
}

/// `os/architecture[/variant]`, without what only Windows indexes have.
pub(super) fn platform_query(platform: &Platform) -> String {
    let architecture = platform.architecture().as_str();
    match platform.variant() {
        Some(variant) => format!("{}/{architecture}/{variant}", platform.os()),
        None => format!("{}/{architecture}", platform.os()),
    }
}

/// With its algorithm in front; Podman leaves that out.
pub(super) fn image_id(id: String) -> String {
    if id.is_empty() || id.contains(':') {
        id
    } else {
        format!("sha256:{id}")
    }
}

fn header(credentials: &PullCredentials) -> DockerCredentials {
    match credentials {
        PullCredentials::Basic { username, password } => DockerCredentials {
            username: Some(username.clone()),
            password: Some(password.clone()),
            ..DockerCredentials::default()
        },
        PullCredentials::IdentityToken(token) => DockerCredentials {
            identitytoken: Some(token.clone()),
            ..DockerCredentials::default()
        },
    }
}

/// Bytes of each layer, done and in all.
#[derive(Default)]
struct Layers(HashMap<String, (u64, u64)>);

impl Layers {
    /// The sums after this message, where it changed them.
    fn take(&mut self, message: &CreateImageInfo) -> Option<(u64, u64)> {
        let layer = message.id.as_ref()?;
        let detail = message.progress_detail.as_ref();
        let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        match message.status.as_deref()? {
            "Downloading" => {
                let current = number(detail?.current)?;
                let total = number(detail?.total).unwrap_or(current).max(current);
                self.0.insert(layer.clone(), (current, total));
            }
            "Verifying Checksum" | "Download complete" | "Extracting" | "Pull complete" => {
                let (done, total) = self.0.get_mut(layer)?;
                *done = *total;
            }
            _ => return None,
        }
        let sum = self.0.values().fold((0, 0), |(done, total), layer| {
            (done + layer.0, total + layer.1)
        });
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> CreateImageInfo {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn progress_is_summed_over_layers() {
        let mut layers = Layers::default();
        let mut take = |json| layers.take(&message(json));
        assert_eq!(take(r#"{"status":"Pulling from x","id":"latest"}"#), None);
        assert_eq!(
            take(r#"{"status":"Downloading","progressDetail":{"current":5,"total":10},"id":"a"}"#),
            Some((5, 10))
        );
        assert_eq!(
            take(r#"{"status":"Downloading","progressDetail":{"current":1,"total":90},"id":"b"}"#),
            Some((6, 100))
        );
        assert_eq!(
            take(r#"{"status":"Download complete","progressDetail":{},"id":"a"}"#),
            Some((11, 100))
        );
        assert_eq!(take(r#"{"status":"Already exists","id":"c"}"#), None);
    }

    #[test]
    fn a_platform_is_asked_for_in_three_words() {
        let windows =
            Platform::new("windows", "amd64", None).with_os(Some("10.0.1".to_owned()), Vec::new());
        assert_eq!(platform_query(&windows), "windows/amd64");
        assert_eq!(
            platform_query(&Platform::new("linux", "arm", None)),
            "linux/arm/v7"
        );
    }
}
