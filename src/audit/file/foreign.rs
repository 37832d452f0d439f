//! What stands where a program or a library should, and is none of Linux's.

use super::NotElf;
use super::examine::name_of;
use super::script::is_text;

/// Names that say of themselves that they are another system's, or a page: a
/// package that carries them is in order.
const ELSEWHERE: &[&str] = &[
    ".exe", ".dll", ".com", ".sys", ".pyd", ".dylib", ".html", ".htm", ".xhtml",
];

/// `None` where the file is nothing that would be loaded in vain.
pub(super) fn recognise(path: &str, size: u64, head: &[u8], is_library: bool) -> Option<NotElf> {
    if size == 0 {
        return Some(NotElf::Empty);
    }
    let name = name_of(path).to_ascii_lowercase();
    if ELSEWHERE.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    if is_mach_o(head) {
        return Some(NotElf::MachO);
    }
    if is_pe(head) {
        return Some(NotElf::Pe);
    }
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(NotElf::LfsPointer);
    }
    if is_html(head) {
        return Some(NotElf::Html);
    }
    let is_in_order = if is_library {
        is_linker_script(head)
    } else {
        // Any other text that is executable is a script, and so is an archive behind
        // a `#!` line.
        is_text(head) || head.starts_with(b"#!")
    };
    (!is_in_order).then_some(NotElf::Other)
}

fn is_mach_o(head: &[u8]) -> bool {
    let word = |at: usize| -> Option<u32> {
        let bytes = head.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    match word(0) {
        Some(0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe) => true,
        // Several architectures in one file. A Java class begins with the same number;
        // what follows is its version there, 45 or more, and here how many there are.
        Some(0xcafe_babe | 0xcafe_babf) => word(4).is_some_and(|count| (1..43).contains(&count)),
        Some(0xbeba_feca | 0xbfba_feca) => {
            word(4).is_some_and(|count| (1..43).contains(&count.swap_bytes()))
        }
        _ => false,
    }
}

fn is_pe(head: &[u8]) -> bool {
    if !head.starts_with(b"MZ") {
        return false;
    }
    let header = head
        .get(0x3c..0x40)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_le_bytes)
        .and_then(|at| usize::try_from(at).ok());
    match header {
        Some(at) if at < head.len() => head
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"PE\0\0")),
        // The rest of it lies further on, or the file is cut.
        _ => !is_text(head),
    }
}

fn is_html(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    [&b"<!doctype html"[..], b"<html"].iter().any(|start| {
        text.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    })
}

/// Development packages bring texts for the linker under a library's name:
/// `libc.so`, `libncurses.so`.
fn is_linker_script(head: &[u8]) -> bool {
    const COMMANDS: &[&[u8]] = &[b"INPUT", b"GROUP", b"OUTPUT_FORMAT", b"GNU ld script"];
    is_text(head)
        && COMMANDS
            .iter()
            .any(|command| memchr::memmem::find(head, command).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(head: &[u8]) -> Option<NotElf> {
        recognise("app/lib/x.so", head.len() as u64, head, true)
    }

    fn program(name: &str, head: &[u8]) -> Option<NotElf> {
        recognise(name, head.len() as u64, head, false)
    }

    #[test]
    fn other_systems_formats_are_known_by_their_first_bytes() {
        for head in [
            &b"\xcf\xfa\xed\xfe\x0c\0\0\x01"[..],
            b"\xfe\xed\xfa\xce\0\0\0\x12",
            b"\xca\xfe\xba\xbe\0\0\0\x02",
            b"\xbe\xba\xfe\xca\x02\0\0\0",
        ] {
            assert_eq!(program("bin/app", head), Some(NotElf::MachO), "{head:?}");
        }
        let mut windows = vec![0; 0x90];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x80;
        windows[0x80..0x84].copy_from_slice(b"PE\0\0");
        assert_eq!(program("bin/app", &windows), Some(NotElf::Pe));
        assert_eq!(library(&windows), Some(NotElf::Pe));
    }

    #[test]
    fn a_java_class_is_no_program_of_macos() {
        let class = b"\xca\xfe\xba\xbe\0\0\0\x41";
        assert_eq!(program("app/Main", class), Some(NotElf::Other));
    }

    #[test]
    fn what_says_of_itself_that_it_is_for_elsewhere_is_in_order() {
        // Its own header lies beyond the bytes that are there.
        let mut windows = [b"MZ\x90\0".to_vec(), vec![0; 60]].concat();
        windows[0x3c] = 0x80;
        assert_eq!(program("lib/distlib/t64.exe", &windows), None);
        assert_eq!(program("bin/t64", &windows), Some(NotElf::Pe));
        assert_eq!(program("srv/index.html", b"<!DOCTYPE html>"), None);
    }

    #[test]
    fn a_download_that_went_wrong_is_named() {
        let page = b"\n<!DOCTYPE HTML><html>Not Found";
        assert_eq!(program("usr/bin/tini", page), Some(NotElf::Html));
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
        assert_eq!(library(pointer), Some(NotElf::LfsPointer));
        assert_eq!(library(b"Not Found"), Some(NotElf::Other));
        assert_eq!(library(b""), Some(NotElf::Empty));
    }

    #[test]
    fn texts_for_the_linker_are_in_order() {
        let text = b"/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n";
        assert_eq!(library(text), None);
        assert_eq!(library(b"INPUT(libncurses.so.6 -ltinfo)\n"), None);
    }

    #[test]
    fn an_executable_that_no_kernel_knows_is_told() {
        // The archive in place of the program in it.
        let archive = b"\x1f\x8b\x08\0\0\0\0\0";
        assert_eq!(program("usr/local/bin/tool", archive), Some(NotElf::Other));
        let zipped = b"#!/usr/bin/env python3\nPK\x03\x04\0\0";
        assert_eq!(program("usr/local/bin/tool", zipped), None);
    }
}
