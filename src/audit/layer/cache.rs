//! What is kept of layers between audits, in files named by the layers' digests.
//!
//! The folder is anybody's: what is damaged or foreign there counts for nothing, and
//! what can't be written is read from the image again the next time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::LayerFacts;
use crate::image::Digest;

/// To be raised with every change in what is kept of a layer or a file, and in how
/// it is written: what an older program kept is then forgotten.
pub const FACTS_VERSION: u32 = 2;

/// How a file begins that is ours, of whatever version.
const MAGIC: &[u8; 16] = b"everyarch-layer\n";
/// Bytes of the checksum at a file's end.
const CHECKSUM: usize = 32;
/// How the name of a file begins that is not complete.
const UNFINISHED: &str = ".unfinished-";
/// The age at which nobody can still be writing to such a file.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of them.
#[derive(Clone, Debug)]
pub struct LayerCache {
    folder: PathBuf,
    allowed: u64,
}

impl LayerCache {
    /// In this folder, which is made when it is needed; its files take no more than
    /// `allowed` bytes.
    pub fn new(folder: impl Into<PathBuf>, allowed: u64) -> Self {
        Self {
            folder: folder.into(),
            allowed,
        }
    }

    /// What was kept of a layer.
    pub fn get(&self, digest: &Digest) -> Option<LayerFacts> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        let most = file.metadata().ok()?.len().min(self.allowed);
        bytes.reserve_exact(usize::try_from(most).ok()?);
        file.take(most).read_to_end(&mut bytes).ok()?;
        let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
        let (version, _) = rest.split_at_checked(size_of::<u32>())?;
        if magic != MAGIC {
            return None;
        }
        if version != FACTS_VERSION.to_le_bytes() {
            let _ = fs::remove_file(&path);
            return None;
        }
        let facts = decode(&bytes, digest)?;
        // It was used just now: those that were not go first.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(facts)
    }

    /// Keeps what was found in a layer.
    pub fn put(&self, digest: &Digest, facts: &LayerFacts) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        let mut writer = Summing {
            inner: BufWriter::new(file),
            sum: Sha256::new(),
        };
        writer.write_all(&header(digest))?;
        let mut writer = postcard::to_io(facts, writer).map_err(io::Error::other)?;
        let sum = writer.sum.finalize();
        writer.inner.write_all(&sum)?;
        let file = writer
            .inner
            .into_inner()
            .map_err(|error| error.into_error())?;
        if file.as_file().metadata()?.len() > self.allowed {
            return Err(io::Error::other("it is larger than the whole cache may be"));
        }
        let path = self.path(digest);
        file.persist(&path).map_err(|error| error.error)?;
        self.make_room(&path);
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.as_str().replace(':', "-"))
    }

    /// Removes those that were not used for the longest time until the rest fits.
    /// What goes wrong here is tried again the next time.
    fn make_room(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files = Vec::new();
        let mut total = 0_u64;
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let Some(name) = name.to_str() else { continue };
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if name.starts_with(UNFINISHED) {
                if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(path);
                }
                continue;
            }
            // Nothing else in the folder is ours to remove.
            if !metadata.is_file() || name.replacen('-', ":", 1).parse::<Digest>().is_err() {
                continue;
            }
            total = total.saturating_add(metadata.len());
            if path != newest {
                files.push((used, path, metadata.len()));
            }
        }
        files.sort();
        for (_, path, size) in files {
            if total <= self.allowed {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }
}

/// How the file of this layer begins.
fn header(digest: &Digest) -> Vec<u8> {
    [
        MAGIC.as_slice(),
        &FACTS_VERSION.to_le_bytes(),
        digest.as_str().as_bytes(),
        b"\n",
    ]
    .concat()
}

fn decode(bytes: &[u8], digest: &Digest) -> Option<LayerFacts> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if Sha256::digest(body).as_slice() != sum {
        return None;
    }
    let facts = body.strip_prefix(header(digest).as_slice())?;
    match postcard::take_from_bytes(facts) {
        Ok((facts, [])) => Some(facts),
        _ => None,
    }
}

/// Writes and sums up.
struct Summing<W> {
    inner: W,
    sum: Sha256,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::file::{FileFacts, NotElf};
    use crate::audit::layer::{EntryKind, LayerEntry};

    const ROOM: u64 = 1 << 20;

