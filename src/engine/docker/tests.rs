//! Against a real engine: `EVERYARCH_ENGINE` names it, `EVERYARCH_REGISTRY` the
//! registry that `ci/images` filled.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::engine::{Captured, Ended, FileType, StreamKind, tiny_elf};

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

/// `repository@digest` of the busybox image for `platform`.
async fn busybox(platform: &Platform) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let registry = registry();
    let index: serde_json::Value = reqwest::Client::new()
        .get(format!("http://{registry}/v2/test/busybox/manifests/all"))
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
    format!("{registry}/test/busybox@{digest}")
}

async fn pulled(engine: &DockerEngine, platform: &Platform) -> String {
    let reference = busybox(platform).await;
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
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async { engine().await.remove(&id).await })
        });
        removal
            .join()
            .expect("it does not panic")
            .expect("it is removed");
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
    spec.pids_limit = Some(200);
    let container = create(engine, spec).await;
    let hold = tiny_elf::hold(engine.facts().platform.architecture()).expect("one");
    let file = NewFile {
        path: HOLD.to_owned(),
        mode: 0o755,
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

macro_rules! engine_test {
    ($(async fn $name:ident() $body:block)*) => {$(
        #[cfg_attr(
            not(feature = "engine-tests"),
            ignore = "needs an engine and the images of ci/images: run ci/test"
        )]
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() $body
    )*};
}

