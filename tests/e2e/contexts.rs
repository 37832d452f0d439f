//! Docker contexts, those with certificates included.

use serde_json::json;
use sha2::Digest as _;

use super::engine;
use super::lab::{Lab, image};
use crate::tls_proxy::TlsProxy;

const AMD64: &str = "linux/amd64";

/// Writes a context as `docker context create` does, and makes it the current one.
fn use_context(lab: &Lab, name: &str, proxy: &TlsProxy, is_known: bool) {
    let docker = lab.path("home/.docker");
    let hash: String = sha2::Sha256::digest(name.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let meta = docker.join("contexts/meta").join(&hash);
    std::fs::create_dir_all(&meta).expect("a folder");
    let host = format!("tcp://{}", proxy.address());
    let endpoint = json!({"Host": host, "SkipTLSVerify": false});
    let document = json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}});
    std::fs::write(meta.join("meta.json"), document.to_string()).expect("a file is written");
    proxy.write_client(
        &docker.join("contexts/tls").join(&hash).join("docker"),
        is_known,
    );
    let current = json!({"currentContext": name}).to_string();
    std::fs::write(docker.join("config.json"), current).expect("a file is written");
}

fn lab() -> Lab {
    Lab::new()
        .with_empty_home()
        .env("DOCKER_HOST", "")
        .env("DOCKER_CONTEXT", "")
}

fn proxy() -> TlsProxy {
    let url = engine::url();
    let socket = url.strip_prefix("unix://").expect("an engine on a socket");
    TlsProxy::start(socket.into())
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_current_context_is_used_with_its_certificates() {
    let (lab, proxy) = (lab(), proxy());
    use_context(&lab, "builder", &proxy, true);
    lab.write(
        "suite.yaml",
        "version: 1\nsmoke: [{name: says what it is, run: uname -m}]\n",
    );
    let busybox = image("test/busybox:amd64");
    let arguments = [
        "run",
        &busybox,
        "--suite",
        "suite.yaml",
        "--json",
        "result.json",
    ];
    let outcome = lab.everyarch(&arguments).exits(0);
    outcome.passed(AMD64, "says what it is");
    let address = proxy.address().to_string();
    outcome.prints(&address);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_engine_that_does_not_know_its_client_is_an_error_and_no_other_is_asked() {
    let (lab, proxy) = (lab(), proxy());
    use_context(&lab, "builder", &proxy, false);
    let busybox = image("test/busybox:amd64");
    let outcome = lab.everyarch(&["run", &busybox]).exits(3);
    outcome
        .complains("the Docker context `builder`")
        .complains(&proxy.address().to_string());
}
