//! Healthchecks, whoever runs them.

use tokio::sync::watch;

use super::*;
use crate::engine::{Health, HealthCommand, HealthTest, Pace, probe_health};

fn quick(command: HealthCommand) -> HealthTest {
    HealthTest {
        interval: Some(Duration::from_secs(1)),
        timeout: Some(Duration::from_secs(2)),
        retries: Some(2),
        ..HealthTest::new(command)
    }
}

fn line(text: &str) -> HealthTest {
    quick(HealthCommand::Shell(text.to_owned()))
}

/// A running container with this healthcheck.
async fn checked(engine: &DockerEngine, test: &HealthTest) -> Container {
    session(
        engine,
        ContainerSpec {
            healthcheck: Healthcheck::Own(test.clone()),
            ..ContainerSpec::default()
        },
    )
    .await
}

/// Its health once `is_so`: told by the engine, or by probes from here where it runs none.
async fn health(
    engine: &DockerEngine,
    container: &Container,
    test: &HealthTest,
    is_so: impl Fn(&Health) -> bool,
) -> Health {
    let wait = async {
        if engine.facts().runs_healthchecks() {
            loop {
                let state = engine.inspect(&container.id).await.expect("a state");
                let health = state.health.expect("a health");
                if is_so(&health) {
                    return health;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        let (tell, mut told) = watch::channel(Health::default());
        tokio::select! {
            ended = probe_health(engine, &container.id, test, Pace::AsEngines, &tell) => {
                panic!("it runs, and its probes have ended: {ended:?}")
            }
            health = told.wait_for(is_so) => health.expect("it is told").clone(),
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .expect("in time")
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_passes_is_healthy_and_keeps_what_was_printed() {
    let engine = engine().await;
    let test = line("echo \"it's fine\"; test \"$(echo a  b)\" = 'a b'");
    let container = checked(&engine, &test).await;
    let health = health(&engine, &container, &test, |health| {
        health.status != HealthStatus::Starting
    })
    .await;
    assert_eq!(health.status, HealthStatus::Healthy, "{health:?}");
    assert_eq!(health.last_output(), "it's fine\n");
    let probe = health.log.last().expect("a probe");
    assert_eq!(probe.exit_code, 0);
    assert!(probe.started_at.is_some() && probe.started_at <= probe.finished_at);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_unhealthy_after_its_retries() {
    let engine = engine().await;
    let test = line("echo out; echo err >&2; exit 3");
    let container = checked(&engine, &test).await;
    let health = health(&engine, &container, &test, |health| {
        health.status == HealthStatus::Unhealthy
    })
    .await;
    assert!(health.failing_streak >= 2, "{health:?}");
    let probe = health.log.last().expect("a probe");
    // Two streams, and so in any order.
    assert!(
        probe.output.contains("out\n") && probe.output.contains("err\n"),
        "{probe:?}"
    );
    assert_ne!(probe.exit_code, 0);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_takes_too_long_has_failed() {
    let engine = engine().await;
    // Its two seconds are long enough for a loaded engine to start the probe.
    let mut test = quick(HealthCommand::Words(words("sleep 20")));
    test.retries = Some(1);
    let container = checked(&engine, &test).await;
    let health = health(&engine, &container, &test, |health| {
        health.status == HealthStatus::Unhealthy
    })
    .await;
    let probe = health.log.last().expect("a probe");
    assert_eq!(probe.exit_code, -1, "{probe:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn failures_do_not_count_in_the_start_period() {
    let engine = engine().await;
    let mut test = line("test -e /up || { echo not yet; exit 1; }");
    test.retries = Some(1);
    test.start_period = Some(Duration::from_secs(50));
    test.start_interval = Some(Duration::from_secs(1));
    let container = checked(&engine, &test).await;
    let early = health(&engine, &container, &test, |health| health.log.len() >= 2).await;
    assert_eq!(early.status, HealthStatus::Starting, "{early:?}");
    assert_eq!(early.last_output(), "not yet\n");
    exec(&engine, &container, shell("touch /up")).await;
    health(&engine, &container, &test, |health| {
        health.status == HealthStatus::Healthy
    })
    .await;
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn probes_from_here_end_with_their_container() {
    let engine = engine().await;
    let test = line("true");
    let container = session(&engine, ContainerSpec::default()).await;
    let (tell, mut told) = watch::channel(Health::default());
    let id = container.id.clone();
    let probing = tokio::spawn(async move {
        let engine = self::engine().await;
        probe_health(&engine, &id, &test, Pace::AsEngines, &tell).await
    });
    told.changed().await.expect("a first probe");
    engine.kill(&container.id).await.expect("it is killed");
    tokio::time::timeout(Duration::from_secs(30), probing)
        .await
        .expect("it ends")
        .expect("it does not panic")
        .expect("an end is no fault");
}
