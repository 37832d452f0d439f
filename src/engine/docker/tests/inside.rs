//! What a container is and may do, seen from inside.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::engine::{Dns, HostAddress, Limits, Mount, Names, Security, Tmpfs, Ulimit};

/// What a script prints in a container of its own.
async fn said(engine: &DockerEngine, spec: ContainerSpec, script: &str) -> String {
    let container = session(engine, spec).await;
    let execution = exec(engine, &container, shell(script)).await;
    format!("{}{}", text(&execution.stdout), text(&execution.stderr))
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn its_names_are_its_own() {
    let engine = engine().await;
    let spec = ContainerSpec {
        names: Names {
            hostname: Some("app".to_owned()),
            domainname: Some("example.test".to_owned()),
            extra_hosts: vec![
                (
                    "db".to_owned(),
                    HostAddress::Ip(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3))),
                ),
                (
                    "six".to_owned(),
                    HostAddress::Ip("2001:db8::1".parse().expect("an address")),
                ),
                ("outside".to_owned(), HostAddress::Gateway),
            ],
            dns: Dns {
                servers: vec![IpAddr::V4(Ipv4Addr::new(10, 9, 8, 7))],
                search: vec!["corp.test".to_owned()],
                options: vec!["ndots:3".to_owned()],
            },
        },
        ..ContainerSpec::default()
    };
    let script = "hostname; cat /proc/sys/kernel/domainname
        awk '$2 == \"db\" || $2 == \"six\" { print $1, $2 }' /etc/hosts
        awk '$2 == \"outside\"' /etc/hosts | wc -l
        grep -v '^#' /etc/resolv.conf | grep . | sort";
    let said = said(&engine, spec, script).await;
    let domain = if engine.facts().is_podman() {
        "(none)"
    } else {
        "example.test"
    };
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "app",
            domain,
            "10.1.2.3 db",
            "2001:db8::1 six",
            "1",
            "nameserver 10.9.8.7",
            "options ndots:3",
            "search corp.test",
        ]
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_container_writes_only_where_memory_is_mounted() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("fixed"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec!["touch /run/x && echo ok; touch /x".to_owned()]),
            security: Security {
                read_only: true,
                ..Security::default()
            },
            mounts: vec![Mount::Tmpfs(Tmpfs {
                target: "/run".to_owned(),
                ..Tmpfs::default()
            })],
            ..ContainerSpec::default()
        },
    )
    .await;
    engine.start(&container.id).await.expect("it starts");
    let (out, err) = printed(&engine, &container).await;
    assert_eq!(out, "ok\n");
    assert!(err.contains("Read-only file system"), "{err}");
}

/// Of a process's effective capabilities the one of this number.
fn has_capability(status: &str, number: u32) -> bool {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .expect("the capabilities");
    let set = u64::from_str_radix(line.trim(), 16).expect("a number");
    set & (1 << number) != 0
}