engine_test! {
    async fn it_says_who_it_is() {
        let engine = engine().await;
        let facts = engine.facts();
        assert!(["Docker", "Podman"].contains(&facts.name.as_str()), "{facts:?}");
        assert!(facts.version.contains('.'), "{facts:?}");
        assert_eq!(facts.platform.os(), "linux");
        assert!(!facts.platform.architecture().is_unknown(), "{facts:?}");
        assert!(facts.is_local);
    }

    async fn an_image_is_pulled_by_digest_and_told_by_its_config() {
        let engine = engine().await;
        let arm: Platform = "linux/arm64".parse().expect("a platform");
        let reference = pulled(&engine, &arm).await;
        let image = engine.image(&reference).await.expect("an answer").expect("an image");
        assert_eq!(image.platform, arm);
        assert!(image.id.starts_with("sha256:"), "{image:?}");
        assert!(!image.config.command_line().is_empty(), "{image:?}");
        assert_eq!(image.config.platform, Some(arm));
        assert!(image.repo_digests.contains(&reference), "{image:?}");

        let absent = format!("{}/test/busybox:no-such-tag", registry());
        assert!(engine.image(&absent).await.expect("an answer").is_none());
    }

    async fn a_pull_that_fails_says_why() {
        let engine = engine().await;
        let native = engine.facts().platform.clone();
        let absent = format!("{}/test/busybox@sha256:{}", registry(), "0".repeat(64));
        let error = engine
            .pull(&absent, &native, None, Duration::from_secs(60), &|_, _| {})
            .await
            .expect_err("there is none");
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("unknown"), "{error}");
    }

    async fn a_program_is_run_and_told_apart() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec {
            env: vec![("BOTH".to_owned(), "container".to_owned())],
            ..ContainerSpec::default()
        }).await;

        let ran = exec(&engine, &container, shell("echo out; echo err >&2; exit 3")).await;
        assert_eq!(ran.ended, Ended::Exit(3));
        assert_eq!((text(&ran.stdout), text(&ran.stderr)), ("out\n".to_owned(), "err\n".to_owned()));

        let ran = exec(&engine, &container, ExecSpec {
            env: vec![("WORD".to_owned(), "a b=c".to_owned())],
            user: Some("1234:5678".to_owned()),
            workdir: Some("/tmp".to_owned()),
            ..shell("echo $WORD $BOTH; id -u; id -g; pwd")
        }).await;
        assert_eq!(text(&ran.stdout), "a b=c container\n1234\n5678\n/tmp\n", "{ran:?}");

        let ran = exec(&engine, &container, shell("kill -SEGV $$")).await;
        assert_eq!(ran.ended, Ended::Exit(128 + 11));

        // A second program says whatever it likes: frames keep binary output whole.
        let ran = exec(&engine, &container, shell(r"printf '\000\001\377'")).await;
        assert_eq!(ran.stdout.bytes(), [0, 1, 255]);
    }

    async fn standard_input_is_fed_and_ends() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let input = vec![b'z'; 1 << 20];
        let ran = exec(&engine, &container, ExecSpec {
            stdin: Some(input.clone()),
            ..shell("cat | wc -c; echo end")
        }).await;
        assert_eq!(text(&ran.stdout).split_whitespace().collect::<Vec<_>>(), ["1048576", "end"], "{ran:?}");

        // More than a pipe holds, both ways at once.
        let ran = engine.exec(&container.id, &ExecSpec {
            command: words("cat"),
            stdin: Some(input.clone()),
            ..ExecSpec::default()
        }, Duration::from_secs(30), 4 << 20).await.expect("it runs");
        assert_eq!(ran.stdout.bytes(), input);

        // None is an empty one, not an open one.
        let ran = exec(&engine, &container, ExecSpec { command: words("cat"), ..ExecSpec::default() }).await;
        assert_eq!(ran.ended, Ended::Exit(0), "{ran:?}");

        // A program that does not read its input is no fault.
        let ran = exec(&engine, &container, ExecSpec { stdin: Some(input), ..shell("exit 5") }).await;
        assert_eq!(ran.ended, Ended::Exit(5), "{ran:?}");
    }

    async fn a_program_that_cannot_start_is_an_execution_too() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let missing = exec(&engine, &container, ExecSpec {
            command: words("no-such-program --version"),
            ..ExecSpec::default()
        }).await;
        assert!(matches!(missing.ended, Ended::Exit(126 | 127)), "{missing:?}");
        assert_eq!(missing.stdout.total(), 0, "{missing:?}");
        assert!(text(&missing.stderr).contains("no-such-program"), "{missing:?}");

        let file = NewFile { path: "/tmp/nonsense".to_owned(), mode: 0o755, bytes: b"\x7fELF nonsense".to_vec() };
        engine.put(&container.id, &[file]).await.expect("it is put");
        let foreign = exec(&engine, &container, ExecSpec {
            command: words("/tmp/nonsense"),
            ..ExecSpec::default()
        }).await;
        assert!(matches!(foreign.ended, Ended::Exit(code) if code != 0), "{foreign:?}");
        assert!(text(&foreign.stderr).to_lowercase().contains("exec format error"), "{foreign:?}");
        assert_eq!(foreign.stdout.total(), 0, "{foreign:?}");

        let nobody = engine.exec(&container.id, &ExecSpec {
            command: words("true"),
            user: Some("nobody-of-that-name".to_owned()),
            ..ExecSpec::default()
        }, Duration::from_secs(30), CAP).await.expect("an execution");
        assert!(matches!(nobody.ended, Ended::Exit(126 | 127)), "{nobody:?}");
        assert!(text(&nobody.stderr).contains("nobody-of-that-name"), "{nobody:?}");

        // What a program itself prints stays where it printed it.
        let own = exec(&engine, &container, shell("echo mine; exit 127")).await;
        assert_eq!(text(&own.stdout), "mine\n");
    }

    async fn a_flood_is_capped_and_counted() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let ran = exec(&engine, &container, shell("yes | head -c 50000000")).await;
        assert_eq!(ran.ended, Ended::Exit(0));
        assert_eq!(ran.stdout.total(), 50_000_000);
        assert!(ran.stdout.bytes().len() < CAP + 100);
    }

    async fn a_deadline_keeps_what_was_said() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let begun = Instant::now();
        let ran = engine
            .exec(&container.id, &shell("echo early; sleep 60"), Duration::from_millis(800), CAP)
            .await
            .expect("it runs");
        assert_eq!(ran.ended, Ended::Deadline);
        assert_eq!(text(&ran.stdout), "early\n");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

        let ran = engine
            .exec(&container.id, &shell("yes"), Duration::from_millis(1500), CAP)
            .await
            .expect("it runs");
        assert_eq!(ran.ended, Ended::Deadline);
    }

    async fn a_child_in_the_background_does_not_keep_a_program_alive() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let ran = exec(&engine, &container, shell("sleep 25 & echo done; exit 4")).await;
        assert_eq!(ran.ended, Ended::Exit(4));
        assert_eq!(text(&ran.stdout), "done\n");
        assert!(ran.duration < Duration::from_secs(5), "{:?}", ran.duration);
    }

    async fn a_program_that_closes_its_output_is_waited_for() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let ran = exec(&engine, &container, shell("exec >&- 2>&-; sleep 1.5; exit 7")).await;
        assert_eq!(ran.ended, Ended::Exit(7), "{ran:?}");
        let ran = exec(&engine, &container, shell("echo a; sleep 2.3; echo b")).await;
        assert_eq!((ran.ended, text(&ran.stdout)), (Ended::Exit(0), "a\nb\n".to_owned()));
    }

    async fn many_programs_run_at_a_time() {
        let engine = std::sync::Arc::new(engine().await);
        let container = std::sync::Arc::new(session(&engine, ContainerSpec::default()).await);
        let mut tasks = Vec::new();
        for number in 0..16 {
            let (engine, container) = (engine.clone(), container.clone());
            tasks.push(tokio::spawn(async move {
                let ran = exec(&engine, &container, shell(&format!("echo {number}; exit {number}"))).await;
                assert_eq!(ran.ended, Ended::Exit(number), "{ran:?}");
                assert_eq!(text(&ran.stdout), format!("{number}\n"));
            }));
        }
        for task in tasks {
            task.await.expect("it passes");
        }
    }

    async fn orphans_are_reaped_and_processes_listed() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        exec(&engine, &container, shell("(sleep 0.1 &) ; (sleep 77 &) ; true")).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        let processes = engine.processes(&container.id).await.expect("a list");
        assert!(processes.iter().any(|line| line.contains("sleep 77")), "{processes:?}");
        assert!(processes.iter().any(|line| line.contains("/hold")), "{processes:?}");
        assert!(!processes.iter().any(|line| line.contains("defunct")), "{processes:?}");
        assert_eq!(processes.len(), 2, "{processes:?}");
    }

    async fn files_go_in_and_come_out() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let before = engine.stat(&container.id, "/tmp").await.expect("an answer").expect("a folder");
        let long = format!("/tmp/{}/file", "long".repeat(40));
        let put = [
            NewFile { path: "/tmp/suid".to_owned(), mode: 0o4755, bytes: b"content".to_vec() },
            NewFile { path: "/new/folder/file".to_owned(), mode: 0o640, bytes: vec![7; 300_000] },
            NewFile { path: long.clone(), mode: 0o600, bytes: Vec::new() },
        ];
        engine.put(&container.id, &put).await.expect("they are put");
        let after = engine.stat(&container.id, "/tmp").await.expect("an answer").expect("a folder");
        assert_eq!(before.mode, after.mode, "a folder that was there is as it was");

        let stat = engine.stat(&container.id, "/tmp/suid").await.expect("an answer").expect("a file");
        assert_eq!((stat.kind, stat.size, stat.mode), (FileType::File, 7, 0o4755));
        assert_eq!(stat.link_target, None);
        let folder = engine.stat(&container.id, "/new/folder").await.expect("an answer").expect("one");
        assert_eq!((folder.kind, folder.mode), (FileType::Directory, 0o755));
        assert!(engine.stat(&container.id, &long).await.expect("an answer").is_some());

        let file = engine.read(&container.id, "/new/folder/file", 64).await.expect("an answer").expect("one");
        assert_eq!((file.kind, file.size, file.mode, file.owner), (FileType::File, 300_000, 0o640, (0, 0)));
        assert_eq!(file.bytes, vec![7; 64]);
        let file = engine.read(&container.id, "/new/folder/file", 1 << 20).await.expect("an answer").expect("one");
        assert_eq!(file.bytes.len(), 300_000);
        let folder = engine.read(&container.id, "/bin", 64).await.expect("an answer").expect("one");
        assert!(matches!(folder.kind, FileType::Directory | FileType::Symlink), "{folder:?}");

        for absent in ["/no/such/file", "/tmp/suid/below"] {
            assert_eq!(engine.stat(&container.id, absent).await.expect("an answer"), None, "{absent}");
            assert!(engine.read(&container.id, absent, 9).await.expect("an answer").is_none(), "{absent}");
        }
        assert!(engine.stat("no-such-container", "/tmp").await.is_err());
        assert!(engine.read("no-such-container", "/tmp", 9).await.is_err());
    }

    async fn links_and_devices_are_what_they_are() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        exec(&engine, &container, shell(
            "cd /tmp; echo x > file; ln -s file relative; ln -s /no/where dangling; mkfifo pipe; chown 12:34 file",
        )).await;
        let stat = |path: &'static str| {
            let (engine, container) = (&engine, &container);
            async move { engine.stat(&container.id, path).await.expect("an answer").expect(path) }
        };
        assert_eq!(stat("/tmp/relative").await.kind, FileType::Symlink);
        assert_eq!(stat("/tmp/pipe").await.kind, FileType::Other);
        let read = |path: &'static str| {
            let (engine, container) = (&engine, &container);
            async move { engine.read(&container.id, path, 64).await.expect("an answer").expect(path) }
        };
        let link = read("/tmp/relative").await;
        let written = if engine.facts().name == "Podman" { "/tmp/file" } else { "file" };
        assert_eq!((link.kind, link.link_target.as_deref()), (FileType::Symlink, Some(written)), "{link:?}");
        assert_eq!(read("/tmp/file").await.owner, (12, 34));
        if engine.facts().name == "Podman" {
            return; // It says of a dangling link that there is nothing.
        }
        let link = read("/tmp/dangling").await;
        assert_eq!((link.kind, link.link_target.as_deref()), (FileType::Symlink, Some("/no/where")), "{link:?}");
    }

    async fn a_big_file_is_not_read_to_its_end() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        exec(&engine, &container, shell("dd if=/dev/zero of=/tmp/big bs=1M count=300 2>/dev/null")).await;
        let begun = Instant::now();
        let file = engine.read(&container.id, "/tmp/big", 64).await.expect("an answer").expect("one");
        assert_eq!((file.size, file.bytes.len()), (300 << 20, 64));
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }

    async fn a_log_is_followed_to_its_end() {
        let engine = engine().await;
        let container = create(&engine, ContainerSpec {
            name: unique("log"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec!["echo out; echo err >&2; sleep 1; printf last; exit 9".to_owned()]),
            ..ContainerSpec::default()
        }).await;
        engine.start(&container.id).await.expect("it starts");
        let heard = Mutex::new((Vec::new(), Vec::new()));
        let mut sink = |kind: StreamKind, bytes: &[u8]| {
            let mut heard = heard.lock().expect("a lock");
            match kind {
                StreamKind::Stdout => heard.0.extend_from_slice(bytes),
                StreamKind::Stderr => heard.1.extend_from_slice(bytes),
            }
        };
        tokio::time::timeout(Duration::from_secs(20), engine.follow_log(&container.id, &mut sink))
            .await
            .expect("it ends")
            .expect("it is read");
        let heard = heard.lock().expect("a lock");
        assert_eq!((heard.0.as_slice(), heard.1.as_slice()), (b"out\nlast".as_slice(), b"err\n".as_slice()));
        let state = engine.inspect(&container.id).await.expect("a state");
        assert_eq!((state.is_running, state.exit_code), (false, 9));
        assert!(!state.oom_killed && state.error.is_empty() && state.health.is_none(), "{state:?}");
        assert!(state.image_id.starts_with("sha256:"), "{state:?}");
    }

    async fn killing_and_removing_twice_is_fine() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        assert!(engine.inspect(&container.id).await.expect("a state").is_running);
        engine.kill(&container.id).await.expect("it is killed");
        engine.kill(&container.id).await.expect("once more");
        let state = engine.inspect(&container.id).await.expect("a state");
        assert_eq!((state.is_running, state.exit_code), (false, 137));
        let refused = engine.exec(&container.id, &shell("true"), Duration::from_secs(5), CAP).await;
        assert!(matches!(refused, Err(EngineError::Refused { .. })), "{refused:?}");
        engine.remove(&container.id).await.expect("it is removed");
        engine.remove(&container.id).await.expect("once more");
        engine.kill(&container.id).await.expect("even now");
    }

    async fn a_container_that_cannot_start_says_why() {
        let engine = engine().await;
        let container = create(&engine, ContainerSpec {
            name: unique("bad"),
            entrypoint: Some(words("/no/such/program")),
            cmd: Some(Vec::new()),
            ..ContainerSpec::default()
        }).await;
        let error = engine.start(&container.id).await.expect_err("it can't");
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("/no/such/program"), "{error}");
    }

    async fn containers_are_found_by_their_labels() {
        let engine = engine().await;
        let label = unique("label");
        let container = create(&engine, ContainerSpec {
            name: unique("labelled"),
            labels: BTreeMap::from([(label.clone(), "value=1".to_owned())]),
            ..ContainerSpec::default()
        }).await;
        let found = engine.labelled(&label).await.expect("a list");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].id, container.id);
        assert_eq!(found[0].labels.get(&label).map(String::as_str), Some("value=1"));
        assert!(engine.labelled(&unique("none")).await.expect("a list").is_empty());
    }

    async fn a_published_port_is_reached_from_outside_and_inside() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec {
            publish: vec![8080],
            ..ContainerSpec::default()
        }).await;
        exec(&engine, &container, shell(
            "printf 'hello' > /tmp/answer; (nc -ll -p 8080 -e sh -c 'head -c 1 >/dev/null; cat /tmp/answer' >/dev/null 2>&1 </dev/null &) ; sleep 0.3",
        )).await;
        let state = engine.inspect(&container.id).await.expect("a state");
        let address = *state.ports.get(&8080).expect("a port");
        assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
        let mut answer = String::new();
        let mut stream = std::net::TcpStream::connect(address).expect("it is reached");
        stream.write_all(b"x").expect("it listens");
        stream
            .read_to_string(&mut answer)
            .expect("it answers");
        assert_eq!(answer, "hello");

        let ask = |port| tiny_elf::ask(engine.facts().platform.architecture(), port, b"x").expect("one");
        let files = [(8080, "/tmp/ask"), (8081, "/tmp/ask-closed")].map(|(port, path)| NewFile {
            path: path.to_owned(),
            mode: 0o755,
            bytes: ask(port),
        });
        engine.put(&container.id, &files).await.expect("they are put");
        let open = exec(&engine, &container, ExecSpec { command: words("/tmp/ask"), ..ExecSpec::default() }).await;
        assert_eq!(open.ended, Ended::Exit(0), "{open:?}");
        assert_eq!(text(&open.stdout), "hello");
        let closed = exec(&engine, &container, ExecSpec { command: words("/tmp/ask-closed"), ..ExecSpec::default() }).await;
        assert_eq!(closed.ended, Ended::Exit(tiny_elf::ASK_REFUSED), "{closed:?}");
    }

    async fn a_foreign_session_is_held_by_a_native_program() {
        let engine = engine().await;
        let platform: Platform = "linux/arm64".parse().expect("a platform");
        let image = pulled(&engine, &platform).await;
        let container = session(&engine, ContainerSpec {
            image,
            platform: Some(platform),
            ..ContainerSpec::default()
        }).await;
        let ran = exec(&engine, &container, shell("uname -m")).await;
        assert_eq!((ran.ended, text(&ran.stdout)), (Ended::Exit(0), "aarch64\n".to_owned()), "{ran:?}");
        let version = exec(&engine, &container, ExecSpec {
            env: vec![("QEMU_VERSION".to_owned(), "1".to_owned())],
            ..shell("echo native")
        }).await;
        assert!(text(&version.stdout).starts_with("qemu-aarch64 version"), "{version:?}");
    }

    async fn an_exec_takes_three_short_calls() {
        let engine = engine().await;
        let container = session(&engine, ContainerSpec::default()).await;
        let spec = ExecSpec { command: words("true"), ..ExecSpec::default() };
        exec(&engine, &container, spec.clone()).await;
        let begun = Instant::now();
        for _ in 0..20 {
            assert_eq!(exec(&engine, &container, spec.clone()).await.ended, Ended::Exit(0));
        }
        let each = begun.elapsed() / 20;
        eprintln!("one exec: {each:?}");
        assert!(each < Duration::from_secs(2), "{each:?}");
    }
}
