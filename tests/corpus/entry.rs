//! What an entry of the corpus is.

use crate::elf::Machine;
use crate::layout::{Image, Layout};

pub(super) const AMD64: &str = "linux/amd64";
pub(super) const ARM64: &str = "linux/arm64";

/// One signature, and an image that has it.
pub(super) struct Entry {
    /// The code of the finding.
    pub(super) signature: &'static str,
    /// Where it happened, as `owner/repository#number`; else what demands it.
    pub(super) incident: &'static str,
    /// The platform that is broken.
    pub(super) broken: &'static str,
    /// The platform that it is found on; an empty one: the index as a whole.
    pub(super) platform: &'static str,
    /// The file that is blamed.
    pub(super) path: Option<&'static str>,
    /// How bad it is.
    pub(super) severity: &'static str,
    /// It is no finding of its own, but the likely cause that the finding's hint names.
    pub(super) is_cause: bool,
    /// What the audit is told besides.
    pub(super) arguments: &'static [&'static str],
    /// How it is made.
    pub(super) image: Made,
    /// What running it can tell.
    pub(super) run: Run,
}

/// How an entry's images are made.
#[derive(Clone, Copy)]
pub(super) enum Made {
    /// One platform after the other; only the entry's own is broken.
    ByPlatform(fn(&Site) -> Image),
    /// As a whole.
    AsAWhole(fn(State) -> Layout),
}

/// The image that has the signature, or its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Broken,
    Mended,
}

impl State {
    /// The first where it is broken, else the second.
    pub(super) fn choose<T>(self, broken: T, mended: T) -> T {
        match self {
            Self::Broken => broken,
            Self::Mended => mended,
        }
    }
}

/// What a run of the image on an engine can tell of its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// The fault is in what the image starts, or in what an engine reads of it.
    Tells,
    /// The fault is in a file that the image's command does not touch.
    Untouched,
    /// A real loader, or a real `env`, would refuse it; those in the image end with 0.
    Loader,
    /// The host decides: its pages, its processor, its emulator.
    Host,
}

impl Run {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tells => "tells",
            Self::Untouched => "untouched",
            Self::Loader => "loader",
            Self::Host => "host",
        }
    }
}

/// One platform of an image that is being made.
pub(super) struct Site {
    pub(super) platform: &'static str,
    pub(super) state: State,
}

impl Site {
    /// The platform's own machine.
    pub(super) fn own(&self) -> Machine {
        machine(self.platform)
    }

    /// The machine of the file in question: x86-64 where it is broken.
    pub(super) fn suspect(&self) -> Machine {
        self.choose(Machine::X86_64, self.own())
    }

    /// The first where it is broken, else the second.
    pub(super) fn choose<T>(&self, broken: T, mended: T) -> T {
        self.state.choose(broken, mended)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }
}

/// The machine of a platform.
pub(super) fn machine(platform: &str) -> Machine {
    match platform.split('/').nth(1) {
        Some("amd64") => Machine::X86_64,
        Some("arm64") => Machine::AArch64,
        Some("arm") => Machine::Arm,
        other => panic!("no machine for {other:?}"),
    }
}

impl Entry {
    /// Its image, or its twin.
    pub(super) fn layout(&self, state: State) -> Layout {
        match self.image {
            Made::AsAWhole(make) => make(state),
            Made::ByPlatform(make) => {
                let other = match self.broken {
                    AMD64 => ARM64,
                    _ => AMD64,
                };
                let mut sites = [
                    Site {
                        platform: other,
                        state: State::Mended,
                    },
                    Site {
                        platform: self.broken,
                        state,
                    },
                ];
                sites.sort_by_key(|site| site.platform);
                sites
                    .iter()
                    .fold(Layout::new(), |layout, site| layout.image(make(site)))
            }
        }
    }
}

const fn entry(
    signature: &'static str,
    incident: &'static str,
    platform: &'static str,
    image: Made,
) -> Entry {
    Entry {
        signature,
        incident,
        broken: platform,
        platform,
        path: None,
        severity: "error",
        is_cause: false,
        arguments: &[],
        image,
        run: Run::Tells,
    }
}

/// An image of which arm64 is broken and amd64 is not.
pub(super) const fn on_arm64(
    signature: &'static str,
    incident: &'static str,
    image: fn(&Site) -> Image,
) -> Entry {
    entry(signature, incident, ARM64, Made::ByPlatform(image))
}

/// An image of which one platform is broken.
pub(super) const fn on(
    platform: &'static str,
    signature: &'static str,
    incident: &'static str,
    image: fn(&Site) -> Image,
) -> Entry {
    entry(signature, incident, platform, Made::ByPlatform(image))
}

/// An image whose documents are broken.
pub(super) const fn whole(
    platform: &'static str,
    signature: &'static str,
    incident: &'static str,
    image: fn(State) -> Layout,
) -> Entry {
    entry(signature, incident, platform, Made::AsAWhole(image))
}

impl Entry {
    pub(super) const fn at(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }

    pub(super) const fn warns(mut self) -> Self {
        self.severity = "warning";
        self
    }

    pub(super) const fn informs(mut self) -> Self {
        self.severity = "info";
        self
    }

    /// It is said of the index or of all platforms together.
    pub(super) const fn of_the_index(mut self) -> Self {
        self.platform = "";
        self
    }

    /// It is the likely cause that a finding names.
    pub(super) const fn likely_cause(mut self) -> Self {
        self.is_cause = true;
        self
    }

    pub(super) const fn told(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }

    /// The image's command does not touch the broken file.
    pub(super) const fn untouched(mut self) -> Self {
        self.run = Run::Untouched;
        self
    }

    /// A real loader, or a real `env`, would refuse it.
    pub(super) const fn refused_by_a_loader(mut self) -> Self {
        self.run = Run::Loader;
        self
    }

    /// The host decides whether it fails.
    pub(super) const fn on_some_hosts(mut self) -> Self {
        self.run = Run::Host;
        self
    }
}
