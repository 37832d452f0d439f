//! Documents that are made to cost too much.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::layout::{OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use crate::source::{Contents, Root};

const HUNDRED_MEGABYTES: u64 = 100_000_000;

/// Documents that are made up when they are asked for.
struct MadeUp<F> {
    root: Vec<u8>,
    /// By the number of the request.
    document: F,
    config: Vec<u8>,
    documents: AtomicUsize,
    sizes: AtomicUsize,
}

impl<F: Fn(usize) -> Vec<u8> + Send + Sync> MadeUp<F> {
    fn new(root: &Value, document: F) -> Self {
        Self {
            root: root.to_string().into_bytes(),
            document,
            config: b"{}".to_vec(),
            documents: AtomicUsize::new(0),
            sizes: AtomicUsize::new(0),
        }
    }

    async fn tree(&self) -> Tree {
        read(self, None, 4).await.expect("a tree")
    }

    /// How many documents were asked for.
    fn documents(&self) -> usize {
        self.documents.load(Ordering::Relaxed)
    }

    /// How many sizes were asked for.
    fn sizes(&self) -> usize {
        self.sizes.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl<F: Fn(usize) -> Vec<u8> + Send + Sync> Contents for MadeUp<F> {
    async fn root(&self) -> Result<Root, ContentsError> {
        Ok(Root {
            bytes: self.root.clone(),
            digest: Digest::of(&self.root),
            note: None,
        })
    }

    async fn document(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        let number = self.documents.fetch_add(1, Ordering::Relaxed);
        Ok((self.document)(number))
    }

    async fn blob(&self, _: &Descriptor) -> Result<Vec<u8>, ContentsError> {
        Ok(self.config.clone())
    }

    async fn size(&self, _: &Digest) -> Result<u64, ContentsError> {
        self.sizes.fetch_add(1, Ordering::Relaxed);
        Ok(1)
    }

    async fn open(&self, _: &Descriptor) -> Result<Box<dyn std::io::Read + Send>, ContentsError> {
        Err(ContentsError::Absent)
    }
}

fn nothing(_: usize) -> Vec<u8> {
    Vec::new()
}

/// A descriptor of something that there is only one of.
fn pointer(media_type: &str, number: usize, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{number:064x}"), "size": size})
}

fn index(entries: Vec<Value>) -> Value {
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
}

/// A manifest whose layers have numbers from `first` on.
fn manifest(first: usize, layers: usize) -> Value {
    let layers: Vec<Value> = (first..first + layers)
        .map(|number| pointer(OCI_LAYER, number, 1))
        .collect();
    let config = pointer(OCI_CONFIG, usize::MAX, 2);
    json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers})
}

fn reason(trouble: &Trouble) -> &str {
    match trouble {
        Trouble::Invalid(why) => why,
        other => panic!("{other:?}"),
    }
}

fn only_broken_index(tree: &Tree) -> &str {
    match tree.broken_indexes.as_slice() {
        [(_, trouble)] => reason(trouble),
        other => panic!("one expected: {other:?}"),
    }
}

#[tokio::test]
async fn an_index_that_lists_itself_is_read_once_more_and_no_further() {
    let root = index(vec![pointer(OCI_INDEX, 7, 1)]);
    let again = root.to_string().into_bytes();
    let contents = MadeUp::new(&root, move |_| again.clone());
    let tree = contents.tree().await;
    assert_eq!(contents.documents(), 1);
    assert_eq!(tree.entries.len(), 0);
}

#[tokio::test]
async fn indexes_that_stand_in_each_other_without_end_are_left_at_a_depth() {
    let next = |number: usize| index(vec![pointer(OCI_INDEX, number, 1)]);
    let contents = MadeUp::new(&next(0), move |number| {
        next(number + 1).to_string().into_bytes()
    });
    let tree = contents.tree().await;
    assert_eq!(contents.documents(), 3);
    assert_eq!(
        only_broken_index(&tree),
        "indexes stand more than 4 deep in each other"
    );
}

#[tokio::test]
async fn indexes_that_list_ever_more_indexes_are_left_at_a_number() {
    let fan = |number: usize| {
        let entries = (0..100).map(|at| pointer(OCI_INDEX, number * 100 + at, 1));
        index(entries.collect())
    };
    let contents = MadeUp::new(&fan(0), move |number| {
        fan(number + 1).to_string().into_bytes()
    });
    let tree = contents.tree().await;
    assert!(contents.documents() <= 1000, "{}", contents.documents());
    let (_, last) = tree.broken_indexes.last().expect("an end");
    assert!(
        reason(last).contains("more than 1000 entries"),
        "{}",
        reason(last)
    );
}

