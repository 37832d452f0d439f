//! Parity with the compose plugin: each file of `tests/parity` is run by the plugin
//! itself, by the built-in runner and by `runner: plugin`, and what its services did
//! and saw is compared. On Podman, where the plugin is not at home, the built-in runner is
//! compared with itself on the second engine.
//!
//! In each file the service `app` is the image under test, and the last to end.

mod builtin;
mod diff;
mod engine_events;
mod plugin;
mod seen;
mod sheet;

use std::collections::BTreeSet;

use super::engine;
use seen::Seen;
use sheet::Sheet;

/// Who runs a file.
#[derive(Clone, Copy, Debug)]
enum Lane<'a> {
    /// everyarch with this `runner:`, on this engine.
    Everyarch { runner: &'a str, url: &'a str },
    /// The compose plugin itself, on this engine.
    Plugin { url: &'a str },
}

impl Lane<'_> {
    fn run(self, sheet: &Sheet) -> Seen {
        match self {
            Self::Everyarch { runner, url } => builtin::run(sheet, runner, url),
            Self::Plugin { url } => plugin::run(sheet, url),
        }
    }
}

/// Runs a file in every lane there is, and demands that all of them saw the same.
#[track_caller]
fn compare(sheet: &Sheet) {
    let here = engine::url();
    if engine::is_podman() {
        compare_engines(sheet, &here);
        return;
    }
    let wanted = Lane::Plugin { url: &here };
    let others = ["builtin", "plugin"].map(|runner| Lane::Everyarch { runner, url: &here });
    let seen = wanted.run(sheet);
    seen.demand_something();
    for lane in others {
        demand_equal(sheet, (wanted, &seen), (lane, &lane.run(sheet)));
    }
}

/// The same runner on Docker and on Podman, but for what is the engines' own.
#[track_caller]
fn compare_engines(sheet: &Sheet, podman: &str) {
    if let Some(said) = sheet.impossible() {
        let outcome = builtin::outcome(sheet, "builtin", podman);
        outcome.exits(1).prints(said);
        return;
    }
    let docker = std::env::var("EVERYARCH_SECOND_ENGINE")
        .expect("EVERYARCH_SECOND_ENGINE names Docker, which Podman is compared with");
    let [first, second] = [&docker, podman].map(|url| Lane::Everyarch {
        runner: "builtin",
        url,
    });
    let [wanted, found] = [first, second].map(|lane| {
        let mut seen = lane.run(sheet);
        seen.forget_what_engines_differ_in(sheet.set_apart());
        seen
    });
    wanted.demand_something();
    demand_equal(sheet, (first, &wanted), (second, &found));
}

#[track_caller]
fn demand_equal(sheet: &Sheet, wanted: (Lane<'_>, &Seen), found: (Lane<'_>, &Seen)) {
    let differences = wanted.1.differences(found.1);
    assert!(
        differences.is_empty(),
        "tests/parity/{}: `-` is {:?}, `+` is {:?}\n{}",
        sheet.file(),
        wanted.0,
        found.0,
        differences.join("\n")
    );
}

/// A test for each file, of the file's name.
macro_rules! parity {
    ($($name:ident $(: $($more:ident($($argument:expr),*)).+)?;)+) => {
        $(
            #[test]
            #[cfg_attr(
                not(feature = "engine-tests"),
                ignore = "needs an engine, a registry, the images of ci/images and the compose plugin: run ci/test"
            )]
            fn $name() {
                compare(&Sheet::of(stringify!($name)) $($(.$more($($argument),*))+)?);
            }
        )+

        const FILES: &[&str] = &[$(stringify!($name)),+];
    };
}

parity! {
    anchors;
    binds;
    commands;
    conditions;
    configs;
    copied;
    env_files;
    environment;
    exit_codes;
    extends;
    failing;
    healthchecks;
    includes;
    init;
    interpolation;
    labels;
    limits;
    names;
    networks;
    of_image: not_on_podman("has no healthcheck, and others wait for it to be healthy");
    optional;
    platforms;
    ports;
    privileged: apart("app").apart("every");
    profiles : profile("test");
    project_names;
    read_only;
    restarts;
    secrets;
    security;
    several_files : over("files/over.yml");
    side_by_side;
    stopping;
    taken_away : over("files/away.yml");
    tmpfs;
    unhealthy;
    users;
    volumes;
}

/// A file that no test names would be compared with nothing.
#[test]
fn every_file_has_its_test() {
    let named: BTreeSet<String> = FILES.iter().map(|name| format!("{name}.yml")).collect();
    assert_eq!(named, sheet::files());
    assert!(named.len() >= 25);
}
