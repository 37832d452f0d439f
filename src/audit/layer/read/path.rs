//! Paths of entries: resolved, never outside the root.

/// Resolves `.`, `..` and empty parts by their names alone, as engines do before they
/// unpack an entry. The root has no parent, so nothing leaves it.
///
/// Bytes that are no UTF-8 become U+FFFD.
pub(super) fn resolved(path: &[u8]) -> String {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    String::from_utf8_lossy(&parts.join(&b'/')).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_leads_out_of_the_root_stays_at_it() {
        assert_eq!(resolved(b"../../etc/passwd"), "etc/passwd");
        assert_eq!(resolved(b"/../etc"), "etc");
        assert_eq!(resolved(b"a/../../../b"), "b");
        assert_eq!(resolved(b".."), "");
    }

    #[test]
    fn a_path_has_one_spelling() {
        assert_eq!(resolved(b"./usr//bin/./env"), "usr/bin/env");
        assert_eq!(resolved(b"/usr/bin/"), "usr/bin");
        assert_eq!(resolved(b"usr/lib/../bin"), "usr/bin");
        assert_eq!(resolved(b"./"), "");
    }

    proptest! {
        #[test]
        fn no_path_has_parts_that_move(path in proptest::collection::vec(
            prop_oneof![Just(b'/'), Just(b'.'), any::<u8>()], 0..60)
        ) {
            let path = resolved(&path);
            let is_name = |part: &str| !matches!(part, "" | "." | "..");
            prop_assert!(path.is_empty() || path.split('/').all(is_name), "{path}");
        }
    }
}