#[tokio::test]
async fn a_manifest_of_a_hundred_megabytes_is_not_even_asked_for() {
    let root = index(vec![
        pointer(OCI_MANIFEST, 1, HUNDRED_MEGABYTES),
        pointer(OCI_INDEX, 2, HUNDRED_MEGABYTES),
    ]);
    let contents = MadeUp::new(&root, nothing);
    let tree = contents.tree().await;
    assert_eq!(contents.documents(), 0);
    let expected =
        "by its descriptor it has 100000000 bytes, and no registry takes more than 4194304";
    assert_eq!(only_broken_index(&tree), expected);
    let trouble = tree.entries[0].manifest.as_ref().expect_err("too large");
    assert_eq!(reason(trouble), expected);
}

#[tokio::test]
async fn documents_that_fill_the_memory_together_are_left_at_a_number_of_bytes() {
    const SIZE: usize = 4 << 20;
    let entries = (0..40).map(|number| pointer(OCI_MANIFEST, number, SIZE as u64));
    let contents = MadeUp::new(&index(entries.collect()), |_| vec![b'x'; SIZE]);
    let tree = contents.tree().await;
    let kept: usize = tree.entries.iter().map(|e| e.manifest_bytes.len()).sum();
    assert!(kept <= 128 << 20, "{kept}");
    let last = tree.entries.last().expect("an entry");
    let trouble = last.manifest.as_ref().expect_err("too much");
    assert_eq!(
        reason(trouble),
        "it was not read: the documents of this image have more than 134217728 bytes in all"
    );
}

#[tokio::test]
async fn a_manifest_of_ten_thousand_layers_has_none_that_is_asked_for() {
    let contents = MadeUp::new(&manifest(0, 10_000), nothing);
    let tree = contents.tree().await;
    assert_eq!(contents.sizes(), 0);
    let trouble = tree.entries[0].manifest.as_ref().expect_err("too many");
    assert_eq!(
        reason(trouble),
        "it lists 10000 layers, and no engine unpacks more than 1000"
    );
}

#[tokio::test]
async fn layers_of_all_images_together_have_a_bound() {
    let of = |number: usize| manifest(number * 1000, 1000).to_string().into_bytes();
    let sizes: Vec<u64> = (0..25).map(|number| of(number).len() as u64).collect();
    let entries = (0..25).map(|number| pointer(OCI_MANIFEST, number, sizes[number]));
    let contents = MadeUp::new(&index(entries.collect()), of);
    let tree = contents.tree().await;
    assert_eq!(contents.sizes(), 20_000);
    let refused: Vec<&str> = tree
        .entries
        .iter()
        .filter_map(|entry| entry.manifest.as_ref().err().map(reason))
        .collect();
    assert_eq!(refused.len(), 5);
    assert!(
        refused[0].contains("more than 20000 layers in all"),
        "{}",
        refused[0]
    );
}

/// A bare image with this history.
async fn with_history(lines: &str) -> Tree {
    let config =
        format!(r#"{{"os":"linux","architecture":"amd64","history":[{lines}]}}"#).into_bytes();
    let mut root = manifest(0, 1);
    root["config"]["size"] = config.len().into();
    let mut contents = MadeUp::new(&root, nothing);
    contents.config = config;
    contents.tree().await
}

#[tokio::test]
async fn a_million_lines_of_history_are_counted_and_not_told() {
    let lines = format!("{}{{}}", "{},".repeat(999_999));
    let tree = with_history(&lines).await;
    let findings = crate::audit::judgement::of_tree(&tree);
    let said: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.code == "history-mismatch")
        .collect();
    assert_eq!(said.len(), 1, "{findings:?}");
    assert!(
        said[0].message.contains("tells of 1000000 layers"),
        "{}",
        said[0].message
    );
    let length: usize = findings.iter().map(|finding| finding.message.len()).sum();
    assert!(length < 2000, "{findings:?}");
}

#[tokio::test]
async fn a_history_of_many_megabytes_is_not_read() {
    let line = r#"{"created_by":"RUN true"}"#;
    let lines = format!("{}{line}", format!("{line},").repeat(999_999));
    let tree = with_history(&lines).await;
    let Some(Err(trouble)) = &tree.entries[0].config else {
        panic!("{:?}", tree.entries[0].config.is_some());
    };
    assert!(
        reason(trouble).contains("and no config of an image is that large"),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn documents_nested_a_million_deep_overflow_no_stack() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let whole = manifest(0, 1).to_string();
    let inside = format!(r#"{{"x":{deep},{}"#, &whole[1..]);
    for root in [deep.clone(), inside] {
        let mut contents = MadeUp::new(&Value::Null, nothing);
        contents.root = root.into_bytes();
        contents.config = format!(r#"{{"os":"linux","config":{deep}}}"#).into_bytes();
        // What it is matters not: it is read, judged, and no more.
        let _ = crate::audit::judgement::of_tree(&contents.tree().await);
    }
}
