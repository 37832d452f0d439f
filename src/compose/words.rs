//! A command line into words, as compose splits it: quotes and backslashes, and
//! nothing else of a shell.

/// Why a text can't be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordsError {
    /// A quote that is never closed.
    OpenQuote(char),
    /// A backslash with nothing after it.
    TrailingBackslash,
    /// What a shell would act upon: compose drops it and all that follows.
    Operator(char),
}

/// Splits a text into words.
pub(super) fn split(text: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => {
                let escaped = match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(c) => c,
                    None => return Err(WordsError::TrailingBackslash),
                };
                word.get_or_insert_default().push(escaped);
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (None, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`') => {
                return Err(WordsError::Operator(c));
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(quote) = quote {
        return Err(WordsError::OpenQuote(quote));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What compose's own reader makes of the same commands.
    #[test]
    fn words_are_those_of_compose() {
        let words = |text: &str| split(text).expect(text);
        assert_eq!(words("a \"\" b"), ["a", "", "b"]);
        assert_eq!(
            words("echo a\\tb \"c\\td\" 'e\\tf' $HOME a#b # c"),
            ["echo", "a\tb", "c\td", "e\\tf", "$HOME", "a#b", "#", "c"]
        );
        assert_eq!(words("\"a\\nb\\\"c\\$\" \"x|'y\""), ["a\nb\"c$", "x|'y"]);
        assert_eq!(words("  \n "), [] as [&str; 0]);
    }

    #[test]
    fn what_compose_would_cut_off_is_told() {
        for (text, sign) in [("a | b", '|'), ("a;b", ';'), ("a 2>b", '>'), ("a `b`", '`')] {
            assert_eq!(split(text), Err(WordsError::Operator(sign)), "{text}");
        }
        assert_eq!(split("echo (x)"), Err(WordsError::Operator('(')));
        assert_eq!(split("echo 'x"), Err(WordsError::OpenQuote('\'')));
        assert_eq!(split("echo \"x\\"), Err(WordsError::TrailingBackslash));
        assert_eq!(split("a\\"), Err(WordsError::TrailingBackslash));
    }

    proptest! {
        #[test]
        fn splitting_never_panics(text in ".{0,64}") {
            let _ = split(&text);
        }
    }
}
