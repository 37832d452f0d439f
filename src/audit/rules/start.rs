//! What the image's entrypoint and command execute, followed through the programs
//! that only start another one.

use crate::audit::Unpacked;
use crate::audit::file::FileFacts;
use crate::audit::rootfs::{FileRef, NodeKind, Nowhere};

use super::loader::absolute;

/// How many programs are followed that start one another.
const STEPS: usize = 8;

/// A program on the way.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    /// As it is written.
    pub(super) word: String,
    /// What stands there.
    pub(super) target: Target<'a>,
    /// Who executes it.
    pub(super) by: By,
}

/// Who executes a program, and so what happens where it can't be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The engine, or a program that calls `execve` itself (gosu, su-exec).
    Exec,
    /// A program that hands to `/bin/sh` what the kernel does not take (tini, env, shells).
    Execvp,
    /// Perhaps the entrypoint's script, with the command as its arguments.
    Perhaps,
}

/// What a word on a command line leads to.
#[derive(Clone, Debug)]
pub(super) enum Target<'a> {
    /// An executable file.
    Program(FileRef<'a>),
    /// A file without execute permission.
    NotExecutable(FileRef<'a>),
    /// A folder.
    Folder(String),
    /// Nothing; why.
    Nothing(String),
}

impl<'a> Target<'a> {
    /// The file, executable or not.
    pub(super) fn file(&self) -> Option<FileRef<'a>> {
        match self {
            Self::Program(file) | Self::NotExecutable(file) => Some(*file),
            _ => None,
        }
    }
}

/// What a plain `docker run` executes, one program after the other.
pub(super) fn steps(image: &Unpacked) -> Vec<Step<'_>> {
    let mut words = image.config.command_line();
    let mut by = By::Exec;
    let mut steps = Vec::new();
    while steps.len() < STEPS
        && let Some(word) = words.first().cloned()
    {
        let target = lookup(image, &word);
        let is_script = target
            .file()
            .is_some_and(|file| !matches!(file.facts(), Some(FileFacts::Elf(_))));
        steps.push(Step {
            word: word.clone(),
            target,
            by,
        });
        match next(&word, words.get(1..).unwrap_or_default()) {
            Some((who, rest)) => {
                words = rest;
                if by != By::Perhaps {
                    by = who;
                }
            }
            // An entrypoint's script usually ends in `exec "$@"`.
            None if is_script && by != By::Perhaps && !image.config.entrypoint.is_empty() => {
                words = image.config.cmd.clone();
                by = By::Perhaps;
            }
            None => break,
        }
    }
    steps
}

/// What stands at a word: on `PATH` where it has no slash, as `execvp` and the engines do it.
pub(super) fn lookup<'a>(image: &'a Unpacked, word: &str) -> Target<'a> {
    if word.is_empty() {
        return Target::Nothing("the word is empty".to_owned());
    }
    if word.contains('/') {
        return at(image, &absolute(word, &image.config.workdir));
    }
    let mut second_best = None;
    for folder in image.config.path() {
        let path = absolute(
            &format!("{}/{word}", folder.trim_end_matches('/')),
            &image.config.workdir,
        );
        match at(image, &path) {
            Target::Program(file) => return Target::Program(file),
            Target::NotExecutable(file) => {
                second_best.get_or_insert(Target::NotExecutable(file));
            }
            Target::Folder(_) | Target::Nothing(_) => {}
        }
    }
    second_best.unwrap_or_else(|| {
        Target::Nothing(format!(
            "it is in no folder of PATH ({})",
            image.config.path().join(":")
        ))
    })
}

fn at<'a>(image: &'a Unpacked, path: &str) -> Target<'a> {
    match image.rootfs.resolve(path) {
        Ok(file) if file.kind() == NodeKind::Directory => Target::Folder(file.path()),
        Ok(file) if file.is_executable() => Target::Program(file),
        Ok(file) => Target::NotExecutable(file),
        Err(Nowhere::Missing(part)) if part == path => {
            Target::Nothing(format!("{path} does not exist"))
        }
        Err(nowhere) => Target::Nothing(format!("{path}: {nowhere}")),
    }
}

/// Whether a program only starts another one.
pub(super) fn is_starter(word: &str) -> bool {
    matches!(
        name(word),
        "tini"
            | "tini-static"
            | "dumb-init"
            | "catatonit"
            | "docker-init"
            | "gosu"
            | "su-exec"
            | "init"
            | "s6-svscan"
            | "dockerize"
            | "env"
            | "nohup"
            | "nice"
            | "setpriv"
            | "sudo"
            | "chpst"
            | "runuser"
            | "wait-for-it"
            | "confd"
            | "chamber"
            | "pid1"
    )
}

