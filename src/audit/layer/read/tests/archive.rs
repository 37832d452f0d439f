//! Archives header by header, right or wrong as a test needs them.

use tar::Header;

/// An archive that grows.
#[derive(Clone, Default)]
pub(super) struct Archive(Vec<u8>);

impl Archive {
    /// An entry of GNU's format with whatever is set in its header.
    pub(super) fn entry(
        self,
        flag: u8,
        path: &[u8],
        contents: &[u8],
        set: impl FnOnce(&mut Header),
    ) -> Self {
        self.header(Header::new_gnu(), flag, path, contents.len() as u64, set)
            .bytes(contents)
    }

    /// A header alone, whatever comes after it.
    pub(super) fn header(
        mut self,
        mut header: Header,
        flag: u8,
        path: &[u8],
        size: u64,
        set: impl FnOnce(&mut Header),
    ) -> Self {
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.as_old_mut().linkflag = [flag];
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        set(&mut header);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self
    }

    /// Contents, filled up to whole blocks.
    pub(super) fn bytes(mut self, contents: &[u8]) -> Self {
        self.0.extend_from_slice(contents);
        let whole = self.0.len().next_multiple_of(512);
        self.0.resize(whole, 0);
        self
    }

    pub(super) fn file(self, path: &str, contents: &[u8]) -> Self {
        self.entry(b'0', path.as_bytes(), contents, |_| {})
    }

    pub(super) fn link(self, flag: u8, path: &str, target: &str) -> Self {
        self.entry(flag, path.as_bytes(), b"", |header| {
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        })
    }

    /// An extended header, `x` or `g`.
    pub(super) fn pax(self, flag: u8, records: &[(&str, &str)]) -> Self {
        let mut contents = String::new();
        for (key, value) in records {
            let rest = format!(" {key}={value}\n");
            // The length counts its own digits.
            let mut length = rest.len();
            while rest.len() + length.to_string().len() != length {
                length += 1;
            }
            contents.push_str(&format!("{length}{rest}"));
        }
        self.entry(flag, b"PaxHeaders/x", contents.as_bytes(), |_| {})
    }

    /// As it is, without an end.
    pub(super) fn cut(self) -> Vec<u8> {
        self.0
    }

    /// With the two blocks of zeros at its end.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}