const CHOWN: u32 = 0;
const NET_ADMIN: u32 = 12;

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn capabilities_come_and_go() {
    let engine = engine().await;
    let status = "cat /proc/self/status";
    let with = |security| ContainerSpec {
        security,
        ..ContainerSpec::default()
    };
    let plain = said(&engine, with(Security::default()), status).await;
    assert!(has_capability(&plain, CHOWN) && !has_capability(&plain, NET_ADMIN));

    let changed = Security {
        cap_add: vec!["NET_ADMIN".to_owned()],
        cap_drop: vec!["CHOWN".to_owned()],
        ..Security::default()
    };
    let changed = said(&engine, with(changed), status).await;
    assert!(!has_capability(&changed, CHOWN) && has_capability(&changed, NET_ADMIN));

    let none = Security {
        cap_drop: vec!["ALL".to_owned()],
        options: vec!["no-new-privileges:true".to_owned()],
        ..Security::default()
    };
    let none = said(&engine, with(none), status).await;
    assert!(!has_capability(&none, CHOWN), "{none}");
    assert!(none.contains("NoNewPrivs:\t1"), "{none}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_privileged_container_is_made_so() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("privileged"),
            entrypoint: Some(words("cat /proc/self/status")),
            cmd: Some(Vec::new()),
            security: Security {
                privileged: true,
                ..Security::default()
            },
            ..ContainerSpec::default()
        },
    )
    .await;
    // Not started: an engine that is in a container itself can't give what it has not.
    let inspection = engine
        .inspection(&container.id)
        .await
        .expect("an inspection");
    assert_eq!(inspection["HostConfig"]["Privileged"], true);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn its_user_is_in_further_groups() {
    let engine = engine().await;
    let spec = ContainerSpec {
        user: Some("1000:1000".to_owned()),
        security: Security {
            groups: vec!["4321".to_owned()],
            ..Security::default()
        },
        ..ContainerSpec::default()
    };
    let said = said(&engine, spec, "grep Groups /proc/1/status").await;
    assert!(said.split_whitespace().any(|word| word == "4321"), "{said}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn its_limits_hold() {
    let engine = engine().await;
    let spec = ContainerSpec {
        limits: Limits {
            memory: Some(64 << 20),
            nano_cpus: Some(500_000_000),
            shm_size: Some(3 << 20),
            // Both that Podman would raise: this machine may be a container.
            ulimits: [("nofile", 123, 456), ("nproc", 2000, 3000)]
                .map(|(name, soft, hard)| Ulimit {
                    name: name.to_owned(),
                    soft,
                    hard,
                })
                .to_vec(),
            pids: None,
        },
        ..ContainerSpec::default()
    };
    // Of the first process: runc raises that limit for itself, and for what it
    // runs beside. Of both versions of cgroups, whichever the engine's host has.
    let script = "
        awk '/open files/ { print $4; print $5 }' /proc/1/limits
        df -k /dev/shm | awk 'END { print $2 }'
        cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes
        cat /sys/fs/cgroup/cpu.max 2>/dev/null ||
            echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us) $(cat /sys/fs/cgroup/cpu/cpu.cfs_period_us)";
    let said = said(&engine, spec, script).await;
    assert_eq!(said, "123\n456\n3072\n67108864\n50000 100000\n");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn kernel_parameters_of_its_namespaces_are_set() {
    let engine = engine().await;
    let spec = ContainerSpec {
        sysctls: BTreeMap::from([("net.core.somaxconn".to_owned(), "77".to_owned())]),
        ..ContainerSpec::default()
    };
    let said = said(&engine, spec, "cat /proc/sys/net/core/somaxconn").await;
    assert_eq!(said, "77\n");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_engines_init_stands_in_front_only_where_it_is_asked_for() {
    let engine = engine().await;
    for init in [true, false] {
        let spec = ContainerSpec {
            init,
            ..ContainerSpec::default()
        };
        let said = said(&engine, spec, "tr '\\0' ' ' </proc/1/cmdline").await;
        let is_in_front = !said.starts_with(HOLD);
        assert_eq!(is_in_front, init, "{said}");
    }
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_one_and_its_log_is_standard_output() {
    let engine = engine().await;
    let container = create(
        &engine,
        ContainerSpec {
            name: unique("tty"),
            entrypoint: Some(words("sh -c")),
            cmd: Some(vec!["test -t 1 && echo terminal; echo err >&2".to_owned()]),
            tty: true,
            ..ContainerSpec::default()
        },
    )
    .await;
    engine.start(&container.id).await.expect("it starts");
    let (out, err) = printed(&engine, &container).await;
    assert_eq!((out.as_str(), err.as_str()), ("terminal\r\nerr\r\n", ""));
}

/// What it prints to its end on standard output and standard error.
async fn printed(engine: &DockerEngine, container: &Container) -> (String, String) {
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
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(out), text(err))
}
