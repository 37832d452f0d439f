//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use regex::Regex;

use crate::image::{ImageReference, Platform};
use crate::report::ColorChoice;
use crate::run::PullPolicy;

const EXIT_CODES: &str = "Exit codes:
    0  every required platform passed
    1  a check failed
    2  bad usage, or a mistake in a suite
    3  an error kept a check from being judged (outranks 1)
    4  nothing was selected
  130  interrupted";

const AUDIT_EXIT_CODES: &str = "Exit codes:
    0  nothing was found that counts
    1  an error was found that no suite accepts
    2  bad usage, or a mistake in a suite
    3  something could not be looked at (outranks 1)
  130  interrupted";

/// Does every platform of a multi-platform container image really run?
#[derive(Parser, Debug)]
#[command(name = "everyarch", version, propagate_version = true, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Run the checks of a suite on every platform of an image
    ///
    /// Resolves IMAGE once, pulls each platform's variant by its digest, runs the checks on each, natively or under emulation, and reports. Without a suite the built-in checks run: each runtime's architecture, the native modules, and that the image starts.
    Run(Box<RunArguments>),
    /// Say from an image's bytes alone what will fail on which platform
    ///
    /// Reads IMAGE's index, manifests and layers, runs nothing, and needs neither engine nor emulator: programs and libraries of another architecture, loaders and libraries that are missing, packages for another platform, differences between the platforms, and blobs that are not there.
    Audit(Box<AuditArguments>),
    /// Remove containers, networks and volumes that an earlier run left behind
    ///
    /// Only those whose run is over: its process is gone, or its lease has run out. A run that is under way keeps what it has.
    Clean(CleanArguments),
}

#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(super) struct RunArguments {
    /// The image: a reference with tag or digest (short names are Docker Hub's), or docker-daemon:NAME for one that is only in the engine's own store
    #[arg(value_name = "IMAGE")]
    pub(super) image: ImageReference,

    /// A suite file; may be given several times [default: everyarch.yaml in this folder, if there is one]
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    pub(super) suite: Vec<PathBuf>,

    /// Test this platform only, as in linux/arm64; may be given several times [default: what the suites require, else everything in the index]
    #[arg(short, long, value_name = "PLATFORM", num_args = 1.., value_delimiter = ',')]
    pub(super) platform: Vec<Platform>,

    /// The container engine, as in unix:///var/run/docker.sock or tcp://host:2375; PLATFORM=URL gives one platform its own; may be given several times [default: DOCKER_HOST, the current Docker context, the usual sockets of Docker and Podman]
    #[arg(short, long, value_name = "[PLATFORM=]URL")]
    pub(super) engine: Vec<EngineArgument>,

    /// How many checks may be under way at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,

    /// Write the results as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write the versioned result document, as JSON, to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Write what the services of integration cases leave into this folder, as each case ends: their logs, what happened, and on failure what the engine says of each container
    #[arg(long, value_name = "DIR")]
    pub(super) artifacts: Option<PathBuf>,

    /// Speak plain HTTP to this registry, given as HOST or HOST:PORT; registries on loopback need no flag; may be given several times
    #[arg(long, value_name = "HOST")]
    pub(super) insecure_registry: Vec<String>,

    /// When to pull: always, when the engine lacks the digest, or never
    #[arg(long, value_enum, default_value_t = Pull::Missing)]
    pub(super) pull: Pull,

    /// Leave the containers in place at the end, for a look inside
    #[arg(long)]
    pub(super) keep: bool,

    /// Remove the images that this run pulled
    #[arg(long)]
    pub(super) remove_images: bool,

    /// Stop at the first case that does not pass; what is left is reported as not run
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Only cases whose `suite/name` this regular expression matches
    #[arg(short, long, value_name = "REGEX")]
    pub(super) filter: Option<Regex>,

    /// Leave the first suite out, `audit`: what the image's bytes say before anything runs
    #[arg(long)]
    pub(super) no_audit: bool,

    /// List the cases of each platform and run nothing
    #[arg(short, long)]
    pub(super) list: bool,

    /// How long the engine or the registry may take for one step of its own, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) step_timeout: u64,

    #[command(flatten)]
    pub(super) screen: ScreenArguments,
}

#[derive(Args, Debug)]
#[command(after_help = AUDIT_EXIT_CODES)]
pub(super) struct AuditArguments {
    /// The image: a reference with tag or digest (short names are Docker Hub's), oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], or docker-daemon:NAME for one of the engine's own store
    #[arg(value_name = "IMAGE")]
    pub(super) image: ImageReference,

