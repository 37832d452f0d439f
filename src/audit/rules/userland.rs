//! The whole variant is of another architecture, or its papers are.

use crate::event::{Finding, Severity};

use super::scene::Scene;
use super::standing::Standing;

/// How many witnesses are named.
const EXAMPLES: usize = 5;

/// `exec-wrong-arch-userland`, and what the ELF files say to `config-arch-mismatch`.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let image = scene.image;
    let platform = &image.platform;
    let config = image
        .config
        .platform
        .as_ref()
        .filter(|config| config.architecture() != platform.architecture());
    let Some(alien) = &scene.alien else {
        let own = scene
            .elves
            .iter()
            .filter(|elf| elf.standing == Standing::Own)
            .count();
        return config
            .filter(|_| own > 0)
            .map(|config| {
                Finding::new(
                    "config-arch-mismatch",
                    Severity::Warning,
                    format!(
                        "the config says {config}, but the files are for {platform}, as the index says: the config is wrong"
                    ),
                )
                .because(format!("{own} of {} ELF files are for {platform}", scene.elves.len()))
                .hint("engines warn or refuse `--platform` because of it: build with `--platform`, or set the architecture where the image is assembled")
            })
            .into_iter()
            .collect();
    };
    let counts = format!(
        "{} of {} ELF files are {}",
        alien.count, alien.total, alien.header
    );
    let agrees = config.filter(|config| alien.header.is_for(config));
    let mut finding = match agrees {
        Some(config) => Finding::new(
            "config-arch-mismatch",
            Severity::Error,
            format!(
                "the files are for {config}, as the config says: the index offers them for {platform}, which is wrong"
            ),
        )
        .hint("put this platform's own image into the index: one that was built for it, by its digest"),
        None => Finding::new(
            "exec-wrong-arch-userland",
            Severity::Error,
            format!(
                "shell, libc and programs are {}, in an image for {platform}: nothing in it starts there",
                alien.header
            ),
        )
        .hint("take `--platform=$BUILDPLATFORM` or a literal platform off the last FROM, and pin base images by the digest of their index"),
    };
    for witness in alien.witnesses.iter().take(EXAMPLES) {
        finding = finding.because(witness.clone());
    }
    let path = alien
        .witnesses
        .first()
        .and_then(|witness| witness.split_once(" is "))
        .map(|(path, _)| path.to_owned());
    if let Some(path) = path {
        finding = finding.at(path);
    }
    finding = finding.because(counts);
    vec![finding.because(super::foreign::masked(alien.header))]
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{alpine, codes, debian, image};
    use super::super::programs;
    use crate::event::Severity;
    use crate::image::{Machine, Platform};

    #[test]
    fn a_userland_of_another_machine_is_one_finding() {
        // cloudposse/atmos#2931: every arm64 tag held amd64, and emulation hid it.
        let broken = image("linux/arm64")
            .debian_of(Machine::X86_64)
            .command(&["/bin/sh"])
            .unpacked();
        let found = programs::judge(&broken);
        assert_eq!(codes(&found), ["exec-wrong-arch-userland"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(
            found[0]
                .evidence
                .iter()
                .any(|line| line == "4 of 4 ELF files are x86-64"),
            "{:?}",
            found[0].evidence
        );
        for healthy in [debian("linux/arm64"), alpine("linux/arm64")] {
            assert_eq!(codes(&programs::judge(&healthy.unpacked())), [""; 0]);
        }
    }

    #[test]
    fn it_is_told_which_of_index_and_config_is_wrong() {
        // coredns/coredns#3669: the config of a cross-built image said amd64.
        let say = |platform: &str| {
            let platform: Platform = platform.parse().expect("a platform");
            move |config: &mut crate::image::ImageConfig| config.platform = Some(platform)
        };
        let found = programs::judge(&debian("linux/arm64").config(say("linux/amd64")).unpacked());
        assert_eq!(codes(&found), ["config-arch-mismatch"]);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].message.ends_with("the config is wrong"));
        let index_is_wrong = image("linux/arm64")
            .debian_of(Machine::X86_64)
            .command(&["/bin/sh"])
            .config(say("linux/amd64"))
            .unpacked();
        let found = programs::judge(&index_is_wrong);
        assert_eq!(codes(&found), ["config-arch-mismatch"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].message.contains("the index offers them"));
    }
}
