//! What a container prints is hostile until it has passed through here.
//!
//! Three dangers, one place for them: control sequences that rewrite a terminal,
//! characters that XML does not allow, and lines that a CI runner takes for
//! commands. All text between them is kept.

use std::fmt::Write as _;

/// Text for a terminal or a log: no control sequence, no control character but
/// newline and tab, and no line a CI runner would obey.
pub fn for_terminal(text: &str) -> String {
    defuse(&strip(text))
}

/// The same on one line: for names, table cells and headlines.
pub fn one_line(text: &str) -> String {
    for_terminal(text.trim_end())
        .replace('\n', "\\n")
        .replace('\t', " ")
}

/// Text for a CDATA section of an XML 1.0 document: as for a terminal, and with
/// `]]>` divided between two sections, which every reader joins again.
pub fn for_xml(text: &str) -> String {
    for_terminal(text).replace("]]>", "]]]]><![CDATA[>")
}

/// Text for an XML attribute. Readers turn newlines in attributes into spaces,
/// so that they are shown as what they are. Quotes, `<` and `&` are the XML
/// writer's business.
pub fn for_xml_attribute(text: &str) -> String {
    one_line(text)
}

/// Takes control sequences out, and makes other unprintable characters visible.
fn strip(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\u{1b}' => rest = after_escape(rest),
            '\u{9b}' => rest = after_csi(rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => rest = after_string(rest),
            // A terminal would write the next text over this one: show both.
            '\r' => {
                rest = rest.trim_start_matches('\r');
                if !rest.is_empty() && !rest.starts_with('\n') {
                    clean.push('\n');
                }
            }
            '\u{8}' => {}
            '\n' | '\t' => clean.push(character),
            _ if is_hidden(character) => push_visibly(&mut clean, character),
            _ => clean.push(character),
        }
    }
    clean
}

/// What follows an escape sequence (ECMA-35, ECMA-48) whose ESC has been read.
fn after_escape(text: &str) -> &str {
    let after_intermediates = text.trim_start_matches(|c| matches!(c, '\u{20}'..='\u{2f}'));
    match text.chars().next() {
        Some('[') => after_csi(&text[1..]),
        Some('P' | 'X' | ']' | '^' | '_') => after_string(&text[1..]),
        _ => after_intermediates
            .strip_prefix(|c| matches!(c, '\u{30}'..='\u{7e}'))
            .unwrap_or(after_intermediates),
    }
}

/// What follows a control sequence: parameters, intermediates, one final character.
fn after_csi(text: &str) -> &str {
    let rest = text
        .trim_start_matches(|c| matches!(c, '\u{30}'..='\u{3f}'))
        .trim_start_matches(|c| matches!(c, '\u{20}'..='\u{2f}'));
    rest.strip_prefix(|c| matches!(c, '\u{40}'..='\u{7e}'))
        .unwrap_or(rest)
}

/// What follows a string sequence (OSC, DCS, …), which ends with BEL or ST. One
/// that does not end before its line does, or before the next sequence, would
/// swallow the output after it, perhaps on purpose: then only its introducer is
/// taken out. Stopping at the next sequence also keeps a flood of beginnings from
/// being searched once for each of them.
fn after_string(text: &str) -> &str {
    for (at, character) in text.char_indices() {
        match character {
            '\u{7}' | '\u{9c}' => return &text[at + character.len_utf8()..],
            '\u{1b}' if text[at..].starts_with("\u{1b}\\") => return &text[at + 2..],
            '\n' | '\u{1b}' | '\u{80}'..='\u{9f}' => break,
            _ => {}
        }
    }
    text
}

/// Control characters, those that reorder or hide the text around them, and the
/// two that are no characters, which XML forbids.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn push_visibly(text: &mut String, character: char) {
    // Writing to a String can't fail.
    let _ = if character.is_ascii() {
        write!(text, "\\x{:02x}", u32::from(character))
    } else {
        write!(text, "\\u{{{:x}}}", u32::from(character))
    };
}

/// Breaks up what a CI runner would take for a command.
///
/// Indenting is not enough: GitHub trims a line before it looks for `::`, and
/// both GitHub and Azure find `##[…` and `##vso[…` anywhere in a line.
fn defuse(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = line.len() - line.trim_start().len();
        let (indent, line) = line.split_at(start);
        safe.push_str(indent);
        match line.strip_prefix("::") {
            Some(rest) => {
                safe.push_str(": :");
                push_defused(&mut safe, rest);
            }
            None => push_defused(&mut safe, line),
        }
    }
    safe
}

