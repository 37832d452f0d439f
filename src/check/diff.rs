//! Two texts side by side, short enough to be read.

use std::fmt::Write;

/// Characters of a text that a sentence bears.
const INLINE: usize = 120;
/// Lines of each side that a diff shows.
const LINES: usize = 8;

/// A text in quotes, control characters escaped, shortened at its end.
pub(super) fn quoted(text: &str) -> String {
    around(text, 0)
}

/// The same, shortened around a byte that matters.
fn around(text: &str, at: usize) -> String {
    let total = text.chars().count();
    if total <= INLINE {
        return format!("{text:?}");
    }
    let position = text
        .char_indices()
        .take_while(|(start, _)| *start < at)
        .count();
    let skipped = position
        .saturating_sub(INLINE / 3)
        .min(total.saturating_sub(INLINE));
    let shown: String = text.chars().skip(skipped).take(INLINE).collect();
    let before = if skipped > 0 { "…" } else { "" };
    let after = if skipped + INLINE < total { "…" } else { "" };
    format!("{before}{shown:?}{after} ({total} characters)")
}

/// Both texts, shortened around their first difference.
pub(super) fn both(expected: &str, actual: &str) -> (String, String) {
    let at = first_difference(expected, actual);
    (around(expected, at), around(actual, at))
}

fn first_difference(one: &str, other: &str) -> usize {
    one.char_indices()
        .zip(other.chars())
        .find(|((_, a), b)| a != b)
        .map_or(one.len().min(other.len()), |((at, _), _)| at)
}

/// The lines that differ, `-` expected and `+` actual, with one line before;
/// nothing where both are one line.
pub(super) fn lines(expected: &str, actual: &str) -> Option<String> {
    let wanted: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = actual.lines().collect();
    if wanted.len() < 2 && found.len() < 2 {
        return None;
    }
    let same_before = wanted
        .iter()
        .zip(&found)
        .take_while(|(a, b)| a == b)
        .count();
    let same_after = wanted
        .iter()
        .rev()
        .zip(found.iter().rev())
        .take(wanted.len().min(found.len()) - same_before)
        .take_while(|(a, b)| a == b)
        .count();
    let mut diff = format!("at line {}:\n", same_before + 1);
    if let Some(line) = same_before.checked_sub(1).and_then(|at| wanted.get(at)) {
        push(&mut diff, ' ', line);
    }
    for (sign, side) in [('-', &wanted), ('+', &found)] {
        let differing = side
            .get(same_before..side.len() - same_after)
            .unwrap_or_default();
        for line in differing.iter().take(LINES) {
            push(&mut diff, sign, line);
        }
        if differing.len() > LINES {
            push(
                &mut diff,
                sign,
                &format!("… {} more lines", differing.len() - LINES),
            );
        }
    }
    Some(diff)
}

fn push(diff: &mut String, sign: char, line: &str) {
    let shown: String = line.chars().take(2 * INLINE).collect();
    let more = if shown.len() < line.len() { "…" } else { "" };
    let escaped: String = shown
        .chars()
        .flat_map(|c| {
            // A diff is printed: control sequences of the program under test are not.
            if c.is_control() && c != '\t' {
                c.escape_default().collect::<String>()
            } else {
                c.to_string()
            }
            .chars()
            .collect::<Vec<_>>()
        })
        .collect();
    // Writing to a `String` can't fail.
    let _ = writeln!(diff, "{sign} {escaped}{more}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_texts_are_shown_around_their_first_difference() {
        let expected = format!("{}x{}", "a".repeat(300), "b".repeat(300));
        let actual = format!("{}y{}", "a".repeat(300), "b".repeat(300));
        let (expected, actual) = both(&expected, &actual);
        assert!(expected.contains("ax") && actual.contains("ay"), "{actual}");
        assert!(actual.starts_with('…') && actual.ends_with("(601 characters)"));
        assert_eq!(quoted("a\x1b[0m\n"), "\"a\\u{1b}[0m\\n\"");
    }

    #[test]
    fn a_diff_shows_the_lines_that_differ() {
        assert_eq!(lines("a", "b"), None);
        assert_eq!(
            lines("a\nb\nc\nd", "a\nB\nB2\nc\nd").as_deref(),
            Some("at line 2:\n  a\n- b\n+ B\n+ B2\n")
        );
        assert_eq!(
            lines("a\nb", "a").as_deref(),
            Some("at line 2:\n  a\n- b\n")
        );
        let many = "x\n".repeat(20);
        assert!(
            lines("a", &many)
                .expect("a diff")
                .contains("… 12 more lines")
        );
    }

    proptest! {
        #[test]
        fn showing_never_panics(a in ".{0,300}", b in "[ab\n]{0,20}", c in "[ab\n]{0,20}") {
            let _ = both(&a, &b);
            let _ = lines(&b, &c);
        }
    }
}
