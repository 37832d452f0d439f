//! `$V` and `${V…}`, as compose fills them in.
//!
//! `${V:-d}` and `${V-d}` give a default, `${V:+d}` and `${V+d}` something else where
//! there is a value, `${V:?why}` and `${V?why}` demand one; with a colon an empty
//! value is none. What follows the operator may hold variables itself. `$$` is one
//! `$`, and a `$` with which no variable begins is itself.

/// Deeper than anybody writes defaults within defaults.
const MAX_DEPTH: usize = 24;

/// Why a text can't be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableError {
    /// `${` with which no variable begins, as it is written from there on.
    Malformed(String),
    /// A variable that must be set, and what the file says of that.
    Required {
        /// The variable.
        name: String,
        /// What the file says.
        reason: String,
    },
}

/// A text, filled in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) text: String,
    /// Variables that have neither a value nor a default: they were taken as empty.
    pub(super) unset: Vec<String>,
}

/// Fills in a text; the error is the first thing that can't be.
pub(super) fn fill(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Filled, VariableError> {
    let mut filled = Filled::default();
    into(text, lookup, &mut filled, 0)?;
    Ok(filled)
}

fn into(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    filled: &mut Filled,
    depth: usize,
) -> Result<(), VariableError> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        filled.text.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix('$') {
            filled.text.push('$');
            rest = after;
        } else if let Some(inner) = after.strip_prefix('{') {
            let malformed = || VariableError::Malformed(from.to_owned());
            let end = closing(inner)
                .filter(|_| depth < MAX_DEPTH)
                .ok_or_else(malformed)?;
            let braced = inner.get(..end).unwrap_or_default();
            let (name, operation) = braced.split_at(name_length(braced));
            if name.is_empty() {
                return Err(malformed());
            }
            operate(name, operation, lookup, filled, depth, &malformed)?;
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let (name, after_name) = after.split_at(name_length(after));
            if name.is_empty() {
                filled.text.push('$');
            } else {
                take(name, lookup, filled);
            }
            rest = after_name;
        }
    }
    filled.text.push_str(rest);
    Ok(())
}

fn operate(
    name: &str,
    operation: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    filled: &mut Filled,
    depth: usize,
    malformed: &dyn Fn() -> VariableError,
) -> Result<(), VariableError> {
    if operation.is_empty() {
        take(name, lookup, filled);
        return Ok(());
    }
    let (or_empty, operator) = match operation.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operation),
    };
    let value = lookup(name);
    let counts = value
        .as_ref()
        .is_some_and(|value| !or_empty || !value.is_empty());
    let mut operators = operator.chars();
    let kind = operators.next();
    let argument = operators.as_str();
    match kind {
        Some('-') if !counts => into(argument, lookup, filled, depth + 1)?,
        Some('+') if counts => into(argument, lookup, filled, depth + 1)?,
        Some('?') if !counts => {
            let mut reason = Filled::default();
            into(argument, lookup, &mut reason, depth + 1)?;
            return Err(VariableError::Required {
                name: name.to_owned(),
                reason: reason.text,
            });
        }
        // `${V+x}` of nothing is nothing, `${V:+x}` of an empty value that value.
        Some('-' | '+' | '?') => filled.text.push_str(&value.unwrap_or_default()),
        _ => return Err(malformed()),
    }
    Ok(())
}

fn take(name: &str, lookup: &dyn Fn(&str) -> Option<String>, filled: &mut Filled) {
    match lookup(name) {
        Some(value) => filled.text.push_str(&value),
        None => filled.unset.push(name.to_owned()),
    }
}

/// How many bytes of a name a text begins with.
fn name_length(text: &str) -> usize {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(is_first) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// Where the brace is that closes one before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("v".to_owned()),
            "_e2" => Some("under".to_owned()),
            "EMPTY" => Some(String::new()),
            "DOLLAR" => Some("$SET ${SET}".to_owned()),
            _ => None,
        }
    }

    fn text(text: &str) -> Result<String, VariableError> {
        fill(text, &lookup).map(|filled| filled.text)
    }

    #[test]
    fn every_operator_does_what_it_does_in_compose() {
        for (written, expected) in [
            ("$SET-${SET}$_e2", "v-vunder"),
            ("${SET:-d}${EMPTY:-d}${NO:-d}", "vdd"),
            ("${SET-d}${EMPTY-d}${NO-d}", "vd"),
            ("${SET:+d}${EMPTY:+d}${NO:+d}", "d"),
            ("${SET+d}${EMPTY+d}${NO+d}", "dd"),
            ("${SET:?no}${SET?no}${EMPTY?no}", "vv"),
            ("${NO:-${EMPTY:-${SET}}}!", "v!"),
            ("${NO:-a}b}", "ab}"),
            ("${NO:-{}}", "{}"),
            ("${NO:-a $$ b}", "a $ b"),
            ("${NO:-:-?}", ":-?"),
            ("$$SET $$${SET} $ $1 a$", "$SET $v $ $1 a$"),
            ("${DOLLAR}", "$SET ${SET}"),
            ("ä$SETü", "ävü"),
        ] {
            assert_eq!(text(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_has_no_value_is_empty_and_told() {
        let filled = fill("a${NO}b$NO2${NO3:-$NO4}${NO5:-x}", &lookup).expect("filled");
        assert_eq!(filled.text, "abx");
        assert_eq!(filled.unset, ["NO", "NO2", "NO4"]);
    }

    #[test]
    fn what_can_not_be_filled_in_is_told() {
        for (written, from) in [
            ("a ${SET", "${SET"),
            ("${}", "${}"),
            ("${1}", "${1}"),
            ("${SET!x} b", "${SET!x} b"),
            ("${SET:x}", "${SET:x}"),
            ("${NO:-${}", "${NO:-${}"),
        ] {
            let error = VariableError::Malformed(from.to_owned());
            assert_eq!(text(written), Err(error), "{written}");
        }
        let required = |reason: &str, name: &str| VariableError::Required {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(text("${NO:?set $SET}"), Err(required("set v", "NO")));
        assert_eq!(text("${EMPTY:?}"), Err(required("", "EMPTY")));
        assert_eq!(text("${NO?}"), Err(required("", "NO")));
        let deep = format!("{}x{}", "${NO:-".repeat(5000), "}".repeat(5000));
        assert!(matches!(text(&deep), Err(VariableError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn filling_in_never_panics(written in "[A-Z$_{}:?+-]{0,24}|.{0,24}") {
            let _ = text(&written);
        }

        #[test]
        fn doubled_dollars_bring_any_text_through(written in ".{0,32}") {
            prop_assert_eq!(text(&written.replace('$', "$$")), Ok(written));
        }
    }
}
