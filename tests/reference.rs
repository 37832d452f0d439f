//! The command line's reference: the long help of each command, kept as a file.
//! `UPDATE_GOLDEN=1 cargo test` writes it anew; what changed is read in the diff.

use std::path::Path;

use clap::Command;

/// How wide the help is where no terminal says.
const WIDTH: usize = 100;

fn reference() -> String {
    let mut command = everyarch::cli::command().term_width(WIDTH);
    command.build();
    let mut text = page(&mut command.clone());
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .filter(|name| name != "help")
        .collect();
    for name in names {
        let subcommand = command.find_subcommand_mut(&name).expect("a command");
        text.push_str(&page(&mut subcommand.clone().term_width(WIDTH)));
    }
    text
}

fn page(command: &mut Command) -> String {
    let name = command
        .get_bin_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    format!("## {name} --help\n\n{}\n\n", help.join("\n").trim_end())
}

#[test]
fn the_reference_is_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli.txt");
    let actual = reference();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the golden file is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).find(|(a, b)| a != b);
    assert_eq!(differs, None, "UPDATE_GOLDEN=1 writes {}", path.display());
    assert_eq!(expected, actual);
}

#[test]
fn every_option_says_what_it_is_for() {
    let mut command = everyarch::cli::command();
    command.build();
    let commands = std::iter::once(&command).chain(command.get_subcommands());
    for command in commands.filter(|command| command.get_name() != "help") {
        for argument in command.get_arguments() {
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.len() > 8,
                "{} {}: `{help}`",
                command.get_name(),
                argument.get_id()
            );
        }
    }
}

#[test]
fn help_and_version_are_answered_by_the_program_itself() {
    let program = || assert_cmd::Command::new(env!("CARGO_BIN_EXE_everyarch"));
    let version = format!("everyarch {}\n", env!("CARGO_PKG_VERSION"));
    program()
        .arg("--version")
        .assert()
        .success()
        .stdout(version);
    let help = program().args(["run", "--help"]).assert().success();
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    for words in [
        "--suite",
        "--platform",
        "--engine",
        "--insecure-registry",
        "130  interrupted",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
    // Without anything to do, it says what it can do.
    program().assert().code(2);
}
