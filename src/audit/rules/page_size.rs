//! What fails on arm64 kernels with pages larger than 4 KiB, and what may run out of
//! static TLS: matters of the host that the image only makes possible.

use crate::event::{Finding, Severity};
use crate::image::Architecture;

use super::group::{self, Case};
use super::scene::{Elf, Scene};

/// `elf-page-alignment`, `jemalloc-page-size` and `static-tls-exhausted`.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() || *scene.image.platform.architecture() != Architecture::Arm64 {
        return Vec::new();
    }
    let arm64 = || scene.own().filter(|elf| elf.facts.is_64);
    let below = |elf: &&Elf<'_>, from: u64, to: u64| {
        elf.facts
            .smallest_alignment
            .is_some_and(|alignment| alignment >= from && alignment < to)
    };
    let mut found = Vec::new();
    for (from, to, hosts) in [
        (
            2,
            0x4000,
            "16 KiB or 64 KiB pages (Raspberry Pi 5, Asahi Linux, some servers)",
        ),
        (0x4000, 0x10000, "64 KiB pages (some servers)"),
    ] {
        let cases = arm64()
            .filter(|elf| below(elf, from, to))
            .map(|elf| {
                let alignment = elf.facts.smallest_alignment.unwrap_or_default();
                case(
                    elf,
                    "elf-page-alignment",
                    format!("{} is aligned to {} KiB", elf.path, alignment / 1024),
                )
            })
            .collect();
        found.extend(group::one(cases, &|case, count| {
            (
                format!(
                    "host: {}{} can't be loaded by kernels with {hosts}",
                    case.path,
                    group::and_more(count)
                ),
                "link with `-Wl,-z,max-page-size=65536`; after patchelf: `--page-size 65536`"
                    .to_owned(),
            )
        }));
    }
    let jemalloc = arm64()
        .filter(|elf| elf.facts.has_jemalloc)
        .map(|elf| {
            case(
                elf,
                "jemalloc-page-size",
                format!("{} holds jemalloc", elf.path),
            )
        })
        .collect();
    found.extend(group::one(jemalloc, &|case, count| {
        (
            format!(
                "host: {}{} may refuse kernels with pages larger than jemalloc was built for",
                case.path,
                group::and_more(count)
            ),
            "build it with `JEMALLOC_SYS_WITH_LG_PAGE=16` (Rust) or `--with-lg-page=16`; setting that at run time does nothing".to_owned(),
        )
    }));
    // Libraries of the system are loaded at the start, where there is room.
    let late = arm64()
        .filter(|elf| {
            elf.facts.has_static_tls
                && ["/site-packages/", "/dist-packages/", "/node_modules/"]
                    .iter()
                    .any(|folder| elf.path.contains(folder))
        })
        .map(|elf| {
            case(
                elf,
                "static-tls-exhausted",
                format!("{} wants static TLS", elf.path),
            )
        })
        .collect();
    found.extend(group::one(late, &|case, count| {
        (
            format!(
                "{}{} may find no room in the static TLS block when loaded late",
                case.path,
                group::and_more(count)
            ),
            "import it first, or set LD_PRELOAD to it, if `cannot allocate memory in static TLS block` is seen".to_owned(),
        )
    }));
    found
}

fn case(elf: &Elf<'_>, code: &'static str, shown: String) -> Case {
    Case {
        code,
        severity: Severity::Info,
        cause: String::new(),
        layer: elf.file.layer(),
        path: elf.path.clone(),
        shown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Image, codes, debian, elf, shared_object};
    use super::super::programs;
    use crate::audit::file::ElfFacts;
    use crate::event::{Finding, Severity};
    use crate::image::Machine;

    fn judge(image: Image) -> Vec<Finding> {
        programs::judge(&image.unpacked())
    }

    #[test]
    fn objects_that_large_pages_refuse_are_counted_once() {
        // numpy/numpy#16677, docker-pi-hole#422: patchelf adds a segment of 4 KiB.
        let aligned = |machine, alignment| ElfFacts {
            smallest_alignment: Some(alignment),
            ..elf(machine)
        };
        let mut image = debian("linux/arm64");
        for n in 0..40 {
            image = image.file(&format!("/opt/a{n}"), aligned(Machine::AArch64, 0x1000));
        }
        let found = judge(image.file("/opt/b", aligned(Machine::AArch64, 0x4000)));
        assert_eq!(codes(&found), ["elf-page-alignment", "elf-page-alignment"]);
        assert!(
            found
                .iter()
                .all(|finding| finding.severity == Severity::Info)
        );
        assert!(
            found[0]
                .message
                .starts_with("host: /opt/a0 and 39 more files")
        );
        assert_eq!(
            codes(&judge(
                debian("linux/amd64").file("/opt/a", aligned(Machine::X86_64, 0x1000))
            )),
            [""; 0]
        );
    }

    #[test]
    fn jemalloc_and_static_tls_are_worth_a_word_on_arm64() {
        // rauthy#1287; scikit-learn/scikit-learn#17231.
        let jemalloc = |machine| ElfFacts {
            has_jemalloc: true,
            ..elf(machine)
        };
        let tls = |machine| ElfFacts {
            has_static_tls: true,
            ..shared_object(machine, "libgomp.so.1", &[])
        };
        let image = |platform, machine| {
            debian(platform)
                .file("/usr/bin/server", jemalloc(machine))
                .plain(
                    "/usr/lib/python3/dist-packages/s.libs/libgomp.so.1",
                    tls(machine),
                )
        };
        let found = judge(image("linux/arm64", Machine::AArch64));
        assert_eq!(
            codes(&found),
            ["jemalloc-page-size", "static-tls-exhausted"]
        );
        assert_eq!(
            codes(&judge(image("linux/amd64", Machine::X86_64))),
            [""; 0]
        );
    }
}
