//! Registries that refuse, fail and lie: which host, which step, what to do.

use std::net::TcpListener;

use serde_json::json;

use super::lab::{Lab, image, registry, shown};
use super::loopback::Loopback;
use super::push;
use crate::registry::{Access, Fault};
use crate::untrusted_tls::untrusted_tls_port;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

const SMALL: &str = "
version: 1
smoke:
  - name: runs
    run: 'true'
";

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_tag_that_does_not_exist() {
    let reference = image("test/busybox:no-such");
    let outcome = Lab::new().with_empty_home().run(&reference, &[]).exits(3);
    outcome.reports_error("registry-error");
    let said = outcome.stderr.replace(&registry(), "HOST");
    insta::assert_snapshot!(said, @"error: the registry HOST has no tag `no-such` in the repository test/busybox (manifest unknown); check its name, and whether it has been pushed");
}

#[test]
fn no_access_without_credentials_and_with_wrong_ones() {
    let loopback = Loopback::with_small_index("app");
    loopback.protect(Access::Basic("me".to_owned(), "right".to_owned()));
    let lab = Lab::new().with_empty_home();
    let outcome = lab.run(&loopback.reference("app:1"), &[]).exits(3);
    outcome.reports_error("registry-error");
    let said = outcome.stderr.replace(&loopback.host(), "HOST");
    insta::assert_snapshot!(said, @"error: looking up HOST/app:1: the registry HOST gives no access to app (401: authentication required); no credentials were sent, since none are configured for it: check the name, and run `docker login HOST` or `podman login HOST`");

    std::fs::create_dir(lab.path("home/.docker")).expect("a folder");
    // me:wrong-password
    let auths = json!({"auths": {loopback.host(): {"auth": "bWU6d3JvbmctcGFzc3dvcmQ="}}});
    lab.write("home/.docker/config.json", auths.to_string());
    let outcome = lab.run(&loopback.reference("app:1"), &[]).exits(3);
    let said = outcome
        .stderr
        .replace(&loopback.host(), "HOST")
        .replace(&shown(&lab.path("home")), "HOME");
    insta::assert_snapshot!(said, @"error: looking up HOST/app:1: the registry HOST gives no access to app (401: authentication required), though the credentials from ~/.docker/config.json were sent: check the name and that they may pull it, or log in again with `docker login HOST`");
    assert!(!format!("{outcome}{:?}", outcome.json_text).contains("wrong-password"));
}

#[test]
fn a_registry_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("its address").to_string();
    drop(listener);
    let outcome = Lab::new()
        .with_empty_home()
        .run(&format!("{host}/app:1"), &[])
        .exits(3);
    outcome.reports_error("registry-error");
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: nothing listens at the registry HOST (connection refused); check its address, whether it is running, and the proxy in HTTPS_PROXY if there is one");
}

#[test]
fn tls_on_a_plain_port_and_plain_on_a_tls_port() {
    // Not by a loopback name: those are spoken to in plain HTTP.
    let loopback = Loopback::with_small_index("app");
    let host = loopback.host().replace("127.0.0.1", "0.0.0.0");
    let lab = Lab::new().with_empty_home();
    let outcome = lab.run(&format!("{host}/app:1"), &[]).exits(3);
    outcome.reports_error("registry-error");
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: the registry HOST does not speak TLS; if it is meant to be plain HTTP, pass --insecure-registry HOST");
    // What it says to do helps.
    let listed = lab.everyarch(&[
        "run",
        &format!("{host}/app:1"),
        "--list",
        "--insecure-registry",
        &host,
    ]);
    listed.exits(0).prints("linux/amd64");

    let host = untrusted_tls_port().expect("a port").to_string();
    let outcome = lab.run(&format!("{host}/app:1"), &[]).exits(3);
    insta::assert_snapshot!(outcome.stderr.replace(&host, "HOST"), @"error: reaching the registry: the registry HOST was spoken to in plain HTTP, but does not answer in it: it probably speaks TLS; leave out --insecure-registry HOST, and name it by its host name rather than a loopback address");
}

#[test]
fn a_registry_that_throttles_is_waited_for() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_once("/v2/app/manifests/1", Fault::throttled("1"));
    loopback.fails_once("/v2/app/manifests/1", Fault::Truncated);
    loopback.fails_once("/v2/app/manifests/1", Fault::status(503));
    Lab::new()
        .everyarch(&["run", &loopback.reference("app:1"), "--list"])
        .exits(0)
        .prints("linux/amd64\n")
        .prints("linux/arm64\n");
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 4);
}

