//! Paths into a JSON document: `a.b[0].c`, `["odd.key"]`, `$` for the whole.

use super::JsonStep;

/// Reads a path. The error says what is wrong, and at which byte.
pub(super) fn parse(path: &str) -> Result<Vec<JsonStep>, (usize, String)> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    if path.is_empty() {
        return Err((0, "it is empty; `$` is the whole document".to_owned()));
    }
    // `$.a` and `.a` and `a` are the same.
    let mut may_begin_bare = !path.starts_with('$');
    while let Some(first) = rest.chars().next() {
        let at = path.len() - rest.len();
        if first == '[' {
            let (step, length) = bracket(rest).map_err(|error| (at, error))?;
            steps.push(step);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            let name = match rest.strip_prefix('.') {
                Some(name) => name,
                None if may_begin_bare => rest,
                None => return Err((at, "a `.` or `[` is missing here".to_owned())),
            };
            let end = name.find(['.', '[', ']']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if name.is_empty() || after.starts_with(']') {
                return Err((at, "a name is missing here".to_owned()));
            }
            steps.push(JsonStep::Member(name.to_owned()));
            rest = after;
        }
        may_begin_bare = false;
    }
    Ok(steps)
}

/// `[0]` or `["name"]`, with the bytes it takes.
fn bracket(text: &str) -> Result<(JsonStep, usize), String> {
    let inner = text.get(1..).unwrap_or_default();
    if inner.starts_with(['"', '\'']) {
        let quote = inner.chars().next().unwrap_or('"');
        let mut name = String::new();
        let mut chars = inner.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    return if inner
                        .get(at + 1..)
                        .is_some_and(|after| after.starts_with(']'))
                    {
                        Ok((JsonStep::Member(name), at + 3))
                    } else {
                        Err("a `]` is missing after the name".to_owned())
                    };
                }
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                c => name.push(c),
            }
        }
        return Err("the quoted name is never closed".to_owned());
    }
    let Some(end) = inner.find(']') else {
        return Err("a `]` is missing".to_owned());
    };
    let digits = inner.get(..end).unwrap_or_default();
    match digits.parse::<usize>() {
        Ok(index) if digits.chars().all(|c| c.is_ascii_digit()) => {
            Ok((JsonStep::Element(index), end + 2))
        }
        _ => Err(format!(
            "`{digits}` is neither an index, as in `[0]`, nor a quoted name, as in `[\"a.b\"]`"
        )),
    }
}

/// A path of these steps, in the shortest form that [`parse`] reads back.
pub(crate) fn write(steps: &[JsonStep]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            JsonStep::Element(index) => path.push_str(&format!("[{index}]")),
            JsonStep::Member(name) => {
                let is_plain = !name.is_empty()
                    && !name.starts_with('$')
                    && !name.contains(['.', '[', ']', '"', '\\']);
                if !is_plain {
                    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
                    path.push_str(&format!("[\"{escaped}\"]"));
                } else if path.is_empty() {
                    path.push_str(name);
                } else {
                    path.push('.');
                    path.push_str(name);
                }
            }
        }
    }
    if path.is_empty() {
        path.push('$');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(name: &str) -> JsonStep {
        JsonStep::Member(name.to_owned())
    }

    #[test]
    fn paths_are_read() {
        let steps = |path: &str| parse(path).expect(path);
        assert_eq!(
            steps("a.b[0].c"),
            [member("a"), member("b"), JsonStep::Element(0), member("c")]
        );
        assert_eq!(steps("$.a"), [member("a")]);
        assert_eq!(steps("$"), []);
        assert_eq!(
            steps("[1][2]"),
            [JsonStep::Element(1), JsonStep::Element(2)]
        );
        assert_eq!(steps(r#"["odd.key"].x"#), [member("odd.key"), member("x")]);
        assert_eq!(steps(r#"a['it\'s']"#), [member("a"), member("it's")]);
    }

    #[test]
    fn what_is_no_path_is_told_where() {
        for (path, at) in [
            ("", 0),
            ("a..b", 1),
            ("a[", 1),
            ("a[x]", 1),
            ("a[+1]", 1),
            ("a]", 0),
            ("a[0]b", 4),
            ("$a", 1),
            ("a.", 1),
            ("[\"x", 0),
        ] {
            assert_eq!(parse(path).expect_err(path).0, at, "{path}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(path in ".{0,32}") {
            let _ = parse(&path);
        }

        #[test]
        fn what_is_written_is_read_back(steps in prop::collection::vec(
            prop_oneof![".{0,8}".prop_map(JsonStep::Member), (0usize..99).prop_map(JsonStep::Element)], 0..6)
        ) {
            prop_assert_eq!(parse(&write(&steps)), Ok(steps));
        }
    }
}
