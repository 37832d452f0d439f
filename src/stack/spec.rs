//! A service of a compose file as the container it becomes. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::ServiceImage;
use super::member::Probed;
use crate::compose::{self, Content, MountKind, Project, Protocol, Service};
use crate::engine::{
    Attachment, Bind, ContainerSpec, HealthCommand, HealthTest, Healthcheck, HostAddress, Limits,
    Mount, Names, Networking, NewFile, Port, RestartPolicy, Security, Tmpfs, Ulimit, VolumeMount,
};
use crate::image::ImageConfig;

/// The names that networks and volumes have on the engine, by those in the project.
pub(super) struct Made {
    pub(super) networks: BTreeMap<String, String>,
    pub(super) volumes: BTreeMap<String, String>,
}

/// A container, and the files that are put into it before it starts.
pub(super) struct Wanted {
    pub(super) spec: ContainerSpec,
    pub(super) files: Vec<NewFile>,
}

/// How a service's health is found out: its own check over its image's, as Docker
/// lays them over one another. `None`: it is not.
pub(super) fn health(
    name: &str,
    project: &Project,
    images: &BTreeMap<String, ServiceImage>,
) -> Option<Probed> {
    let image = images.get(name)?;
    let test = test(project.services.get(name)?, &image.config)?;
    Some(Probed {
        test,
        factor: image.factor,
    })
}

fn test(service: &Service, config: &ImageConfig) -> Option<HealthTest> {
    let of_image = config.healthcheck.as_ref();
    let Some(own) = &service.healthcheck else {
        return of_image.and_then(HealthTest::of_image);
    };
    let command = match &own.probe {
        compose::Probe::Off => return None,
        compose::Probe::OfImage => of_image.and_then(HealthTest::of_image)?.command,
        compose::Probe::Words(words) => HealthCommand::Words(words.clone()),
        compose::Probe::Shell(line) => HealthCommand::Shell(line.clone()),
    };
    let test = HealthTest {
        command,
        interval: own.interval,
        timeout: own.timeout,
        retries: own.retries,
        start_period: own.start_period,
        start_interval: own.start_interval,
    };
    Some(match of_image {
        Some(image) => test.or(image),
        None => test,
    })
}

/// What is made of a service. `asked` are ports that checks want to reach.
pub(super) fn container(
    name: &str,
    service: &Service,
    image: &ServiceImage,
    project: &Project,
    made: &Made,
    asked: Option<&BTreeSet<u16>>,
) -> Wanted {
    let mut mounts: Vec<Mount> = service
        .mounts
        .iter()
        .map(|mount| mounted(mount, made))
        .collect();
    let mut files = Vec::new();
    for (uses, defined) in [
        (&service.secrets, &project.secrets),
        (&service.configs, &project.configs),
    ] {
        for used in uses {
            let Some(shared) = defined.get(&used.source) else {
                continue;
            };
            let text = match &shared.content {
                Content::File(path) => {
                    mounts.push(Mount::Bind(Bind {
                        source: path.to_string_lossy().into_owned(),
                        target: used.target.clone(),
                        read_only: true,
                        create_source: false,
                    }));
                    continue;
                }
                Content::Environment { value, .. } => value.reveal().to_owned(),
                Content::Inline(text) => text.clone(),
            };
            files.push(NewFile {
                path: used.target.clone(),
                mode: used.mode.unwrap_or(0o444),
                owner: (
                    used.uid.unwrap_or_default().into(),
                    used.gid.unwrap_or_default().into(),
                ),
                bytes: text.into_bytes(),
            });
        }
    }
    let spec = ContainerSpec {
        name: name.to_owned(),
        image: image.reference.clone(),
        platform: image.platform.clone(),
        entrypoint: service.entrypoint.clone(),
        cmd: service.command.clone(),
        env: service
            .environment
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
            .collect(),
        unset: service
            .environment
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name.clone())
            .collect(),
        user: service.user.clone(),
        workdir: service.working_dir.clone(),
        labels: service.labels.clone(),
        networking: networking(name, service, made),
        publish: published(service, asked),
        expose: exposed(service),
        mounts,
        names: names(service),
        init: service.init.unwrap_or(false),
        security: Security {
            cap_add: service.cap_add.clone(),
            cap_drop: service.cap_drop.clone(),
            options: service.security_opt.clone(),
            privileged: service.privileged,
            read_only: service.read_only,
            ..Security::default()
        },
        limits: limits(service),
        sysctls: service.sysctls.clone(),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period,
        restart: match service.restart {
            compose::Restart::No => RestartPolicy::No,
            compose::Restart::Always => RestartPolicy::Always,
            compose::Restart::UnlessStopped => RestartPolicy::UnlessStopped,
            compose::Restart::OnFailure(retries) => RestartPolicy::OnFailure { retries },
        },
        // It is probed from here.
        healthcheck: Healthcheck::Off,
        ..ContainerSpec::default()
    };
    Wanted { spec, files }
}

