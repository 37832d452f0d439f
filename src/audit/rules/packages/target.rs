//! The platform in a package's or folder's name: `@img/sharp-linuxmusl-arm64`,
//! `@rollup/rollup-linux-x64-gnu`, `napi-v6-linux-glibc-x64`.

use crate::image::Platform;

use crate::audit::rules::libc::Libc;

/// What is left of a name without its platform, and the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::audit::rules) struct Target {
    /// What stands before the platform, the scope included: `@img/sharp`, `@esbuild/`.
    pub(in crate::audit::rules) prefix: String,
    /// For what it is.
    pub(in crate::audit::rules) system: System,
    /// As it is written: `linuxmusl-arm64`.
    pub(in crate::audit::rules) written: String,
}

/// For what a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit::rules) enum System {
    /// Linux, on this processor (Node's word), with this C library where one is named.
    Linux(&'static str, Option<Libc>),
    /// Another operating system.
    Other,
    /// WebAssembly, which runs everywhere.
    Wasm,
}

impl Target {
    /// Reads a name; `None`: it names no platform.
    pub(in crate::audit::rules) fn parse(name: &str) -> Option<Self> {
        let (scope, base) = match name.rsplit_once('/') {
            Some((scope, base)) => (format!("{scope}/"), base),
            None => (String::new(), name),
        };
        let words: Vec<&str> = base.split('-').collect();
        let (at, system) = words.iter().enumerate().find_map(|(at, word)| {
            let rest = words.get(at + 1..).unwrap_or_default();
            Some((at, system(word, rest)?))
        })?;
        let prefix = words.get(..at).unwrap_or_default().join("-");
        Some(Self {
            prefix: scope + &prefix,
            system,
            written: words.get(at..).unwrap_or_default().join("-"),
        })
    }

    /// Whether it is for Linux on `platform`'s processor.
    pub(in crate::audit::rules) fn is_for(&self, platform: &Platform) -> bool {
        matches!(self.system, System::Linux(cpu, _) if platform.node() == Some(cpu))
    }

    /// The C library that it names.
    pub(in crate::audit::rules) fn libc(&self) -> Option<Libc> {
        match self.system {
            System::Linux(_, libc) => libc,
            System::Other | System::Wasm => None,
        }
    }
}

/// The platform package that a file in `node_modules` belongs to.
pub(in crate::audit::rules) fn platform_package(path: &str) -> Option<Target> {
    path.split("/node_modules/").skip(1).find_map(|inside| {
        // pnpm writes `@img+sharp-linux-x64@0.33.5`.
        let mut parts = inside.trim_start_matches(".pnpm/").split('/');
        let first = parts.next().unwrap_or_default();
        let name = match first.starts_with('@') && !first.contains('+') {
            true => parts.next().unwrap_or_default(),
            false => first.rsplit('+').next().unwrap_or_default(),
        };
        Target::parse(name.split('@').next().unwrap_or_default())
    })
}

fn system(word: &str, rest: &[&str]) -> Option<System> {
    let named = match word {
        "linux" => None,
        "linuxmusl" | "alpine" => Some(Libc::Musl),
        "linuxglibc" => Some(Libc::Glibc),
        "wasm32" | "wasm" => return Some(System::Wasm),
        "darwin" | "macos" | "osx" | "win32" | "windows" | "win" | "android" | "freebsd"
        | "openbsd" | "netbsd" | "sunos" | "openharmony" | "aix" => {
            let is_platform = rest
                .iter()
                .any(|word| cpu(word).is_some() || *word == "universal");
            return is_platform.then_some(System::Other);
        }
        _ => return None,
    };
    let cpu = rest.iter().find_map(|word| cpu(word))?;
    let libc = named.or_else(|| rest.iter().find_map(|word| libc(word)));
    Some(System::Linux(cpu, libc))
}

/// Node's word for a processor, from any that package authors use.
pub(in crate::audit::rules) fn cpu(word: &str) -> Option<&'static str> {
    Some(match word {
        "x64" | "64" | "x86_64" | "amd64" => "x64",
        "arm64" | "aarch64" | "aarch_64" | "arm64v8" => "arm64",
        "arm" | "armv6" | "armv6l" | "armv7" | "armv7l" | "armhf" => "arm",
        "ia32" | "32" | "x86" | "i386" | "i686" | "386" => "ia32",
        "ppc64" | "ppc64le" | "powerpc64le" | "ppc64el" => "ppc64",
        "s390x" => "s390x",
        "riscv64" => "riscv64",
        "loong64" | "loongarch64" => "loong64",
        "mips64el" | "mips64le" => "mips64el",
        _ => return None,
    })
}

fn libc(word: &str) -> Option<Libc> {
    match word {
        "gnu" | "glibc" | "gnueabi" | "gnueabihf" => Some(Libc::Glibc),
        "musl" | "musleabi" | "musleabihf" => Some(Libc::Musl),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_from_the_names_that_authors_give() {
        use Libc::{Glibc, Musl};
        for (name, prefix, system) in [
            (
                "@img/sharp-linuxmusl-arm64",
                "@img/sharp",
                System::Linux("arm64", Some(Musl)),
            ),
            (
                "@img/sharp-libvips-linux-x64",
                "@img/sharp-libvips",
                System::Linux("x64", None),
            ),
            ("@img/sharp-wasm32", "@img/sharp", System::Wasm),
            (
                "@rollup/rollup-linux-arm-gnueabihf",
                "@rollup/rollup",
                System::Linux("arm", Some(Glibc)),
            ),
            (
                "@rollup/rollup-linux-powerpc64le-gnu",
                "@rollup/rollup",
                System::Linux("ppc64", Some(Glibc)),
            ),
            (
                "@esbuild/linux-ia32",
                "@esbuild/",
                System::Linux("ia32", None),
            ),
            ("esbuild-linux-64", "esbuild", System::Linux("x64", None)),
            (
                "sass-embedded-linux-musl-x64",
                "sass-embedded",
                System::Linux("x64", Some(Musl)),
            ),
            (
                "@parcel/watcher-linux-x64-glibc",
                "@parcel/watcher",
                System::Linux("x64", Some(Glibc)),
            ),
            ("@next/swc-darwin-arm64", "@next/swc", System::Other),
            ("@sentry/cli-win32-i686", "@sentry/cli", System::Other),
            (
                "napi-v6-linux-glibc-x64",
                "napi-v6",
                System::Linux("x64", Some(Glibc)),
            ),
        ] {
            let target = Target::parse(name).expect(name);
            assert_eq!(
                (target.prefix.as_str(), target.system),
                (prefix, system),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_that_only_holds_such_words_is_no_platform() {
        for name in [
            "is-linux",
            "node-gyp-build",
            "win-release",
            "arm64",
            "binary-64",
        ] {
            assert_eq!(Target::parse(name), None, "{name}");
        }
    }
}
