//! Against a real engine: `EVERYARCH_ENGINE` names it, `EVERYARCH_REGISTRY` the
//! registry that `ci/images` filled.

mod container;
mod exec;
mod files;
mod health;
mod image;
mod inside;
mod mounts;
mod network;
mod stop;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::engine::{
    Captured, Ended, FileType, HealthStatus, Healthcheck, Port, StreamKind, tiny_elf,
};

const CAP: usize = 64 * 1024;
const HOLD: &str = "/.everyarch-test/hold";

fn address() -> String {
    std::env::var("EVERYARCH_ENGINE").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

fn registry() -> String {
    std::env::var("EVERYARCH_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5055".to_owned())
}

async fn engine() -> DockerEngine {
    DockerEngine::connect(&address(), None)
        .await
        .expect("an engine answers")
}

/// `repository@digest` of an image for `platform`.
async fn child(name: &str, tag: &str, platform: &Platform) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = registry();
    let index: serde_json::Value = reqwest::Client::new()
        .get(format!("http://{registry}/v2/{name}/manifests/{tag}"))
        .header("Accept", "application/vnd.oci.image.index.v1+json")
        .send()
        .await
        .expect("the registry answers")
        .json()
        .await
        .expect("an index");
    let word = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let digest = index["manifests"]
        .as_array()
        .expect("manifests")
        .iter()
        .find(|child| {
            let of = |name: &str| word(&child["platform"][name]).unwrap_or_default();
            Platform::new(&of("os"), &of("architecture"), Some(&of("variant"))) == *platform
        })
        .and_then(|child| word(&child["digest"]))
        .expect("a child of this platform");
    format!("{registry}/{name}@{digest}")
}

async fn pulled(engine: &DockerEngine, platform: &Platform) -> String {
    pulled_from(engine, "test/busybox", "all", platform).await
}

async fn pulled_from(engine: &DockerEngine, name: &str, tag: &str, platform: &Platform) -> String {
    let reference = child(name, tag, platform).await;
    engine
        .pull(
            &reference,
            platform,
            None,
            Duration::from_secs(60),
            &|_, _| {},
        )
        .await
        .expect("it is pulled");
    reference
}

/// A container that is gone once the test is, passed or not.
struct Container {
    id: String,
}

impl Drop for Container {
    fn drop(&mut self) {
        let id = self.id.clone();
        afterwards(async move { engine().await.remove(&id).await });
    }
}

/// A network that is gone once the test is, passed or not. Made before the
/// containers in it, so that it is removed after them.
struct Network {
    name: String,
}

impl Network {
    async fn new(engine: &DockerEngine, spec: NetworkSpec) -> Self {
        let name = unique("network");
        let spec = NetworkSpec {
            name: name.clone(),
            ..spec
        };
        engine.create_network(&spec).await.expect("it is made");
        Self { name }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let name = self.name.clone();
        afterwards(async move { engine().await.remove_network(&name).await });
    }
}

/// A volume, likewise.
struct Volume {
    name: String,
}

impl Volume {
    async fn new(engine: &DockerEngine, spec: VolumeSpec) -> Self {
        let name = unique("volume");
        let spec = VolumeSpec {
            name: name.clone(),
            ..spec
        };
        engine.create_volume(&spec).await.expect("it is made");
        Self { name }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let name = self.name.clone();
        afterwards(async move { engine().await.remove_volume(&name).await });
    }
}

/// Does something with a runtime of its own, where none may be waited for.
fn afterwards(removal: impl Future<Output = Result<(), EngineError>> + Send + 'static) {
    let removal = std::thread::spawn(move || {
        tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(removal)
    });
    let outcome = removal.join();
    // A second panic would end all other tests as well.
    if !std::thread::panicking() {
        outcome.expect("it does not panic").expect("it is removed");
    }
}

fn unique(name: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("everyarch-test-{name}-{}-{number}", std::process::id())
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

async fn create(engine: &DockerEngine, mut spec: ContainerSpec) -> Container {
    let native = engine.facts().platform.clone();
    if spec.image.is_empty() {
        spec.image = pulled(engine, &native).await;
        spec.platform = Some(native);
    }
    let id = engine.create(&spec).await.expect("it is created");
    Container { id }
}

/// A running container of the busybox image with `hold` as its first process.
async fn session(engine: &DockerEngine, mut spec: ContainerSpec) -> Container {
    spec.name = unique("session");
    spec.entrypoint = Some(vec![HOLD.to_owned()]);
    spec.cmd = Some(Vec::new());
    spec.limits.pids = Some(200);
    let container = create(engine, spec).await;
    let hold = tiny_elf::hold(engine.facts().platform.architecture()).expect("one");
    let file = NewFile {
        path: HOLD.to_owned(),
        mode: 0o755,
        owner: (0, 0),
        bytes: hold,
    };
    engine.put(&container.id, &[file]).await.expect("it is put");
    engine.start(&container.id).await.expect("it starts");
    container
}

fn shell(script: &str) -> ExecSpec {
    ExecSpec {
        command: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
        ..ExecSpec::default()
    }
}

async fn exec(engine: &DockerEngine, container: &Container, spec: ExecSpec) -> Execution {
    engine
        .exec(&container.id, &spec, Duration::from_secs(30), CAP)
        .await
        .expect("the engine runs it")
}

fn text(captured: &Captured) -> String {
    captured.text()
}
