//! Challenges, tokens, and what is said where access is refused.

use super::super::super::loopback_registry::Access;
use super::*;
use crate::source::{Credentials, FoundCredentials};

fn with(credentials: Credentials) -> RegistryOptions {
    RegistryOptions {
        credentials: Some(FoundCredentials {
            credentials,
            found_in: "~/.docker/config.json".to_owned(),
        }),
        ..options()
    }
}

fn password(password: &str) -> RegistryOptions {
    with(Credentials::Basic {
        username: "me".to_owned(),
        password: password.to_owned(),
    })
}

fn identity(token: &str) -> RegistryOptions {
    with(Credentials::IdentityToken(token.to_owned()))
}

fn user() -> Option<(String, String)> {
    Some(("me".to_owned(), "s3cret".to_owned()))
}

async fn protected(access: Access) -> LoopbackRegistry {
    let registry = registry().await;
    two_platforms(&registry);
    registry.protect(access);
    registry
}

async fn opens(registry: &LoopbackRegistry, options: &RegistryOptions) {
    let image = try_resolve(registry, "app:1", options)
        .await
        .expect("it resolves");
    assert_eq!(variants(&image), ["linux/amd64", "linux/arm64"]);
    assert_eq!(registry.count("GET /v2/app/manifests/1"), 1);
}

#[tokio::test]
async fn a_public_image_is_pulled_with_an_anonymous_token() {
    let registry = protected(Access::Token {
        user: None,
        refresh: None,
    })
    .await;
    opens(&registry, &options()).await;
    assert_eq!(
        registry.token_forms(),
        ["scope=repository%3Aapp%3Apull&service=loopback"]
    );
}

#[tokio::test]
async fn a_password_buys_a_token_once() {
    let registry = protected(Access::Token {
        user: user(),
        refresh: None,
    })
    .await;
    opens(&registry, &password("s3cret")).await;
    assert_eq!(registry.count("GET /token"), 1);
    assert_eq!(registry.count("GET /v2/"), 1);
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = protected(Access::Token {
        user: None,
        refresh: Some("r3fresh".to_owned()),
    })
    .await;
    opens(&registry, &identity("r3fresh")).await;
    assert_eq!(registry.count("POST /token"), 1);
    assert_eq!(registry.count("GET /token"), 0);
}

#[tokio::test]
async fn a_registry_that_wants_passwords_gets_them() {
    let registry = protected(Access::Basic("me".to_owned(), "s3cret".to_owned())).await;
    opens(&registry, &password("s3cret")).await;
    assert_eq!(registry.count("GET /v2/"), 1);

    says(
        &refused(&registry, "app:1", &identity("r3fresh")).await,
        &["identity token", "user and a password"],
    );
}

#[tokio::test]
async fn without_credentials_the_way_to_log_in_is_told() {
    for access in [
        Access::Token {
            user: user(),
            refresh: None,
        },
        Access::Basic("me".to_owned(), "s3cret".to_owned()),
    ] {
        let registry = protected(access).await;
        says(
            &refused(&registry, "app:1", &options()).await,
            &[
                "no access to app",
                "401",
                "no credentials were sent",
                &format!("docker login {}", registry.host()),
            ],
        );
    }
}

#[tokio::test]
async fn refused_credentials_are_named_by_their_place_and_never_shown() {
    for (access, options) in [
        (
            Access::Token {
                user: user(),
                refresh: None,
            },
            password("wr0ng"),
        ),
        (
            Access::Basic("me".to_owned(), "s3cret".to_owned()),
            password("wr0ng"),
        ),
        (
            Access::Token {
                user: None,
                refresh: Some("r3fresh".to_owned()),
            },
            identity("wr0ng"),
        ),
    ] {
        let registry = protected(access.clone()).await;
        let error = refused(&registry, "app:1", &options).await;
        says(
            &error,
            &[
                "no access to app",
                "the credentials from ~/.docker/config.json",
            ],
        );
        assert!(!error.contains("wr0ng"), "{error}");
        assert!(!format!("{options:?}").contains("wr0ng"));
    }
}

#[tokio::test]
async fn a_repository_that_is_forbidden_is_told_from_a_missing_one() {
    let registry = registry().await;
    let denied = json!({"errors": [{"code": "DENIED", "message": "requested access is denied"}]});
    registry.fails_always(
        "/v2/app/manifests/1",
        Fault::Answer(403, Vec::new(), denied.to_string()),
    );
    says(
        &refused(&registry, "app:1", &options()).await,
        &[
            "403: requested access is denied",
            "no credentials were sent",
        ],
    );
}

#[tokio::test]
async fn a_token_endpoint_has_faults_of_its_own() {
    let registry = protected(Access::Token {
        user: None,
        refresh: None,
    })
    .await;
    for fault in [Fault::status(503), Fault::Truncated] {
        registry.fails_once("/token", fault);
    }
    opens(&registry, &options()).await;

    registry.fails_always("/token", Fault::status(500));
    says(
        &refused(&registry, "app:1", &options()).await,
        &["asking for a pull token for app", "500", "asked 3 times"],
    );

    registry.fails_always("/token", Fault::Answer(200, Vec::new(), "{}".to_owned()));
    says(
        &refused(&registry, "app:1", &options()).await,
        &["asking for a pull token for app", "sent no token"],
    );
}

#[tokio::test]
async fn a_token_without_end_is_given_up() {
    let registry = protected(Access::Token {
        user: None,
        refresh: None,
    })
    .await;
    registry.fails_always("/token", Fault::Endless);
    says(
        &refused(&registry, "app:1", &options()).await,
        &["asking for a pull token for app", "more than 1048576 bytes"],
    );
    assert_eq!(registry.count("GET /token"), 1);
}

#[tokio::test]
async fn a_token_that_is_not_enough_is_told_as_a_refusal() {
    let registry = protected(Access::Token {
        user: None,
        refresh: None,
    })
    .await;
    registry.fails_always(
        "/token",
        Fault::Answer(200, Vec::new(), "{\"token\":\"x\"}".to_owned()),
    );
    says(
        &refused(&registry, "app:1", &options()).await,
        &["no access to app", "401", "docker login"],
    );
}
