//! Containers among others.

use std::net::IpAddr;

use super::*;
use crate::engine::{Attachment, Networking, Protocol};

fn in_network(network: &Network, aliases: &[&str]) -> Attachment {
    Attachment {
        network: network.name.clone(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    }
}

fn joined(first: Attachment, others: Vec<Attachment>) -> ContainerSpec {
    ContainerSpec {
        networking: Networking::Joined { first, others },
        ..ContainerSpec::default()
    }
}

/// Serves `text` on port 7000 until the container ends.
async fn serve(engine: &DockerEngine, container: &Container, text: &str) {
    let script = format!(
        "(nc -ll -p 7000 -e echo {text} >/dev/null 2>&1 </dev/null &) ; until netstat -ltn | grep -q :7000; do :; done"
    );
    exec(engine, container, shell(&script)).await;
}

/// What answers at port 7000 of `name`, seen from inside.
async fn answer(engine: &DockerEngine, container: &Container, name: &str) -> String {
    let script = format!("timeout 10 nc {name} 7000 </dev/null || echo nobody");
    let said = exec(engine, container, shell(&script)).await;
    text(&said.stdout).trim().to_owned()
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_network_find_each_other_by_alias() {
    let engine = engine().await;
    let network = Network::new(&engine, NetworkSpec::default()).await;
    let one = session(&engine, joined(in_network(&network, &["one"]), Vec::new())).await;
    let two = session(
        &engine,
        joined(in_network(&network, &["two", "deux"]), Vec::new()),
    )
    .await;
    serve(&engine, &one, "i-am-one").await;
    serve(&engine, &two, "i-am-two").await;
    assert_eq!(answer(&engine, &one, "two").await, "i-am-two");
    assert_eq!(answer(&engine, &one, "deux").await, "i-am-two");
    assert_eq!(answer(&engine, &two, "one").await, "i-am-one");

    let state = engine.inspect(&two.id).await.expect("a state");
    let endpoint = state.networks.get(&network.name).expect("its network");
    assert_eq!(endpoint.addresses.len(), 1, "{endpoint:?}");
    for alias in ["two", "deux"] {
        assert!(endpoint.aliases.iter().any(|a| a == alias), "{endpoint:?}");
    }
    assert_eq!(state.networks.len(), 1, "{:?}", state.networks);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_container_in_two_networks_has_its_own_alias_in_each() {
    let engine = engine().await;
    let front = Network::new(&engine, NetworkSpec::default()).await;
    let back = Network::new(&engine, NetworkSpec::default()).await;
    let between = session(
        &engine,
        joined(
            in_network(&front, &["web"]),
            vec![in_network(&back, &["worker"])],
        ),
    )
    .await;
    let outside = session(&engine, joined(in_network(&front, &[]), Vec::new())).await;
    let inside = session(&engine, joined(in_network(&back, &[]), Vec::new())).await;
    serve(&engine, &between, "between").await;
    serve(&engine, &inside, "inside").await;
    assert_eq!(answer(&engine, &outside, "web").await, "between");
    assert_eq!(answer(&engine, &inside, "worker").await, "between");
    let state = engine.inspect(&between.id).await.expect("a state");
    assert_eq!(state.networks.len(), 2, "{:?}", state.networks);

    // Networks are apart: neither names nor addresses lead from one to another.
    let address = |state: &ContainerState, network: &Network| -> IpAddr {
        state.networks[&network.name].addresses[0]
    };
    let hidden = engine.inspect(&inside.id).await.expect("a state");
    let hidden = address(&hidden, &back).to_string();
    let script = format!("timeout 2 nc {hidden} 7000 </dev/null || echo nobody");
    let said = exec(&engine, &outside, shell(&script)).await;
    assert_eq!(text(&said.stdout).trim(), "nobody");
    assert_eq!(answer(&engine, &outside, "worker").await, "nobody");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_not_there_leaves_no_container_behind() {
    let engine = engine().await;
    let network = Network::new(&engine, NetworkSpec::default()).await;
    let missing = Attachment {
        network: unique("missing"),
        aliases: Vec::new(),
    };
    let label = unique("unmade");
    let native = engine.facts().platform.clone();
    let spec = ContainerSpec {
        name: unique("unmade"),
        image: pulled(&engine, &native).await,
        labels: BTreeMap::from([(label.clone(), String::new())]),
        ..joined(in_network(&network, &[]), vec![missing.clone()])
    };
    // Podman looks at the creation, Docker before 25 at the start.
    let error = match engine.create(&spec).await {
        Err(error) => error,
        Ok(id) => {
            let container = Container { id };
            engine.start(&container.id).await.expect_err("it can't")
        }
    };
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&missing.network), "{error}");
    let left = engine.labelled(&label).await.expect("a list");
    assert!(left.is_empty(), "{left:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_internal_network_leads_nowhere_and_none_has_no_interface() {
    let engine = engine().await;
    let internal = Network::new(
        &engine,
        NetworkSpec {
            internal: true,
            ..NetworkSpec::default()
        },
    )
    .await;
    let options = None::<bollard::query_parameters::InspectNetworkOptions>;
    let made = engine.client.inspect_network(&internal.name, options).await;
    assert_eq!(made.expect("it is there").internal, Some(true));
    let inside = session(&engine, joined(in_network(&internal, &[]), Vec::new())).await;
    let said = exec(&engine, &inside, shell("grep -c eth /proc/net/dev")).await;
    assert_eq!(text(&said.stdout), "1\n");
    let alone = session(
        &engine,
        ContainerSpec {
            networking: Networking::None,
            ..ContainerSpec::default()
        },
    )
    .await;
    let said = exec(&engine, &alone, shell("grep -c eth /proc/net/dev")).await;
    assert_eq!(text(&said.stdout), "0\n");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_network_of_another_container_is_shared_with_it() {
    let engine = engine().await;
    let host = session(&engine, ContainerSpec::default()).await;
    serve(&engine, &host, "host").await;
    let guest = session(
        &engine,
        ContainerSpec {
            networking: Networking::Container(host.id.clone()),
            ..ContainerSpec::default()
        },
    )
    .await;
    assert_eq!(answer(&engine, &guest, "127.0.0.1").await, "host");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_network_is_seen_from_inside() {
    let engine = engine().await;
    if !engine.facts().is_local {
        return;
    }
    let container = session(
        &engine,
        ContainerSpec {
            networking: Networking::Host,
            ..ContainerSpec::default()
        },
    )
    .await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let accepted = std::thread::spawn(move || listener.accept().map(|_| ()));
    let script = format!("nc 127.0.0.1 {port} </dev/null");
    let said = exec(&engine, &container, shell(&script)).await;
    assert_eq!(said.ended, Ended::Exit(0), "{said:?}");
    accepted
        .join()
        .expect("it does not panic")
        .expect("somebody came");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn tcp_and_udp_of_one_number_are_published_apart() {
    let engine = engine().await;
    let udp = Port {
        number: 5300,
        protocol: Protocol::Udp,
    };
    let network = Network::new(&engine, NetworkSpec::default()).await;
    let container = session(
        &engine,
        ContainerSpec {
            publish: vec![Port::tcp(5300), udp],
            expose: vec![Port::tcp(5301)],
            ..joined(in_network(&network, &[]), Vec::new())
        },
    )
    .await;
    let state = engine.inspect(&container.id).await.expect("a state");
    let published: Vec<Port> = state.ports.keys().copied().collect();
    assert_eq!(published, [Port::tcp(5300), udp], "{state:?}");
    assert!(
        state
            .ports
            .values()
            .all(|address| address.ip().is_loopback()),
        "{state:?}"
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn networks_made_at_once_are_apart() {
    let engine = engine().await;
    let made = (0..6).map(|_| Network::new(&engine, NetworkSpec::default()));
    let networks = futures_util::future::join_all(made).await;
    let mut subnets = std::collections::BTreeSet::new();
    for network in &networks {
        let options = None::<bollard::query_parameters::InspectNetworkOptions>;
        let made = engine.client.inspect_network(&network.name, options).await;
        let ipam = made.expect("it is there").ipam.expect("addresses");
        let config = ipam.config.unwrap_or_default();
        subnets.extend(config.into_iter().filter_map(|config| config.subnet));
    }
    assert_eq!(subnets.len(), networks.len(), "{subnets:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn networks_are_found_by_their_labels_and_removed_once_empty() {
    let engine = engine().await;
    let label = unique("label");
    let network = Network::new(
        &engine,
        NetworkSpec {
            labels: BTreeMap::from([(label.clone(), "value=1".to_owned())]),
            ..NetworkSpec::default()
        },
    )
    .await;
    let found = engine.labelled_networks(&label).await.expect("a list");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, network.name);
    assert_eq!(
        found[0].labels.get(&label).map(String::as_str),
        Some("value=1")
    );

    let container = session(&engine, joined(in_network(&network, &[]), Vec::new())).await;
    let used = engine.remove_network(&network.name).await;
    assert!(matches!(used, Err(EngineError::Refused { .. })), "{used:?}");
    engine.remove(&container.id).await.expect("it is removed");
    engine
        .remove_network(&network.name)
        .await
        .expect("it is removed");
    engine
        .remove_network(&network.name)
        .await
        .expect("once more");
    let found = engine.labelled_networks(&label).await.expect("a list");
    assert!(found.is_empty(), "{found:?}");
}
