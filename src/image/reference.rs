//! Image references, with Docker Hub's short names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Digest;

/// What the user asks to be tested.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImageReference {
    /// An image in a registry.
    Registry(RegistryReference),
    /// `docker-daemon:NAME`: an image in the engine's own store.
    Engine(String),
    /// An image in a file or a folder of this machine.
    File(FileReference),
}

/// `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileReference {
    format: FileFormat,
    path: PathBuf,
    name: Option<String>,
}

/// How an image lies in a file or a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFormat {
    /// A folder (OCI image specification, `image-layout.md`).
    OciLayout,
    /// The same in a tar archive.
    OciArchive,
    /// What `docker save` writes.
    DockerArchive,
}

/// `registry/repository:tag@digest`, complete: short names have been expanded
/// (`node` is `docker.io/library/node:latest`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// It can't be read as one.
    #[error("`{text}` is not an image reference: {why}")]
    Form {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A transport of other tools that this one does not read.
    #[error(
        "`{0}` names a transport that is not supported here; use a registry reference, docker-daemon:NAME, oci:DIR, oci-archive:FILE or docker-archive:FILE"
    )]
    Transport(String),
}

impl RegistryReference {
    /// Host and port, as the user wrote them.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if the reference has one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference has one. It beats the tag.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository, and in it only what has this digest.
    #[must_use]
    pub fn with_digest(self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self
        }
    }

    /// `registry/repository@digest`: how a child is pulled.
    pub fn at(&self, digest: &Digest) -> String {
        format!("{}/{}@{digest}", self.registry, self.repository)
    }

    /// Whether the registry is on this machine's loopback interface, where
    /// plain HTTP is usual and needs no flag.
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl FileFormat {
    const ALL: [Self; 3] = [Self::OciLayout, Self::OciArchive, Self::DockerArchive];

    /// The word in front, as skopeo and podman know it, with its colon.
    pub fn transport(self) -> &'static str {
        match self {
            Self::OciLayout => "oci:",
            Self::OciArchive => "oci-archive:",
            Self::DockerArchive => "docker-archive:",
        }
    }

    /// What the path names, for a person.
    fn thing(self) -> &'static str {
        match self {
            Self::OciLayout => "folder",
            Self::OciArchive | Self::DockerArchive => "file",
        }
    }
}

impl FileReference {
    /// An image without a name of its own at a path.
    pub fn new(format: FileFormat, path: impl Into<PathBuf>) -> Self {
        Self {
            format,
            path: path.into(),
            name: None,
        }
    }

    /// The same with a tag, or, in a docker archive, a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How it lies there.
    pub fn format(&self) -> FileFormat {
        self.format
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which of the images there it is; needed only where there are several.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A path ends at the first colon, as it does for skopeo and podman: names hold colons.
    fn parse(text: &str, format: FileFormat, rest: &str) -> Result<Self, ReferenceError> {
        let fail = |why: String| ReferenceError::Form {
            text: text.to_owned(),
            why,
        };
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) => (path, Some(name)),
            None => (rest, None),
        };
        if path.is_empty() {
            return Err(fail(format!(
                "no {} is named after `{}`",
                format.thing(),
                format.transport()
            )));
        }
        if name.is_some_and(str::is_empty) {
            return Err(fail("nothing follows the last colon".to_owned()));
        }
        Ok(Self {
            format,
            path: PathBuf::from(path),
            name: name.map(str::to_owned),
        })
    }
}

impl fmt::Display for FileReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.format.transport(), self.path.display())?;
        match &self.name {
            Some(name) => write!(f, ":{name}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("docker-daemon:") {
            if name.is_empty() {
                return Err(ReferenceError::Form {
                    text: text.to_owned(),
                    why: "no image is named after `docker-daemon:`".to_owned(),
                });
            }
            return Ok(Self::Engine(name.to_owned()));
        }
        let text = text.strip_prefix("docker://").unwrap_or(text);
        for format in FileFormat::ALL {
            if let Some(rest) = text.strip_prefix(format.transport()) {
                return FileReference::parse(text, format, rest).map(Self::File);
            }
        }
        for transport in ["dir:", "containers-storage:"] {
            // `dir:1.2` may be an image called dir; a path can't be a tag.
            if text
                .strip_prefix(transport)
                .is_some_and(|rest| rest.contains(['/', '.']) && rest.starts_with(['/', '.']))
            {
                return Err(ReferenceError::Transport(text.to_owned()));
            }
        }
        text.parse().map(Self::Registry)
    }
}

