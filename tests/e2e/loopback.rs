//! The loopback registry of `tests/support`, for tests that are not asynchronous.

use std::ops::Deref;

use crate::registry::LoopbackRegistry;

pub(super) struct Loopback {
    registry: LoopbackRegistry,
    /// Its threads serve the registry; dropped after it.
    _runtime: tokio::runtime::Runtime,
}

impl Loopback {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let registry = runtime
            .block_on(LoopbackRegistry::start())
            .expect("a registry");
        Self {
            registry,
            _runtime: runtime,
        }
    }

    /// With an index of two platforms in it, tagged `1`. Nothing in it can run.
    pub(super) fn with_small_index(repository: &str) -> Self {
        let loopback = Self::new();
        let children = ["linux/amd64", "linux/arm64"].map(|platform| {
            loopback
                .image(repository, platform, "small")
                .descriptor(Some(platform))
        });
        loopback.index(repository, &["1"], &children);
        loopback
    }
}

impl Deref for Loopback {
    type Target = LoopbackRegistry;

    fn deref(&self) -> &LoopbackRegistry {
        &self.registry
    }
}
