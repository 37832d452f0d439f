//! Platforms, normalised the way containerd does it, so that equal things compare equal.

use std::fmt;
use std::str::FromStr;

/// A processor architecture by its Go name, the one OCI indexes use.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Architecture {
    /// x86-64
    Amd64,
    /// 32-bit x86
    I386,
    /// AArch64
    Arm64,
    /// 32-bit ARM; the platform's variant says which
    Arm,
    /// 64-bit little-endian POWER
    Ppc64le,
    /// IBM Z
    S390x,
    /// 64-bit RISC-V
    Riscv64,
    /// 64-bit LoongArch
    Loong64,
    /// 64-bit little-endian MIPS
    Mips64le,
    /// Any other name, kept as it was written.
    Other(String),
}

impl Architecture {
    /// The name in OCI indexes (Go's `GOARCH`).
    pub fn as_str(&self) -> &str {
        match self {
            Self::Amd64 => "amd64",
            Self::I386 => "386",
            Self::Arm64 => "arm64",
            Self::Arm => "arm",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
            Self::Loong64 => "loong64",
            Self::Mips64le => "mips64le",
            Self::Other(name) => name,
        }
    }

    /// Whether [`Self::Other`] holds it: a name this crate knows nothing of.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Other(_))
    }
}

/// What an image variant is for: operating system, architecture, variant.
///
/// Always normalised: `arm64/v8` is `arm64`, `arm` is `arm/v7`, `x86_64` is
/// `amd64`, `amd64/v1` is `amd64` (containerd's `platforms.Normalize`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: Architecture,
    variant: Option<String>,
    os_version: Option<String>,
    os_features: Vec<String>,
}

/// Why a text is no platform.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlatformError {
    /// Not of the form `os/architecture[/variant]`.
    #[error(
        "`{0}` is not a platform: write it as os/architecture, as in linux/arm64 or linux/arm/v7"
    )]
    Form(String),
    /// An architecture that neither OCI nor this crate knows.
    #[error("`{text}` names no known architecture{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        text: String,
        /// The nearest known platform.
        nearest: Option<String>,
    },
}

impl Platform {
    /// The platforms that a person may mean, in the words they are known by.
    pub const KNOWN: [&str; 14] = [
        "linux/amd64",
        "linux/arm64",
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/arm/v5",
        "linux/386",
        "linux/ppc64le",
        "linux/s390x",
        "linux/riscv64",
        "linux/loong64",
        "linux/mips64le",
        "linux/x86_64",
        "linux/aarch64",
        "windows/amd64",
    ];

