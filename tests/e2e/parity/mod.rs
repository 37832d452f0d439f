//! Parity with the compose plugin: each file of `tests/parity` is run by the
//! built-in runner and by the plugin itself, and what its services did and saw is
//! compared. On Podman, where the plugin is not at home, the built-in runner is
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
    let second = std::env::var("EVERYARCH_SECOND_ENGINE").unwrap_or_default();
    let builtin = Lane::Everyarch {
        runner: "builtin",
        url: &here,
    };
    let (reference, others) = if engine::is_podman() {
        assert!(
            !second.is_empty(),
            "EVERYARCH_SECOND_ENGINE names Docker, which Podman is compared with"
        );
        let docker = Lane::Everyarch {
            runner: "builtin",
            url: &second,
        };
        (docker, vec![builtin])
    } else {
        (Lane::Plugin { url: &here }, vec![builtin])
    };
    let is_one_engine = !engine::is_podman();
    let mut wanted = reference.run(sheet);
    if !is_one_engine {
        wanted.forget_what_engines_differ_in();
    }
    wanted.demand_something();
    for lane in others {
        let mut found = lane.run(sheet);
        if !is_one_engine {
            found.forget_what_engines_differ_in();
        }
        let differences = wanted.differences(&found);
        assert!(
            differences.is_empty(),
            "tests/parity/{}: `-` is {reference:?}, `+` is {lane:?}\n{}",
            sheet.file(),
            differences.join("\n")
        );
    }
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
    of_image;
    optional;
    platforms;
    ports;
    privileged;
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
