//! Content digests, as the OCI image specification writes them.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// `sha256:<64 hex>` or `sha512:<128 hex>`; lower case, as the OCI image
/// specification (descriptor.md, "Digests") demands.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// Why a text is no digest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a digest: {why}")]
pub struct DigestError {
    text: String,
    why: &'static str,
}

impl Digest {
    /// The sha256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let hash = sha2::Sha256::digest(bytes);
        let mut text = String::with_capacity(7 + 64);
        text.push_str("sha256:");
        for byte in hash {
            text.push_str(&format!("{byte:02x}"));
        }
        Self(text)
    }

    /// The whole text, algorithm included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal part alone.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// Algorithm and the first 12 hexadecimal digits: enough for a person.
    pub fn short(&self) -> &str {
        let end = self.0.find(':').map_or(0, |colon| colon + 13);
        &self.0[..end.min(self.0.len())]
    }

    /// Whether `bytes` have this digest. A sha512 digest is computed as such.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        if self.0.starts_with("sha512:") {
            let hash = sha2::Sha512::digest(bytes);
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            return hex == self.hex();
        }
        Self::of(bytes) == *self
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| DigestError {
            text: text.to_owned(),
            why,
        };
        let (algorithm, hex) = text
            .split_once(':')
            .ok_or_else(|| fail("it has no `algorithm:` in front"))?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return Err(fail("only sha256 and sha512 are known")),
        };
        if hex.len() != length {
            return Err(fail("it has the wrong length"));
        }
        if !hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(fail("it is not lower-case hexadecimal"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert_eq!(
            Digest::of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_digest_that_is_cut_or_shouted_is_refused() {
        let good = Digest::of(b"x");
        assert_eq!(good.as_str().parse::<Digest>().as_ref(), Ok(&good));
        assert!(good.as_str()[..70].parse::<Digest>().is_err());
        assert!(good.as_str().to_uppercase().parse::<Digest>().is_err());
        assert!("md5:00".parse::<Digest>().is_err());
    }
}
