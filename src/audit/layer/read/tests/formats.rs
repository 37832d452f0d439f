//! What archives may look like.

use tar::Header;

use super::*;
use crate::audit::layer::EntryKind;
use crate::image::Compression;

fn long(letter: &str) -> String {
    format!("{}/{}", letter.repeat(120), letter.repeat(90))
}

#[test]
fn a_layer_is_the_same_however_it_is_compressed() {
    let archive = Archive::default().file("etc/a", b"text").end();
    let (first, second) = archive.split_at(700);
    let members = [gzip(first), gzip(second)].concat();
    let frames = [
        // A frame that decoders pass over, as zstd:chunked has it.
        b"\x50\x2a\x4d\x18\x04\0\0\0abcd".to_vec(),
        zstd(first),
        zstd(second),
    ]
    .concat();
    for (blob, media_type, compression) in [
        (archive.clone(), TAR, Compression::None),
        (gzip(&archive), GZIP, Compression::Gzip),
        (members, GZIP, Compression::Gzip),
        (zstd(&archive), ZSTD, Compression::Zstd),
        (frames, ZSTD, Compression::Zstd),
        // The media type lies.
        (zstd(&archive), GZIP, Compression::Zstd),
        (archive.clone(), GZIP, Compression::None),
        (gzip(&archive), TAR, Compression::Gzip),
    ] {
        let descriptor = descriptor(&blob, media_type);
        let facts = read_with(blob.as_slice(), &descriptor, &Limits::default()).expect("a layer");
        assert_eq!(paths(&facts), ["etc/a"]);
        assert_eq!(facts.diff_id, Digest::of(&archive).as_str());
        assert_eq!(facts.compression, compression);
    }
}

#[test]
fn what_follows_the_archives_end_counts_for_its_digest() {
    let mut archive = Archive::default().file("a", b"").end();
    archive.extend_from_slice(&[7; 100_000]);
    let facts = read_plain(&archive).expect("a layer");
    assert_eq!(paths(&facts), ["a"]);
    assert_eq!(facts.diff_id, Digest::of(&archive).as_str());
}

#[test]
fn an_archive_may_end_without_blocks_of_zeros_or_be_empty() {
    let archive = Archive::default().file("a", b"text").cut();
    assert_eq!(paths(&read_plain(&archive).expect("a layer")), ["a"]);
    assert!(read_plain(b"").expect("a layer").is_empty());
}

#[test]
fn every_kind_of_entry_is_told() {
    let archive = Archive::default()
        .entry(b'5', b"bin/", b"", |header| header.set_mode(0o40755))
        .entry(b'0', b"bin/a", b"text", |header| {
            header.set_mode(0o4755);
            header.set_uid(7);
            header.set_gid(8);
        })
        .link(b'2', "bin/sh", "../bin/a")
        .link(b'1', "bin/b", "./bin/../bin/a")
        .entry(b'3', b"dev/null", b"", |_| {})
        .entry(b'6', b"run/pipe", b"", |_| {})
        .entry(0, b"old/", b"", |_| {})
        .entry(0, b"old/file", b"x", |_| {});
    let entries = entries(archive);
    let kinds: Vec<(&str, &EntryKind)> = entries
        .iter()
        .map(|entry| (entry.path.as_str(), &entry.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("bin", &EntryKind::Directory),
            ("bin/a", &EntryKind::File),
            ("bin/sh", &EntryKind::Symlink("../bin/a".to_owned())),
            ("bin/b", &EntryKind::HardLink("bin/a".to_owned())),
            ("dev/null", &EntryKind::Special),
            ("run/pipe", &EntryKind::Special),
            ("old", &EntryKind::Directory),
            ("old/file", &EntryKind::File),
        ]
    );
    let file = &entries[1];
    assert_eq!(
        (file.mode, file.uid, file.gid, file.size),
        (0o4755, 7, 8, 4)
    );
    assert_eq!(entries[0].mode, 0o755);
}

#[test]
fn a_long_path_comes_from_the_prefix_from_gnu_or_from_pax() {
    let (path, target) = (long("p"), long("t"));
    let with_nul = |text: &str| [text.as_bytes(), b"\0"].concat();
    let ustar = Archive::default().header(Header::new_ustar(), b'0', b"name", 0, |header| {
        header.as_ustar_mut().expect("ustar").prefix[..3].copy_from_slice(b"a/b");
    });
    let gnu = Archive::default()
        .entry(b'L', b"././@LongLink", &with_nul(&path), |_| {})
        .entry(b'K', b"././@LongLink", &with_nul(&target), |_| {})
        .link(b'2', "short", "short");
    let pax = Archive::default()
        .pax(b'x', &[("path", &path), ("linkpath", &target)])
        .link(b'2', "short", "short")
        .file("next", b"");
    assert_eq!(entries(ustar)[0].path, "a/b/name");
    for archive in [gnu, pax.clone()] {
        let entries = entries(archive);
        assert_eq!(entries[0].path, path);
        assert_eq!(entries[0].kind, EntryKind::Symlink(target.clone()));
    }
    // It is said of one entry, not of the next.
    assert_eq!(entries(pax)[1].path, "next");
}

