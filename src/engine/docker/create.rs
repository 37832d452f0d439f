//! A container's specification in the API's words.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, Mount as ApiMount, MountType,
    MountVolumeOptions, NetworkingConfig, PortBinding, PortMap, ResourcesUlimits,
    RestartPolicy as ApiRestartPolicy, RestartPolicyNameEnum,
};

use super::network::endpoint;
use crate::engine::{
    ContainerSpec, EngineFacts, HealthCommand, HealthTest, Healthcheck, HostAddress, Mount,
    Networking, Port, RestartPolicy, Tmpfs,
};

/// What is said outright, and what is left to the engine: an empty list is left.
fn said<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// `NAME=value` lines.
pub(super) fn environment(env: &[(String, String)]) -> Option<Vec<String>> {
    (!env.is_empty()).then(|| {
        env.iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    })
}

pub(super) fn create_body(spec: &ContainerSpec, facts: &EngineFacts) -> ContainerCreateBody {
    let ports: Vec<String> = spec
        .publish
        .iter()
        .chain(&spec.expose)
        .map(Port::to_string)
        .collect();
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        hostname: spec.names.hostname.clone(),
        domainname: spec.names.domainname.clone(),
        // In the API an empty list means "the image's"; one empty word means none.
        entrypoint: spec.entrypoint.clone().map(|words| {
            if words.is_empty() {
                vec![String::new()]
            } else {
                words
            }
        }),
        cmd: spec.cmd.clone(),
        env: environment(&spec.env).map_or_else(
            || said(&spec.unset),
            |env| Some([env, spec.unset.clone()].concat()),
        ),
        user: spec.user.clone(),
        working_dir: spec.workdir.clone(),
        labels: Some(spec.labels.clone().into_iter().collect()),
        exposed_ports: said(&ports),
        tty: spec.tty.then_some(true),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_timeout.map(seconds),
        healthcheck: healthcheck(&spec.healthcheck, facts),
        networking_config: networking_config(&spec.networking),
        host_config: Some(host_config(spec, facts)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(spec: &ContainerSpec, facts: &EngineFacts) -> HostConfig {
    let dns = &spec.names.dns;
    let servers: Vec<String> = dns.servers.iter().map(ToString::to_string).collect();
    let mounts = Mounts::of(&spec.mounts, facts);
    HostConfig {
        // Said outright: a daemon's own default would put tini in front,
        // which runs what the kernel refuses.
        init: Some(spec.init),
        pids_limit: spec.limits.pids,
        memory: spec.limits.memory.map(whole),
        nano_cpus: spec.limits.nano_cpus.map(whole),
        shm_size: spec.limits.shm_size.map(whole),
        ulimits: (!spec.limits.ulimits.is_empty()).then(|| {
            spec.limits
                .ulimits
                .iter()
                .map(|limit| ResourcesUlimits {
                    name: Some(limit.name.clone()),
                    soft: Some(limit.soft),
                    hard: Some(limit.hard),
                })
                .collect()
        }),
        sysctls: (!spec.sysctls.is_empty()).then(|| spec.sysctls.clone().into_iter().collect()),
        port_bindings: bindings(&spec.publish),
        network_mode: network_mode(&spec.networking),
        extra_hosts: (!spec.names.extra_hosts.is_empty()).then(|| {
            spec.names
                .extra_hosts
                .iter()
                .map(|(name, address)| match address {
                    HostAddress::Ip(ip) => format!("{name}:{ip}"),
                    HostAddress::Gateway => format!("{name}:host-gateway"),
                })
                .collect()
        }),
        dns: said(&servers),
        dns_search: said(&dns.search),
        dns_options: said(&dns.options),
        cap_add: said(&spec.security.cap_add),
        cap_drop: said(&spec.security.cap_drop),
        security_opt: said(&spec.security.options),
        privileged: spec.security.privileged.then_some(true),
        readonly_rootfs: spec.security.read_only.then_some(true),
        group_add: said(&spec.security.groups),
        restart_policy: restart_policy(spec.restart),
        binds: said(&mounts.binds),
        mounts: said(&mounts.mounts),
        tmpfs: (!mounts.tmpfs.is_empty()).then_some(mounts.tmpfs),
        ..HostConfig::default()
    }
}

/// The API counts in whole seconds.
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
}

/// The API's numbers have a sign.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn bindings(ports: &[Port]) -> Option<PortMap> {
    let binding = || PortBinding {
        host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
        host_port: Some(String::new()),
    };
    let bindings: PortMap = ports
        .iter()
        .map(|port| (port.to_string(), Some(vec![binding()])))
        .collect();
    (!bindings.is_empty()).then_some(bindings)
}

fn network_mode(networking: &Networking) -> Option<String> {
    match networking {
        Networking::Default => None,
        Networking::None => Some("none".to_owned()),
        Networking::Host => Some("host".to_owned()),
        Networking::Container(id) => Some(format!("container:{id}")),
        Networking::Joined { first, .. } => Some(first.network.clone()),
    }
}

