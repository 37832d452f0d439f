//! A command line into words, by the quoting rules of a shell and nothing else
//! of it: no expansion, no operators, no globbing.

/// Why a text can't be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordsError {
    /// A quote that is never closed, and where it opens.
    OpenQuote(char, usize),
    /// A backslash with nothing after it.
    TrailingBackslash,
    /// `|`, `>`, `&&`, … which a shell would act upon, and where it stands.
    Operator(char, usize),
}

/// Splits a text into words. `${…}` is kept whole, so that a default with a
/// space stays in its word; it is filled in after splitting, so a value is
/// never split.
pub(super) fn split(text: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '\'')) => break,
                        Some((_, c)) => word.push(c),
                        None => return Err(WordsError::OpenQuote('\'', at)),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '"')) => break,
                        // Within double quotes only these are escaped, as in POSIX.
                        Some((_, '\\')) => match chars.next() {
                            Some((_, c @ ('"' | '\\' | '$' | '`'))) => word.push(c),
                            Some((_, '\n')) => {}
                            Some((_, c)) => word.extend(['\\', c]),
                            None => return Err(WordsError::OpenQuote('"', at)),
                        },
                        Some((_, c)) => word.push(c),
                        None => return Err(WordsError::OpenQuote('"', at)),
                    }
                }
            }
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, c)) => word.get_or_insert_default().push(c),
                None => return Err(WordsError::TrailingBackslash),
            },
            '$' if chars.peek().is_some_and(|(_, next)| *next == '{') => {
                let word = word.get_or_insert_default();
                let rest = text.get(at..).unwrap_or_default();
                // Without its end it is no variable, and an ordinary text.
                let length = rest.find('}').map_or(1, |end| end + 1);
                word.push_str(rest.get(..length).unwrap_or_default());
                while chars.next_if(|(next, _)| *next < at + length).is_some() {}
            }
            // A lone operator is what somebody writes who expects a shell.
            '|' | '>' | '<' | ';' | '&' if word.is_none() && is_operator(text, at) => {
                return Err(WordsError::Operator(c, at));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Whether the word that begins here consists of operator characters alone.
fn is_operator(text: &str, at: usize) -> bool {
    text.get(at..)
        .and_then(|rest| rest.split_whitespace().next())
        .is_some_and(|word| {
            word.chars()
                .all(|c| matches!(c, '|' | '>' | '<' | ';' | '&'))
        })
}

/// A word as a shell reads it back: the inverse of [`split`].
#[cfg(test)]
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        split(text).expect(text)
    }

    #[test]
    fn quotes_hold_words_together_and_nothing_is_expanded() {
        assert_eq!(
            words("node dist/cli.js --version"),
            ["node", "dist/cli.js", "--version"]
        );
        assert_eq!(words("  a  'b c'\t\"d e\" "), ["a", "b c", "d e"]);
        assert_eq!(words(r#"'' "" x"y z"'w'"#), ["", "", "xy zw"]);
        assert_eq!(
            words(r#"a\ b "c\"d" "e\f" 'g\h'"#),
            ["a b", "c\"d", r"e\f", r"g\h"]
        );
        assert_eq!(
            words("echo $HOME *.js a|b"),
            ["echo", "$HOME", "*.js", "a|b"]
        );
        assert_eq!(
            words("echo ${env.X:-a b} c"),
            ["echo", "${env.X:-a b}", "c"]
        );
        assert_eq!(words(""), [] as [&str; 0]);
    }

    #[test]
    fn what_a_shell_would_act_upon_is_told() {
        assert_eq!(split("a | b"), Err(WordsError::Operator('|', 2)));
        assert_eq!(split("a && b"), Err(WordsError::Operator('&', 2)));
        assert_eq!(split("a 'b"), Err(WordsError::OpenQuote('\'', 2)));
        assert_eq!(split("a \"b\\"), Err(WordsError::OpenQuote('"', 2)));
        assert_eq!(split("a \\"), Err(WordsError::TrailingBackslash));
    }

    proptest! {
        #[test]
        fn splitting_never_panics(text in ".{0,64}") {
            let _ = split(&text);
        }

        #[test]
        fn quoted_words_come_back(expected in prop::collection::vec(".{0,16}", 0..6)) {
            let line: Vec<String> = expected.iter().map(|word| quote(word)).collect();
            prop_assert_eq!(split(&line.join(" ")), Ok(expected));
        }
    }
}
