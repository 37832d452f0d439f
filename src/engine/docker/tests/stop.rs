//! How containers end, and whether they come back.

use super::*;
use crate::engine::{Phase, RestartPolicy};

/// A running container of a script, which has said that it is ready.
async fn script(engine: &DockerEngine, spec: ContainerSpec, script: &str) -> Container {
    let container = create(
        engine,
        ContainerSpec {
            name: unique("script"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec![script.to_owned()]),
            ..spec
        },
    )
    .await;
    engine.start(&container.id).await.expect("it starts");
    let end = Instant::now() + Duration::from_secs(30);
    while script.contains("/ready")
        && engine
            .stat(&container.id, "/ready")
            .await
            .expect("an answer")
            .is_none()
    {
        assert!(Instant::now() < end, "it does not get ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    container
}

async fn state(engine: &DockerEngine, container: &Container) -> ContainerState {
    engine.inspect(&container.id).await.expect("a state")
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn stopping_sends_the_images_signal_or_the_one_that_was_asked_for() {
    let engine = engine().await;
    let answers =
        "trap 'exit 41' TERM; trap 'exit 42' USR1; touch /ready; while :; do sleep 0.1; done";
    let plain = script(&engine, ContainerSpec::default(), answers).await;
    let own = ContainerSpec {
        stop_signal: Some("SIGUSR1".to_owned()),
        ..ContainerSpec::default()
    };
    let own = script(&engine, own, answers).await;
    for (container, code) in [(&plain, 41), (&own, 42)] {
        engine
            .stop(&container.id, Duration::from_secs(60))
            .await
            .expect("it is stopped");
        let state = state(&engine, container).await;
        assert_eq!((state.phase, state.exit_code), (Phase::Exited, code));
        engine
            .stop(&container.id, Duration::from_secs(60))
            .await
            .expect("once more");
    }
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_stop_in_time_is_killed() {
    let engine = engine().await;
    let deaf = "trap '' TERM; touch /ready; while :; do sleep 0.1; done";
    let container = script(&engine, ContainerSpec::default(), deaf).await;
    engine
        .stop(&container.id, Duration::from_millis(300))
        .await
        .expect("it is stopped");
    let state = state(&engine, &container).await;
    assert_eq!((state.phase, state.exit_code), (Phase::Exited, 137));
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn stopping_what_never_ran_or_is_gone_is_fine() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("idle"),
            ..ContainerSpec::default()
        },
    )
    .await;
    let zero = Duration::ZERO;
    engine.stop(&container.id, zero).await.expect("it is idle");
    assert_eq!(state(&engine, &container).await.phase, Phase::Created);
    engine.remove(&container.id).await.expect("it is removed");
    engine.stop(&container.id, zero).await.expect("it is gone");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_containers_life_is_told_with_its_times() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("life"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec!["sleep 0.2; exit 3".to_owned()]),
            ..ContainerSpec::default()
        },
    )
    .await;
    let made = state(&engine, &container).await;
    assert_eq!(made.phase, Phase::Created);
    assert_eq!((made.started_at, made.finished_at), (None, None));
    engine.start(&container.id).await.expect("it starts");
    let ended = eventually(&engine, &container, |state| state.phase == Phase::Exited).await;
    assert_eq!((ended.exit_code, ended.oom_killed), (3, false));
    let (start, end) = (
        ended.started_at.expect("a start"),
        ended.finished_at.expect("an end"),
    );
    assert!(start < end, "{ended:?}");
    let all = engine.inspection(&container.id).await.expect("an answer");
    assert_eq!(all["State"]["ExitCode"], 3, "{all}");
    assert_eq!(all["Config"]["Cmd"][0], "sleep 0.2; exit 3", "{all}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_started_again_as_often_as_was_said() {
    let engine = engine().await;
    let spec = |retries| ContainerSpec {
        restart: RestartPolicy::OnFailure { retries },
        ..ContainerSpec::default()
    };
    let failing = script(&engine, spec(Some(2)), "exit 5").await;
    let ended = eventually(&engine, &failing, |state| {
        state.phase == Phase::Exited && state.restarts >= 2
    })
    .await;
    assert_eq!((ended.exit_code, ended.restarts), (5, 2));

    let fine = script(&engine, spec(None), "exit 0").await;
    let ended = eventually(&engine, &fine, |state| state.phase == Phase::Exited).await;
    assert_eq!(ended.restarts, 0);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_is_not_started_again() {
    let engine = engine().await;
    let spec = ContainerSpec {
        restart: RestartPolicy::Always,
        ..ContainerSpec::default()
    };
    let again = "test -e /been && sleep 3600; touch /been; exit 0";
    let container = script(&engine, spec, again).await;
    eventually(&engine, &container, |state| {
        state.phase == Phase::Running && state.restarts > 0
    })
    .await;
    engine
        .stop(&container.id, Duration::ZERO)
        .await
        .expect("it is stopped");
    assert_eq!(state(&engine, &container).await.phase, Phase::Exited);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn what_wants_more_memory_than_it_may_have_is_killed() {
    let engine = engine().await;
    let mut spec = ContainerSpec::default();
    spec.limits.memory = Some(16 << 20);
    // A line without end is kept in memory.
    let container = script(&engine, spec, "exec sort /dev/zero").await;
    let ended = eventually(&engine, &container, |state| state.phase == Phase::Exited).await;
    // Whether the engine hears why is the kernel's affair: with the first
    // version of cgroups, newer kernels do not tell.
    assert_eq!(ended.exit_code, 137, "{ended:?}");
}

/// Asks until the state is as wanted.
async fn eventually(
    engine: &DockerEngine,
    container: &Container,
    is_so: impl Fn(&ContainerState) -> bool,
) -> ContainerState {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let state = state(engine, container).await;
        if is_so(&state) {
            return state;
        }
        assert!(Instant::now() < end, "{state:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
