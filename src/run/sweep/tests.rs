//! On a real engine too: `EVERYARCH_ENGINE` names it.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::docker::DockerEngine;
use crate::engine::{NetworkSpec, VolumeSpec};
use crate::run::containers::Containers;
use crate::run::owner::Owner;

fn labels(owner: &str, lease: u64) -> BTreeMap<String, String> {
    BTreeMap::from([
        (LABEL_OWNER.to_owned(), owner.to_owned()),
        (LABEL_LEASE.to_owned(), lease.to_string()),
    ])
}

#[test]
fn a_live_run_keeps_its_containers() {
    assert!(!is_abandoned(&labels(Owner::me().as_str(), 2_000), 1_000));
    assert!(!is_abandoned(
        &labels("elsewhere/pid:[1]/7/7", 2_000),
        1_000
    ));
}

#[test]
fn a_lease_that_ran_out_is_nobody_s() {
    assert!(is_abandoned(&labels("elsewhere/pid:[1]/7/7", 999), 1_000));
}

async fn engine() -> Arc<dyn Engine> {
    let address = std::env::var("EVERYARCH_ENGINE")
        .unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    Arc::new(
        DockerEngine::connect(&address, None)
            .await
            .expect("an engine answers"),
    )
}

/// The labels of a run of this process, or of one that was here and is gone.
fn of_run(run: &str, is_alive: bool) -> BTreeMap<String, String> {
    let me = Owner::me();
    let owner = if is_alive {
        me.as_str().to_owned()
    } else {
        let (process, _) = me.as_str().rsplit_once('/').expect("a start time");
        format!("{process}/1")
    };
    let mut labels = labels(&owner, u64::MAX);
    labels.insert(LABEL_RUN.to_owned(), run.to_owned());
    labels
}

/// Makes a network and a volume that carry these labels.
async fn make(engine: &dyn Engine, name: &str, labels: BTreeMap<String, String>) {
    let network = NetworkSpec {
        name: name.to_owned(),
        labels: labels.clone(),
        ..NetworkSpec::default()
    };
    engine.create_network(&network).await.expect("it is made");
    let volume = VolumeSpec {
        name: name.to_owned(),
        labels,
        ..VolumeSpec::default()
    };
    engine.create_volume(&volume).await.expect("it is made");
}

/// The kinds of what an engine has of a run.
async fn kinds(engine: &dyn Engine, run: &str) -> Vec<Resource> {
    let mut kinds = Vec::new();
    for kind in Resource::ALL {
        let all = kind.labelled(engine, LABEL_RUN).await.expect("a list");
        let mine = all
            .iter()
            .filter(|one| one.labels.get(LABEL_RUN).map(String::as_str) == Some(run));
        kinds.extend(mine.map(|_| kind));
    }
    kinds
}

#[cfg_attr(not(feature = "engine-tests"), ignore = "needs an engine: run ci/test")]
#[tokio::test(flavor = "multi_thread")]
async fn networks_and_volumes_of_a_run_that_is_gone_are_swept_and_a_live_one_s_stay() {
    let engine = engine().await;
    let name = |what: &str| format!("everyarch-test-{what}-{:016x}", rand::random::<u64>());
    let (gone, alive) = (name("gone"), name("alive"));
    make(engine.as_ref(), &gone, of_run(&gone, false)).await;
    make(engine.as_ref(), &alive, of_run(&alive, true)).await;

    let done = sweep(engine.as_ref()).await;
    let said: Vec<&String> = done.iter().filter(|line| line.contains(&gone)).collect();
    let left = kinds(engine.as_ref(), &gone).await;
    let kept = kinds(engine.as_ref(), &alive).await;
    let removed = remove_run(engine.as_ref(), &alive).await;
    // Another sweep of this machine may have been quicker, so what is said is
    // not counted on, but nothing is said to stay.
    assert!(
        said.iter().all(|line| line.starts_with("removed a ")),
        "{said:?}"
    );
    assert_eq!(left, []);
    assert_eq!(kept, [Resource::Network, Resource::Volume]);
    assert_eq!(
        removed,
        [
            format!("removed the network {alive}"),
            format!("removed the volume {alive}"),
        ]
    );
    assert_eq!(kinds(engine.as_ref(), &alive).await, []);
}

#[cfg_attr(not(feature = "engine-tests"), ignore = "needs an engine: run ci/test")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_makes_is_gone_when_it_ends() {
    let engine = engine().await;
    let containers = Containers::new(Duration::from_secs(3600), false);
    let network = containers
        .create_network(&engine, NetworkSpec::default())
        .await
        .expect("it is made");
    let volume = containers
        .create_volume(&engine, VolumeSpec::default())
        .await
        .expect("it is made");
    assert_ne!(network, volume);
    let labels = engine
        .labelled_networks(LABEL_RUN)
        .await
        .expect("a list")
        .into_iter()
        .find(|one| one.id == network)
        .expect("it is there")
        .labels;
    assert!(!is_abandoned(&labels, now()), "{labels:?}");
    containers.remove_volume(&engine, &volume).await;
    let other = containers
        .create_volume(&engine, VolumeSpec::default())
        .await
        .expect("it is made");
    assert_ne!(other, volume);
    containers.remove_network(&engine, &network).await;
    let named = NetworkSpec {
        name: "back".to_owned(),
        ..NetworkSpec::default()
    };
    let named = containers
        .create_network(&engine, named)
        .await
        .expect("it is made");
    assert!(named.ends_with("-back"), "{named}");
    let run = labels.get(LABEL_RUN).expect("a run");
    assert_eq!(
        kinds(engine.as_ref(), run).await,
        [Resource::Network, Resource::Volume]
    );
    assert_eq!(containers.remove_all().await, Vec::<String>::new());
    assert_eq!(kinds(engine.as_ref(), run).await, []);
}