fn push_defused(safe: &mut String, line: &str) {
    // (what is looked for, how much of it comes before the break)
    const GITLAB: [(&str, usize); 3] = [
        ("section_start:", 13),
        ("section_end:", 11),
        ("[[ATTACHMENT|", 1),
    ];
    let mut at = 0;
    while let Some(character) = line[at..].chars().next() {
        let rest = &line[at..];
        let length = if is_hash_command(rest) {
            safe.push_str("# ");
            1
        } else if let Some((_, keep)) = GITLAB.iter().find(|(text, _)| rest.starts_with(text)) {
            safe.push_str(&rest[..*keep]);
            safe.push(' ');
            *keep
        } else {
            safe.push(character);
            character.len_utf8()
        };
        at += length;
    }
}

/// `##[error]`, `##vso[…]`, `##teamcity[…]`.
fn is_hash_command(text: &str) -> bool {
    text.strip_prefix("##").is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .starts_with('[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_titles_and_links_go_and_their_text_stays() {
        for (raw, clean) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{9b}31mred\u{9b}m", "red"),
            ("\u{1b}]0;a title\u{7}text", "text"),
            (
                "\u{1b}]8;;https://e.org\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
            ),
            ("\u{1b}Pq#0;2\u{1b}\\after", "after"),
            ("\u{1b}(Bascii\u{1b}c", "ascii"),
            ("end\u{1b}", "end"),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(for_terminal(raw), clean, "{raw:?}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_hides_nothing() {
        assert_eq!(
            for_terminal("\u{1b}]0;FAILED: 3 tests\nnext"),
            "0;FAILED: 3 tests\nnext"
        );
        let flood = "\u{1b}]".repeat(100_000);
        assert_eq!(for_terminal(&flood), "");
    }

    #[test]
    fn text_that_would_be_overwritten_is_shown() {
        assert_eq!(for_terminal("10%\r20%\r\ndone\r"), "10%\n20%\ndone");
        assert_eq!(for_terminal("pass\u{8}\u{8}\u{8}\u{8}fail"), "passfail");
    }

    #[test]
    fn what_can_not_be_seen_is_made_visible() {
        assert_eq!(for_terminal("a\0b\u{7f}c\u{85}d"), "a\\x00b\\x7fc\\u{85}d");
        assert_eq!(for_terminal("user\u{202e}nimda"), "user\\u{202e}nimda");
    }

    #[test]
    fn ci_commands_are_broken_up() {
        for (raw, safe) in [
            ("::error::x", ": :error::x"),
            ("  ::set-env::x", "  : :set-env::x"),
            ("std::vec", "std::vec"),
            ("ok ##[error]x", "ok # #[error]x"),
            ("##vso[task.complete]", "# #vso[task.complete]"),
            ("##teamcity[x]", "# #teamcity[x]"),
            ("#\u{1b}[0m#[error]", "# #[error]"),
            ("## a heading", "## a heading"),
            ("section_start:1:a", "section_start :1:a"),
            ("[[ATTACHMENT|/etc/passwd]]", "[ [ATTACHMENT|/etc/passwd]]"),
        ] {
            assert_eq!(for_terminal(raw), safe);
        }
        assert_eq!(for_terminal("fine\r::error::x"), "fine\n: :error::x");
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(one_line("a\nb\tc\n"), "a\\nb c");
    }

    fn read_xml(document: &str) -> String {
        let mut reader = quick_xml::Reader::from_str(document);
        let mut text = String::new();
        loop {
            match reader.read_event().expect("parseable") {
                quick_xml::events::Event::CData(data) => {
                    text.push_str(std::str::from_utf8(&data).expect("UTF-8"));
                }
                quick_xml::events::Event::Eof => return text,
                _ => {}
            }
        }
    }

    /// Text with more of what matters than chance would give.
    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{0,4}",
            Just("\u{1b}[".to_owned()),
            Just("\u{1b}]".to_owned()),
            Just("\u{9b}".to_owned()),
            Just("\r".to_owned()),
            Just("\n".to_owned()),
            Just("]]>".to_owned()),
            Just("::".to_owned()),
            Just("##[".to_owned()),
            Just("##vso[".to_owned()),
            Just("\u{0}".to_owned()),
            Just("\u{fffe}".to_owned()),
            Just("<![CDATA[".to_owned()),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in nasty()) {
            let clean = for_terminal(&text);
            prop_assert!(!clean.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert!(!one_line(&text).chars().any(char::is_control));
        }

        #[test]
        fn no_line_is_a_command(text in nasty()) {
            for line in for_terminal(&text).lines() {
                prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
                prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
            }
        }

        #[test]
        fn what_is_clean_stays_as_it_is(text in nasty()) {
            let clean = for_terminal(&text);
            prop_assert_eq!(for_terminal(&clean), clean);
        }

        #[test]
        fn xml_can_be_read_back(text in nasty()) {
            let content = for_xml(&text);
            let forbidden = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
            prop_assert!(!content.contains(forbidden));
            let read = read_xml(&format!("<a><![CDATA[{content}]]></a>"));
            prop_assert_eq!(read, for_terminal(&text));
        }
    }
}
