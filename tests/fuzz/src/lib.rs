//! What several targets need: the fuzzer's bytes as files, archives, images.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use everyarch::audit::file::{Content, Whole};
use everyarch::audit::layer::{EntryKind, Limits, Reading, read};
use everyarch::audit::rootfs::Rootfs;
use everyarch::audit::{AuditInput, audit};
use everyarch::image::{Descriptor, Digest};
use everyarch::source::{Contents, ContentsError, Root};
use tokio_util::sync::CancellationToken;

/// A file that lies in memory.
pub struct InMemory<'a>(pub &'a [u8]);

impl Content for InMemory<'_> {
    fn head(&mut self) -> &[u8] {
        self.0
    }

    fn whole(&mut self) -> std::io::Result<Whole<'_>> {
        Ok(Whole::Bytes(self.0))
    }
}

/// Small ones, so that they are met.
pub fn limits() -> Limits {
    Limits {
        unpacked_free: 4 << 20,
        entries: 10_000,
        kept_bytes: 1 << 20,
        in_memory_bytes: 1 << 10,
        spooled_bytes: 1 << 16,
        ..Limits::default()
    }
}

/// A tar archive, each of its headers with the checksum that fits: by chance none does.
pub fn with_right_checksums(archive: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let mut at = 0_usize;
    while let Some(block) = archive.get_mut(at..at.saturating_add(512)) {
        at += 512;
        if block.iter().all(|byte| *byte == 0) {
            continue;
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        // What has no contents has none, whatever its size says.
        if matches!(block[156], b'1'..=b'6') {
            continue;
        }
        let size: String = block[124..136]
            .iter()
            .map(|byte| char::from(*byte))
            .filter(|digit| digit.is_digit(8))
            .collect();
        let size = usize::from_str_radix(&size, 8).unwrap_or(0);
        at = at.saturating_add(size.min(1 << 40).next_multiple_of(512));
    }
    archive
}

/// A layer's descriptor.
pub fn layer(blob: &[u8]) -> Descriptor {
    Descriptor {
        media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(),
        digest: Digest::of(blob),
        size: blob.len() as u64,
        platform: None,
        annotations: Default::default(),
        urls: Vec::new(),
    }
}

/// Judges an image as `everyarch audit` does, and keeps nothing.
pub fn judge(contents: Arc<dyn Contents>) {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    });
    let input = AuditInput {
        contents,
        reference: "fuzzed".to_owned(),
        required: None,
        jobs: 1,
        cache: None,
        cancel: CancellationToken::new(),
    };
    if let Ok(report) = runtime.block_on(audit(input)) {
        for finding in &report.findings {
            assert!(finding.message.len() < 1 << 20, "{}", finding.code);
        }
    }
}

/// Documents in the order in which they are asked for, the first again after the
/// last: documents that list one another have an end.
pub struct Sequence {
    parts: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Sequence {
    /// Between zero bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            parts: bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect(),
            next: AtomicUsize::new(0),
        }
    }

    fn part(&self) -> Vec<u8> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.parts[next % self.parts.len()].clone()
    }
}

#[async_trait]
impl Contents for Sequence {
    async fn root(&self) -> Result<Root, ContentsError> {
        let bytes = self.part();
        Ok(Root {
            digest: Digest::of(&bytes),
            bytes,
            note: None,
        })
    }

    async fn document(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.part())
    }

    async fn blob(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.part())
    }

    async fn size(&self, _: &Digest) -> Result<u64, ContentsError> {
        Ok(self.part().len() as u64)
    }

    async fn open(&self, _: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError> {
        Ok(Box::new(std::io::Cursor::new(self.part())))
    }
}

/// Blobs that are what their digests promise.
#[derive(Default)]
pub struct Store {
    blobs: Vec<(Digest, Vec<u8>)>,
    root: Vec<u8>,
}

impl Store {
    /// Puts a blob into it, and gives its descriptor.
    pub fn put(&mut self, media_type: &str, bytes: Vec<u8>) -> String {
        let digest = Digest::of(&bytes);
        let size = bytes.len();
        self.blobs.push((digest.clone(), bytes));
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    }

    /// What the reference names.
    pub fn name(&mut self, root: String) {
        self.root = root.into_bytes();
    }

    fn find(&self, digest: &Digest) -> Result<&[u8], ContentsError> {
        self.blobs
            .iter()
            .find(|(known, _)| known == digest)
            .map(|(_, bytes)| bytes.as_slice())
            .ok_or(ContentsError::Absent)
    }
}

#[async_trait]
impl Contents for Store {
    async fn root(&self) -> Result<Root, ContentsError> {
        Ok(Root {
            bytes: self.root.clone(),
            digest: Digest::of(&self.root),
            note: None,
        })
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        self.find(&descriptor.digest).map(<[u8]>::to_vec)
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        self.find(&descriptor.digest).map(<[u8]>::to_vec)
    }

    async fn size(&self, digest: &Digest) -> Result<u64, ContentsError> {
        self.find(digest).map(|bytes| bytes.len() as u64)
    }

    async fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ContentsError> {
        let bytes = self.find(&descriptor.digest)?.to_vec();
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

/// Reads a layer and lays it on itself.
pub fn walk(blob: &[u8]) {
    let limits = limits();
    let reading = Reading {
        limits: &limits,
        folder: &std::env::temp_dir(),
        cancelled: &AtomicBool::new(false),
    };
    let Ok(facts) = read(blob, &layer(blob), reading) else {
        return;
    };
    for entry in facts.entries() {
        assert_inside(&entry.path);
        if let EntryKind::HardLink(target) = &entry.kind {
            assert_inside(target);
        }
    }
    let mut rootfs = Rootfs::default();
    rootfs.apply(0, facts.clone());
    rootfs.apply(1, facts);
    for node in rootfs.nodes() {
        let path = node.path();
        let found = rootfs.entry(&path).map(|found| found.path());
        assert_eq!(found, Some(path.clone()));
        let _ = rootfs.resolve(&path);
    }
}

fn assert_inside(path: &str) {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    assert!(path.is_empty() || path.split('/').all(is_name), "{path}");
}
