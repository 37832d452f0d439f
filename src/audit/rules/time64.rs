//! 32-bit userlands that ask for the time by system calls of 2019.

use crate::event::{Finding, Severity};
use crate::image::Architecture;

use super::installed::{Ecosystem, installed};
use super::libc::Libc;
use super::scene::{Elf, Scene};

/// What a libc that has 64-bit times defines on 32-bit machines.
const SYMBOL: &str = "__clock_gettime64";

/// `arm32-time64-seccomp`: filters made with libseccomp before 2.4.2 answer these calls
/// with EPERM, and libc goes back to the older ones only for ENOSYS.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let architecture = scene.image.platform.architecture();
    let is_narrow = matches!(architecture, Architecture::Arm | Architecture::I386);
    if scene.alien.is_some() || !is_narrow {
        return Vec::new();
    }
    let Some((libc, file)) = scene.libc.and_then(|libc| Some((libc, file(scene, libc)?))) else {
        return Vec::new();
    };
    let Some(shown) = shown(scene, libc, file) else {
        return Vec::new();
    };
    let finding = Finding::new(
        "arm32-time64-seccomp",
        Severity::Info,
        format!(
            "host: {libc} asks the kernel for 64-bit times, which engines with an old libseccomp refuse to 32-bit programs"
        ),
    );
    vec![
        finding
            .at(file.path.clone())
            .because(shown)
            .because("seen as `Operation not permitted` from `date`, `sudo` and package managers, or as a clock that stands in 1970")
            .hint("hosts need libseccomp 2.4.2 and Docker 19.03.9, or newer"),
    ]
}

/// The libc's own file.
fn file<'s, 'a>(scene: &'s Scene<'a>, libc: Libc) -> Option<&'s Elf<'a>> {
    scene.own().find(|elf| {
        let name = elf.path.rsplit('/').next().unwrap_or_default();
        match libc {
            Libc::Musl => name.starts_with("ld-musl-"),
            Libc::Glibc => name == "libc.so.6",
        }
    })
}

/// What shows that it does: glibc since 2.31, musl since 1.2.0.
fn shown(scene: &Scene<'_>, libc: Libc, file: &Elf<'_>) -> Option<String> {
    if file.facts.symbols.defines(SYMBOL) {
        return Some(format!("{} defines `{SYMBOL}`", file.path));
    }
    let (ecosystem, names, since): (_, &[&str], _) = match libc {
        Libc::Musl => (Ecosystem::Apk, &["musl"], (1, 2)),
        Libc::Glibc => (Ecosystem::Dpkg, &["libc6"], (2, 31)),
    };
    installed(scene.image)
        .remove(&ecosystem)?
        .into_iter()
        .find(|package| {
            let name = package.name.split(':').next().unwrap_or_default();
            names.contains(&name) && release(&package.version).is_some_and(|it| it >= since)
        })
        .map(|package| format!("package {} is of version {}", package.name, package.version))
}

/// The first two numbers of a version.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{
        Image, alpine, codes, debian, musl_loader, package, shared_object,
    };
    use super::super::programs;
    use super::*;
    use crate::audit::file::{ElfFacts, FileFacts, InstalledPackage, Symbols};
    use crate::image::Machine;

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    fn with(image: Image, path: &str, installed: InstalledPackage) -> Image {
        image.plain(path, FileFacts::Packages(vec![installed]))
    }

    #[test]
    fn musl_has_long_times_since_1_2() {
        // alpinelinux/docker-alpine#135
        let of = |version: &str| {
            let musl = package("musl", version, "armv7");
            with(alpine("linux/arm/v7"), "/lib/apk/db/installed", musl)
        };
        let found = judge(of("1.2.2-r0"));
        assert_eq!(codes(&found), ["arm32-time64-seccomp"]);
        assert_eq!(found[0].severity, Severity::Info);
        assert_eq!(found[0].evidence[0], "package musl is of version 1.2.2-r0");
        assert_eq!(codes(&judge(of("1.1.24-r10"))), [""; 0]);
    }

    #[test]
    fn without_packages_the_libc_itself_tells() {
        let image = |symbols| {
            let libc = ElfFacts {
                symbols,
                ..shared_object(Machine::Arm, "libc.musl-armv7.so.1", &[])
            };
            alpine("linux/arm/v7").file(musl_loader(Machine::Arm), libc)
        };
        let found = judge(image(Symbols::of(&[SYMBOL, "time"], &[], &[])));
        assert_eq!(codes(&found), ["arm32-time64-seccomp"]);
        assert_eq!(
            codes(&judge(image(Symbols::of(&["time"], &[], &[])))),
            [""; 0]
        );
    }

    #[test]
    fn glibc_has_long_times_since_2_31() {
        let of = |platform: &str, version: &str| {
            let architecture = match platform {
                "linux/386" => "i386",
                _ => "amd64",
            };
            let libc = package("libc6", version, architecture);
            with(debian(platform), "/var/lib/dpkg/status", libc)
        };
        for new in ["2.31-13+deb11u11", "2.41-12"] {
            assert_eq!(
                codes(&judge(of("linux/386", new))),
                ["arm32-time64-seccomp"]
            );
        }
        assert_eq!(codes(&judge(of("linux/386", "2.28-10"))), [""; 0]);
        // Where words are long, times always were.
        assert_eq!(codes(&judge(of("linux/amd64", "2.41-12"))), [""; 0]);
    }
}
