//! Where loaders search: glibc's `ld.so.conf` and the files it includes, and
//! musl's path file.

use super::FileFacts;
use super::bytes::FileBytes;

const MOST_BYTES: u64 = 64 * 1024;

pub(super) fn is_configuration(path: &str) -> bool {
    path == "etc/ld.so.conf"
        || path
            .strip_prefix("etc/ld.so.conf.d/")
            .is_some_and(|name| name.ends_with(".conf"))
}

/// As `ldconfig` reads it: a folder on each line, `#` begins a comment.
pub(super) fn read_configuration(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut folders = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_whitespace();
        match words.next() {
            None => {}
            Some("include") => folders.extend(words.map(|pattern| format!("include {pattern}"))),
            Some("hwcap") => {}
            Some(_) => folders.push(line.to_owned()),
        }
    }
    Some(FileFacts::LoaderPath(folders))
}

pub(super) fn is_musl(path: &str) -> bool {
    path.strip_prefix("etc/ld-musl-")
        .is_some_and(|rest| rest.ends_with(".path") && !rest.contains('/'))
}

/// As musl reads it: folders between colons or line ends.
pub(super) fn read_musl(file: &mut FileBytes<'_>) -> Option<FileFacts> {
    let bytes = file.all(MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let folders = text.split([':', '\n']).filter(|folder| !folder.is_empty());
    Some(FileFacts::LoaderPath(folders.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;

    fn folders(read: fn(&mut FileBytes<'_>) -> Option<FileFacts>, text: &str) -> Vec<String> {
        let mut file = FileBytes::new(Whole::Bytes(text.as_bytes())).expect("bytes");
        match read(&mut file) {
            Some(FileFacts::LoaderPath(folders)) => folders,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ld_so_conf_has_folders_comments_and_includes() {
        let text = "# Multiarch\ninclude /etc/ld.so.conf.d/*.conf /opt/*.conf\n\n\
            /usr/local/lib # ours\n  /opt/with space/lib\nhwcap 1 nosegneg\n";
        assert_eq!(
            folders(read_configuration, text),
            [
                "include /etc/ld.so.conf.d/*.conf",
                "include /opt/*.conf",
                "/usr/local/lib",
                "/opt/with space/lib",
            ]
        );
        assert!(is_configuration("etc/ld.so.conf.d/libc.conf"));
        assert!(!is_configuration("etc/ld.so.conf.d/README"));
        assert!(!is_configuration("usr/etc/ld.so.conf"));
    }

    #[test]
    fn musl_s_path_file_takes_colons_and_lines() {
        assert_eq!(
            folders(read_musl, "/lib:/usr/local/lib\n/usr/lib\n"),
            ["/lib", "/usr/local/lib", "/usr/lib"]
        );
        // An empty file means that nothing is searched.
        assert_eq!(folders(read_musl, ""), Vec::<String>::new());
        assert!(is_musl("etc/ld-musl-aarch64.path"));
        assert!(!is_musl("etc/ld-musl-aarch64.path.d/x.path"));
    }
}
