//! What resolving promises, against a registry that does what it is told.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::loopback_registry::{self as loopback, Fault, LoopbackRegistry, Pushed};
use super::{Patience, RegistryOptions, resolve};
use crate::image::{BrokenVariant, Platform, RegistryReference, ResolvedImage, VariantFault};
use crate::source::SourceError;

mod access;
mod contents;
mod faults;
mod shapes;

async fn registry() -> LoopbackRegistry {
    LoopbackRegistry::start().await.expect("a loopback port")
}

/// Waits of milliseconds, and deadlines that no healthy answer misses.
fn options() -> RegistryOptions {
    RegistryOptions {
        patience: Patience {
            request_deadline: Duration::from_secs(20),
            retries: 2,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_secs(5),
        },
        ..RegistryOptions::default()
    }
}

fn wanting(platforms: &[&str]) -> RegistryOptions {
    RegistryOptions {
        wanted: Some(platforms.iter().map(|text| platform(text)).collect()),
        ..options()
    }
}

fn platform(text: &str) -> Platform {
    text.parse().expect(text)
}

async fn try_resolve(
    registry: &LoopbackRegistry,
    rest: &str,
    options: &RegistryOptions,
) -> Result<ResolvedImage, SourceError> {
    let reference: RegistryReference = registry.reference(rest).parse().expect(rest);
    resolve(&reference, options).await
}

async fn resolved(registry: &LoopbackRegistry, rest: &str) -> ResolvedImage {
    try_resolve(registry, rest, &options())
        .await
        .expect("it resolves")
}

async fn refused(registry: &LoopbackRegistry, rest: &str, options: &RegistryOptions) -> String {
    try_resolve(registry, rest, options)
        .await
        .expect_err("it can't resolve")
        .to_string()
}

/// `app:1`: an index of linux/amd64 and linux/arm64.
fn two_platforms(registry: &LoopbackRegistry) -> (Pushed, Pushed, Pushed) {
    let amd64 = registry.image("app", "linux/amd64", "");
    let arm64 = registry.image("app", "linux/arm64/v8", "");
    let index = registry.index(
        "app",
        &["1"],
        &[
            amd64.descriptor(Some("linux/amd64")),
            arm64.descriptor(Some("linux/arm64/v8")),
        ],
    );
    (index, amd64, arm64)
}

fn variants(image: &ResolvedImage) -> Vec<String> {
    image
        .variants
        .iter()
        .map(|variant| variant.platform.to_string())
        .collect()
}

fn only_fault(image: &ResolvedImage) -> &BrokenVariant {
    match image.broken.as_slice() {
        [one] => one,
        other => panic!("one broken variant expected: {other:#?}"),
    }
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "`{word}` is missing in: {message}");
    }
}

fn manifest_path(pushed: &Pushed) -> String {
    format!("/v2/app/manifests/{}", pushed.digest)
}

/// The config of an image that was put into the registry at `app`.
fn config_of(platform: &str) -> Value {
    let mut words = platform.split('/');
    json!({"os": words.next(), "architecture": words.next()})
}