fn name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// What a program with these arguments starts, and how.
fn next(word: &str, arguments: &[String]) -> Option<(By, Vec<String>)> {
    let starter = name(word);
    let rest = match starter {
        "tini" | "tini-static" | "dumb-init" | "catatonit" | "docker-init" => {
            after_options(arguments, &["-p", "-e", "-r"])
        }
        "gosu" | "su-exec" => {
            let rest = arguments.get(1..)?;
            let is_option = arguments.first()?.starts_with('-');
            return (!is_option && !rest.is_empty()).then(|| (By::Exec, rest.to_vec()));
        }
        "env" => {
            let rest = after_options(arguments, &["-u", "-C"]);
            let start = rest.iter().position(|word| !word.contains('='))?;
            rest.get(start..)?.to_vec()
        }
        "nohup" | "init" => after_options(arguments, &[]),
        "sh" | "bash" | "dash" | "ash" => return shell_line(arguments),
        _ => return None,
    };
    (!rest.is_empty()).then_some((By::Execvp, rest))
}

fn after_options(arguments: &[String], with_value: &[&str]) -> Vec<String> {
    let mut words = arguments.iter();
    while let Some(word) = words.as_slice().first() {
        if !word.starts_with('-') {
            break;
        }
        words.next();
        if word == "--" {
            break;
        }
        if with_value.contains(&word.as_str()) {
            words.next();
        }
    }
    words.as_slice().to_vec()
}

/// The program of `sh -c "exec program …"`, where the line is one plain command. A login
/// shell sets `PATH` anew, so nothing is said of its line.
fn shell_line(arguments: &[String]) -> Option<(By, Vec<String>)> {
    let (option, rest) = arguments.split_first()?;
    if !option.starts_with('-') || !option.ends_with('c') || option.contains('l') {
        return None;
    }
    let line = rest.first()?;
    if line.contains([
        '$', '`', '"', '\'', '\\', ';', '|', '&', '<', '>', '(', ')', '{', '}', '*', '?', '#', '~',
        '!', '\n',
    ]) {
        return None;
    }
    let words: Vec<String> = line
        .split_whitespace()
        .skip_while(|word| *word == "exec" || is_assignment(word))
        .map(str::to_owned)
        .collect();
    let first = words.first()?;
    (!BUILT_IN.contains(&first.as_str())).then_some((By::Execvp, words))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Words that a shell answers itself.
const BUILT_IN: &[&str] = &[
    ".", ":", "[", "alias", "bg", "cd", "command", "echo", "eval", "exit", "export", "false", "fg",
    "for", "if", "kill", "printf", "pwd", "read", "set", "shift", "source", "test", "time", "trap",
    "true", "type", "ulimit", "umask", "unset", "until", "wait", "while", "case", "local",
    "return", "declare", "let", "until", "-c",
];

#[cfg(test)]
mod tests {
    use super::super::fixture::{debian, elf, script};
    use super::*;
    use crate::image::Machine;

    fn words(image: &Unpacked) -> Vec<(String, By)> {
        steps(image)
            .into_iter()
            .map(|step| (step.word, step.by))
            .collect()
    }

    #[test]
    fn starters_are_followed_to_what_they_start() {
        let image = debian("linux/amd64")
            .file("/usr/bin/tini", elf(Machine::X86_64))
            .entrypoint(&["tini", "-g", "--", "gosu", "app:app", "/srv/run"])
            .unpacked();
        assert_eq!(
            words(&image),
            [
                ("tini".to_owned(), By::Exec),
                ("gosu".to_owned(), By::Execvp),
                ("/srv/run".to_owned(), By::Exec),
            ]
        );
    }

    #[test]
    fn a_plain_shell_line_is_read_and_a_clever_one_is_left_alone() {
        let line = |line: &str| {
            words(
                &debian("linux/amd64")
                    .command(&["/bin/sh", "-c", line])
                    .unpacked(),
            )
            .into_iter()
            .map(|(word, _)| word)
            .collect::<Vec<_>>()
        };
        assert_eq!(line("exec PORT=1 node server.js"), ["/bin/sh", "node"]);
        assert_eq!(line("node server.js || true"), ["/bin/sh"]);
        assert_eq!(line("cd /srv"), ["/bin/sh"]);
    }

    #[test]
    fn the_command_behind_a_script_is_only_perhaps_executed() {
        let image = debian("linux/amd64")
            .file("/entrypoint.sh", script("/bin/sh"))
            .entrypoint(&["/entrypoint.sh"])
            .command(&["postgres"])
            .unpacked();
        assert_eq!(
            words(&image).last(),
            Some(&("postgres".to_owned(), By::Perhaps))
        );
    }

    #[test]
    fn a_name_is_found_on_path_and_a_file_that_is_not_executable_is_passed_over() {
        let image = debian("linux/amd64")
            .plain("/usr/local/bin/node", elf(Machine::X86_64))
            .file("/usr/bin/node", elf(Machine::X86_64))
            .unpacked();
        let Target::Program(file) = lookup(&image, "node") else {
            panic!("a program");
        };
        assert_eq!(file.path(), "/usr/bin/node");
        assert!(matches!(lookup(&image, "nodejs"), Target::Nothing(_)));
    }
}
