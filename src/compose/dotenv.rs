//! Files of environment variables: `.env`, and what `env_file` names.
//!
//! A line is `NAME=value`, `export NAME=value`, `NAME: value`, or `NAME` alone, which
//! takes the value from outside. Values in quotes may go over several lines; those in
//! double quotes and without any know variables. In the `raw` format a value is
//! whatever follows the `=`.

use std::collections::BTreeMap;
use std::ops::Range;

use super::interpolate::{self, VariableError};

/// What stands in one file, in order, names possibly more than once.
pub(super) type Values = BTreeMap<String, String>;

/// A line that sets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvError {
    /// Where, in the file's text.
    pub(super) span: Range<usize>,
    /// What is wrong, in a sentence without a full stop.
    pub(super) message: String,
}

/// How a file is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EnvFormat {
    /// With quotes and variables.
    #[default]
    Quoted,
    /// Everything behind the `=` as it is.
    Raw,
}

/// Adds what a file sets to `values`, which its variables may name as well. `lookup`
/// comes before them.
pub(super) fn parse(
    text: &str,
    format: EnvFormat,
    lookup: &dyn Fn(&str) -> Option<String>,
    values: &mut Values,
) -> Vec<EnvError> {
    match format {
        EnvFormat::Quoted => quoted(text, lookup, values),
        EnvFormat::Raw => raw(text, lookup, values),
    }
}

fn raw(text: &str, lookup: &dyn Fn(&str) -> Option<String>, values: &mut Values) -> Vec<EnvError> {
    let mut errors = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let span = start..start + line.trim_end().len();
        start += line.len();
        let line = line.trim_end_matches(['\n', '\r']).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (line, None),
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            errors.push(EnvError {
                span,
                message: "this line has no variable's name before its `=`".to_owned(),
            });
        } else if let Some(value) = value.or_else(|| lookup(name)) {
            values.insert(name.to_owned(), value);
        }
    }
    errors
}

/// A white space within a line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\n'
}

fn quoted(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    values: &mut Values,
) -> Vec<EnvError> {
    let mut errors = Vec::new();
    let mut at = usize::from(text.starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
    loop {
        at = skipped(text, at, char::is_whitespace);
        let rest = text.get(at..).unwrap_or_default();
        let line_end = at + rest.find('\n').unwrap_or(rest.len());
        if rest.is_empty() {
            return errors;
        }
        if rest.starts_with('#') {
            at = line_end;
            continue;
        }
        let line = at..at + text.get(at..line_end).unwrap_or_default().trim_end().len();
        match statement(text, at, line_end, lookup, values) {
            Ok(next) => at = next,
            Err(message) => {
                errors.push(EnvError {
                    span: line,
                    message,
                });
                at = line_end;
            }
        }
    }
}

fn skipped(text: &str, at: usize, is_skipped: impl Fn(char) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find(|c| !is_skipped(c)).unwrap_or(rest.len())
}

/// One assignment; returns where the next may begin.
fn statement(
    text: &str,
    at: usize,
    line_end: usize,
    lookup: &dyn Fn(&str) -> Option<String>,
    values: &mut Values,
) -> Result<usize, String> {
    let line = text.get(at..line_end).unwrap_or_default();
    let at = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with(is_blank) => {
            line_end - rest.trim_start_matches(is_blank).len()
        }
        _ => at,
    };
    let line = text.get(at..line_end).unwrap_or_default();
    let name_end = line.find(['=', ':']).unwrap_or(line.len());
    let name = line.get(..name_end).unwrap_or_default().trim_end();
    let is_of_names = |c: char| c.is_alphanumeric() || "_.-[]".contains(c);
    if let Some(other) = name.chars().find(|c| !is_of_names(*c)) {
        return Err(format!("a variable's name can't hold `{other}`"));
    }
    if name.is_empty() {
        return Err("this line has no variable's name before its `=`".to_owned());
    }
    if name_end == line.len() {
        if let Some(value) = lookup(name) {
            values.insert(name.to_owned(), value);
        }
        return Ok(line_end);
    }
    let value_at = skipped(text, at + name_end + 1, is_blank);
    let (value, next) = match text.get(value_at..).unwrap_or_default().chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (value, next) = in_quotes(text, value_at, quote)
                .ok_or_else(|| format!("the quote {quote} is never closed"))?;
            match quote {
                '"' => (expanded(&unescaped(&value), lookup, values)?, next),
                _ => (value, next),
            }
        }
        _ => {
            let value = text.get(value_at..line_end).unwrap_or_default();
            let value = value.split_once(" #").map_or(value, |(value, _)| value);
            (expanded(value.trim_end(), lookup, values)?, line_end)
        }
    };
    values.insert(name.to_owned(), value);
    Ok(next)
}

fn expanded(
    value: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    values: &Values,
) -> Result<String, String> {
    let either = |name: &str| lookup(name).or_else(|| values.get(name).cloned());
    match interpolate::fill(value, &either) {
        Ok(filled) => Ok(filled.text),
        Err(VariableError::Malformed(_)) => Err("no variable begins with this `${`".to_owned()),
        Err(VariableError::Required { name, reason }) if reason.is_empty() => {
            Err(format!("the variable `{name}` is not set"))
        }
        Err(VariableError::Required { name, reason }) => {
            Err(format!("the variable `{name}` is not set: {reason}"))
        }
    }
}

