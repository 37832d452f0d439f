//! The media types of layers, OCI's and Docker's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a layer's tar archive is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, of one member or several.
    Gzip,
    /// zstd.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// What a layer's media type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerType {
    /// How it is compressed.
    pub compression: Compression,
    /// OCI's `nondistributable` and Docker's `foreign` layers: kept elsewhere than
    /// the rest, so that the registry may rightly lack them.
    pub is_foreign: bool,
}

impl LayerType {
    /// Reads a media type; `None` where it is no layer that a runtime unpacks
    /// (OCI image specification, `layer.md`; Docker image manifest version 2).
    pub fn parse(media_type: &str) -> Option<Self> {
        use Compression::{Gzip, None as Plain, Zstd};
        let (compression, is_foreign) = match media_type {
            "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar" => (Plain, false),
            "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip" => (Gzip, false),
            "application/vnd.oci.image.layer.v1.tar+zstd"
            | "application/vnd.docker.image.rootfs.diff.tar.zstd" => (Zstd, false),
            "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar" => (Plain, true),
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => (Gzip, true),
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd" => (Zstd, true),
            _ => return None,
        };
        Some(Self {
            compression,
            is_foreign,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_runtime_unpacks_is_known_and_nothing_else() {
        let gzip = LayerType::parse("application/vnd.docker.image.rootfs.diff.tar.gzip");
        assert_eq!(
            gzip,
            Some(LayerType {
                compression: Compression::Gzip,
                is_foreign: false
            })
        );
        assert_eq!(LayerType::parse("application/vnd.in-toto+json"), None);
        assert_eq!(
            LayerType::parse("application/vnd.oci.image.layer.v1.tar+lz4"),
            None
        );
    }
}