    /// Look at this platform only, as in linux/arm64; one that is not there is an error; may be given several times [default: what the suites require, else everything in the index]
    #[arg(short, long, value_name = "PLATFORM", num_args = 1.., value_delimiter = ',')]
    pub(super) platform: Vec<Platform>,

    /// A suite file, for its `platforms` and `audit`: findings it accepts, how much differences between platforms count; may be given several times [default: everyarch.yaml in this folder, if there is one]
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    pub(super) suite: Vec<PathBuf>,

    /// Write the findings as a versioned JSON document to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Write the findings as SARIF 2.1.0, for code scanning, to this file
    #[arg(long, value_name = "FILE")]
    pub(super) sarif: Option<PathBuf>,

    /// Write the findings as JUnit XML to this file: a case for each platform and kind of finding
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Speak plain HTTP to this registry, given as HOST or HOST:PORT; registries on loopback need no flag; may be given several times
    #[arg(long, value_name = "HOST")]
    pub(super) insecure_registry: Vec<String>,

    /// The container engine that has a docker-daemon: image [default: found as `run` finds it]
    #[arg(short, long, value_name = "URL")]
    pub(super) engine: Option<String>,

    /// How many layers may be read at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,

    /// Keep what is learnt of each layer in this folder, so that it is read once only [default: everyarch in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,

    /// Read every layer anew, and keep nothing
    #[arg(long, conflicts_with = "cache")]
    pub(super) no_cache: bool,

    /// How long the registry or the engine may take for one step of its own, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) step_timeout: u64,

    #[command(flatten)]
    pub(super) screen: ScreenArguments,
}

#[derive(Args, Debug)]
pub(super) struct CleanArguments {
    /// The container engine [default: found as `run` finds it]
    #[arg(short, long, value_name = "URL")]
    pub(super) engine: Option<String>,

    /// Remove all that this run made, whether it is over or not: what --keep left
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,

    #[command(flatten)]
    pub(super) screen: ScreenArguments,
}

#[derive(Args, Debug, Clone, Copy)]
pub(super) struct ScreenArguments {
    /// Say more: notes, and what is only worth knowing; twice: what is asked of engine and registry
    #[arg(short, long, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(super) verbose: u8,

    /// Say only what failed, and the verdict
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
}

/// `--pull`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Pull {
    /// Each time
    Always,
    /// When the engine lacks the digest
    Missing,
    /// Never: an image that is not there is an error
    Never,
}

impl From<Pull> for PullPolicy {
    fn from(pull: Pull) -> Self {
        match pull {
            Pull::Always => Self::Always,
            Pull::Missing => Self::Missing,
            Pull::Never => Self::Never,
        }
    }
}

/// `--engine URL` or `--engine PLATFORM=URL`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EngineArgument {
    pub(super) platform: Option<Platform>,
    pub(super) url: String,
}

impl std::str::FromStr for EngineArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // An address may hold `=`, but not in front of its scheme.
        let (platform, url) = match text.split_once('=') {
            Some((platform, url)) if !platform.contains("://") => {
                let platform = platform
                    .parse::<Platform>()
                    .map_err(|error| error.to_string())?;
                (Some(platform), url)
            }
            _ => (None, text),
        };
        if !url.contains("://") {
            return Err("an engine's address has a scheme, as in unix:///var/run/docker.sock or tcp://host:2375".to_owned());
        }
        Ok(Self {
            platform,
            url: url.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn an_engine_may_be_for_one_platform() {
        let engine: EngineArgument = "linux/aarch64=tcp://builder:2375"
            .parse()
            .expect("an engine");
        assert_eq!(engine.platform, "linux/arm64".parse().ok());
        assert_eq!(engine.url, "tcp://builder:2375");
        let engine: EngineArgument = "unix:///run/x.sock?a=b".parse().expect("an engine");
        assert_eq!(engine.platform, None);
    }

    #[test]
    fn a_platform_that_does_not_exist_is_a_usage_mistake() {
        let error = "linux/amr64=tcp://x:1"
            .parse::<EngineArgument>()
            .expect_err("a typo");
        assert!(error.contains("did you mean"), "{error}");
        assert!("localhost:2375".parse::<EngineArgument>().is_err());
    }
}
