//! Node's own header file, which says what addons must be built for.

use super::FileFacts;
use super::bytes::FileBytes;
use super::examine::ends_with_path;

const MOST_BYTES: u64 = 64 * 1024;

pub(super) fn is_one(path: &str) -> bool {
    ends_with_path(path, "include/node/node_version.h")
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        if words.next() != Some("#define") || words.next() != Some("NODE_MODULE_VERSION") {
            return None;
        }
        words.next()?.parse().ok().map(FileFacts::NodeHeader)
    })
}