/// What stands in quotes, and where it ends. A backslash before the quote gives the
/// quote; any other stays.
fn in_quotes(text: &str, at: usize, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.get(at + 1..)?.char_indices();
    while let Some((offset, c)) = chars.next() {
        if c == quote {
            return Some((value, at + 1 + offset + c.len_utf8()));
        }
        if c == '\\' {
            match chars.next() {
                Some((_, next)) if next == quote => value.push(next),
                Some((_, next)) => value.extend([c, next]),
                None => return None,
            }
        } else {
            value.push(c);
        }
    }
    None
}

/// The escapes of double quotes; `\$` becomes `$$`, which is no variable's begin.
fn unescaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        value.push_str(before);
        let mut after = from.chars();
        after.next();
        let escaped = match after.next() {
            Some('a') => Some("\u{7}"),
            Some('b') => Some("\u{8}"),
            Some('f') => Some("\u{c}"),
            Some('n') => Some("\n"),
            Some('r') => Some("\r"),
            Some('t') => Some("\t"),
            Some('v') => Some("\u{b}"),
            Some('\\') => Some("\\"),
            Some('"') => Some("\""),
            Some('$') => Some("$$"),
            _ => None,
        };
        rest = match (escaped, octal(from)) {
            (Some(escaped), _) => {
                value.push_str(escaped);
                after.as_str()
            }
            (None, Some((byte, rest))) => {
                value.push(byte);
                rest
            }
            (None, None) => {
                value.push('\\');
                from.get(1..).unwrap_or_default()
            }
        };
    }
    value.push_str(rest);
    value
}

/// `\0101`
fn octal(text: &str) -> Option<(char, &str)> {
    let digits = text.get(2..5).filter(|_| text.starts_with("\\0"))?;
    let byte = u8::from_str_radix(digits, 8).ok()?;
    Some((char::from(byte), text.get(5..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "OUTSIDE").then(|| "out".to_owned())
    }

    fn read(text: &str, format: EnvFormat) -> (Values, Vec<EnvError>) {
        let mut values = Values::from([("BEFORE".to_owned(), "b".to_owned())]);
        let errors = parse(text, format, &lookup, &mut values);
        values.remove("BEFORE");
        (values, errors)
    }

    /// What compose's own reader makes of the same lines.
    #[test]
    fn every_form_of_a_line_is_read_as_compose_reads_it() {
        for (line, name, value) in [
            ("A=1", "A", "1"),
            ("A=", "A", ""),
            ("A = sp ", "A", "sp"),
            ("A: yaml", "A", "yaml"),
            ("export A=x", "A", "x"),
            ("A=a#b", "A", "a#b"),
            ("A=a #b", "A", "a"),
            ("A= # c", "A", "# c"),
            ("A=a\\nb", "A", "a\\nb"),
            ("A=\"x y\" # c", "A", "x y"),
            ("A='s \\' $OUTSIDE'", "A", "s ' $OUTSIDE"),
            (
                "A=\"n\\n$OUTSIDE \\$OUTSIDE \\t\\c\"",
                "A",
                "n\nout $OUTSIDE \t\\c",
            ),
            ("A=\"\\0101\\\\n\"", "A", "A\\n"),
            ("A=\"multi\nline\"", "A", "multi\nline"),
            ("A=${OUTSIDE}-${NO:-d}-$BEFORE", "A", "out-d-b"),
            ("OUTSIDE", "OUTSIDE", "out"),
            ("# c\n\n  A=1\r\n", "A", "1"),
            ("\u{feff}A=1", "A", "1"),
        ] {
            let expected = Values::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(read(line, EnvFormat::Quoted), (expected, vec![]), "{line}");
        }
        assert_eq!(read("UNKNOWN\n", EnvFormat::Quoted).0, Values::new());
        let later = read("A=1\nA=2\nB=$A\n", EnvFormat::Quoted).0;
        assert_eq!(later.get("B").map(String::as_str), Some("2"));
    }

    #[test]
    fn raw_values_are_what_follows_the_sign() {
        let text = "# c\nA=\"q\"\nB=a #c\n  C=$A \nOUTSIDE\r\nNO\n";
        let (values, errors) = read(text, EnvFormat::Raw);
        let found: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("A", "\"q\""),
                ("B", "a #c"),
                ("C", "$A "),
                ("OUTSIDE", "out")
            ]
        );
        assert_eq!(errors, []);
        assert_eq!(read("A B=1\n=x", EnvFormat::Raw).1.len(), 2);
    }

    #[test]
    fn a_line_that_sets_nothing_is_told_and_the_others_are_read() {
        let text = "A=1\nB C=2\n=3\nD=\"open\nE=5\nF=${x\nG=${NO:?must be}\n";
        let (values, errors) = read(text, EnvFormat::Quoted);
        let lines: Vec<&str> = errors
            .iter()
            .map(|error| text.get(error.span.clone()).expect("in the text"))
            .collect();
        assert_eq!(
            lines,
            ["B C=2", "=3", "D=\"open", "F=${x", "G=${NO:?must be}"]
        );
        assert!(values.contains_key("A") && values.contains_key("E"));
        assert!(errors[4].message.contains("must be"), "{errors:?}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[A-Z=$'\"\\\\#: \n0]{0,32}|.{0,32}") {
            read(&text, EnvFormat::Quoted);
            read(&text, EnvFormat::Raw);
        }
    }
}
