use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Attachment, Bind, Protocol, VolumeMount};
use crate::image::Platform;

fn facts(name: &str) -> EngineFacts {
    EngineFacts {
        name: name.to_owned(),
        version: "1".to_owned(),
        api_version: "1.41".to_owned(),
        platform: Platform::new("linux", "amd64", None),
        address: "unix:///x".to_owned(),
        is_local: true,
    }
}

fn asked_of(engine: &str, spec: &ContainerSpec) -> Value {
    serde_json::to_value(create_body(spec, &facts(engine))).expect("JSON")
}

fn asked(spec: &ContainerSpec) -> Value {
    asked_of("Docker", spec)
}

#[test]
fn what_is_not_said_is_left_to_image_and_engine() {
    assert_eq!(
        asked(&ContainerSpec::default()),
        json!({ "Image": "", "Labels": {}, "HostConfig": { "Init": false } })
    );
}

#[test]
fn one_network_is_joined_at_the_creation() {
    let attachment = |network: &str, alias: &str| Attachment {
        network: network.to_owned(),
        aliases: vec![alias.to_owned()],
    };
    let body = asked(&ContainerSpec {
        networking: Networking::Joined {
            first: attachment("front", "web"),
            others: vec![attachment("back", "worker")],
        },
        ..ContainerSpec::default()
    });
    assert_eq!(body["HostConfig"]["NetworkMode"], "front");
    assert_eq!(
        body["NetworkingConfig"]["EndpointsConfig"],
        json!({ "front": { "Aliases": ["web"] } })
    );
}

#[test]
fn networks_of_no_name_are_modes() {
    for (networking, mode) in [
        (Networking::None, "none"),
        (Networking::Host, "host"),
        (Networking::Container("abc".to_owned()), "container:abc"),
    ] {
        let body = asked(&ContainerSpec {
            networking,
            ..ContainerSpec::default()
        });
        assert_eq!(body["HostConfig"]["NetworkMode"], mode);
        assert_eq!(body["NetworkingConfig"], Value::Null);
    }
}

#[test]
fn published_ports_are_ephemeral_and_on_loopback_and_exposed_ones_are_not_published() {
    let udp = Port {
        number: 53,
        protocol: Protocol::Udp,
    };
    let body = asked(&ContainerSpec {
        publish: vec![udp],
        expose: vec![Port::tcp(80)],
        ..ContainerSpec::default()
    });
    let binding = json!([{ "HostIp": "127.0.0.1", "HostPort": "" }]);
    assert_eq!(
        body["HostConfig"]["PortBindings"],
        json!({ "53/udp": binding })
    );
    let exposed = body["ExposedPorts"].to_string();
    assert!(
        exposed.contains("53/udp") && exposed.contains("80/tcp"),
        "{exposed}"
    );
}

fn bind(create_source: bool) -> Mount {
    Mount::Bind(Bind {
        source: "/a,b".to_owned(),
        target: "/in".to_owned(),
        read_only: true,
        create_source,
    })
}

fn volume() -> Mount {
    Mount::Volume(VolumeMount {
        name: Some("v".to_owned()),
        target: "/v".to_owned(),
        read_only: true,
        no_copy: true,
    })
}

#[test]
fn docker_makes_a_binds_source_only_in_the_old_form() {
    let body = asked(&ContainerSpec {
        mounts: vec![bind(false), bind(true), volume()],
        ..ContainerSpec::default()
    });
    assert_eq!(body["HostConfig"]["Binds"], json!(["/a,b:/in:ro"]));
    assert_eq!(
        body["HostConfig"]["Mounts"],
        json!([
            { "Type": "bind", "Source": "/a,b", "Target": "/in", "ReadOnly": true },
            {
                "Type": "volume", "Source": "v", "Target": "/v", "ReadOnly": true,
                "VolumeOptions": { "NoCopy": true },
            },
        ])
    );
}

#[test]
fn podman_has_all_mounts_in_the_old_form() {
    let body = asked_of(
        "Podman",
        &ContainerSpec {
            mounts: vec![bind(false), volume()],
            ..ContainerSpec::default()
        },
    );
    assert_eq!(
        body["HostConfig"]["Binds"],
        json!(["/a,b:/in:ro", "v:/v:ro,nocopy"])
    );
    assert_eq!(body["HostConfig"]["Mounts"], Value::Null);
}

#[test]
fn a_tmpfs_is_dockers_in_every_engine() {
    let spec = ContainerSpec {
        mounts: vec![Mount::Tmpfs(Tmpfs {
            target: "/t".to_owned(),
            size: Some(4096),
            mode: Some(0o1770),
            options: vec!["exec".to_owned()],
        })],
        ..ContainerSpec::default()
    };
    assert_eq!(
        asked(&spec)["HostConfig"]["Tmpfs"]["/t"],
        "exec,size=4096,mode=1770"
    );
    assert_eq!(
        asked_of("Podman", &spec)["HostConfig"]["Tmpfs"]["/t"],
        "exec,size=4096,mode=1770,notmpcopyup"
    );
}

#[test]
fn a_healthcheck_of_its_own_is_docker_s_affair_and_off_in_podman() {
    let mut test = HealthTest::new(HealthCommand::Words(vec!["a b".to_owned()]));
    test.interval = Some(Duration::from_millis(1500));
    let spec = ContainerSpec {
        healthcheck: Healthcheck::Own(test),
        ..ContainerSpec::default()
    };
    assert_eq!(
        asked(&spec)["Healthcheck"],
        json!({ "Test": ["CMD", "a b"], "Interval": 1_500_000_000 })
    );
    assert_eq!(
        asked_of("Podman", &spec)["Healthcheck"],
        json!({ "Test": ["NONE"] })
    );
}

#[test]
fn times_to_stop_are_whole_seconds_rounded_up() {
    let body = asked(&ContainerSpec {
        stop_timeout: Some(Duration::from_millis(1001)),
        ..ContainerSpec::default()
    });
    assert_eq!(body["StopTimeout"], 2);
}

#[test]
fn a_restart_policy_says_how_often() {
    let policy = |restart| {
        let spec = ContainerSpec {
            restart,
            ..ContainerSpec::default()
        };
        asked(&spec)["HostConfig"]["RestartPolicy"].clone()
    };
    assert_eq!(policy(RestartPolicy::No), Value::Null);
    assert_eq!(
        policy(RestartPolicy::UnlessStopped),
        json!({ "Name": "unless-stopped" })
    );
    assert_eq!(
        policy(RestartPolicy::OnFailure { retries: Some(4) }),
        json!({ "Name": "on-failure", "MaximumRetryCount": 4 })
    );
}