    fn facts(path: &str) -> LayerFacts {
        let mut facts = LayerFacts::from(vec![LayerEntry {
            path: path.to_owned(),
            kind: EntryKind::File,
            mode: 0o755,
            uid: 1,
            gid: 2,
            size: 3,
            facts: Some(FileFacts::NotElf(NotElf::Empty)),
        }]);
        facts.diff_id = "sha256:0".to_owned();
        facts
    }

    fn cache(allowed: u64) -> (tempfile::TempDir, LayerCache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = LayerCache::new(folder.path().join("layers"), allowed);
        (folder, cache)
    }

    #[test]
    fn what_was_kept_is_found_again_under_its_digest_alone() {
        let (_folder, cache) = cache(ROOM);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_eq!(cache.get(&one), None);
        cache.put(&one, &facts("a")).expect("kept");
        assert_eq!(cache.get(&one), Some(facts("a")));
        assert_eq!(cache.get(&other), None);
    }

    #[test]
    fn a_file_under_another_layers_name_is_not_taken_for_it() {
        let (_folder, cache) = cache(ROOM);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        cache.put(&one, &facts("a")).expect("kept");
        fs::copy(cache.path(&one), cache.path(&other)).expect("copied");
        assert_eq!(cache.get(&other), None);
    }

    #[test]
    fn a_file_with_any_byte_damaged_counts_for_nothing_and_is_overwritten() {
        let (_folder, cache) = cache(ROOM);
        let digest = Digest::of(b"one");
        cache.put(&digest, &facts("a")).expect("kept");
        let good = fs::read(cache.path(&digest)).expect("bytes");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            fs::write(cache.path(&digest), &bad).expect("written");
            assert_eq!(cache.get(&digest), None, "byte {at}");
            fs::write(cache.path(&digest), &good[..at]).expect("written");
            assert_eq!(cache.get(&digest), None, "cut at {at}");
        }
        cache.put(&digest, &facts("b")).expect("kept");
        assert_eq!(cache.get(&digest), Some(facts("b")));
    }

    #[test]
    fn what_another_version_kept_is_removed_and_what_is_not_ours_stays() {
        let (_folder, cache) = cache(ROOM);
        let (old, foreign) = (Digest::of(b"old"), Digest::of(b"foreign"));
        cache.put(&old, &facts("a")).expect("kept");
        let mut bytes = fs::read(cache.path(&old)).expect("bytes");
        bytes[MAGIC.len()] ^= 1;
        fs::write(cache.path(&old), &bytes).expect("written");
        fs::write(cache.path(&foreign), "somebody's").expect("written");
        assert_eq!(cache.get(&old), None);
        assert_eq!(cache.get(&foreign), None);
        assert!(!cache.path(&old).exists());
        assert!(cache.path(&foreign).exists());
    }

    #[test]
    fn those_that_were_not_used_for_the_longest_time_make_room() {
        let (_folder, cache) = cache(ROOM);
        let digests: Vec<Digest> = (0..4_u8).map(|number| Digest::of(&[number])).collect();
        for (age, digest) in [40, 30, 20].into_iter().zip(&digests) {
            cache.put(digest, &facts("a")).expect("kept");
            let file = File::options()
                .append(true)
                .open(cache.path(digest))
                .expect("a file");
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .expect("older");
        }
        // The oldest is used, and so the second goes.
        assert!(cache.get(&digests[0]).is_some());
        let size = fs::metadata(cache.path(&digests[0])).expect("a file").len();
        let stranger = cache.folder.join("README");
        fs::write(&stranger, vec![b'x'; 4096]).expect("written");
        let small = LayerCache::new(&cache.folder, size * 3);
        small.put(&digests[3], &facts("a")).expect("kept");
        let kept: Vec<bool> = digests
            .iter()
            .map(|digest| cache.path(digest).exists())
            .collect();
        assert_eq!(kept, [true, false, true, true]);
        assert!(stranger.exists());
    }

    #[test]
    fn what_has_no_room_at_all_is_not_kept_and_said() {
        let (_folder, cache) = cache(10);
        let digest = Digest::of(b"one");
        cache.put(&digest, &facts("a")).expect_err("no room");
        assert_eq!(cache.get(&digest), None);
        assert_eq!(fs::read_dir(&cache.folder).expect("a folder").count(), 0);
    }
}
