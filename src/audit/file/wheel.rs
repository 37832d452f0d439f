//! A wheel's `WHEEL` file: which Pythons and platforms it is for.

use super::FileFacts;
use super::bytes::FileBytes;

const MOST_BYTES: u64 = 64 * 1024;

pub(super) fn is_one(path: &str) -> bool {
    path.ends_with(".dist-info/WHEEL")
}

pub(super) fn read(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let tags = text.lines().filter_map(|line| line.strip_prefix("Tag:"));
    let tags: Vec<String> = tags.map(|tag| tag.trim().to_owned()).collect();
    (!tags.is_empty()).then_some(FileFacts::WheelTags(tags))
}