fn mounted(mount: &compose::Mount, made: &Made) -> Mount {
    let target = mount.target.clone();
    match &mount.kind {
        MountKind::Bind(bind) => Mount::Bind(Bind {
            source: bind.source.to_string_lossy().into_owned(),
            target,
            read_only: mount.read_only,
            create_source: bind.create,
        }),
        MountKind::Volume { name, no_copy, .. } => Mount::Volume(VolumeMount {
            name: name
                .as_ref()
                .map(|name| made.volumes.get(name).unwrap_or(name).clone()),
            target,
            read_only: mount.read_only,
            no_copy: *no_copy,
        }),
        MountKind::Tmpfs(tmpfs) => Mount::Tmpfs(Tmpfs {
            target,
            size: tmpfs.size,
            mode: tmpfs.mode,
            options: tmpfs.options.clone(),
        }),
    }
}

/// In every network it is found by the service's name, as others expect.
fn networking(name: &str, service: &Service, made: &Made) -> Networking {
    let mut attachments = service.networks.iter().map(|(network, attachment)| {
        let mut aliases = vec![name.to_owned()];
        aliases.extend(service.container_name.clone());
        aliases.extend(attachment.aliases.iter().cloned());
        aliases.dedup();
        Attachment {
            network: made.networks.get(network).unwrap_or(network).clone(),
            aliases,
        }
    });
    match attachments.next() {
        Some(first) => Networking::Joined {
            first,
            others: attachments.collect(),
        },
        None => Networking::None,
    }
}

fn published(service: &Service, asked: Option<&BTreeSet<u16>>) -> Vec<Port> {
    let of_file = service.ports.iter().map(|port| Port {
        number: port.target,
        protocol: protocol(port.protocol),
    });
    let asked = asked.into_iter().flatten().copied().map(Port::tcp);
    let all: BTreeSet<Port> = of_file.chain(asked).collect();
    all.into_iter().collect()
}

fn exposed(service: &Service) -> Vec<Port> {
    service
        .expose
        .iter()
        .flat_map(|expose| {
            expose.ports.ports().map(|number| Port {
                number,
                protocol: protocol(expose.protocol),
            })
        })
        .collect()
}

fn protocol(protocol: Protocol) -> crate::engine::Protocol {
    match protocol {
        Protocol::Tcp => crate::engine::Protocol::Tcp,
        Protocol::Udp => crate::engine::Protocol::Udp,
        Protocol::Sctp => crate::engine::Protocol::Sctp,
    }
}

fn names(service: &Service) -> Names {
    let extra_hosts = service.extra_hosts.iter().flat_map(|(name, addresses)| {
        addresses.iter().map(|address| {
            let address = match address {
                compose::HostAddress::Ip(address) => HostAddress::Ip(*address),
                compose::HostAddress::Gateway => HostAddress::Gateway,
            };
            (name.clone(), address)
        })
    });
    let mut names = Names {
        hostname: service.hostname.clone(),
        extra_hosts: extra_hosts.collect(),
        ..Names::default()
    };
    names.dns.servers = service.dns.clone();
    names
}

fn limits(service: &Service) -> Limits {
    Limits {
        memory: service.limits.memory,
        nano_cpus: service.limits.nano_cpus,
        pids: service
            .limits
            .pids
            .map(|pids| i64::try_from(pids).unwrap_or(i64::MAX)),
        shm_size: service.shm_size,
        ulimits: service
            .ulimits
            .iter()
            .map(|(name, limit)| Ulimit {
                name: name.clone(),
                soft: limit.soft,
                hard: limit.hard,
            })
            .collect(),
    }
}
