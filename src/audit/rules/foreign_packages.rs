//! Packages of the distribution that were installed for another architecture.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::file::FileFacts;
use crate::event::{Finding, Severity};
use crate::image::{Architecture, Platform};

use super::scene::Scene;

/// How many packages a finding names.
const EXAMPLES: usize = 5;

/// `foreign-apt-arch` of dpkg's database, `foreign-apk-arch` of apk's.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.alien.is_some() {
        return Vec::new();
    }
    let platform = &scene.image.platform;
    let mut own = 0_usize;
    let mut foreign: BTreeMap<(&str, bool), (String, BTreeSet<String>)> = BTreeMap::new();
    for file in scene.image.rootfs.files() {
        let Some(FileFacts::Packages(packages)) = file.facts() else {
            continue;
        };
        let path = file.path();
        let is_apk = path.contains("/apk/");
        for package in packages {
            let name = package.architecture.as_str();
            if is_own(name, platform) {
                own += 1;
            } else {
                let (_, packages) = foreign
                    .entry((name, is_apk))
                    .or_insert_with(|| (path.clone(), BTreeSet::new()));
                packages.insert(format!("{} {}", package.name, package.version));
            }
        }
    }
    foreign
        .into_iter()
        .map(|((architecture, is_apk), (path, packages))| {
            let (code, hint) = match is_apk {
                true => ("foreign-apk-arch", "install packages without `apk --arch`, in a stage of the target platform"),
                false => ("foreign-apt-arch", "install packages without naming an architecture (`apt-get install libssl3`, not `libssl3:amd64`), in a stage of the target platform"),
            };
            let mut finding = Finding::new(
                code,
                Severity::Warning,
                format!(
                    "{} of {} installed packages {} for {architecture}, in an image for {platform}",
                    packages.len(),
                    own + packages.len(),
                    if packages.len() == 1 { "is" } else { "are" }
                ),
            )
            .at(path);
            for package in packages.iter().take(EXAMPLES) {
                finding = finding.because(format!("{package} ({architecture})"));
            }
            if packages.len() > EXAMPLES {
                finding = finding.because(format!("and {} more", packages.len() - EXAMPLES));
            }
            finding.hint(hint)
        })
        .collect()
}

/// Whether packages of this name run on the platform: its own, those of any, and the
/// 32-bit ones of its family.
fn is_own(name: &str, platform: &Platform) -> bool {
    let own: &[&str] = match platform.architecture() {
        Architecture::Amd64 => &["amd64", "x86_64", "i386", "x86", "i586", "i686", "x32"],
        Architecture::I386 => &["i386", "x86", "i586", "i686"],
        Architecture::Arm64 => &["arm64", "aarch64", "armhf", "armel", "armv7", "armv7hl"],
        Architecture::Arm => &["armhf", "armel", "armv7", "armv6", "armv7hl", "arm"],
        Architecture::Ppc64le => &["ppc64el", "ppc64le"],
        Architecture::S390x => &["s390x"],
        Architecture::Riscv64 => &["riscv64"],
        Architecture::Loong64 => &["loong64", "loongarch64"],
        Architecture::Mips64le => &["mips64el", "mips64le"],
        Architecture::Other(_) => return true,
    };
    matches!(name, "all" | "noarch" | "any" | "") || own.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{alpine, codes, debian, package};
    use super::super::programs;
    use crate::audit::file::FileFacts;
    use crate::event::{Finding, Severity};

    fn judge(platform: &str, architectures: &[&str]) -> Vec<Finding> {
        let packages = architectures
            .iter()
            .map(|architecture| package("libssl3", "3.0", architecture))
            .collect();
        let image = debian(platform).plain("/var/lib/dpkg/status", FileFacts::Packages(packages));
        programs::judge(&image.unpacked())
    }

    #[test]
    fn packages_of_another_architecture_are_one_warning() {
        // gannonh/kata#303: apt with a foreign architecture.
        let found = judge("linux/arm64", &["arm64", "all", "amd64"]);
        assert_eq!(codes(&found), ["foreign-apt-arch"]);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(
            found[0]
                .message
                .starts_with("1 of 3 installed packages is for amd64"),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn alpine_s_packages_have_a_code_of_their_own() {
        let packages = vec![package("musl", "1.2.5-r0", "x86_64")];
        let image = alpine("linux/arm64")
            .plain("/lib/apk/db/installed", FileFacts::Packages(packages))
            .unpacked();
        assert_eq!(codes(&programs::judge(&image)), ["foreign-apk-arch"]);
    }

    #[test]
    fn packages_that_run_on_the_platform_are_its_own() {
        assert_eq!(
            codes(&judge("linux/amd64", &["amd64", "i386", "all"])),
            [""; 0]
        );
        assert_eq!(
            codes(&judge("linux/arm64", &["arm64", "armhf", "noarch"])),
            [""; 0]
        );
        assert_eq!(codes(&judge("linux/ppc64le", &["ppc64el", "all"])), [""; 0]);
    }
}