fn networking_config(networking: &Networking) -> Option<NetworkingConfig> {
    let Networking::Joined { first, .. } = networking else {
        return None;
    };
    Some(NetworkingConfig {
        endpoints_config: Some(HashMap::from([(first.network.clone(), endpoint(first))])),
    })
}

fn restart_policy(policy: RestartPolicy) -> Option<ApiRestartPolicy> {
    let (name, retries) = match policy {
        RestartPolicy::No => return None,
        RestartPolicy::Always => (RestartPolicyNameEnum::ALWAYS, None),
        RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure { retries } => (RestartPolicyNameEnum::ON_FAILURE, retries),
    };
    Some(ApiRestartPolicy {
        name: Some(name),
        maximum_retry_count: retries.map(i64::from),
    })
}

fn healthcheck(check: &Healthcheck, facts: &EngineFacts) -> Option<HealthConfig> {
    match check {
        Healthcheck::Image => None,
        // Podman 4 puts the test's words together with spaces and takes them
        // apart again, and runs it by systemd's timers only: it is run from here.
        Healthcheck::Own(test) if facts.runs_healthchecks() => Some(health_config(test)),
        Healthcheck::Off | Healthcheck::Own(_) => Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
    }
}

fn health_config(test: &HealthTest) -> HealthConfig {
    let words = match &test.command {
        HealthCommand::Words(words) => {
            let mut all = vec!["CMD".to_owned()];
            all.extend(words.iter().cloned());
            all
        }
        HealthCommand::Shell(line) => vec!["CMD-SHELL".to_owned(), line.clone()],
    };
    let nanoseconds = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    HealthConfig {
        test: Some(words),
        interval: test.interval.map(nanoseconds),
        timeout: test.timeout.map(nanoseconds),
        retries: test.retries.map(i64::from),
        start_period: test.start_period.map(nanoseconds),
        start_interval: test.start_interval.map(nanoseconds),
    }
}

/// A container's mounts in the three places that the API has for them.
#[derive(Default)]
struct Mounts {
    binds: Vec<String>,
    mounts: Vec<ApiMount>,
    tmpfs: HashMap<String, String>,
}

impl Mounts {
    fn of(all: &[Mount], facts: &EngineFacts) -> Self {
        let mut sorted = Self::default();
        for mount in all {
            match mount {
                // Only the old form makes the source, in engines before Docker 23.
                // Podman 4 makes it in both, but reads the new one as a list with
                // commas, and overlooks its `no_copy`.
                Mount::Bind(bind) if bind.create_source || facts.is_podman() => {
                    let mode = if bind.read_only { "ro" } else { "rw" };
                    let bind = format!("{}:{}:{mode}", bind.source, bind.target);
                    sorted.binds.push(bind);
                }
                Mount::Volume(volume) if facts.is_podman() => {
                    let mode = if volume.read_only { "ro" } else { "rw" };
                    let copy = if volume.no_copy { ",nocopy" } else { "" };
                    sorted.binds.push(match &volume.name {
                        Some(name) => format!("{name}:{}:{mode}{copy}", volume.target),
                        // It takes no options beside a bare path.
                        None => volume.target.clone(),
                    });
                }
                Mount::Bind(bind) => sorted.mounts.push(ApiMount {
                    typ: Some(MountType::BIND),
                    source: Some(bind.source.clone()),
                    target: Some(bind.target.clone()),
                    read_only: Some(bind.read_only),
                    ..ApiMount::default()
                }),
                Mount::Volume(volume) => sorted.mounts.push(ApiMount {
                    typ: Some(MountType::VOLUME),
                    source: volume.name.clone(),
                    target: Some(volume.target.clone()),
                    read_only: Some(volume.read_only),
                    volume_options: volume.no_copy.then(|| MountVolumeOptions {
                        no_copy: Some(true),
                        ..MountVolumeOptions::default()
                    }),
                    ..ApiMount::default()
                }),
                Mount::Tmpfs(tmpfs) => {
                    let options = tmpfs_options(tmpfs, facts);
                    sorted.tmpfs.insert(tmpfs.target.clone(), options);
                }
            }
        }
        sorted
    }
}

/// As `mount -o` takes them: the one form that has all of them in every engine.
fn tmpfs_options(tmpfs: &Tmpfs, facts: &EngineFacts) -> String {
    let mut options = tmpfs.options.clone();
    if let Some(size) = tmpfs.size {
        options.push(format!("size={size}"));
    }
    if let Some(mode) = tmpfs.mode {
        options.push(format!("mode={mode:o}"));
    }
    if facts.is_podman() {
        // Docker's default. Podman's own would fill it with what the image has
        // there, and let programs in it be run.
        options.push("notmpcopyup".to_owned());
        if !options
            .iter()
            .any(|word| word == "exec" || word == "noexec")
        {
            options.push("noexec".to_owned());
        }
    }
    options.join(",")
}

#[cfg(test)]
mod tests;
