//! What is made to cost too much, and what bytes by chance do.

use std::io;
use std::sync::atomic::AtomicU64;

use proptest::prelude::*;
use tar::Header;

use super::*;

fn limits() -> Limits {
    Limits {
        unpacked_free: 1 << 20,
        ..Limits::default()
    }
}

fn limit_of(outcome: Result<LayerFacts, LayerError>) -> &'static str {
    match outcome {
        Err(LayerError::Limit { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_decompression_bomb_ends_early() {
    let mut bomb = Archive::default().file("zeros", &vec![0; 2 << 20]).end();
    bomb.resize(3 << 20, 0);
    for blob in [gzip(&bomb), zstd(&bomb)] {
        let descriptor = descriptor(&blob, GZIP);
        let few = Limits {
            ratio: 20,
            ..limits()
        };
        let what = limit_of(read_with(blob.as_slice(), &descriptor, &few));
        assert_eq!(what, "bytes uncompressed");
        // Below the free bytes its ratio is nobody's business.
        assert!(read_with(blob.as_slice(), &descriptor, &Limits::default()).is_ok());
    }
}

/// Counts the bytes that are taken out of it.
struct Counted<'a, R> {
    inner: R,
    taken: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The error in which a blob ends, and how much of it was taken until then.
fn end_of(blob: impl Read + Send, size: u64, limits: &Limits) -> (LayerError, u64) {
    let taken = AtomicU64::new(0);
    let mut descriptor = descriptor(b"", TAR);
    descriptor.size = size;
    let counted = Counted {
        inner: blob,
        taken: &taken,
    };
    let error = read_with(counted, &descriptor, limits).expect_err("it ends");
    (error, taken.load(Ordering::Relaxed))
}

#[test]
fn a_bomb_of_many_members_or_frames_is_given_up_in_the_first_of_them() {
    let few = Limits {
        unpacked_free: 1 << 20,
        ratio: 0,
        ..Limits::default()
    };
    // A file without end, so that nothing else ends it.
    let start = Archive::default()
        .header(Header::new_gnu(), b'0', b"zeros", 1 << 50, |_| {})
        .cut();
    let zeros = vec![0; 1 << 20];
    for (pack, times) in [(gzip as fn(&[u8]) -> Vec<u8>, 1000), (zstd, 100_000)] {
        let blob = [pack(&start), pack(&zeros).repeat(times)].concat();
        assert!(blob.len() > 4 << 20, "{}", blob.len());
        let (error, taken) = end_of(blob.as_slice(), blob.len() as u64, &few);
        assert_eq!(error.fault(), LayerFault::Limit);
        assert_eq!(
            error.to_string(),
            "it has more than 1048576 bytes uncompressed: a decompression bomb, or larger than any image we expect"
        );
        assert!(taken <= 512 << 10, "{taken}");
    }
}

#[test]
fn a_bomb_behind_the_archives_end_is_one_too() {
    let blob = [zstd(&Archive::default().end()), zstd(&vec![0; 4 << 20])].concat();
    let few = Limits {
        unpacked_free: 1 << 20,
        ratio: 0,
        ..Limits::default()
    };
    let (error, _) = end_of(blob.as_slice(), blob.len() as u64, &few);
    assert!(matches!(error, LayerError::Limit { .. }), "{error}");
}

#[test]
fn a_zstd_frame_that_asks_for_gigabytes_of_memory_does_not_get_them() {
    // A window of 2 GiB, and one empty block.
    let blob = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    let error = read_with(blob.as_slice(), &descriptor(blob, ZSTD), &Limits::default());
    let error = error.expect_err("too much");
    assert_eq!(error.fault(), LayerFault::Limit);
    assert!(
        error
            .to_string()
            .starts_with("it has more than 134217728 bytes that its zstd stream looks back"),
        "{error}"
    );
}

#[test]
fn entries_without_end_are_given_up_at_the_bound_and_not_later() {
    // Their headers over and over again.
    let names = (0..2048).fold(Archive::default(), |archive, number| {
        archive.file(&number.to_string(), b"")
    });
    let names = names.cut();
    struct Endless(io::Cursor<Vec<u8>>);
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.position() == self.0.get_ref().len() as u64 {
                self.0.set_position(0);
            }
            self.0.read(into)
        }
    }
    let few = Limits {
        entries: 100_000,
        ..Limits::default()
    };
    let (error, taken) = end_of(Endless(io::Cursor::new(names)), u64::MAX, &few);
    assert_eq!(error.fault(), LayerFault::Limit);
    assert_eq!(
        error.to_string(),
        "it has more than 100000 files and folders: a decompression bomb, or larger than any image we expect"
    );
    // What waits between the two threads comes on top.
    assert!(taken <= 100_000 * 512 + (4 << 20), "{taken}");
}

#[test]
fn a_million_entries_are_kept_in_less_memory_than_is_allowed() {
    let facts: LayerFacts = (0..1_000_000)
        .map(|number| LayerEntry {
            path: format!("srv/node_modules/package-{}/file-{number}.js", number / 100),
            kind: crate::audit::layer::EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: number,
            facts: None,
        })
        .collect();
    assert_eq!(facts.len(), 1_000_000);
    let kept = postcard::to_stdvec(&facts).expect("written").len();
    assert!(kept <= Limits::default().kept_bytes, "{kept}");
}

#[test]
fn symbols_that_are_too_many_are_left_out_and_that_is_said() {
    use crate::audit::elf_writer::{Elf, Machine};
    use crate::audit::file::FileFacts;
    let library = |names: std::ops::Range<u32>| {
        let elf = Elf::library(Machine::AArch64);
        names
            .fold(elf, |elf, n| elf.exports(&format!("name_{n}")))
            .build()
    };
    let blob = Archive::default()
        .file("usr/lib/liba.so", &library(0..20))
        .file("usr/lib/libb.so", &library(20..50))
        .file("usr/lib/libc.so", &library(50..60))
        .end();
    let small = Limits {
        symbol_bytes: 150,
        ..Limits::default()
    };
    let facts = read_with(blob.as_slice(), &descriptor(&blob, TAR), &small).expect("a layer");
    let known: Vec<usize> = facts
        .entries()
        .map(|entry| match entry.facts {
            Some(FileFacts::Elf(elf)) => elf.symbols.defined().len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(known, [20, 0, 10]);
    assert_eq!(facts.unexamined.count, 1);
    assert!(facts.unexamined.first[0].starts_with("usr/lib/libb.so: its symbols are not known"));
}

#[test]
fn a_blob_without_end_ends() {
    let mut endless = descriptor(b"", TAR);
    endless.size = u64::MAX;
    let small = Limits {
        unpacked_bytes: 1 << 20,
        ..Limits::default()
    };
    let outcome = read_with(io::repeat(0), &endless, &small);
    assert_eq!(limit_of(outcome), "bytes uncompressed");
}

#[test]
fn a_size_that_lies_is_found_out_at_the_archives_end() {
    for size in [10_000, 1 << 32, (1 << 63) - 1] {
        let blob = Archive::default()
            .header(Header::new_gnu(), b'0', b"a", size, |_| {})
            .end();
        let error = read_plain(&blob).expect_err("a fault");
        assert!(matches!(error, LayerError::Truncated(_)), "{error}");
    }
    let most = u64::MAX.to_string();
    let blob = Archive::default()
        .pax(b'x', &[("size", &most)])
        .file("a", b"")
        .end();
    assert!(read_plain(&blob).is_err());
}

#[test]
fn a_sparse_file_of_four_gigabytes_costs_what_it_stores() {
    let blob = Archive::default()
        .header(Header::new_gnu(), b'S', b"a", 0, |header| {
            header.as_gnu_mut().expect("GNU").set_real_size(4 << 30);
        })
        .file("b", b"")
        .end();
    let facts = read_with(blob.as_slice(), &descriptor(&blob, TAR), &limits()).expect("a layer");
    assert_eq!(paths(&facts), ["a", "b"]);
}

#[test]
fn a_sparse_file_that_stores_less_than_it_says_is_cut_off() {
    let blob = Archive::default()
        .header(Header::new_gnu(), b'S', b"a", 4 << 30, |header| {
            header.as_gnu_mut().expect("GNU").set_real_size(4 << 30);
        })
        .end();
    let error = read_plain(&blob).expect_err("cut off");
    assert_eq!(
        error.to_string(),
        "its archive is cut off in the contents of `a`"
    );
}

#[test]
fn a_sparse_file_whose_map_does_not_end_is_cut_off() {
    let mut block = [0; 512];
    block[504] = 1;
    let blob = Archive::default()
        .header(Header::new_gnu(), b'S', b"a", 0, |header| {
            header.as_gnu_mut().expect("GNU").set_is_extended(true);
        })
        .bytes(&block)
        .cut();
    let error = read_plain(&blob).expect_err("a fault");
    assert!(matches!(error, LayerError::Truncated(_)), "{error}");
}

#[test]
fn long_names_and_extended_headers_have_a_bound() {
    for flag in [b'L', b'K', b'x', b'g'] {
        let blob = Archive::default()
            .header(Header::new_gnu(), flag, b"a", 5 << 30, |_| {})
            .end();
        assert_eq!(limit_of(read_plain(&blob)), "bytes in one extended header");
    }
}

#[test]
fn a_path_that_linux_does_not_open_is_refused() {
    let path = vec![b'a'; 5000];
    for flag in [b'L', b'K'] {
        let blob = Archive::default()
            .entry(flag, b"././@LongLink", &path, |_| {})
            .link(b'2', "a", "b")
            .end();
        let error = read_plain(&blob).expect_err("a fault");
        assert!(matches!(error, LayerError::Entry { .. }), "{error}");
    }
}

#[test]
fn entries_and_the_folders_in_their_paths_have_a_bound() {
    let few = Limits {
        entries: 100,
        ..Limits::default()
    };
    let read_few = |archive: Archive| {
        let blob = archive.end();
        read_with(blob.as_slice(), &descriptor(&blob, TAR), &few)
    };
    let files = |count: usize| {
        (0..count).fold(Archive::default(), |archive, number| {
            archive.file(&number.to_string(), b"")
        })
    };
    assert!(read_few(files(100)).is_ok());
    assert_eq!(limit_of(read_few(files(101))), "files and folders");
    let deep = ["a"; 40].join("/");
    let folders = ["x", "y", "z"].iter().fold(Archive::default(), |all, top| {
        all.file(&format!("{top}/{deep}"), b"")
    });
    assert_eq!(limit_of(read_few(folders)), "files and folders");
}

#[test]
fn what_is_kept_has_a_bound() {
    let few = Limits {
        kept_bytes: 1000,
        ..Limits::default()
    };
    let blob = (0..100)
        .fold(Archive::default(), |archive, number| {
            archive.file(&format!("{number}-{}", "x".repeat(50)), b"")
        })
        .end();
    let outcome = read_with(blob.as_slice(), &descriptor(&blob, TAR), &few);
    assert!(limit_of(outcome).contains("memory"));
}

#[test]
fn nobody_waits_for_a_layer_that_is_no_longer_wanted() {
    let blob = Archive::default().file("a", b"text").end();
    let reading = Reading {
        limits: &Limits::default(),
        folder: &std::env::temp_dir(),
        cancelled: &AtomicBool::new(true),
    };
    let error = read(blob.as_slice(), &descriptor(&blob, TAR), reading).expect_err("cancelled");
    assert_eq!(error.fault(), LayerFault::Cancelled);
}

/// A small archive of entries by chance, among them nasty ones.
fn any_archive() -> impl Strategy<Value = Vec<u8>> {
    let path = "[a./]{0,12}|\\.wh\\.[a.]{0,3}|[a/]{0,3}\\.wh\\.\\.wh\\.\\.opq";
    let contents = proptest::collection::vec(any::<u8>(), 0..600);
    let flag = prop_oneof![
        Just(b'0'),
        Just(b'1'),
        Just(b'2'),
        Just(b'5'),
        Just(b'L'),
        Just(b'x'),
        Just(b'S'),
        any::<u8>(),
    ];
    let entry = (flag, path, contents, "[a./]{0,9}");
    proptest::collection::vec(entry, 0..8).prop_map(|entries| {
        let archive = entries.into_iter().fold(
            Archive::default(),
            |archive, (flag, path, contents, target)| match flag {
                b'x' => archive.pax(b'x', &[("path", &target), ("linkpath", &path)]),
                b'1' | b'2' => archive.link(flag, &path, &target),
                flag => archive.entry(flag, path.as_bytes(), &contents, |_| {}),
            },
        );
        archive.end()
    })
}

fn is_inside(path: &str) -> bool {
    path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

proptest! {
    #[test]
    fn no_entry_of_any_archive_leaves_the_root(blob in any_archive()) {
        if let Ok(facts) = read_plain(&blob) {
            for entry in facts.entries() {
                prop_assert!(is_inside(&entry.path), "{entry:?}");
                if let crate::audit::layer::EntryKind::HardLink(target) = &entry.kind {
                    prop_assert!(is_inside(target), "{entry:?}");
                }
            }
        }
    }

    #[test]
    fn any_bytes_end_in_a_layer_or_an_error(
        blob in any_archive(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        compression in 0..3_u8,
        length in any::<prop::sample::Index>(),
    ) {
        let mut blob = match compression {
            0 => gzip(&blob),
            1 => zstd(&blob),
            _ => blob,
        };
        for (at, byte) in changes {
            let at = at.index(blob.len());
            blob[at] = byte;
        }
        if compression != 2 {
            blob.truncate(length.index(blob.len()) + 1);
        }
        // It ends, and does not panic; which it is matters not.
        let _ = read_with(blob.as_slice(), &descriptor(&blob, GZIP), &limits());
    }

    #[test]
    fn noise_is_no_layer_that_anything_is_kept_of(blob: Vec<u8>) {
        if let Ok(facts) = read_plain(&blob) {
            prop_assert!(facts.is_empty());
        }
    }
}
