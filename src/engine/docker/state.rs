//! What the API says of a container, in this crate's words.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::models::{
    BollardDate, ContainerInspectResponse, ContainerState as ApiState, ContainerStateStatusEnum,
    EndpointSettings, Health as ApiHealth, HealthStatusEnum, HealthcheckResult, PortMap,
};
use jiff::Timestamp;

use super::image::image_id;
use crate::engine::{ContainerState, Endpoint, Health, HealthProbe, HealthStatus, Phase, Port};

pub(super) fn state_of(response: ContainerInspectResponse) -> ContainerState {
    let state = response.state.unwrap_or_default();
    let network = response.network_settings.unwrap_or_default();
    ContainerState {
        image_id: image_id(response.image.unwrap_or_default()),
        phase: phase(&state),
        exit_code: state.exit_code.unwrap_or(0),
        error: state.error.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or(false),
        started_at: state.started_at.as_deref().and_then(timestamp),
        finished_at: state.finished_at.as_deref().and_then(timestamp),
        restarts: response
            .restart_count
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0),
        health: state.health.and_then(health),
        networks: network
            .networks
            .unwrap_or_default()
            .into_iter()
            .map(|(name, settings)| (name, endpoint(settings)))
            .collect(),
        ports: network.ports.map(published).unwrap_or_default(),
    }
}

fn phase(state: &ApiState) -> Phase {
    use ContainerStateStatusEnum as Status;
    match state.status {
        Some(Status::CREATED) => Phase::Created,
        // Podman's "stopping": the signal is sent, and it still runs.
        Some(Status::RUNNING | Status::STOPPING) => Phase::Running,
        Some(Status::PAUSED) => Phase::Paused,
        Some(Status::RESTARTING) => Phase::Restarting,
        Some(Status::EXITED | Status::DEAD | Status::REMOVING) => Phase::Exited,
        None | Some(Status::EMPTY) if state.running == Some(true) => Phase::Running,
        None | Some(Status::EMPTY) => Phase::Exited,
    }
}

/// What has not happened is told as the year 1, and by Podman as an earlier one still.
fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .filter(|time| *time > Timestamp::UNIX_EPOCH)
}

fn moment(date: BollardDate) -> Option<Timestamp> {
    Timestamp::from_nanosecond(date.unix_timestamp_nanos()).ok()
}

fn health(health: ApiHealth) -> Option<Health> {
    let status = match health.status? {
        HealthStatusEnum::STARTING => HealthStatus::Starting,
        HealthStatusEnum::HEALTHY => HealthStatus::Healthy,
        HealthStatusEnum::UNHEALTHY => HealthStatus::Unhealthy,
        HealthStatusEnum::EMPTY | HealthStatusEnum::NONE => return None,
    };
    Some(Health {
        status,
        failing_streak: health
            .failing_streak
            .and_then(|streak| u32::try_from(streak).ok())
            .unwrap_or(0),
        log: health
            .log
            .unwrap_or_default()
            .into_iter()
            .map(probe)
            .collect(),
    })
}

fn probe(result: HealthcheckResult) -> HealthProbe {
    HealthProbe {
        started_at: result.start.and_then(moment),
        finished_at: result.end.and_then(moment),
        exit_code: result.exit_code.unwrap_or(0),
        output: result.output.unwrap_or_default(),
    }
}

fn endpoint(settings: EndpointSettings) -> Endpoint {
    let addresses = [settings.ip_address, settings.global_ipv6_address];
    Endpoint {
        addresses: addresses
            .into_iter()
            .flatten()
            .filter_map(|address| address.parse().ok())
            .collect(),
        aliases: settings.aliases.unwrap_or_default(),
    }
}

fn published(ports: PortMap) -> BTreeMap<Port, SocketAddr> {
    ports
        .into_iter()
        .filter_map(|(name, bindings)| {
            let port = name.parse().ok()?;
            let binding = bindings?.into_iter().next()?;
            let host: IpAddr = binding
                .host_ip
                .and_then(|ip| ip.parse().ok())
                .filter(|ip: &IpAddr| !ip.is_unspecified())
                .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            let host_port = binding.host_port?.parse().ok()?;
            Some((port, SocketAddr::new(host, host_port)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> ContainerState {
        state_of(serde_json::from_str(json).expect(json))
    }

    #[test]
    fn a_container_that_never_started_has_no_times() {
        let state = state(
            r#"{"State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(state.phase, Phase::Created);
        assert_eq!((state.started_at, state.finished_at), (None, None));
    }

    #[test]
    fn want_of_memory_is_told() {
        let state =
            state(r#"{"State":{"Status":"exited","OOMKilled":true,"ExitCode":137,"Error":""}}"#);
        assert_eq!((state.oom_killed, state.exit_code), (true, 137));
    }

    #[test]
    fn times_are_read_with_any_offset() {
        let state = state(
            r#"{"State":{"Status":"exited","StartedAt":"2026-01-02T03:04:05.5+01:00","FinishedAt":"2026-01-02T02:04:06Z"}}"#,
        );
        let (start, end) = (
            state.started_at.expect("a start"),
            state.finished_at.expect("an end"),
        );
        assert_eq!(end.as_millisecond() - start.as_millisecond(), 500);
    }

    #[test]
    fn one_that_is_between_two_lives_does_not_run() {
        let state = state(
            r#"{"State":{"Status":"restarting","Running":true,"Restarting":true},"RestartCount":3}"#,
        );
        assert_eq!(state.phase, Phase::Restarting);
        assert!(!state.is_running());
        assert_eq!(state.restarts, 3);
    }

    #[test]
    fn ports_are_told_with_their_protocol() {
        let state = state(
            r#"{"NetworkSettings":{"Ports":{"53/udp":[{"HostIp":"127.0.0.1","HostPort":"1053"}],"53/tcp":[{"HostIp":"0.0.0.0","HostPort":"2053"}],"80/tcp":null}}}"#,
        );
        let ports: Vec<String> = state
            .ports
            .iter()
            .map(|(port, address)| format!("{port} at {address}"))
            .collect();
        assert_eq!(
            ports,
            ["53/tcp at 127.0.0.1:2053", "53/udp at 127.0.0.1:1053"]
        );
    }
}
