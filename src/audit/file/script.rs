//! The first line of a script, as the kernel reads it.

use super::Script;

/// What is kept of a `#!` line: more than the 256 bytes that Linux reads.
const LONGEST_LINE: usize = 512;
/// Whether a file is text is told from its first bytes.
const LOOKED_AT: usize = 4096;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Of a file that begins with `#!`, or that is executable and text.
pub(super) fn read(head: &[u8], is_executable: bool) -> Option<Script> {
    let line = head.strip_prefix(b"#!");
    if line.is_none() && !(is_executable && is_text(head)) {
        return None;
    }
    let after_mark = head.strip_prefix(BYTE_ORDER_MARK);
    let text = after_mark.unwrap_or(head);
    let first = first_line(text);
    Some(Script {
        shebang: line.map(|line| {
            let line = first_line(line).trim_ascii();
            let kept = line.get(..LONGEST_LINE).unwrap_or(line);
            String::from_utf8_lossy(kept).into_owned()
        }),
        has_carriage_return: first.ends_with(b"\r"),
        has_byte_order_mark: after_mark.is_some(),
        has_late_shebang: text.first().is_some_and(u8::is_ascii_whitespace)
            && text.trim_ascii_start().starts_with(b"#!"),
    })
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// Text in any encoding that has no zero bytes, and UTF-16 by its mark.
pub(super) fn is_text(head: &[u8]) -> bool {
    let start = head.get(..LOOKED_AT).unwrap_or(head);
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return true;
    }
    !start.is_empty()
        && start
            .iter()
            .all(|byte| *byte >= 0x20 && *byte != 0x7f || matches!(byte, 0x08..=0x0d | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &[u8]) -> Script {
        read(text, true).expect("a script")
    }

    #[test]
    fn the_line_is_kept_as_the_kernel_reads_it() {
        let found = script(b"#! /usr/bin/env node \nrest");
        assert_eq!(found.shebang.as_deref(), Some("/usr/bin/env node"));
        assert!(!found.has_carriage_return && !found.has_late_shebang);
        assert_eq!(script(b"#!/bin/sh").shebang.as_deref(), Some("/bin/sh"));
    }

    #[test]
    fn a_carriage_return_ends_the_line_and_is_told() {
        let found = script(b"#!/bin/sh\r\necho\r\n");
        assert_eq!(found.shebang.as_deref(), Some("/bin/sh"));
        assert!(found.has_carriage_return);
    }

    #[test]
    fn a_mark_before_the_line_is_no_shebang() {
        let found = script(b"\xef\xbb\xbf#!/bin/sh\n");
        assert_eq!(found.shebang, None);
        assert!(found.has_byte_order_mark && !found.has_late_shebang);
    }

    #[test]
    fn a_line_that_comes_too_late_is_told() {
        let found = script(b"\n  #!/bin/sh\n");
        assert_eq!(found.shebang, None);
        assert!(found.has_late_shebang);
        // A comment further down is none.
        assert!(!script(b"echo\n#!/bin/sh\n").has_late_shebang);
    }

    #[test]
    fn executable_text_without_a_line_is_a_script_and_a_picture_is_not() {
        assert_eq!(script(b"echo hello\n").shebang, None);
        assert_eq!(script(b"\xff\xfe#\0!\0/\0").shebang, None);
        assert_eq!(read(b"\x89PNG\r\n\x1a\n\0\0", true), None);
        assert_eq!(read(b"", true), None);
        assert_eq!(read(b"echo hello\n", false), None);
        assert!(read(b"#!/bin/sh\n", false).is_some());
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let text = [b"#!/".to_vec(), vec![b'x'; 4000]].concat();
        let kept = script(&text).shebang.expect("a line");
        assert_eq!(kept.len(), LONGEST_LINE);
    }
}
