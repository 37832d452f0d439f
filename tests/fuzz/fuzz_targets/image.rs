//! An image of two platforms whose documents are right, with any files in it: every
//! rule looks at them, ends, and never panics. One platform has all of the archive,
//! the other one its first half.

#![no_main]

use std::sync::Arc;

use everyarch_fuzz::{Store, judge, with_right_checksums};
use libfuzzer_sys::fuzz_target;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fuzz_target!(|archive: &[u8]| {
    let archive = with_right_checksums(archive);
    let middle = (archive.len() / 2).next_multiple_of(512).min(archive.len());
    let (first, second) = archive.split_at(middle);
    let mut store = Store::default();
    let first = store.put(LAYER, first.to_vec());
    let second = store.put(LAYER, second.to_vec());
    let mut entries = Vec::new();
    for (architecture, layers) in [("amd64", format!("{first},{second}")), ("arm64", first)] {
        let config = format!(
            r#"{{"os":"linux","architecture":"{architecture}","config":{{"Entrypoint":["app"],
            "Cmd":["srv/main.js"],"WorkingDir":"/srv",
            "Env":["PATH=/usr/bin:/bin","LD_LIBRARY_PATH=/opt/lib:lib"]}}}}"#
        );
        let config = store.put(CONFIG, config.into_bytes());
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{config},"layers":[{layers}]}}"#
        );
        let manifest = store.put(MANIFEST, manifest.into_bytes());
        let entry = manifest.trim_end_matches('}');
        entries.push(format!(
            r#"{entry},"platform":{{"os":"linux","architecture":"{architecture}"}}}}"#
        ));
    }
    let entries = entries.join(",");
    store.name(format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{entries}]}}"#
    ));
    judge(Arc::new(store));
});