impl FromStr for RegistryReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why: String| ReferenceError::Form {
            text: text.to_owned(),
            why,
        };
        let parsed: oci_client::Reference = text
            .parse()
            .map_err(|error: oci_client::ParseError| fail(explain(text, &error)))?;
        // The parser lets them through; registries and engines do not.
        if parsed.repository().chars().any(char::is_uppercase) {
            return Err(fail("repository names are lower case".to_owned()));
        }
        let digest = parsed
            .digest()
            .map(str::parse::<Digest>)
            .transpose()
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self {
            registry: parsed.registry().to_owned(),
            repository: parsed.repository().to_owned(),
            tag: parsed.tag().map(str::to_owned),
            digest,
        })
    }
}

fn explain(text: &str, error: &oci_client::ParseError) -> String {
    if text.contains("://") {
        "leave out the scheme, and write registry/repository:tag".to_owned()
    } else if text.chars().any(char::is_uppercase) {
        format!("{error} (repository names are lower case)")
    } else {
        error.to_string()
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Engine(name) => write!(f, "docker-daemon:{name}"),
            Self::File(reference) => reference.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> RegistryReference {
        text.parse().expect(text)
    }

    #[test]
    fn short_names_are_docker_hub() {
        assert_eq!(
            registry("node").to_string(),
            "docker.io/library/node:latest"
        );
        assert_eq!(registry("me/app:1").to_string(), "docker.io/me/app:1");
        assert_eq!(
            registry("localhost:5055/app:1").registry(),
            "localhost:5055"
        );
    }

    #[test]
    fn loopback_is_told_from_the_host_alone() {
        assert!(registry("127.0.0.1:5055/a:b").is_loopback());
        assert!(registry("localhost:5055/a:b").is_loopback());
        assert!(!registry("localhost.example.org/a:b").is_loopback());
        assert!(!registry("node").is_loopback());
    }

    #[test]
    fn the_engine_s_own_store_is_named_by_its_transport() {
        assert_eq!(
            "docker-daemon:app:dev".parse(),
            Ok(ImageReference::Engine("app:dev".to_owned()))
        );
        assert!("docker-daemon:".parse::<ImageReference>().is_err());
    }

    #[test]
    fn files_and_folders_are_named_by_their_format() {
        for (text, format, path, name) in [
            ("oci:out", FileFormat::OciLayout, "out", None),
            ("oci:/a/b:1.2", FileFormat::OciLayout, "/a/b", Some("1.2")),
            (
                "oci-archive:a.tar:x",
                FileFormat::OciArchive,
                "a.tar",
                Some("x"),
            ),
            (
                "docker-archive:a.tar:host:5000/me/app:1",
                FileFormat::DockerArchive,
                "a.tar",
                Some("host:5000/me/app:1"),
            ),
        ] {
            let Ok(ImageReference::File(file)) = text.parse() else {
                panic!("{text} is a file");
            };
            assert_eq!(file.format(), format, "{text}");
            assert_eq!(file.path(), Path::new(path), "{text}");
            assert_eq!(file.name(), name, "{text}");
            assert_eq!(ImageReference::File(file).to_string(), text);
        }
    }

    #[test]
    fn a_transport_without_its_path_is_a_mistake() {
        for (text, word) in [
            ("oci:", "folder"),
            ("oci-archive::1", "file"),
            ("docker-archive:a.tar:", "last colon"),
            ("dir:./x", "oci:DIR"),
        ] {
            let error = text.parse::<ImageReference>().expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        let error = "https://example.org/app"
            .parse::<ImageReference>()
            .expect_err("a URL");
        assert!(
            error.to_string().contains("leave out the scheme"),
            "{error}"
        );
        for text in ["Example/App", "EXAMPLE/app"] {
            let error = text.parse::<ImageReference>().expect_err("upper case");
            assert!(error.to_string().contains("lower case"), "{error}");
        }
    }
}
