//! Containers from their making to their end.

use super::*;

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_reaped_and_processes_listed() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    exec(
        &engine,
        &container,
        shell("(sleep 0.1 &) ; (sleep 77 &) ; true"),
    )
    .await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let processes = engine.processes(&container.id).await.expect("a list");
    assert!(
        processes.iter().any(|line| line.contains("sleep 77")),
        "{processes:?}"
    );
    assert!(
        processes.iter().any(|line| line.contains("/hold")),
        "{processes:?}"
    );
    assert!(
        !processes.iter().any(|line| line.contains("defunct")),
        "{processes:?}"
    );
    assert_eq!(processes.len(), 2, "{processes:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_to_its_end() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("log"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec![
                "echo out; echo err >&2; sleep 1; printf last; exit 9".to_owned(),
            ]),
            ..ContainerSpec::default()
        },
    )
    .await;
    engine.start(&container.id).await.expect("it starts");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut sink = |kind: StreamKind, bytes: &[u8]| match kind {
        StreamKind::Stdout => out.extend_from_slice(bytes),
        StreamKind::Stderr => err.extend_from_slice(bytes),
    };
    tokio::time::timeout(
        Duration::from_secs(20),
        engine.follow_log(&container.id, &mut sink),
    )
    .await
    .expect("it ends")
    .expect("it is read");
    assert_eq!((out, err), (b"out\nlast".to_vec(), b"err\n".to_vec()));
    let state = engine.inspect(&container.id).await.expect("a state");
    assert_eq!((state.is_running(), state.exit_code), (false, 9));
    assert!(
        !state.oom_killed && state.error.is_empty() && state.health.is_none(),
        "{state:?}"
    );
    assert!(state.image_id.starts_with("sha256:"), "{state:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn killing_and_removing_twice_is_fine() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    assert!(
        engine
            .inspect(&container.id)
            .await
            .expect("a state")
            .is_running()
    );
    engine.kill(&container.id).await.expect("it is killed");
    engine.kill(&container.id).await.expect("once more");
    let state = engine.inspect(&container.id).await.expect("a state");
    assert_eq!((state.is_running(), state.exit_code), (false, 137));
    let refused = engine
        .exec(&container.id, &shell("true"), Duration::from_secs(5), CAP)
        .await;
    assert!(
        matches!(refused, Err(EngineError::Refused { .. })),
        "{refused:?}"
    );
    engine.remove(&container.id).await.expect("it is removed");
    engine.remove(&container.id).await.expect("once more");
    engine.kill(&container.id).await.expect("even now");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_cannot_start_says_why() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("bad"),
            entrypoint: Some(words("/no/such/program")),
            cmd: Some(Vec::new()),
            ..ContainerSpec::default()
        },
    )
    .await;
    let error = engine.start(&container.id).await.expect_err("it can't");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn containers_are_found_by_their_labels() {
    let engine = engine().await;
    let label = unique("label");
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("labelled"),
            labels: BTreeMap::from([(label.clone(), "value=1".to_owned())]),
            ..ContainerSpec::default()
        },
    )
    .await;
    let found = engine.labelled(&label).await.expect("a list");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, container.id);
    assert_eq!(
        found[0].labels.get(&label).map(String::as_str),
        Some("value=1")
    );
    assert!(
        engine
            .labelled(&unique("none"))
            .await
            .expect("a list")
            .is_empty()
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_published_port_is_reached_from_outside_and_inside() {
    let engine = engine().await;
    let container = session(
        &engine,
        ContainerSpec {
            publish: vec![Port::tcp(8080)],
            ..ContainerSpec::default()
        },
    )
    .await;
    exec(&engine, &container, shell(
        "printf 'hello' > /tmp/answer; (nc -ll -p 8080 -e sh -c 'head -c 1 >/dev/null; cat /tmp/answer' >/dev/null 2>&1 </dev/null &) ; sleep 0.3",
    )).await;
    let state = engine.inspect(&container.id).await.expect("a state");
    let address = *state.ports.get(&Port::tcp(8080)).expect("a port");
    assert!(
        address.ip().is_loopback() && address.port() != 0,
        "{address}"
    );
    let mut answer = String::new();
    let mut stream = std::net::TcpStream::connect(address).expect("it is reached");
    stream.write_all(b"x").expect("it listens");
    stream.read_to_string(&mut answer).expect("it answers");
    assert_eq!(answer, "hello");

    let ask =
        |port| tiny_elf::ask(engine.facts().platform.architecture(), port, b"x").expect("one");
    let files = [(8080, "/tmp/ask"), (8081, "/tmp/ask-closed")].map(|(port, path)| NewFile {
        path: path.to_owned(),
        mode: 0o755,
        owner: (0, 0),
        bytes: ask(port),
    });
    engine
        .put(&container.id, &files)
        .await
        .expect("they are put");
    let open = exec(
        &engine,
        &container,
        ExecSpec {
            command: words("/tmp/ask"),
            ..ExecSpec::default()
        },
    )
    .await;
    assert_eq!(open.ended, Ended::Exit(0), "{open:?}");
    assert_eq!(text(&open.stdout), "hello");
    let closed = exec(
        &engine,
        &container,
        ExecSpec {
            command: words("/tmp/ask-closed"),
            ..ExecSpec::default()
        },
    )
    .await;
    assert_eq!(
        closed.ended,
        Ended::Exit(tiny_elf::ASK_REFUSED),
        "{closed:?}"
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_engines_own_health_check_is_told_or_switched_off() {
    let engine = engine().await;
    let platform = engine.facts().platform.clone();
    let image = pulled_from(&engine, "demo/service", "healthy", &platform).await;
    let config = engine
        .image(&image)
        .await
        .expect("an answer")
        .expect("one")
        .config;
    // Podman drops it from images of the OCI kind, which do not define it.
    let is_podman = engine.facts().name == "Podman";
    assert!(config.healthcheck.is_some() || is_podman, "{config:?}");
    let spec = |healthcheck| ContainerSpec {
        name: unique("health"),
        image: image.clone(),
        platform: Some(platform.clone()),
        healthcheck,
        ..ContainerSpec::default()
    };
    let without = create(&engine, spec(Healthcheck::Off)).await;
    engine.start(&without.id).await.expect("it starts");
    let state = engine.inspect(&without.id).await.expect("a state");
    assert_eq!(state.health, None);
    assert_eq!(
        state.image_id,
        engine
            .image(&image)
            .await
            .expect("an answer")
            .expect("one")
            .id
    );

    if is_podman {
        return;
    }
    let with = create(&engine, spec(Healthcheck::Image)).await;
    engine.start(&with.id).await.expect("it starts");
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let state = engine.inspect(&with.id).await.expect("a state");
        assert!(state.is_running(), "{state:?}");
        let health = state.health.expect("a health");
        match health.status {
            HealthStatus::Healthy => break,
            HealthStatus::Starting => assert!(Instant::now() < end, "{health:?}"),
            HealthStatus::Unhealthy => panic!("{health:?}"),
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
