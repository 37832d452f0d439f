//! What each service is made from: the variant, or an image that is pulled for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compose::{Outline, PullPolicy, ServiceOutline};
use crate::engine::PullCredentials;
use crate::event::{Cause, Confidence};
use crate::image::{ImageReference, Platform, RegistryReference};
use crate::run::finding::{cause, engine_fault};
use crate::run::room::Room;
use crate::run::session::asked_platform;
use crate::source::{self, Credentials, credentials::HELPER_DEADLINE};
use crate::stack::ServiceImage;
use crate::suite::{Sidecars, Stack};

/// The images of all services, in the engine's store, and what the user should know of them.
pub(super) struct Images {
    pub(super) of: BTreeMap<String, ServiceImage>,
    pub(super) notes: Vec<String>,
}

/// Has them all pulled.
pub(super) async fn prepare(
    room: &Arc<Room>,
    stack: &Stack,
    outline: &Outline,
) -> Result<Images, Box<Cause>> {
    let mut images = Images {
        of: BTreeMap::new(),
        notes: Vec::new(),
    };
    for (name, service) in &outline.services {
        let image = if stack.under_test.contains(name) {
            images.notes.extend(overruled(room, name, service));
            ServiceImage {
                reference: room.variant.pull_reference.clone(),
                platform: Some(asked_platform(&room.variant)),
                config: room.variant.config.clone(),
                factor: room.factor,
            }
        } else if service.is_built {
            // The plugin does, and says what is wrong with it.
            continue;
        } else {
            sidecar(room, stack, name, service).await?
        };
        images.of.insert(name.clone(), image);
    }
    Ok(images)
}

/// What the file says of a service under test, and does not count.
fn overruled(room: &Room, name: &str, service: &ServiceOutline) -> Vec<String> {
    let variant = &room.variant;
    let mut notes = Vec::new();
    if let Some(image) = &service.image
        && *image != variant.pull_reference
    {
        notes.push(format!(
            "{name}: the file says image {image}; what runs is the variant under test, {}",
            variant.pull_reference
        ));
    }
    if let Some(platform) = &service.platform
        && !variant.platform.satisfies(platform)
    {
        notes.push(format!(
            "{name}: the file says platform {platform}; it runs for {}",
            variant.platform
        ));
    }
    notes
}

async fn sidecar(
    room: &Arc<Room>,
    stack: &Stack,
    name: &str,
    service: &ServiceOutline,
) -> Result<ServiceImage, Box<Cause>> {
    let host = &room.engine.facts().platform;
    let platform = match (&service.platform, stack.sidecars) {
        (Some(platform), _) => platform.clone(),
        (None, Sidecars::Native) => host.clone(),
        (None, Sidecars::Variant) => room.variant.platform.clone(),
    };
    let written = service.image.clone().unwrap_or_default();
    let unusable = |why: String| {
        Box::new(cause(
            "sidecar-image",
            Confidence::Established,
            format!("the image of {name}, {written}: {why}"),
        ))
    };
    let reference = match written.parse::<ImageReference>() {
        Ok(ImageReference::Registry(reference)) => reference,
        Ok(_) => return Err(unusable("it is in no registry".to_owned())),
        Err(error) => return Err(unusable(error.to_string())),
    };
    // One at a time: a tag names one platform in the engine's store, and the other
    // platforms of this run pull the same ones.
    let _turn = room.shared.sidecars.lock().await;
    let engine = &room.engine;
    let stored = match reference.digest() {
        Some(digest) => reference.at(digest),
        None => format!(
            "{}/{}:{}",
            reference.registry(),
            reference.repository(),
            reference.tag().unwrap_or("latest")
        ),
    };
    let fault = |error| Box::new(engine_fault(&error));
    let is_right = |image: &crate::engine::LocalImage| {
        image.platform.architecture() == platform.architecture()
    };
    let known = engine.image(&stored).await.map_err(fault)?;
    let is_there = known.as_ref().is_some_and(is_right);
    let image = match (service.pull_policy, is_there) {
        (PullPolicy::Missing | PullPolicy::Never, true) => known,
        (PullPolicy::Never, false) => {
            return Err(unusable(format!(
                "the engine has none for {platform}, and `pull_policy: never` forbids pulling it"
            )));
        }
        _ => {
            pull(room, &reference, &stored, &platform)
                .await
                .map_err(unusable)?;
            if known.is_none() {
                let mut pulled = room.shared.pulled.lock().await;
                pulled.push((Arc::clone(engine), stored.clone()));
            }
            engine.image(&stored).await.map_err(fault)?
        }
    };
    let Some(image) = image.filter(is_right) else {
        return Err(unusable(format!("there is none for {platform}")));
    };
    let is_native = image.platform.architecture() == host.architecture();
    Ok(ServiceImage {
        // Its id: the tag may name another platform's by the time it is used.
        reference: image.id,
        platform: Some(image.platform),
        config: image.config,
        factor: if is_native {
            1.0
        } else {
            room.emulation_factor
        },
    })
}

async fn pull(
    room: &Room,
    reference: &RegistryReference,
    stored: &str,
    platform: &Platform,
) -> Result<(), String> {
    let surroundings = source::Surroundings::of_this_process();
    let found = source::credentials(reference, &surroundings, HELPER_DEADLINE)
        .await
        .map_err(|error| error.to_string())?;
    let credentials = found.map(|found| match found.credentials {
        Credentials::Basic { username, password } => PullCredentials::Basic { username, password },
        Credentials::IdentityToken(token) => PullCredentials::IdentityToken(token),
    });
    room.engine
        .pull(
            stored,
            platform,
            credentials.as_ref(),
            room.shared.options.engine_deadline * 10,
            &|_, _| {},
        )
        .await
        .map_err(|error| error.to_string())
}
