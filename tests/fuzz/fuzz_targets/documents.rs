//! Any bytes as index, manifest, config and layer at once: reading them and judging
//! what was read ends, and never panics.
#![no_main]

use std::io::Read;
use std::sync::Arc;

use async_trait::async_trait;
use everyarch::audit::{AuditInput, audit};
use everyarch::image::{Descriptor, Digest};
use everyarch::source::{Contents, ContentsError, Root};
use libfuzzer_sys::fuzz_target;
use tokio_util::sync::CancellationToken;

/// The same bytes under every name: documents that list one another have an end.
struct Echo(Arc<[u8]>);

#[async_trait]
impl Contents for Echo {
    async fn root(&self) -> Result<Root, ContentsError> {
        Ok(Root {
            bytes: self.0.to_vec(),
            digest: Digest::of(&self.0),
            note: None,
        })
    }

    async fn document(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.0.to_vec())
    }

    async fn blob(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.0.to_vec())
    }

    async fn size(&self, _: &Digest) -> Result<u64, ContentsError> {
        Ok(self.0.len() as u64)
    }

    async fn open(&self, _: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError> {
        Ok(Box::new(std::io::Cursor::new(self.0.clone())))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    let input = AuditInput {
        contents: Arc::new(Echo(Arc::from(bytes))),
        reference: "fuzzed".to_owned(),
        required: None,
        jobs: 1,
        cache: None,
        cancel: CancellationToken::new(),
    };
    let _ = runtime.block_on(audit(input));
});
