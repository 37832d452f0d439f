//! Where credentials are found, and what is said where they can't be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Credentials, FoundCredentials, HELPER_DEADLINE, credentials};
use crate::source::{SourceError, Surroundings};

/// A home folder with files in it.
struct Home {
    folder: tempfile::TempDir,
    extra: Vec<(&'static str, PathBuf)>,
}

impl Home {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        Self {
            folder,
            extra: Vec::new(),
        }
    }

    fn set(mut self, name: &'static str, path: &str) -> Self {
        self.extra.push((name, self.folder.path().join(path)));
        self
    }

    fn surroundings(&self) -> Surroundings {
        let helpers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/helpers");
        let path = format!("{}:/usr/bin:/bin", helpers.display());
        [
            ("HOME", self.folder.path().to_owned()),
            ("PATH", PathBuf::from(path)),
        ]
        .into_iter()
        .chain(self.extra.clone())
        .collect()
    }

    async fn find(&self, reference: &str) -> Result<Option<FoundCredentials>, SourceError> {
        let reference = reference.parse().expect(reference);
        credentials(&reference, &self.surroundings(), HELPER_DEADLINE).await
    }

    async fn password(&self, reference: &str) -> Option<String> {
        match self.find(reference).await.expect("readable")?.credentials {
            Credentials::Basic { password, .. } => Some(password),
            Credentials::IdentityToken(token) => Some(format!("token {token}")),
        }
    }

    async fn error(&self, reference: &str) -> String {
        let error = self.find(reference).await.expect_err("unreadable");
        error.to_string()
    }
}

const DOCKER: &str = ".docker/config.json";
const PODMAN: &str = ".config/containers/auth.json";