#[test]
fn extended_headers_say_size_and_owner() {
    let contents = [b'x'; 1000];
    let archive = Archive::default()
        .pax(b'x', &[("size", "1000"), ("uid", "3000000"), ("gid", "7")])
        .header(Header::new_ustar(), b'0', b"a", 0, |_| {})
        .bytes(&contents)
        .file("b", b"");
    let entries = entries(archive);
    let a = &entries[0];
    assert_eq!((a.size, a.uid, a.gid), (1000, 3_000_000, 7));
    assert_eq!(entries[1].path, "b");
}

#[test]
fn what_is_said_of_the_whole_archive_is_passed_over_as_engines_do() {
    let archive = Archive::default()
        .pax(b'g', &[("comment", "0123abc"), ("path", "everywhere")])
        .file("a", b"");
    assert_eq!(entries(archive)[0].path, "a");
}

#[test]
fn sparse_files_are_passed_over_and_named() {
    let old = Archive::default()
        .header(Header::new_gnu(), b'S', b"old", 512, |header| {
            let gnu = header.as_gnu_mut().expect("GNU");
            gnu.set_real_size(1 << 32);
            gnu.set_is_extended(true);
        })
        // Two more blocks of its map.
        .bytes(&{
            let mut block = [0; 512];
            block[504] = 1;
            block
        })
        .bytes(&[0; 512])
        .bytes(&[b'x'; 512])
        .file("next", b"");
    let map = [b"1\n0\n5\n".as_slice(), &[0; 506], b"hello"].concat();
    let pax = Archive::default()
        .pax(
            b'x',
            &[
                ("GNU.sparse.major", "1"),
                ("GNU.sparse.minor", "0"),
                ("GNU.sparse.name", "new"),
                ("GNU.sparse.realsize", "4294967296"),
            ],
        )
        .file("GNUSparseFile.0/new", &map)
        .file("next", b"");
    for (archive, name) in [(old, "old"), (pax, "new")] {
        let facts = read_plain(&archive.end()).expect("a layer");
        assert_eq!(paths(&facts), [name, "next"]);
        assert_eq!(facts.entries().next().expect("a file").size, 1 << 32);
        assert_eq!(facts.unexamined.count, 1);
        assert!(facts.unexamined.first[0].starts_with(name));
    }
}

#[test]
fn whiteouts_and_opaque_folders_are_told_from_files() {
    let archive = Archive::default()
        .file(".wh.top", b"")
        .file("etc/.wh.motd", b"")
        .file("opt/.wh..wh..opq", b"")
        .file(".wh..wh..opq", b"")
        // What aufs kept for itself.
        .file(".wh..wh.plnk/1.2", b"")
        .file(".wh..wh.aufs", b"");
    let entries = entries(archive);
    let found: Vec<(&str, &EntryKind)> = entries
        .iter()
        .map(|entry| (entry.path.as_str(), &entry.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("top", &EntryKind::Whiteout),
            ("etc/motd", &EntryKind::Whiteout),
            ("opt", &EntryKind::Opaque),
            ("", &EntryKind::Opaque),
        ]
    );
}

#[test]
fn a_whiteout_of_no_name_would_remove_its_folder_and_is_refused() {
    for name in ["a/.wh.", "a/.wh..", "a/.wh..."] {
        let error = read_plain(&Archive::default().file(name, b"").end()).expect_err("refused");
        assert!(matches!(error, LayerError::Entry { .. }), "{name}: {error}");
    }
}

#[test]
fn no_entry_leaves_the_root_and_the_root_is_none() {
    let archive = Archive::default()
        .file("../../etc/passwd", b"")
        .file("/abs/../olute", b"")
        .file("./here", b"")
        .entry(b'5', b"./", b"", |_| {})
        .link(b'1', "link", "/../../etc/passwd");
    let entries = entries(archive);
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["etc/passwd", "olute", "here", "link"]);
    assert_eq!(
        entries[3].kind,
        EntryKind::HardLink("etc/passwd".to_owned())
    );
}
