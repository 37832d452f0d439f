//! What the wheels that were installed say they are for, by their `WHEEL` files.

use std::collections::BTreeMap;

use crate::audit::Unpacked;
use crate::audit::file::FileFacts;
use crate::audit::rootfs::NodeKind;
use crate::audit::rules::libc::Libc;
use crate::audit::rules::packages::{counted, cpu, listed};
use crate::event::{Finding, Severity};
use crate::image::{Architecture, Platform};

/// How a tag's platform stands to the image's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is for it, or for all.
    Fits,
    /// The right processor, the other C library.
    OtherLibc,
    /// It was built on the spot by a machine that called itself so: a 32-bit Python
    /// on a 64-bit kernel does.
    OtherByUname,
    /// Another processor, or another operating system.
    Other,
}

/// The wheels of one folder that fit equally badly.
#[derive(Default)]
struct Misfits {
    path: String,
    wheels: Vec<String>,
    evidence: Vec<String>,
}

pub(super) fn judge(unpacked: &Unpacked) -> Vec<Finding> {
    let platform = &unpacked.platform;
    let libc = Libc::of(unpacked);
    let mut findings = Vec::new();
    let mut misfits: BTreeMap<(String, Fit), Misfits> = BTreeMap::new();
    for node in unpacked.rootfs.nodes() {
        match (node.kind(), node.facts()) {
            (NodeKind::File, Some(FileFacts::WheelTags(tags))) if node.name() == "WHEEL" => {
                let fit = tags.iter().map(|tag| fit(tag, platform, libc)).min();
                let Some(fit) = fit.filter(|fit| *fit != Fit::Fits) else {
                    continue;
                };
                let path = node.path();
                let mut parts = path.rsplitn(3, '/').skip(1);
                let wheel = parts.next().unwrap_or_default();
                let wheel = wheel.strip_suffix(".dist-info").unwrap_or(wheel).to_owned();
                let folder = parts.next().unwrap_or_default().to_owned();
                let found = misfits.entry((folder, fit)).or_default();
                let line = format!("{wheel} is tagged {}", listed(tags, 3));
                found.evidence.push(line);
                found.wheels.push(wheel);
                found.path = path;
            }
            (NodeKind::Directory, _) => {
                findings.extend(numpy(platform, node.name(), || node.path()));
            }
            _ => {}
        }
    }
    let here = match libc {
        Some(libc) => format!("{platform} with {libc}"),
        None => platform.to_string(),
    };
    findings.extend(
        misfits
            .into_iter()
            .map(|((folder, fit), misfits)| finding(&folder, fit, misfits, &here)),
    );
    findings
}

fn finding(folder: &str, fit: Fit, misfits: Misfits, here: &str) -> Finding {
    let severity = match fit {
        Fit::Other => Severity::Error,
        Fit::OtherLibc => Severity::Warning,
        Fit::OtherByUname | Fit::Fits => Severity::Info,
    };
    let message = match misfits.wheels.as_slice() {
        [only] => format!("the wheel {only} is for another platform than {here}"),
        wheels => format!(
            "{} in {folder} are for another platform than {here}: {}",
            counted(wheels.len(), "wheel"),
            listed(wheels, 8)
        ),
    };
    let mut finding =
        Finding::new("py-wheel-platform-tag-mismatch", severity, message).at(misfits.path);
    for line in misfits.evidence.iter().take(5) {
        finding = finding.because(line);
    }
    finding.hint("install in a stage of the target platform, without `--platform`, and share no cache of pip or uv between platforms")
}

/// The platform of `cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64`.
fn fit(tag: &str, platform: &Platform, libc: Option<Libc>) -> Fit {
    let platforms = tag.trim().splitn(3, '-').nth(2).unwrap_or("any");
    platforms
        .split('.')
        .map(|one| fit_one(one, platform, libc))
        .min()
        .unwrap_or(Fit::Fits)
}

fn fit_one(tag: &str, platform: &Platform, libc: Option<Libc>) -> Fit {
    if tag == "any" {
        return Fit::Fits;
    }
    let (named, is_local) = if tag.starts_with("manylinux") {
        (Some(Libc::Glibc), false)
    } else if tag.starts_with("musllinux") {
        (Some(Libc::Musl), false)
    } else if tag.starts_with("linux_") {
        (None, true)
    } else {
        return Fit::Other;
    };
    if !is_processor(tag, platform) {
        return match is_local {
            true => Fit::OtherByUname,
            false => Fit::Other,
        };
    }
    match (named, libc) {
        (Some(named), Some(libc)) if named != libc => Fit::OtherLibc,
        _ => Fit::Fits,
    }
}

/// `manylinux_2_17_x86_64` ends in the processor, which may itself hold a `_`.
fn is_processor(tag: &str, platform: &Platform) -> bool {
    let parts: Vec<&str> = tag.split('_').collect();
    let last = parts.last().copied().unwrap_or_default();
    let before = parts.len().checked_sub(2).and_then(|at| parts.get(at));
    let joined = match before {
        Some(before) if *before == "x86" => format!("x86_{last}"),
        _ => last.to_owned(),
    };
    let word = match joined.as_str() {
        // What a Python for 32-bit ARM calls a 64-bit kernel.
        "armv8l" => "armv7l",
        other => other,
    };
    cpu(word).is_some() && cpu(word) == platform.node()
}

/// numpy's wheels for x86-64 want x86-64-v2 from 2.4 on: a matter of the host.
fn numpy(platform: &Platform, name: &str, path: impl Fn() -> String) -> Option<Finding> {
    let version = name.strip_prefix("numpy-")?.strip_suffix(".dist-info")?;
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let version_pair = (numbers.next()?, numbers.next()?);
    let is_concerned = *platform.architecture() == Architecture::Amd64 && version_pair >= (2, 4);
    is_concerned.then(|| {
        Finding::new(
            "numpy-baseline-cpu",
            Severity::Info,
            format!("numpy {version} needs a processor with x86-64-v2: old machines and the emulated processors kvm64 and qemu64 do not have it"),
        )
        .at(path())
        .hint("build numpy with `-Csetup-args=-Dcpu-baseline=none` if it has to run there")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_pip_reads_them() {
        let arm64: Platform = "linux/arm64".parse().expect("a platform");
        let arm: Platform = "linux/arm/v7".parse().expect("a platform");
        let glibc = Some(Libc::Glibc);
        for (tag, platform, expected) in [
            ("py3-none-any", &arm64, Fit::Fits),
            ("cp311-cp311-manylinux_2_17_aarch64", &arm64, Fit::Fits),
            ("cp311-cp311-manylinux2014_x86_64", &arm64, Fit::Other),
            ("cp311-cp311-musllinux_1_2_aarch64", &arm64, Fit::OtherLibc),
            ("cp311-cp311-linux_aarch64", &arm64, Fit::Fits),
            ("cp311-cp311-macosx_11_0_arm64", &arm64, Fit::Other),
            ("cp311-cp311-manylinux2014_armv7l", &arm, Fit::Fits),
            ("cp311-cp311-linux_aarch64", &arm, Fit::OtherByUname),
            ("cp311-cp311-linux_armv8l", &arm, Fit::Fits),
        ] {
            assert_eq!(fit(tag, platform, glibc), expected, "{tag}");
        }
    }
}
