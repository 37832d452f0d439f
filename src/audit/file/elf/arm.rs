//! `.ARM.attributes` (Addenda to the ABI for the Arm Architecture, "Build
//! attributes"): what a 32-bit file demands of the processor, and how it passes
//! floating-point numbers.

use super::layout::Layout;
use super::sections::Part;
use crate::audit::file::ArmAttributes;
use crate::audit::file::bytes::{FileBytes, WINDOW};

const CPU_RAW_NAME: u64 = 4;
const CPU_NAME: u64 = 5;
const CPU_ARCH: u64 = 6;
const VFP_ARGS: u64 = 28;
const COMPATIBILITY: u64 = 32;
/// `Tag_File`: the attributes of the whole file.
const FILE: u64 = 1;

pub(super) fn attributes(
    layout: Layout,
    part: Part,
    file: &mut FileBytes<'_>,
) -> Option<ArmAttributes> {
    let length = usize::try_from(part.size).ok()?.min(WINDOW);
    let bytes = file.up_to(part.offset, length)?;
    let mut vendors = bytes.strip_prefix(b"A")?;
    loop {
        let length = usize::try_from(layout.u32(vendors, 0)?).ok()?;
        let vendor = vendors.get(4..length)?;
        if let Some(attributes) = vendor.strip_prefix(b"aeabi\0") {
            return of_file(layout, attributes);
        }
        vendors = vendors.get(length..)?;
    }
}

fn of_file(layout: Layout, mut scopes: &[u8]) -> Option<ArmAttributes> {
    loop {
        let mut rest = scopes;
        let scope = number(&mut rest)?;
        let length = usize::try_from(layout.u32(rest, 0)?).ok()?;
        let used = scopes.len() - rest.len() + 4;
        if scope == FILE {
            return Some(read(scopes.get(used..length)?));
        }
        // No scope is empty: a length of zero would stand still.
        if length < used {
            return None;
        }
        scopes = scopes.get(length..)?;
    }
}

/// What can be read: the first attribute that can't be ends it.
fn read(mut bytes: &[u8]) -> ArmAttributes {
    let mut found = ArmAttributes {
        cpu_arch: None,
        vfp_args: None,
    };
    while let Some(tag) = number(&mut bytes) {
        let is_text = matches!(tag, CPU_RAW_NAME | CPU_NAME) || (tag > 32 && tag % 2 == 1);
        if is_text {
            if text(&mut bytes).is_none() {
                break;
            }
            continue;
        }
        let Some(value) = number(&mut bytes) else {
            break;
        };
        match tag {
            CPU_ARCH => found.cpu_arch = u8::try_from(value).ok(),
            VFP_ARGS => found.vfp_args = u8::try_from(value).ok(),
            COMPATIBILITY if text(&mut bytes).is_none() => break,
            _ => {}
        }
    }
    found
}

/// Unsigned LEB128.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(bytes: &mut &[u8]) -> Option<()> {
    let end = memchr::memchr(0, bytes)?;
    *bytes = bytes.get(end + 1..)?;
    Some(())
}
