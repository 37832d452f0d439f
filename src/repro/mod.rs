//! A failing case again, by hand: the plain `docker run …` line. Pure.

use crate::image::Platform;

/// What a check ran, in the words of `docker run`. Secrets are masked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    /// The variant's platform.
    pub platform: Platform,
    /// `repository@digest`, or a local image's id.
    pub image: String,
    /// Names and values.
    pub env: Vec<(String, String)>,
    /// User, where it is not the image's own.
    pub user: Option<String>,
    /// Working directory, where it is not the image's own.
    pub workdir: Option<String>,
    /// What replaces the image's entrypoint; an empty list takes it away.
    pub entrypoint: Option<Vec<String>>,
    /// The arguments; empty: the image's own.
    pub command: Vec<String>,
    /// Standard input is given.
    pub interactive_stdin: bool,
}

/// The line, quoted for a POSIX shell, to be pasted as it is.
pub fn docker_run_line(line: &RunLine) -> String {
    let mut words: Vec<String> = ["docker", "run", "--rm"].map(str::to_owned).to_vec();
    let mut option = |name: &str, value: &str| {
        words.push(name.to_owned());
        words.push(quote(value));
    };
    option("--platform", &flag(&line.platform));
    // `--entrypoint` takes one word; the rest of it goes in front of the command.
    let entrypoint = line.entrypoint.as_deref();
    if let Some(entrypoint) = entrypoint {
        option(
            "--entrypoint",
            entrypoint.first().map_or("", String::as_str),
        );
    }
    for (name, value) in &line.env {
        option("-e", &format!("{name}={value}"));
    }
    if let Some(user) = &line.user {
        option("-u", user);
    }
    if let Some(workdir) = &line.workdir {
        option("-w", workdir);
    }
    if line.interactive_stdin {
        words.push("-i".to_owned());
    }
    words.push(quote(&line.image));
    let rest = entrypoint
        .and_then(|words| words.get(1..))
        .unwrap_or_default();
    words.extend(rest.iter().chain(&line.command).map(|word| quote(word)));
    words.join(" ")
}

/// What audits one platform of an image again, by everyarch itself.
pub fn audit_line(image: &str, platform: &Platform) -> String {
    let platform = flag(platform);
    format!(
        "everyarch audit {} --platform {}",
        quote(image),
        quote(&platform)
    )
}

/// A platform as a flag takes it. Not Display: it says a Windows platform's version too.
fn flag(platform: &Platform) -> String {
    let variant = platform.variant().map(|variant| format!("/{variant}"));
    format!(
        "{}/{}{}",
        platform.os(),
        platform.architecture().as_str(),
        variant.unwrap_or_default()
    )
}

/// One word for a POSIX shell. What a terminal or a log would not show as it is
/// (control characters, invisible ones) is spelt out through `printf`, so that
/// the line survives being printed, cleaned and pasted.
pub fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with("::") {
        return word.to_owned();
    }
    let mut quoted = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let hidden = is_hidden(first);
        let end = rest.find(|c| is_hidden(c) != hidden).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        quoted.push_str(&if hidden {
            spelt_out(run)
        } else {
            in_apostrophes(run)
        });
        rest = after;
    }
    if quoted.is_empty() {
        quoted.push_str("''");
    }
    quoted
}

/// Within apostrophes nothing is special but the apostrophe. `##` is divided and
/// `::` kept off a line's start, since a CI runner may take them for a command.
fn in_apostrophes(text: &str) -> String {
    // Twice, since `###` holds two pairs that overlap.
    let text = text
        .replace('\'', "'\\''")
        .replace("##", "#''#")
        .replace("##", "#''#");
    let mut quoted = String::from("'");
    for line in text.split_inclusive('\n') {
        let start = line.len() - line.trim_start().len();
        let (indent, line) = line.split_at(start);
        quoted.push_str(indent);
        if line.starts_with("::") {
            quoted.push_str("''");
        }
        quoted.push_str(line);
    }
    quoted.push('\'');
    quoted
}

fn spelt_out(text: &str) -> String {
    let octal: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
    format!("\"$(printf '{octal}')\"")
}

/// A newline is visible enough, and `$(…)` would drop it at the end.
fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\n' && character != '\t')
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
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line() -> RunLine {
        RunLine {
            platform: "linux/arm64".parse().expect("a platform"),
            image: "localhost:5055/app@sha256:00".to_owned(),
            env: Vec::new(),
            user: None,
            workdir: None,
            entrypoint: None,
            command: Vec::new(),
            interactive_stdin: false,
        }
    }

    #[test]
    fn the_image_as_it_is() {
        assert_eq!(
            docker_run_line(&line()),
            "docker run --rm --platform linux/arm64 localhost:5055/app@sha256:00"
        );
    }

    #[test]
    fn everything_in_its_place() {
        let line = RunLine {
            env: vec![("GREETING".to_owned(), "it's me".to_owned())],
            user: Some("1000:1000".to_owned()),
            workdir: Some("/srv/my app".to_owned()),
            entrypoint: Some(vec!["/bin/sh".to_owned(), "-c".to_owned()]),
            command: vec!["echo $HOME".to_owned()],
            interactive_stdin: true,
            ..line()
        };
        assert_eq!(
            docker_run_line(&line),
            r"docker run --rm --platform linux/arm64 --entrypoint /bin/sh -e 'GREETING=it'\''s me' -u 1000:1000 -w '/srv/my app' -i localhost:5055/app@sha256:00 -c 'echo $HOME'"
        );
    }

    #[test]
    fn an_empty_entrypoint_is_taken_away() {
        let line = RunLine {
            entrypoint: Some(Vec::new()),
            command: vec!["ls".to_owned()],
            ..line()
        };
        assert!(docker_run_line(&line).contains("--entrypoint '' localhost"));
    }

    #[test]
    fn words_that_a_log_would_change_are_spelt_out() {
        assert_eq!(quote("a\u{1b}[0m"), r#"'a'"$(printf '\033')"'[0m'"#);
        assert_eq!(quote("##[error]"), "'#''#[error]'");
        assert_eq!(quote("###[x]"), "'#''#''#[x]'");
        assert_eq!(quote("x\n::error::"), "'x\n''::error::'");
        assert_eq!(quote(""), "''");
    }

    /// What a POSIX shell makes of the words.
    fn through_a_shell(words: &str) -> Vec<String> {
        let script = format!("for word in {words}; do printf '%s\\0' \"$word\"; done");
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("sh");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_shell_gives_the_words_back(
            words in proptest::collection::vec("[^\0]{0,6}|[ '\"$`\\\\!#:\n\t\u{1b}*~&;|<>(){}=]{0,12}", 1..12)
        ) {
            let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
            let line = quoted.join(" ");
            prop_assert!(!line.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(through_a_shell(&line), words);
        }
    }
}
