//! Reads the layers of all platforms, each digest once, several at a time, and
//! keeps the results on disk: what lies in memory is one layer, not the image.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use super::conduct::AuditInput;
use super::layer::{self, LayerError, LayerFacts, LayerFault, Limits, Reading, cache::LayerCache};
use crate::event::{Finding, Severity};
use crate::image::{Descriptor, Digest, Manifest};
use crate::source::{Contents, ContentsError};

/// What all of the cache may take of the disk: some ten thousand layers.
const CACHE_BYTES: u64 = 1 << 30;
/// Entries of a layer that may lie in memory beside others.
const SMALL: usize = 20_000;

/// What came of reading them.
pub(super) struct Layers {
    cache: Option<LayerCache>,
    /// Holds the cache where nothing is to be kept; removed with it.
    _folder: Option<tempfile::TempDir>,
    outcomes: HashMap<Digest, Outcome>,
}

/// What is known of a layer.
pub(super) enum Found {
    /// What it holds.
    Facts(LayerFacts),
    /// It can't be unpacked, by the image's fault; `None`: which is said already.
    Fault(Option<Finding>),
    /// Nothing, for no fault of the image: why.
    Unread(String),
}

enum Outcome {
    /// It is in the cache.
    Kept,
    /// It could not be put there.
    InMemory(LayerFacts),
    /// The image's fault: an engine fails on it too.
    Fault(Finding),
    /// Not the image's fault: nothing is known of it.
    Unread(String),
    /// What is wrong with it is a finding of the documents already.
    Known,
}

/// Reads the layers of these manifests.
pub(super) async fn read<'m>(
    input: &AuditInput,
    manifests: impl Iterator<Item = &'m Manifest>,
) -> Layers {
    let mut seen = HashSet::new();
    let descriptors: Vec<&Descriptor> = manifests
        .flat_map(|manifest| &manifest.layers)
        .filter(|layer| seen.insert(&layer.digest))
        .collect();
    let temporary = match &input.cache {
        Some(_) => None,
        None => tempfile::tempdir().ok(),
    };
    let folder = input
        .cache
        .as_deref()
        .or(temporary.as_ref().map(tempfile::TempDir::path));
    let cache = folder.map(|folder| LayerCache::new(folder.join("layers"), CACHE_BYTES));
    // A reader looks at the flag between two blocks; the token is for tasks.
    let stop = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn(raise(input.cancel.clone(), Arc::clone(&stop)));
    // Futures before they are a stream: else the compiler can't see that they are `Send`.
    let reading: Vec<_> = descriptors
        .into_iter()
        .map(|descriptor| {
            let (cache, stop) = (cache.clone(), Arc::clone(&stop));
            async move {
                let outcome = one(input.contents.as_ref(), descriptor, cache, stop).await;
                (descriptor.digest.clone(), outcome)
            }
        })
        .collect();
    let outcomes = stream::iter(reading)
        .buffer_unordered(input.jobs.max(1))
        .collect()
        .await;
    watch.abort();
    Layers {
        cache,
        _folder: temporary,
        outcomes,
    }
}

/// What the cache has. Most layers are small, and need not be read from it again.
fn kept(facts: LayerFacts) -> Outcome {
    if facts.len() <= SMALL {
        Outcome::InMemory(facts)
    } else {
        Outcome::Kept
    }
}

async fn raise(cancel: CancellationToken, stop: Arc<AtomicBool>) {
    cancel.cancelled().await;
    stop.store(true, Ordering::Relaxed);
}

/// Reads one layer, unless an earlier audit did.
async fn one(
    contents: &dyn Contents,
    descriptor: &Descriptor,
    cache: Option<LayerCache>,
    stop: Arc<AtomicBool>,
) -> Outcome {
    if stop.load(Ordering::Relaxed) {
        return Outcome::Unread(unread(descriptor, &LayerError::Cancelled));
    }
    if let Some(facts) = cache
        .as_ref()
        .and_then(|cache| cache.get(&descriptor.digest))
    {
        return kept(facts);
    }
    let blob = match contents.open(descriptor).await {
        Ok(blob) => blob,
        Err(ContentsError::Unreachable(why)) => {
            let digest = &descriptor.digest;
            return Outcome::Unread(format!("the layer {digest} could not be read: {why}"));
        }
        // Its size was asked for before: the documents' rules have said it.
        Err(_) => return Outcome::Known,
    };
    let descriptor = descriptor.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let folder = spool_folder();
        let reading = Reading {
            limits: &limits,
            folder: &folder,
            cancelled: &stop,
        };
        match layer::read(blob, &descriptor, reading) {
            Ok(facts) => match cache.map(|cache| cache.put(&descriptor.digest, &facts)) {
                Some(Ok(())) => kept(facts),
                Some(Err(_)) | None => Outcome::InMemory(facts),
            },
            Err(error) => judged(&descriptor, &error),
        }
    });
    match reading.await {
        Ok(outcome) => outcome,
        Err(panic) => Outcome::Unread(format!("a layer was not read: {panic}")),
    }
}

/// Where files are put that are too large to be looked at in memory.
fn spool_folder() -> PathBuf {
    // Often `/tmp` is memory; this folder is meant for what is large.
    let large = Path::new("/var/tmp");
    match std::env::var_os("TMPDIR") {
        None if large.is_dir() => large.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// Whose fault it is that a layer can't be read.
fn judged(descriptor: &Descriptor, error: &LayerError) -> Outcome {
    let code = match error {
        LayerError::Digest { .. } => "digest-mismatch",
        LayerError::TooLong { .. } | LayerError::TooShort { .. } => "size-mismatch",
        _ => "layer-invalid",
    };
    match error.fault() {
        LayerFault::Image => Outcome::Fault(
            Finding::new(
                code,
                Severity::Error,
                format!("the layer {} can't be unpacked: {error}", descriptor.digest),
            )
            .hint("push the image again, and look for a broken mirror or proxy on the way"),
        ),
        LayerFault::Limit | LayerFault::Io | LayerFault::Cancelled => {
            Outcome::Unread(unread(descriptor, error))
        }
    }
}

fn unread(descriptor: &Descriptor, error: &LayerError) -> String {
    format!("the layer {} could not be read: {error}", descriptor.digest)
}

impl Layers {
    /// What is known of a layer.
    pub(super) fn get(&self, digest: &Digest) -> Found {
        match self.outcomes.get(digest) {
            Some(Outcome::Kept) => match self.cache.as_ref().and_then(|cache| cache.get(digest)) {
                Some(facts) => Found::Facts(facts),
                None => Found::Unread(format!("the cache lost the layer {digest}")),
            },
            Some(Outcome::InMemory(facts)) => Found::Facts(facts.clone()),
            Some(Outcome::Fault(finding)) => Found::Fault(Some(finding.clone())),
            Some(Outcome::Known) => Found::Fault(None),
            Some(Outcome::Unread(why)) => Found::Unread(why.clone()),
            None => Found::Unread(format!("the layer {digest} was not read")),
        }
    }
}
