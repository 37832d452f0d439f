//! Demands on a text that may have been cut short.

use super::Mismatch;
use super::diff::{both, lines, quoted};
use super::json::json;
use crate::suite::TextExpectation;

/// Stands in a [`Captured`] where bytes were dropped. No line, word or `.` of a
/// pattern reaches across it.
pub const GAP: &str = "\0\n\0";

/// A text as it was captured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// What there is of it: all, its beginning, or its two ends with a [`GAP`] between.
    pub text: String,
    /// It was longer: so many bytes.
    pub whole_length: Option<u64>,
}

impl Captured {
    /// The text up to where bytes were dropped.
    fn beginning(&self) -> &str {
        match self.whole_length {
            Some(_) => self.text.split(GAP).next().unwrap_or_default(),
            None => &self.text,
        }
    }

    /// Whether a hit would be one in the whole text too. What lies beside or across
    /// a place where bytes were dropped might not: `ok$`, `[^x]*`.
    fn proves(&self, hit: regex::Match<'_>) -> bool {
        self.whole_length.is_none()
            || (hit.end() < self.text.len()
                && !self
                    .text
                    .match_indices(GAP)
                    .any(|(gap, _)| hit.start() <= gap + GAP.len() && gap <= hit.end()))
    }
}

impl From<&str> for Captured {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            whole_length: None,
        }
    }
}

/// The demands on a text that do not hold. `subject` is what it is called in
/// messages: `stdout`, `body`.
pub fn text(subject: &str, expectations: &[TextExpectation], actual: &Captured) -> Vec<Mismatch> {
    expectations
        .iter()
        .flat_map(|expectation| one(subject, expectation, actual))
        .collect()
}

fn one(subject: &str, expectation: &TextExpectation, actual: &Captured) -> Vec<Mismatch> {
    let found = actual.text.as_str();
    let was = || match (found.is_empty(), actual.whole_length) {
        (true, _) => "it was empty".to_owned(),
        (false, None) => format!("it was {}", quoted(found)),
        (false, Some(_)) => format!("it began with {}", quoted(actual.beginning())),
    };
    let cut = |expected: String| {
        actual.whole_length.map(|bytes| {
            let mut mismatch = Mismatch::new(
                subject,
                expected,
                format!("it was {bytes} bytes long and cut, so this can't be judged"),
            );
            mismatch.is_cut = true;
            mismatch
        })
    };
    let mismatch = match expectation {
        TextExpectation::Equals(expected) => equals(subject, expected, actual, cut),
        TextExpectation::Contains(part) if found.contains(part.as_str()) => None,
        TextExpectation::Contains(part) => {
            let expected = format!("to contain {}", quoted(part));
            cut(expected.clone()).or_else(|| Some(Mismatch::new(subject, expected, was())))
        }
        TextExpectation::NotContains(part) => {
            let expected = format!("not to contain {}", quoted(part));
            match found.find(part.as_str()) {
                Some(at) => {
                    let line = found
                        .get(..at)
                        .map_or(1, |before| before.matches('\n').count() + 1);
                    let context = found.lines().nth(line - 1).unwrap_or_default();
                    Some(Mismatch::new(
                        subject,
                        expected,
                        format!("its line {line} was {}", quoted(context)),
                    ))
                }
                None => cut(expected),
            }
        }
        TextExpectation::Matches(regex) => {
            let expected = format!("to match {regex}");
            match actual.whole_length {
                _ if regex.find_iter(found).any(|hit| actual.proves(hit)) => None,
                None => Some(Mismatch::new(subject, expected, was())),
                Some(_) => cut(expected),
            }
        }
        TextExpectation::Json(demands) => match cut("JSON".to_owned()) {
            Some(mismatch) => Some(mismatch),
            None => return json(subject, found, demands),
        },
        TextExpectation::Empty if found.trim().is_empty() => cut("nothing".to_owned()),
        TextExpectation::Empty => Some(Mismatch::new(subject, "nothing", was())),
    };
    mismatch.into_iter().collect()
}

/// Equal but for one final line break, which `echo` adds and YAML's `|` too.
fn equals(
    subject: &str,
    expected: &str,
    actual: &Captured,
    cut: impl FnOnce(String) -> Option<Mismatch>,
) -> Option<Mismatch> {
    let wanted = without_final_break(expected);
    let found = without_final_break(actual.beginning());
    // Where the beginning differs, the whole does.
    if actual.whole_length.is_some() && expected.starts_with(actual.beginning()) {
        return cut(quoted(wanted));
    }
    if actual.whole_length.is_none() && wanted == found {
        return None;
    }
    let (wanted_shown, found_shown) = both(wanted, found);
    let was = match (found.is_empty(), actual.whole_length) {
        (true, _) => "it was empty".to_owned(),
        (false, None) => format!("it was {found_shown}"),
        (false, Some(bytes)) => format!("it was {bytes} bytes long, and began with {found_shown}"),
    };
    let mut mismatch = Mismatch::new(subject, wanted_shown, was);
    mismatch.diff = lines(wanted, found);
    Some(mismatch)
}