/// One entry; the text is `me:<password>` in base64.
fn auths(key: &str, base64: &str) -> String {
    format!(r#"{{"auths":{{"{key}":{{"auth":"{base64}"}}}}}}"#)
}

const ME_ONE: &str = "bWU6b25l";
const ME_TWO: &str = "bWU6dHdv";

#[tokio::test]
async fn no_file_is_no_credentials() {
    let home = Home::with(&[]);
    assert_eq!(home.find("node").await.expect("no fault"), None);
}

#[tokio::test]
async fn docker_s_file_is_found_in_its_usual_places() {
    let home = Home::with(&[
        (DOCKER, &auths("a.example", ME_ONE)),
        ("elsewhere/config.json", &auths("a.example", ME_TWO)),
    ]);
    let found = home
        .find("a.example/app")
        .await
        .expect("readable")
        .expect("found");
    assert_eq!(
        found.credentials,
        Credentials::Basic {
            username: "me".to_owned(),
            password: "one".to_owned()
        }
    );
    assert_eq!(found.found_in, "~/.docker/config.json");
    assert_eq!(home.password("b.example/app").await, None);

    let home = home.set("DOCKER_CONFIG", "elsewhere");
    assert_eq!(home.password("a.example/app").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn podman_s_files_are_read_where_docker_s_has_nothing() {
    let home = Home::with(&[
        (DOCKER, &auths("other.example", ME_ONE)),
        (PODMAN, &auths("a.example", ME_TWO)),
        ("run/containers/auth.json", &auths("b.example", ME_TWO)),
        ("named.json", &auths("other.example", ME_TWO)),
    ])
    .set("XDG_RUNTIME_DIR", "run");
    assert_eq!(home.password("a.example/app").await.as_deref(), Some("two"));
    assert_eq!(home.password("b.example/app").await.as_deref(), Some("two"));
    assert_eq!(
        home.password("other.example/app").await.as_deref(),
        Some("one")
    );

    let home = home.set("REGISTRY_AUTH_FILE", "named.json");
    assert_eq!(
        home.password("other.example/app").await.as_deref(),
        Some("two")
    );
}

#[tokio::test]
async fn docker_hub_is_known_by_all_its_names() {
    for key in [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://registry-1.docker.io",
        "docker.io/library",
    ] {
        let home = Home::with(&[(DOCKER, &auths(key, ME_ONE))]);
        assert_eq!(home.password("node").await.as_deref(), Some("one"), "{key}");
    }
}

#[tokio::test]
async fn keys_may_carry_a_scheme_and_an_api_version() {
    for key in [
        "https://a.example:5000",
        "http://a.example:5000/",
        "https://a.example:5000/v2/",
        "a.example:5000/v1/",
    ] {
        let home = Home::with(&[(DOCKER, &auths(key, ME_ONE))]);
        assert_eq!(
            home.password("a.example:5000/app").await.as_deref(),
            Some("one"),
            "{key}"
        );
        assert_eq!(home.password("a.example/app").await, None, "{key}");
        assert_eq!(home.password("a.example:50001/app").await, None, "{key}");
    }
}

#[tokio::test]
async fn the_longest_namespace_wins() {
    let file = format!(
        r#"{{"auths":{{"a.example":{{"auth":"{ME_ONE}"}},"a.example/team/app":{{"auth":"{ME_TWO}"}}}}}}"#
    );
    let home = Home::with(&[(PODMAN, &file)]);
    for (reference, password) in [
        ("a.example/team/app:1", "two"),
        ("a.example/team/app/part", "two"),
        ("a.example/team/apple", "one"),
        ("a.example/other", "one"),
    ] {
        assert_eq!(
            home.password(reference).await.as_deref(),
            Some(password),
            "{reference}"
        );
    }
}

#[tokio::test]
async fn identity_tokens_are_told_from_passwords() {
    let token = "PHRva2VuPjpyM2ZyZXNo"; // <token>:r3fresh
    for entry in [
        r#"{"identitytoken":"r3fresh"}"#.to_owned(),
        format!(r#"{{"auth":"{ME_ONE}","identitytoken":"r3fresh"}}"#),
        format!(r#"{{"auth":"{token}"}}"#),
    ] {
        let file = format!(r#"{{"auths":{{"a.example":{entry}}}}}"#);
        let home = Home::with(&[(DOCKER, &file)]);
        assert_eq!(
            home.password("a.example/app").await.as_deref(),
            Some("token r3fresh"),
            "{entry}"
        );
    }
}

#[tokio::test]
async fn a_helper_is_asked_by_the_names_it_may_know() {
    let home = Home::with(&[(
        DOCKER,
        r#"{"credsStore":"fixture","auths":{"known.example:5000":{}}}"#,
    )]);
    for (reference, password) in [
        ("known.example:5000/app", Some("s3cret")),
        ("prefixed.example/app", Some("s3cret")),
        ("node", Some("s3cret")),
        ("token.example/app", Some("token s3cret")),
        ("stranger.example/app", None),
    ] {
        assert_eq!(
            home.password(reference).await.as_deref(),
            password,
            "{reference}"
        );
    }
    let found = home.find("node").await.expect("readable").expect("found");
    assert_eq!(
        found.found_in,
        "docker-credential-fixture, named in ~/.docker/config.json"
    );
}

#[tokio::test]
async fn the_registry_s_own_helper_comes_before_the_store_and_the_file() {
    let file = format!(
        r#"{{"credsStore":"absent","credHelpers":{{"known.example:5000":"fixture"}},
            "auths":{{"known.example:5000":{{"auth":"{ME_ONE}"}}}}}}"#
    );
    let home = Home::with(&[(DOCKER, &file)]);
    assert_eq!(
        home.password("known.example:5000/app").await.as_deref(),
        Some("s3cret")
    );
}

#[tokio::test]
async fn an_entry_is_used_where_the_store_has_none() {
    let file = format!(
        r#"{{"credsStore":"fixture","auths":{{"stranger.example":{{"auth":"{ME_ONE}"}}}}}}"#
    );
    let home = Home::with(&[(DOCKER, &file)]);
    assert_eq!(
        home.password("stranger.example/app").await.as_deref(),
        Some("one")
    );
}

#[tokio::test]
async fn a_helper_that_fails_is_an_error_that_says_so() {
    let home = Home::with(&[(DOCKER, r#"{"credsStore":"fixture"}"#)]);
    let error = home.error("broken.example/app").await;
    for words in [
        "docker-credential-fixture",
        "the keychain is locked",
        "broken.example",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let error = home.error("garbage.example/app").await;
    assert!(error.contains("can't be read"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");

    let home = Home::with(&[(DOCKER, r#"{"credsStore":"absent"}"#)]);
    let error = home.error("a.example/app").await;
    assert!(
        error.contains("docker-credential-absent") && error.contains("not in PATH"),
        "{error}"
    );
    let home = Home::with(&[(DOCKER, r#"{"credsStore":"../../bin/sh"}"#)]);
    let error = home.error("a.example/app").await;
    assert!(error.contains("not a helper's name"), "{error}");
}

#[tokio::test]
async fn a_helper_that_hangs_is_ended_at_its_deadline() {
    let home = Home::with(&[(DOCKER, r#"{"credsStore":"fixture"}"#)]);
    let reference = "hangs.example/app".parse().expect("a reference");
    let error = credentials(&reference, &home.surroundings(), Duration::from_millis(300))
        .await
        .expect_err("it hangs");
    assert!(error.to_string().contains("within 0.3 s"), "{error}");
}

#[tokio::test]
async fn a_broken_file_is_named_by_place_and_line_and_never_quoted() {
    let home = Home::with(&[(DOCKER, "{\n \"auths\": \"s3cret\"}")]);
    let error = home.error("a.example/app").await;
    assert!(
        error.contains("~/.docker/config.json") && error.contains("line 2"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");

    let home = Home::with(&[(DOCKER, &auths("a.example", "s3cret!"))]);
    let error = home.error("a.example/app").await;
    assert!(error.contains("log in again"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn no_secret_is_shown_by_debug() {
    let found = FoundCredentials {
        credentials: Credentials::Basic {
            username: "me".to_owned(),
            password: "s3cret".to_owned(),
        },
        found_in: "a file".to_owned(),
    };
    assert!(!format!("{found:?}").contains("s3cret"));
    let surroundings: Surroundings = [("TOKEN", "s3cret")].into_iter().collect();
    assert!(!format!("{surroundings:?}").contains("s3cret"));
}
