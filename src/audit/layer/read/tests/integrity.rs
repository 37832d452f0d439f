//! Bytes that are not what they should be.

use std::io;

use super::*;

fn layer() -> Vec<u8> {
    Archive::default()
        .file("a", &[b'x'; 5000])
        .file("b", b"text")
        .end()
}

fn fails(blob: &[u8], descriptor: &Descriptor) -> LayerError {
    let outcome = read_with(blob, descriptor, &Limits::default());
    let error = outcome.expect_err("a fault");
    assert_eq!(error.fault(), LayerFault::Image, "{error}");
    error
}

#[test]
fn a_sha512_digest_is_verified_as_one() {
    let blob = layer();
    let mut hasher = hash::Hasher::like(&format!("sha512:{:0128}", 0).parse().expect("a digest"));
    hasher.update(&blob);
    let mut descriptor = descriptor(&blob, TAR);
    descriptor.digest = hasher.finish().parse().expect("a digest");
    assert!(read_with(blob.as_slice(), &descriptor, &Limits::default()).is_ok());
    descriptor.digest = format!("sha512:{:0128}", 7).parse().expect("a digest");
    assert!(matches!(
        fails(&blob, &descriptor),
        LayerError::Digest { .. }
    ));
}

#[test]
fn other_bytes_than_promised_are_said_whatever_else_is_wrong_with_them() {
    let good = gzip(&layer());
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 0xff;
    let mut no_tar = layer();
    no_tar[0] ^= 1;
    for (blob, promised) in [
        (damaged, descriptor(&good, GZIP)),
        (no_tar, descriptor(&layer(), TAR)),
    ] {
        let error = fails(&blob, &promised);
        assert!(matches!(error, LayerError::Digest { .. }), "{error}");
    }
}

#[test]
fn a_blob_that_is_longer_or_shorter_than_promised_is_refused() {
    let blob = gzip(&layer());
    let promised = descriptor(&blob, GZIP);
    let cut = &blob[..blob.len() - 20];
    let error = fails(cut, &promised);
    assert!(
        matches!(error, LayerError::TooShort { actual, .. } if actual == cut.len() as u64),
        "{error}"
    );
    let longer = [blob.as_slice(), b"more"].concat();
    let error = fails(&longer, &promised);
    assert!(matches!(error, LayerError::TooLong { .. }), "{error}");
}

#[test]
fn a_stream_that_was_pushed_damaged_is_told_from_one_that_was_damaged_on_the_way() {
    for (blob, media_type) in [(gzip(&layer()), GZIP), (zstd(&layer()), ZSTD)] {
        let cut = &blob[..blob.len() - 20];
        let error = fails(cut, &descriptor(cut, media_type));
        assert!(matches!(error, LayerError::Corrupt { .. }), "{error}");
        let followed = [blob.as_slice(), b"garbage"].concat();
        let error = fails(&followed, &descriptor(&followed, media_type));
        assert!(matches!(error, LayerError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn an_archive_that_is_cut_off_is_said_to_be() {
    let whole = layer();
    for cut in [700, 5000, 512 + 5632 + 100] {
        let blob = &whole[..cut];
        let error = fails(blob, &descriptor(blob, TAR));
        assert!(matches!(error, LayerError::Truncated(_)), "{cut}: {error}");
    }
}

#[test]
fn what_is_no_archive_is_said_not_to_be_one() {
    for blob in [
        b"hello".to_vec(),
        vec![b'x'; 4096],
        [&[0; 512], layer().as_slice()].concat(),
    ] {
        let error = fails(&blob, &descriptor(&blob, TAR));
        assert!(matches!(error, LayerError::NotTar { .. }), "{error}");
    }
}

#[test]
fn compressions_that_engines_do_not_read_are_named() {
    let blob = b"\xfd7zXZ\0\0\0".as_slice();
    let error = fails(blob, &descriptor(blob, TAR));
    assert!(matches!(error, LayerError::Compression("xz")), "{error}");
}

#[test]
fn what_is_no_layer_is_not_even_read() {
    let error = fails(b"", &descriptor(b"", "application/vnd.in-toto+json"));
    assert!(matches!(error, LayerError::MediaType(_)), "{error}");
}

#[test]
fn an_entry_of_a_type_that_no_engine_unpacks_is_named() {
    let blob = Archive::default().entry(b'V', b"volume", b"", |_| {}).end();
    let error = fails(&blob, &descriptor(&blob, TAR));
    assert!(
        matches!(&error, LayerError::Entry { path, .. } if path == "volume"),
        "{error}"
    );
}

#[test]
fn a_connection_that_breaks_is_not_the_images_fault() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the connection was reset"))
        }
    }

    for blob in [layer(), gzip(&layer()), zstd(&layer())] {
        let half = io::Cursor::new(&blob[..blob.len() / 2]).chain(Broken);
        let outcome = read_with(half, &descriptor(&blob, TAR), &Limits::default());
        let error = outcome.expect_err("a fault");
        assert_eq!(error.fault(), LayerFault::Io, "{error}");
        assert!(error.to_string().contains("the connection was reset"));
    }
}
