use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::audit::elf_writer::{Elf, Machine};
use crate::audit::file::Whole;

fn archive(entries: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, method) in entries {
        let options = SimpleFileOptions::default().compression_method(*method);
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("an archive").into_inner()
}

fn found(bytes: &[u8]) -> Vec<(String, u16)> {
    let mut file = FileBytes::new(Whole::Bytes(bytes)).expect("bytes");
    match read(&mut file) {
        None => Vec::new(),
        Some(FileFacts::Archive(found)) => {
            assert!(!found.is_empty());
            found
                .into_iter()
                .map(|elf| (elf.path, elf.machine))
                .collect()
        }
        Some(other) => panic!("{other:?}"),
    }
}

fn library(machine: Machine) -> Vec<u8> {
    Elf::library(machine).text(&"text ".repeat(9000)).build()
}

const PLAIN: CompressionMethod = CompressionMethod::Stored;
const DEFLATE: CompressionMethod = CompressionMethod::Deflated;

#[test]
fn libraries_are_found_and_other_entries_are_not() {
    let (arm64, s390x) = (library(Machine::AArch64), library(Machine::S390x));
    let bytes = archive(&[
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n", DEFLATE),
        ("linux/aarch64/libx.so", &arm64, DEFLATE),
        ("linux/s390x/libx.so.1", &s390x, PLAIN),
        ("linux/aarch64/libx.jnilib", &arm64, DEFLATE),
        ("linux/aarch64/program", &arm64, DEFLATE),
        ("windows/x.so", b"MZ no ELF file at all", DEFLATE),
        ("empty.so", b"", PLAIN),
    ]);
    assert_eq!(
        found(&bytes),
        [
            ("linux/aarch64/libx.so".to_owned(), 183),
            ("linux/s390x/libx.so.1".to_owned(), 22),
            ("linux/aarch64/libx.jnilib".to_owned(), 183),
        ]
    );
}

#[test]
fn a_script_may_stand_before_the_archive_and_a_comment_behind() {
    let arm64 = library(Machine::AArch64);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.set_comment("a comment").expect("a comment");
    writer
        .start_file("x.so", SimpleFileOptions::default())
        .expect("an entry");
    writer.write_all(&arm64).expect("written");
    let bytes = writer.finish().expect("an archive").into_inner();
    let bytes = [b"#!/bin/sh\nexec java -jar \"$0\"\n".to_vec(), bytes].concat();
    assert_eq!(found(&bytes), [("x.so".to_owned(), 183)]);
}

#[test]
fn an_archive_in_another_is_looked_into_and_one_in_that_is_not() {
    let inner = archive(&[("x.so", &library(Machine::X86_64), DEFLATE)]);
    for method in [PLAIN, DEFLATE] {
        let middle = archive(&[("WEB-INF/lib/inner.jar", &inner, method)]);
        assert_eq!(
            found(&middle),
            [("WEB-INF/lib/inner.jar!/x.so".to_owned(), 62)]
        );
        let outer = archive(&[("middle.jar", &middle, method)]);
        assert_eq!(found(&outer), []);
    }
}

#[test]
fn an_inner_archive_that_grows_beyond_bounds_is_left_and_the_rest_read() {
    let inner = archive(&[
        ("y.so", &library(Machine::X86_64), DEFLATE),
        ("zeros", &vec![0; 1 << 20], PLAIN),
    ]);
    let bytes = archive(&[
        ("bomb.jar", &inner, DEFLATE),
        ("x.so", &library(Machine::X86_64), DEFLATE),
    ]);
    assert_eq!(found(&bytes), [("x.so".to_owned(), 62)]);
}

#[test]
fn an_archive_that_stands_a_thousand_times_in_another_is_not_read_for_hours() {
    let many: Vec<String> = (0..5000).map(|number| format!("{number}.txt")).collect();
    let many: Vec<(&str, &[u8], CompressionMethod)> = many
        .iter()
        .map(|name| (name.as_str(), &b""[..], PLAIN))
        .collect();
    let inner = archive(&many);
    let bytes = archive(&[("0000.jar", &inner, PLAIN)]);
    // The directory names it a thousand times, and each time there are five thousand
    // entries in it.
    let end = bytes.len() - 22;
    let directory = end - (46 + 8);
    let entry = bytes[directory..end].to_vec();
    let size = u32::try_from(entry.len() * 1000).expect("small");
    let mut record = bytes[end..].to_vec();
    record[12..16].copy_from_slice(&size.to_le_bytes());
    let bytes = [&bytes[..directory], &entry.repeat(1000), &record].concat();
    let mut search = Search::new(bytes.len() as u64);
    let whole = 0..bytes.len() as u64;
    search.look_into(&mut FileBytes::of(&bytes), whole, "", DEEPEST);
    assert_eq!(search.entries_left, 0);
    assert!(search.libraries_left > MOST_LIBRARIES - 1000);
}

#[test]
fn what_is_no_archive_has_nothing() {
    let whole = archive(&[("x.so", &library(Machine::X86_64), PLAIN)]);
    for bytes in [
        &b""[..],
        b"PK",
        b"not an archive",
        &whole[..whole.len() / 2],
    ] {
        assert_eq!(found(bytes), []);
    }
}

#[test]
fn the_wide_numbers_of_zip64_are_read() {
    let options = SimpleFileOptions::default()
        .compression_method(PLAIN)
        .large_file(true);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..0x1_0001 {
        let name = if index == 0x1_0000 {
            "last.so".into()
        } else {
            format!("{index:x}")
        };
        writer.start_file(name, options).expect("an entry");
        if index == 0x1_0000 {
            writer
                .write_all(&library(Machine::AArch64))
                .expect("written");
        }
    }
    let bytes = writer.finish().expect("an archive").into_inner();
    assert_eq!(found(&bytes), [("last.so".to_owned(), 183)]);
}

proptest! {
    #[test]
    fn no_number_in_an_archive_breaks_it(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let small = Elf::library(Machine::X86_64).build();
        let inner = archive(&[("x.so", &small, DEFLATE)]);
        let mut bytes = archive(&[("x.so", &small, DEFLATE), ("y.so", &small, PLAIN), ("i.jar", &inner, PLAIN), ("d.jar", &inner, DEFLATE)]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // Changed sizes can lead into the same archive again, and no deeper.
        prop_assert!(found(&bytes).len() <= 20);
    }
}
