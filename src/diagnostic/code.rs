//! Every code of a diagnostic. Codes are API: they are searched for, and
//! quoted in issues, so one is never reused for something else.

macro_rules! codes {
    ($(#[$doc:meta])* $list:ident: $($name:ident = $code:literal, $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)+

        $(#[$doc])*
        pub const $list: &[(&str, &str)] = &[$(($name, $meaning)),+];
    };
}

codes! {
    /// All codes of suites with what each means, in the order of the reference.
    CODES:
    YAML_SYNTAX = "yaml-syntax", "The text is not YAML; only the first such place is told.";
    YAML_LIMIT = "yaml-limit", "The document nests too deeply, or its aliases expand to too much.";
    YAML_UNSUPPORTED = "yaml-unsupported", "YAML that means nothing in a suite: a tag, a key that is no text, a second document, a merge of something that is no map.";
    DUPLICATE_KEY = "duplicate-key", "A key stands twice in one map.";
    UNKNOWN_KEY = "unknown-key", "A key that this map does not have.";
    MISPLACED_KEY = "misplaced-key", "A known key at a place where it has no meaning, as `expect` beside `files`.";
    MISSING_KEY = "missing-key", "A key that must be there is not.";
    WRONG_TYPE = "wrong-type", "A value of the wrong kind, such as a list where a text belongs.";
    EMPTY_VALUE = "empty-value", "A list, map or text that holds nothing where that would check nothing.";
    UNKNOWN_VALUE = "unknown-value", "A word that is none of those allowed.";
    OUT_OF_RANGE = "out-of-range", "A number outside of its bounds.";
    CONFLICTING_KEYS = "conflicting-keys", "Two keys that exclude each other.";
    UNSUPPORTED_VERSION = "unsupported-version", "`version` is not one that this program reads.";
    NO_ACTION = "no-action", "A check that does nothing.";
    SEVERAL_ACTIONS = "several-actions", "A check that does more than one thing.";
    DUPLICATE_NAME = "duplicate-name", "Two checks of one name.";
    BAD_NAME = "bad-name", "A check's name that could not be told from something else in a report.";
    BAD_PLATFORM = "bad-platform", "A text that names no known platform.";
    DUPLICATE_PLATFORM = "duplicate-platform", "Two spellings of the same platform in one list or map.";
    BAD_REGEX = "bad-regex", "A regular expression that does not compile.";
    BAD_DURATION = "bad-duration", "A text that is no duration, or one that is out of bounds.";
    BAD_DATE = "bad-date", "A text that is no date.";
    BAD_JSON_PATH = "bad-json-path", "A text that is no path into a JSON document.";
    BAD_COMMAND = "bad-command", "A command line that can't be split into words.";
    BAD_ADDRESS = "bad-address", "A text that is no path, or no port with a path.";
    BAD_MODE = "bad-mode", "A text that is no file mode in octal.";
    BAD_OWNER = "bad-owner", "A text that is no user id, or no user id with a group id.";
    BAD_SIZE = "bad-size", "A text that is no size in bytes, or bounds that exclude each other.";
    BAD_SHA256 = "bad-sha256", "A text that is not 64 hexadecimal digits.";
    BAD_SIGNAL = "bad-signal", "A text that names no signal.";
    BAD_PATH = "bad-path", "A path in the image that is not absolute.";
    BAD_VARIABLE_NAME = "bad-variable-name", "A name that no environment variable or header can have.";
    UNKNOWN_VARIABLE = "unknown-variable", "`${…}` names no variable.";
    UNSET_VARIABLE = "unset-variable", "An environment variable that is not set, and has no default.";
    UNDECLARED_SECRET = "undeclared-secret", "`${secrets.NAME}` whose name is not listed under `secrets`.";
    UNSET_SECRET = "unset-secret", "A secret whose environment variable is not set, or empty.";
    BAD_PATH_PATTERN = "bad-path-pattern", "A text that is no pattern for paths in the image.";
    UNKNOWN_FINDING = "unknown-finding", "An acceptance of a finding that the audit does not have.";
    UNKNOWN_CASE = "unknown-case", "An exception for a check that the suite does not have.";
}

codes! {
    /// The codes that compose files have beside those of suites.
    COMPOSE_CODES:
    COMPOSE_FILE = "compose-file", "A file that is named, and can't be had.";
    COMPOSE_UNSUPPORTED = "compose-unsupported", "A key or value of compose that is outside of the supported subset.";
    COMPOSE_BUILD = "compose-build", "A service that would have to be built.";
    COMPOSE_VARIABLE = "compose-variable", "A `$` with which no variable begins, or a variable that must be set and is not.";
    COMPOSE_ENV_LINE = "compose-env-line", "A line of an environment file that sets nothing.";
    COMPOSE_QUOTE = "compose-quote", "A value that YAML takes for something else than the text it looks like.";
    COMPOSE_MERGE = "compose-merge", "Two files, or a service and the one it extends, give a key values that can't be merged.";
    COMPOSE_UNDEFINED = "compose-undefined", "A service, network, volume, secret or config that is used, and nowhere defined.";
    COMPOSE_PROFILE_OFF = "compose-profile-off", "A dependency on a service none of whose profiles is on.";
    COMPOSE_CYCLE = "compose-cycle", "Services that wait for each other, extend each other, or files that include each other.";
    COMPOSE_TAKEN = "compose-taken", "A port, a mount's target or a container's name that is taken already.";
    COMPOSE_VALUE = "compose-value", "A text that has not the form that its key needs.";
}

#[cfg(test)]
mod tests {
    use super::{CODES, COMPOSE_CODES};
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_in_kebab_case() {
        let all: Vec<_> = CODES.iter().chain(COMPOSE_CODES).collect();
        let unique: BTreeSet<&str> = all.iter().map(|(code, _)| *code).collect();
        assert_eq!(unique.len(), all.len());
        for (code, meaning) in all {
            assert!(
                code.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{code}"
            );
            assert!(meaning.ends_with('.'), "{code}: {meaning}");
        }
    }
}