fn without_final_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn messages(expectation: TextExpectation, actual: &Captured) -> Vec<String> {
        text("stdout", &[expectation], actual)
            .into_iter()
            .map(|mismatch| mismatch.message)
            .collect()
    }

    fn matches(pattern: &str) -> TextExpectation {
        TextExpectation::Matches(Regex::new(pattern).expect("a pattern"))
    }

    fn cut(text: &str) -> Captured {
        Captured {
            text: text.to_owned(),
            whole_length: Some(1 << 20),
        }
    }

    #[test]
    fn what_holds_says_nothing() {
        let actual = Captured::from("v1.2.3\n");
        for expectation in [
            TextExpectation::Equals("v1.2.3".into()),
            TextExpectation::Equals("v1.2.3\n".into()),
            TextExpectation::Contains("1.2".into()),
            TextExpectation::NotContains("error".into()),
            matches(r"^v\d+"),
        ] {
            assert_eq!(messages(expectation, &actual), [] as [&str; 0]);
        }
        assert!(messages(TextExpectation::Empty, &Captured::from(" \n")).is_empty());
    }

    #[test]
    fn what_does_not_hold_is_said_in_a_sentence() {
        let actual = Captured::from("1.2.3");
        assert_eq!(
            messages(matches(r"^v\d+"), &actual),
            [r#"stdout: expected to match ^v\d+, but it was "1.2.3""#]
        );
        assert_eq!(
            messages(TextExpectation::Equals("x".into()), &Captured::from("")),
            [r#"stdout: expected "x", but it was empty"#]
        );
        assert_eq!(
            messages(
                TextExpectation::NotContains("bad".into()),
                &Captured::from("a\nso bad\n")
            ),
            [r#"stdout: expected not to contain "bad", but its line 2 was "so bad""#]
        );
        assert_eq!(
            messages(TextExpectation::Empty, &actual),
            [r#"stdout: expected nothing, but it was "1.2.3""#]
        );
        let diff = text(
            "stdout",
            &[TextExpectation::Equals("a\nb\n".into())],
            &Captured::from("a\nc\n"),
        );
        assert_eq!(diff[0].diff.as_deref(), Some("at line 2:\n  a\n- b\n+ c\n"));
    }

    #[test]
    fn a_text_that_was_cut_proves_only_what_its_beginning_can() {
        let actual = cut("all ok");
        assert!(messages(TextExpectation::Contains("all".into()), &actual).is_empty());
        assert!(messages(matches("^all"), &actual).is_empty());
        for expectation in [
            TextExpectation::Equals("all ok".into()),
            TextExpectation::NotContains("bad".into()),
            TextExpectation::Contains("more".into()),
            TextExpectation::Json(Vec::new()),
            matches("ok$"),
            matches("^nothing"),
        ] {
            let found = text("stdout", &[expectation], &actual);
            assert!(found[0].is_cut, "{found:?}");
            assert!(found[0].message.contains("1048576 bytes long"), "{found:?}");
        }
        for expectation in [
            TextExpectation::Equals("none".into()),
            TextExpectation::NotContains("all".into()),
            TextExpectation::Empty,
        ] {
            let found = text("stdout", &[expectation], &actual);
            assert!(!found[0].is_cut, "{found:?}");
        }
        assert!(text("stdout", &[TextExpectation::Empty], &cut(""))[0].is_cut);
    }

    #[test]
    fn nothing_is_found_across_what_was_dropped() {
        let actual = cut(&format!("one ok{GAP}bad two\n"));
        assert!(messages(TextExpectation::Contains("two".into()), &actual).is_empty());
        assert!(messages(matches("(?m)^one"), &actual).is_empty());
        for expectation in [
            TextExpectation::Contains("okbad".into()),
            matches("one.*two"),
            matches("one[^x]*two"),
            matches("(?m)ok$"),
            matches("(?m)^bad"),
            matches(r"ok\b"),
            TextExpectation::Equals("one ok, and not bad two".into()),
        ] {
            let found = text("stdout", &[expectation], &actual);
            assert!(found[0].is_cut, "{found:?}");
        }
        assert!(
            messages(TextExpectation::NotContains("bad".into()), &actual)[0].contains("bad two")
        );
    }
}