#[test]
fn a_registry_that_asks_for_an_hour_is_given_up_at_once() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_always("/v2/app/manifests/1", Fault::throttled("3600"));
    let outcome = Lab::new()
        .with_empty_home()
        .run(&loopback.reference("app:1"), &[])
        .exits(3);
    insta::assert_snapshot!(outcome.stderr.replace(&loopback.host(), "HOST"), @"error: looking up HOST/app:1: the registry HOST says that there were too many requests (429) and asks to wait 3600 s; `docker login HOST` raises the limit");
    assert_eq!(loopback.count("GET /v2/app/manifests/1"), 1);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn what_is_wrong_with_one_child_is_that_platform_s_fault_or_error() {
    let loopback = Loopback::new();
    let amd64 = loopback.image("app", AMD64, "lies");
    let arm64 = loopback.image("app", ARM64, "never comes whole");
    let riscv = loopback.image("app", "linux/riscv64", "is gone");
    loopback.index(
        "app",
        &["1"],
        &[
            amd64.descriptor(Some(AMD64)),
            arm64.descriptor(Some(ARM64)),
            riscv.descriptor(Some("linux/riscv64")),
        ],
    );
    let path = |digest: &str| format!("/v2/app/manifests/{digest}");
    loopback.fails_always(&path(&amd64.digest), Fault::Bytes(b"{}".to_vec()));
    loopback.fails_always(&path(&arm64.digest), Fault::Truncated);
    loopback.forget(&path(&riscv.digest));
    let lab = Lab::new();
    let outcome = lab.check(&loopback.reference("app:1"), SMALL, &[]).exits(3);
    let whole = "the platform's image is whole";
    // Other bytes than the digest promises, or none: the image is not whole.
    outcome.failed(
        AMD64,
        whole,
        &[&amd64.digest, "has the digest", "mirror or proxy"],
    );
    outcome.failed(
        "linux/riscv64",
        whole,
        &[&riscv.digest, "does not have that manifest"],
    );
    // A connection that breaks says nothing of the image.
    outcome.broke(
        ARM64,
        whole,
        &[&arm64.digest, &loopback.host(), "broke", "asked 5 times"],
    );
    for (platform, verdict) in [
        (AMD64, "failed"),
        (ARM64, "error"),
        ("linux/riscv64", "failed"),
    ] {
        assert_eq!(outcome.verdict(platform), verdict);
    }
    // Without the error, the failures alone decide.
    let both = [AMD64, "linux/riscv64"].join(",");
    lab.check(&loopback.reference("app:1"), SMALL, &["--platform", &both])
        .exits(1);
}

#[test]
fn a_tag_that_serves_no_image_is_called_that() {
    let loopback = Loopback::new();
    loopback.index("empty", &["1"], &[]);
    loopback.manifest(
        "odd",
        &["1"],
        "application/json",
        &json!({"hello": "world"}),
    );
    for (name, said) in [
        ("empty:1", "lists no platform"),
        ("odd:1", "is not an image"),
    ] {
        let reference = loopback.reference(name);
        let outcome = Lab::new().run(&reference, &[]).exits(3);
        outcome.reports_error("registry-error");
        outcome.complains(said).complains(&reference);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_engine_pulls_with_the_user_s_credentials() {
    let loopback = Loopback::new();
    push::copy_into(&loopback, "test/static:all", AMD64, "1");
    loopback.protect(Access::Basic("me".to_owned(), "right".to_owned()));
    let lab = Lab::new().with_empty_home();
    std::fs::create_dir_all(lab.path("home/.docker")).expect("a folder");
    // me:right
    let auths = json!({"auths": {loopback.host(): {"auth": "bWU6cmlnaHQ="}}});
    lab.write("home/.docker/config.json", auths.to_string());
    let suite = "version: 1\nsmoke: [{name: says its version, run: /app version}]\n";
    // By `always`, since the engine may have it from another test.
    let outcome = lab
        .check(
            &loopback.reference("test/static:1"),
            suite,
            &["--pull", "always"],
        )
        .exits(0);
    outcome.passed(AMD64, "says its version");
}
