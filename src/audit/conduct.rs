//! One audit from its first document to its last finding.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::judgement;
use super::layers::{self, Found, Layers};
use super::rootfs::Rootfs;
use super::tree::{self, Entry, Tree};
use super::unpacked::{Unpacked, UnpackedLayer};
use crate::event::{AuditReport, AuditedPlatform, Finding, Severity, Unseen};
use crate::image::{Compression, ImageConfig, Manifest, Platform};
use crate::source::{Contents, ContentsError};

/// What an audit is told.
pub struct AuditInput {
    /// Where the image's documents and blobs are.
    pub contents: Arc<dyn Contents>,
    /// The image, as the user wrote it.
    pub reference: String,
    /// Only these platforms are looked at, and each must be there; `None`:
    /// everything in the index.
    pub required: Option<Vec<Platform>>,
    /// How many layers may be read at a time.
    pub jobs: usize,
    /// The folder of the cache; `None`: nothing is kept.
    pub cache: Option<PathBuf>,
    /// Ends it early.
    pub cancel: CancellationToken,
}

/// Looks at an image.
///
/// # Errors
/// When what the reference names can't be had, so that there is nothing to report on.
pub async fn audit(input: AuditInput) -> Result<AuditReport, ContentsError> {
    let clock = Instant::now();
    let tree = tree::read(
        input.contents.as_ref(),
        input.required.as_deref(),
        DOCUMENTS_AT_A_TIME,
    )
    .await?;
    let mut report = AuditReport {
        reference: input.reference.clone(),
        index_digest: Some(tree.root.clone()),
        platforms: Vec::new(),
        findings: judgement::of_tree(&tree),
        errors: tree.errors(),
        notes: tree.note.iter().cloned().collect(),
        duration: clock.elapsed(),
    };
    let images = images(&tree, &mut report.notes);
    let layers = layers::read(&input, images.iter().map(|image| image.manifest)).await;
    let unpacked: Vec<Unpacked> = images
        .into_iter()
        .filter_map(|image| image.unpack(&layers, &mut report))
        .collect();
    // The rules take a processor's time, and nothing is waited for meanwhile.
    let found = tokio::task::spawn_blocking(move || {
        let findings = judgement::of_files(&unpacked);
        (findings, unpacked.iter().map(audited).collect::<Vec<_>>())
    });
    match found.await {
        Ok((findings, platforms)) => {
            judgement::join(&mut report.findings, findings);
            report.platforms = platforms;
        }
        Err(panic) => report
            .errors
            .push(format!("the files were not judged: {panic}").into()),
    }
    report.sort();
    report.duration = clock.elapsed();
    Ok(report)
}

/// Documents are small; a registry answers several requests sooner than one after another.
const DOCUMENTS_AT_A_TIME: usize = 8;

/// An image whose documents are whole.
struct Image<'t> {
    entry: &'t Entry,
    manifest: &'t Manifest,
    config: &'t ImageConfig,
}

/// The images whose files can be looked at, one for each platform: what is wrong
/// with the others is a finding or an error already.
fn images<'t>(tree: &'t Tree, notes: &mut Vec<String>) -> Vec<Image<'t>> {
    let mut seen = HashSet::new();
    let mut images = Vec::new();
    for entry in tree.images() {
        let (Ok(manifest), Some(Ok(config))) = (&entry.manifest, &entry.config) else {
            continue;
        };
        if entry.platform.os() != "linux" {
            notes.push(format!(
                "{}: only its documents were looked at, since its files are no Linux's",
                entry.platform
            ));
            continue;
        }
        if seen.insert(&entry.platform) {
            images.push(Image {
                entry,
                manifest,
                config,
            });
        }
    }
    images
}

impl Image<'_> {
    /// Its layers laid over one another; `None` where one of them could not be
    /// read, since what it would have brought or removed is not known then.
    fn unpack(self, layers: &Layers, report: &mut AuditReport) -> Option<Unpacked> {
        let platform = &self.entry.platform;
        let created_by = instructions(self.config, self.manifest.layers.len());
        let mut rootfs = Rootfs::default();
        let mut is_whole = true;
        let mut stack = Vec::new();
        for (at, descriptor) in self.manifest.layers.iter().enumerate() {
            let mut compression = Compression::default();
            match layers.get(&descriptor.digest) {
                Found::Facts(facts) => {
                    if let Some(promised) = self.config.diff_ids.get(at)
                        && *promised != facts.diff_id
                    {
                        let place = at + 1;
                        let actual = &facts.diff_id;
                        report.findings.push(
                            Finding::new(
                                "digest-mismatch",
                                Severity::Error,
                                format!("layer {place} unpacks to {actual}, and the config promises {promised}: engines refuse it"),
                            )
                            .on(platform)
                            .hint("push the image again, built anew"),
                        );
                    }
                    if facts.unexamined.count > 0 {
                        report.notes.push(format!(
                            "{platform}: {} files of layer {} were too large or too odd to be looked at: {}",
                            facts.unexamined.count,
                            at + 1,
                            facts.unexamined.first.join("; ")
                        ));
                    }
                    compression = facts.compression;
                    rootfs.apply(at, facts);
                }
                Found::Fault(finding) => {
                    is_whole = false;
                    report.findings.extend(finding.map(|finding| Finding {
                        layer: Some(descriptor.digest.clone()),
                        ..finding.on(platform)
                    }));
                }
                Found::Unread(why) => {
                    is_whole = false;
                    let message = format!("the files of {platform} were not judged: {why}");
                    report.errors.push(Unseen::of(platform, message));
                }
            }
            stack.push(UnpackedLayer {
                descriptor: descriptor.clone(),
                created_by: created_by.get(at).cloned(),
                compression,
            });
        }
        is_whole.then(|| Unpacked {
            platform: platform.clone(),
            digest: self.entry.descriptor.digest.clone(),
            config: self.config.clone(),
            layers: stack,
            rootfs,
        })
    }
}

/// The history's lines of those steps that made a layer; none where their number
/// is not that of the layers, since whose line is whose is not known then.
fn instructions(config: &ImageConfig, layers: usize) -> Vec<String> {
    let lines: Vec<String> = config
        .history
        .iter()
        .filter(|step| !step.empty_layer)
        .map(|step| step.created_by.clone())
        .collect();
    if lines.len() == layers {
        lines
    } else {
        Vec::new()
    }
}

fn audited(unpacked: &Unpacked) -> AuditedPlatform {
    AuditedPlatform {
        platform: unpacked.platform.clone(),
        digest: unpacked.digest.clone(),
        layers: unpacked.layers.len(),
        files: unpacked.rootfs.files().count(),
        elf_files: unpacked.elf_files().count(),
    }
}
