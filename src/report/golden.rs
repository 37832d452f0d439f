//! Expected files of the reports. `UPDATE_GOLDEN=1 cargo test` writes them anew;
//! what changed is then read in the diff.

use std::path::Path;

/// Compares with `tests/golden/report/<name>`; this crate's own version is
/// written there as `VERSION`, so that a release changes no golden file.
pub(super) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/report")
        .join(name);
    let actual = actual.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\"");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the golden file is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((number, (expected, actual))) = (1..)
        .zip(expected.lines().zip(actual.lines()))
        .find(|(_, (expected, actual))| expected != actual)
    {
        panic!(
            "{}:{number}\n expected {expected:?}\n   actual {actual:?}",
            path.display()
        );
    }
    assert_eq!(
        expected,
        actual,
        "{} differs in its last lines",
        path.display()
    );
}
