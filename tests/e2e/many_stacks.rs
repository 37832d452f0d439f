//! Many stacks at once: nothing of them is left. `ci/soak` does it for longer, and
//! looks at the whole host.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::engine;
use super::lab::{Lab, Running, image, within};
use super::outcome::{array, text};

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const STACKS: usize = 10;
const ROUNDS: usize = 2;
/// Forty containers are not started in a moment.
const LONG: Duration = Duration::from_secs(200);

/// Its tests wait until the file is there that says that all have been seen.
const COMPOSE: &str = r#"
services:
  app:
    image: unused
    command: sh -c "echo hello >/data/index.html && exec httpd -f -p 8080 -h /data"
    ports: ["127.0.0.1::8080"]
    volumes: ["data:/data", "/anonymous"]
    stop_grace_period: 0s
  tests:
    image: BUSYBOX
    command: sh -c "until test -e /seen/all; do sleep 0.2; done; wget -q -O- http://app:8080/"
    volumes: ["./seen:/seen:ro", "/anonymous"]
    depends_on: [app]
volumes: { data: {} }
"#;

/// What the engine has of the containers that were seen.
#[derive(Default)]
struct Seen {
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
    addresses: BTreeSet<SocketAddr>,
}

/// All containers of all stacks once they all run, and what belongs to them.
fn look(run: &Running<'_>) -> Seen {
    let all = STACKS * PLATFORMS.len() * 2;
    let containers = within(LONG, "all stacks are up at once", || {
        let containers = engine::containers_of(run.pid());
        if containers.len() < all {
            return None;
        }
        // Those that are gone meanwhile, as what each platform is probed in, it leaves out.
        let done = engine::docker().arg("inspect").args(&containers).output();
        let found: Value = serde_json::from_slice(&done.ok()?.stdout).ok()?;
        let found: Vec<Value> = array(&found)
            .iter()
            .filter(|container| container["State"]["Running"] == true)
            .filter(|container| !array(&container["Mounts"]).is_empty())
            .cloned()
            .collect();
        (found.len() == all).then_some(found)
    });
    let mut seen = Seen::default();
    for container in &containers {
        let networks = container["NetworkSettings"]["Networks"].as_object();
        seen.networks
            .extend(networks.into_iter().flatten().map(|(name, _)| name.clone()));
        let mounts = array(&container["Mounts"]).iter();
        let volumes = mounts.filter(|mount| mount["Type"] == "volume");
        seen.volumes
            .extend(volumes.map(|volume| text(&volume["Name"])));
        let published = &container["NetworkSettings"]["Ports"]["8080/tcp"];
        for binding in published.as_array().into_iter().flatten() {
            let address = format!("127.0.0.1:{}", text(&binding["HostPort"]));
            seen.addresses.insert(address.parse().expect("an address"));
        }
    }
    seen
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn ten_stacks_at_once_on_two_platforms_leave_nothing_behind() {
    let stacks: String = (1..=STACKS)
        .map(|number| {
            format!(
                "  - {{ name: stack {number}, compose: compose.yml, under_test: app, exit_code_from: tests }}\n"
            )
        })
        .collect();
    let suite = format!("version: 1\nintegration:\n{stacks}");
    for _ in 0..ROUNDS {
        let lab = Lab::new();
        lab.write(
            "compose.yml",
            COMPOSE.replace("BUSYBOX", &image("test/busybox:all")),
        );
        std::fs::create_dir(lab.path("seen")).expect("a folder");
        let jobs = (STACKS * PLATFORMS.len()).to_string();
        let run = lab.start_check(
            &image("test/busybox:docker"),
            &suite,
            &["--no-audit", "--jobs", &jobs],
        );
        let seen = look(&run);
        // Each is a project of its own: a named volume, and an anonymous one each of two.
        let projects = STACKS * PLATFORMS.len();
        assert_eq!(seen.networks.len(), projects);
        assert_eq!(seen.volumes.len(), projects * 3);
        assert_eq!(seen.addresses.len(), projects);
        for address in &seen.addresses {
            assert!(
                TcpStream::connect(address).is_ok(),
                "{address} is not published"
            );
        }
        lab.write("seen/all", "");
        // Looks itself that no container, network or volume with the run's label is left.
        run.finish().exits(0);

        let volumes = engine::ask(&["volume", "ls", "--quiet"]);
        let left: Vec<&str> = volumes
            .lines()
            .filter(|name| seen.volumes.contains(*name))
            .collect();
        assert_eq!(left, Vec::<&str>::new(), "volumes without a label");
        for address in &seen.addresses {
            assert!(
                TcpStream::connect(address).is_err(),
                "{address} is still there"
            );
        }
    }
}