    /// From the three words of an index entry or a config; normalises, and
    /// accepts names it does not know (an index may hold anything).
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let os = match os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let variant = variant
            .map(str::to_ascii_lowercase)
            .filter(|variant| !variant.is_empty());
        let name = architecture.to_ascii_lowercase();
        let (architecture, variant) = match (name.as_str(), variant.as_deref()) {
            ("amd64" | "x86_64" | "x86-64" | "x64", None | Some("v1" | "1")) => {
                (Architecture::Amd64, None)
            }
            ("amd64" | "x86_64" | "x86-64" | "x64", _) => (Architecture::Amd64, variant),
            ("386" | "i386" | "i686" | "x86", _) => (Architecture::I386, None),
            ("arm64" | "aarch64", None | Some("v8" | "8")) => (Architecture::Arm64, None),
            ("arm64" | "aarch64", _) => (Architecture::Arm64, variant),
            ("armhf", _) => (Architecture::Arm, Some("v7".to_owned())),
            ("armel", _) => (Architecture::Arm, Some("v6".to_owned())),
            ("arm", None | Some("7")) => (Architecture::Arm, Some("v7".to_owned())),
            ("arm", Some("5" | "6" | "8")) => (
                Architecture::Arm,
                variant.as_deref().map(|digit| format!("v{digit}")),
            ),
            ("arm", _) => (Architecture::Arm, variant),
            ("ppc64le" | "ppc64el", _) => (Architecture::Ppc64le, variant),
            ("s390x", _) => (Architecture::S390x, variant),
            ("riscv64", _) => (Architecture::Riscv64, variant),
            ("loong64" | "loongarch64", _) => (Architecture::Loong64, variant),
            ("mips64le" | "mips64el", _) => (Architecture::Mips64le, variant),
            _ => (Architecture::Other(name), variant),
        };
        Self {
            os,
            architecture,
            variant,
            os_version: None,
            os_features: Vec::new(),
        }
    }

    /// The same platform with the two fields by which Windows indexes tell
    /// children of one platform apart.
    #[must_use]
    pub fn with_os(mut self, version: Option<String>, features: Vec<String>) -> Self {
        self.os_version = version.filter(|version| !version.is_empty());
        self.os_features = features;
        self
    }

    /// `linux`, `windows`, …
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// `v7` of `linux/arm/v7`.
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// `os.version` of a Windows index entry.
    pub fn os_version(&self) -> Option<&str> {
        self.os_version.as_deref()
    }

    /// `os.features` of a Windows index entry.
    pub fn os_features(&self) -> &[String] {
        &self.os_features
    }

    /// `unknown/unknown`: how BuildKit marks attestation manifests. Never a platform.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture.as_str() == "unknown"
    }

    /// Whether a child for this platform is what a person who writes `wanted`
    /// means: `os.version` and `os.features` count only where `wanted` has them.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && self.variant == wanted.variant
            && (wanted.os_version.is_none() || self.os_version == wanted.os_version)
            && wanted
                .os_features
                .iter()
                .all(|feature| self.os_features.contains(feature))
    }

    /// `linux-arm-v7`: for file names and JUnit class names, without `/` and dots.
    pub fn slug(&self) -> String {
        self.to_string().replace(['/', '.', ' '], "-")
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// What a person wrote: stricter than [`Platform::new`], since a typing
    /// error must not become a platform that is merely missing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.trim().split('/').collect();
        if words.iter().any(|word| word.trim().is_empty()) {
            return Err(PlatformError::Form(text.to_owned()));
        }
        let platform = match words.as_slice() {
            [os, architecture] => Self::new(os, architecture, None),
            [os, architecture, variant] => Self::new(os, architecture, Some(variant)),
            _ => return Err(PlatformError::Form(text.to_owned())),
        };
        let os_known = matches!(
            platform.os.as_str(),
            "linux" | "windows" | "darwin" | "freebsd"
        );
        if platform.architecture.is_unknown() || !os_known {
            let nearest = Self::KNOWN
                .iter()
                .map(|known| (strsim::osa_distance(known, text), *known))
                .min()
                .filter(|(distance, _)| *distance <= 2)
                .map(|(_, known)| known.to_owned());
            return Err(PlatformError::Unknown {
                text: text.to_owned(),
                nearest,
            });
        }
        Ok(platform)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture.as_str())?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        if let Some(version) = &self.os_version {
            write!(f, " {version}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for Platform {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    #[test]
    fn names_that_mean_the_same_are_the_same() {
        for (written, meant) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("Linux/ppc64el", "linux/ppc64le"),
        ] {
            assert_eq!(platform(written).to_string(), meant);
            assert_eq!(platform(written), platform(meant));
        }
    }

    #[test]
    fn names_that_differ_stay_apart() {
        assert_ne!(platform("linux/arm/v6"), platform("linux/arm/v7"));
        assert_ne!(platform("linux/amd64/v3"), platform("linux/amd64"));
        assert_ne!(platform("linux/arm/v8"), platform("linux/arm64"));
    }

    #[test]
    fn a_typing_error_is_told_with_the_nearest_name() {
        let error = "linux/amd46".parse::<Platform>().expect_err("a typo");
        assert!(
            error.to_string().contains("did you mean `linux/amd64`?"),
            "{error}"
        );
        assert!("arm64".parse::<Platform>().is_err());
        assert!("linux//v7".parse::<Platform>().is_err());
    }

    #[test]
    fn attestations_are_no_platform() {
        assert!(Platform::new("unknown", "unknown", None).is_unknown());
        assert!(!platform("linux/s390x").is_unknown());
    }
}
