//! Texts in a program that tell what it is made of.

use memchr::memmem;

use super::dynamic::Dynamic;
use super::layout::{LOAD, Segment};
use crate::audit::file::bytes::FileBytes;

/// Read-only data beyond this is not searched: far more than any program has.
const SEARCHED: u64 = 1024 * 1024 * 1024;

/// `NODE_MODULE_VERSION` of an addon that is bound to one.
pub(super) fn node_module_version(dynamic: &Dynamic, file: &mut FileBytes<'_>) -> Option<u32> {
    const NAME: &[u8] = b"\0node_register_module_v";
    let at = symbol(NAME, dynamic, file)?;
    let digits = file.c_string(at.checked_add(NAME.len() as u64)?, 8)?;
    digits.parse().ok()
}

/// It exports what Node-API looks for, or calls what registers with it.
pub(super) fn is_node_api(dynamic: &Dynamic, file: &mut FileBytes<'_>) -> bool {
    symbol(b"\0napi_register_module_v1\0", dynamic, file).is_some()
        || symbol(b"\0napi_module_register\0", dynamic, file).is_some()
}

/// Where a text stands in the names of the dynamic symbols.
fn symbol(name: &[u8], dynamic: &Dynamic, file: &mut FileBytes<'_>) -> Option<u64> {
    let start = dynamic.strings_at?;
    let end = start.saturating_add(dynamic.strings_size);
    file.find(start..end, &memmem::Finder::new(name))
}

/// The version in the address that Node has its own headers from.
pub(super) fn node_version(segments: &[Segment], file: &mut FileBytes<'_>) -> Option<String> {
    const ADDRESS: &[u8] = b"/download/release/v";
    let at = constant(ADDRESS, segments, file)?;
    let rest = file.up_to(at.checked_add(ADDRESS.len() as u64)?, 32)?;
    let end = memchr::memchr(b'/', rest)?;
    let version = std::str::from_utf8(rest.get(..end)?).ok()?;
    let is_version = version
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_version.then(|| version.to_owned())
}

/// jemalloc's message on page sizes other than it was built for.
pub(super) fn has_jemalloc(segments: &[Segment], file: &mut FileBytes<'_>) -> bool {
    constant(b"<jemalloc>: Unsupported system page size", segments, file).is_some()
}

/// Where a text stands in what is loaded and can't be written to.
fn constant(text: &[u8], segments: &[Segment], file: &mut FileBytes<'_>) -> Option<u64> {
    let finder = memmem::Finder::new(text);
    // Segments may overlap in the file: all of them together are bounded.
    let mut left = SEARCHED.min(file.size());
    for segment in segments {
        if segment.kind != LOAD || segment.is_writable() {
            continue;
        }
        let range = segment.range();
        let end = range.end.min(range.start.saturating_add(left));
        left -= end - range.start;
        let found = file.find(range.start..end, &finder);
        if found.is_some() {
            return found;
        }
    }
    None
}
