//! What those see who look at a file.

use std::io::{self, Seek};
use std::path::PathBuf;

use super::super::content::{Desk, Streamed};
use super::*;
use crate::audit::file::{Content, Whole};

/// Looks at a file of `size` bytes that comes in chunks, with something behind it.
fn look<T>(
    chunks: &[&[u8]],
    size: u64,
    limits: &Limits,
    look: impl FnOnce(&mut dyn Content) -> T,
) -> (T, Result<u64, LayerError>) {
    look_in(std::env::temp_dir(), chunks, size, limits, look)
}

fn look_in<T>(
    folder: PathBuf,
    chunks: &[&[u8]],
    size: u64,
    limits: &Limits,
    look: impl FnOnce(&mut dyn Content) -> T,
) -> (T, Result<u64, LayerError>) {
    let (sender, receiver) = mpsc::sync_channel(chunks.len());
    for chunk in chunks {
        sender.send(chunk.to_vec()).expect("room");
    }
    drop(sender);
    let cancelled = AtomicBool::new(false);
    let mut stream = Stream::new(receiver, mpsc::channel().0, u64::MAX, &cancelled);
    stream.wait().expect("chunks");
    let mut desk = Desk::default();
    let reading = Reading {
        limits,
        folder: &folder,
        cancelled: &cancelled,
    };
    let mut content = Streamed::new(&mut stream, &mut desk, reading, size);
    let seen = look(&mut content);
    let taken = content.finish().map(|looked| looked.taken);
    (seen, taken)
}

fn whole(content: &mut dyn Content) -> io::Result<Vec<u8>> {
    Ok(match content.whole()? {
        Whole::Bytes(bytes) => bytes.to_vec(),
        Whole::File(file) => {
            assert_eq!(file.stream_position()?, 0);
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            bytes
        }
    })
}

#[test]
fn a_file_in_one_chunk_is_seen_where_it_lies() {
    let (seen, taken) = look(&[b"filenext"], 4, &Limits::default(), |content| {
        assert_eq!(content.head(), b"file");
        whole(content).expect("bytes")
    });
    assert_eq!(seen, b"file");
    assert_eq!(taken.expect("no fault"), 0);
}

#[test]
fn a_file_in_several_chunks_is_put_together_and_nothing_behind_it_is_taken() {
    let chunks: [&[u8]; 3] = [b"fi", b"l", b"enext"];
    let (seen, taken) = look(&chunks, 4, &Limits::default(), |content| {
        assert_eq!(content.head(), b"file");
        assert_eq!(content.head(), b"file");
        whole(content).expect("bytes")
    });
    assert_eq!(seen, b"file");
    assert_eq!(taken.expect("no fault"), 4);
}

#[test]
fn the_head_of_a_large_file_has_at_least_four_kibibytes() {
    let (first, second) = ([b'a'; 3000], [b'b'; 30_000]);
    let (length, taken) = look(&[&first, &second], 33_000, &Limits::default(), |content| {
        content.head().len()
    });
    assert_eq!(length, 4096);
    assert_eq!(taken.expect("no fault"), 4096);
}

#[test]
fn a_large_file_is_written_to_disk_whole_and_can_be_read_again() {
    let small = Limits {
        in_memory_bytes: 10,
        ..Limits::default()
    };
    let (first, second) = ([b'a'; 3000], [b'b'; 3000]);
    let (seen, taken) = look(&[&first, &second], 5000, &small, |content| {
        content.head();
        let once = whole(content).expect("bytes");
        assert_eq!(whole(content).expect("bytes"), once);
        assert!(content.head().starts_with(b"aaa"));
        once
    });
    assert_eq!(seen, [first.as_slice(), &second[..2000]].concat());
    assert_eq!(taken.expect("no fault"), 5000);
}

#[test]
fn a_file_that_is_too_large_is_seen_at_its_beginning_only() {
    let small = Limits {
        in_memory_bytes: 10,
        spooled_bytes: 20,
        ..Limits::default()
    };
    let (refused, taken) = look(&[&[b'a'; 100]], 100, &small, |content| {
        assert_eq!(content.head().len(), 100);
        content.whole().is_err()
    });
    assert!(refused);
    assert_eq!(taken.expect("no fault"), 0);
}

#[test]
fn a_file_that_is_cut_off_is_a_fault_of_the_archive() {
    for in_memory_bytes in [10, 1000] {
        let small = Limits {
            in_memory_bytes,
            ..Limits::default()
        };
        let (seen, taken) = look(&[b"cut"], 100, &small, |content| {
            assert_eq!(content.head(), b"cut");
            whole(content).is_err()
        });
        assert!(seen);
        assert!(matches!(taken, Err(LayerError::Truncated(_))));
    }
}

#[test]
fn a_folder_that_takes_no_files_is_no_fault_of_the_image() {
    let small = Limits {
        in_memory_bytes: 10,
        ..Limits::default()
    };
    let nowhere = PathBuf::from("/nowhere/at/all");
    let (_, taken) = look_in(nowhere, &[&[b'a'; 100]], 100, &small, |content| {
        whole(content).is_err()
    });
    assert_eq!(taken.expect_err("a fault").fault(), LayerFault::Io);
}
