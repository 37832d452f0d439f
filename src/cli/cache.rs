//! Where what was learnt of layers is kept.

use std::path::PathBuf;

/// Our folder in this user's cache folder, where there is one.
pub(super) fn of_user() -> Option<PathBuf> {
    default_cache(|name| std::env::var_os(name).map(PathBuf::from))
}

/// The user's cache folder (XDG base directories), and ours in it. Without a
/// home there is none, and everything is read anew.
fn default_cache(folder: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let of = |name| folder(name).filter(|folder| folder.is_absolute());
    let user = of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")));
    user.map(|user| user.join(env!("CARGO_PKG_NAME")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_user_s_caches_are() {
        let cache = |pairs: &'static [(&str, &str)]| {
            default_cache(|name| {
                let mut found = pairs.iter().filter(|(key, _)| *key == name);
                found.next().map(|(_, value)| PathBuf::from(value))
            })
        };
        let of = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            cache(&[("HOME", "/home/a")]),
            of("/home/a/.cache/everyarch")
        );
        let both = &[("HOME", "/home/a"), ("XDG_CACHE_HOME", "/var/c")];
        assert_eq!(cache(both), of("/var/c/everyarch"));
        // The specification passes a relative one over.
        assert_eq!(cache(&[("XDG_CACHE_HOME", "c")]), None);
    }
}
