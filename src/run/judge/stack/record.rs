//! A service's container as the engine tells it, in a few words. Pure.

use serde_json::Value;

use crate::event::{ContainerRecord, HealthRecord};
use crate::stack::State;

/// How much of a text is repeated: the rest is in the engine's own words.
const TEXT: usize = 1 << 10;
/// How many networks or mounts are named.
const MOST: usize = 20;

/// What `said`, the engine's inspection, comes to. Where the engine did not answer
/// it is the reason instead.
pub(super) fn record(
    service: &str,
    said: &Result<Value, String>,
    platform: Option<String>,
    state: Option<&State>,
) -> ContainerRecord {
    let mut record = ContainerRecord {
        service: service.to_owned(),
        state: "unknown".to_owned(),
        health: state.and_then(health),
        platform,
        ..ContainerRecord::default()
    };
    let document = match said {
        Ok(document) => document,
        Err(why) => {
            record.error = Some(end(why, TEXT));
            return record;
        }
    };
    let text = |pointer: &str| {
        let found = document.pointer(pointer)?.as_str()?.trim();
        (!found.is_empty()).then(|| end(found, TEXT))
    };
    let number = |pointer: &str| document.pointer(pointer).and_then(Value::as_i64);
    if let Some(state) = text("/State/Status") {
        record.state = state;
    }
    let has_run = text("/State/StartedAt").is_some_and(|at| !at.starts_with("0001-"));
    let is_over = !matches!(record.state.as_str(), "running" | "paused" | "stopping");
    if has_run && is_over {
        record.exit_code = number("/State/ExitCode");
    }
    let oom_killed = document.pointer("/State/OOMKilled");
    record.oom_killed = oom_killed.and_then(Value::as_bool).unwrap_or(false);
    record.restarts = number("/RestartCount")
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0);
    record.error = text("/State/Error");
    record.image = text("/Image").map(|id| match id.contains(':') {
        true => id,
        false => format!("sha256:{id}"),
    });
    record.networks = networks(document);
    record.mounts = mounts(document);
    record
}

/// The id of the image, as this engine is asked for it.
pub(super) fn image(said: &Result<Value, String>) -> Option<&str> {
    let id = said.as_ref().ok()?.pointer("/Image")?.as_str()?;
    (!id.is_empty()).then_some(id)
}

fn health(state: &State) -> Option<HealthRecord> {
    let (status, output) = match state {
        State::Starting { output } => ("starting", output.as_str()),
        State::Healthy => ("healthy", ""),
        State::Unhealthy { output } => ("unhealthy", output.as_str()),
        _ => return None,
    };
    Some(HealthRecord {
        status: status.to_owned(),
        output: end(output.trim(), TEXT),
    })
}

/// `everyarch-1-default 172.18.0.2`
fn networks(document: &Value) -> Vec<String> {
    let networks = document.pointer("/NetworkSettings/Networks");
    let networks = networks.and_then(Value::as_object).into_iter().flatten();
    networks
        .map(|(name, endpoint)| {
            let address = endpoint.get("IPAddress").and_then(Value::as_str);
            match address.filter(|address| !address.is_empty()) {
                Some(address) => format!("{name} {address}"),
                None => name.clone(),
            }
        })
        .take(MOST)
        .collect()
}

/// `volume NAME at /data, read-only`
fn mounts(document: &Value) -> Vec<String> {
    let mounts = document.pointer("/Mounts").and_then(Value::as_array);
    mounts
        .into_iter()
        .flatten()
        .filter_map(|mount| {
            let text = |key: &str| mount.get(key).and_then(Value::as_str).unwrap_or_default();
            let target = Some(text("Destination")).filter(|target| !target.is_empty())?;
            let what = match text("Type") {
                "bind" => format!("bind {}", text("Source")),
                kind => format!("{kind} {}", text("Name")).trim_end().to_owned(),
            };
            let is_fixed = mount.get("RW").and_then(Value::as_bool) == Some(false);
            let read_only = if is_fixed { ", read-only" } else { "" };
            Some(format!("{what} at {target}{read_only}"))
        })
        .take(MOST)
        .collect()
}

/// The end of a text: what went wrong stands there.
pub(super) fn end(text: &str, most: usize) -> String {
    let mut at = text.len().saturating_sub(most);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let kept = text.get(at..).unwrap_or_default();
    if at == 0 {
        kept.to_owned()
    } else {
        format!("…{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(said: Value, state: Option<&State>) -> ContainerRecord {
        record("db", &Ok(said), Some("linux/arm64".to_owned()), state)
    }

    #[test]
    fn a_container_is_told_in_the_engine_s_own_words() {
        let record = of(
            json!({
                "Image": "0123abc",
                "RestartCount": 2,
                "State": {
                    "Status": "exited", "ExitCode": 137, "OOMKilled": true, "Error": "",
                    "StartedAt": "2026-01-02T03:04:05Z",
                },
                "NetworkSettings": { "Networks": { "back": { "IPAddress": "172.18.0.2" }, "front": { "IPAddress": "" } } },
                "Mounts": [
                    { "Type": "volume", "Name": "data", "Source": "/var/x", "Destination": "/data", "RW": false },
                    { "Type": "bind", "Source": "/srv", "Destination": "/seen", "RW": true },
                ],
            }),
            None,
        );
        let expected = ContainerRecord {
            service: "db".to_owned(),
            state: "exited".to_owned(),
            exit_code: Some(137),
            oom_killed: true,
            restarts: 2,
            error: None,
            health: None,
            image: Some("sha256:0123abc".to_owned()),
            platform: Some("linux/arm64".to_owned()),
            networks: vec!["back 172.18.0.2".to_owned(), "front".to_owned()],
            mounts: vec![
                "volume data at /data, read-only".to_owned(),
                "bind /srv at /seen".to_owned(),
            ],
        };
        assert_eq!(record, expected);
    }

    #[test]
    fn one_that_runs_or_never_ran_has_no_exit_code() {
        for (status, since) in [
            ("running", "2026-01-02T03:04:05Z"),
            ("created", "0001-01-01T00:00:00Z"),
        ] {
            let state = json!({ "Status": status, "ExitCode": 0, "StartedAt": since });
            let record = of(json!({ "State": state }), None);
            assert_eq!((record.state.as_str(), record.exit_code), (status, None));
        }
    }

    #[test]
    fn an_engine_that_does_not_answer_is_told_and_not_filled_in_for() {
        let why = Err("no such container".to_owned());
        let record = record("db", &why, None, Some(&State::Healthy));
        assert_eq!(record.state, "unknown");
        assert_eq!(record.error.as_deref(), Some("no such container"));
        assert_eq!(
            record.health.map(|health| health.status),
            Some("healthy".to_owned())
        );
    }

    #[test]
    fn what_a_probe_printed_is_kept_to_its_end() {
        let output = format!("{}not yet\n", "é".repeat(TEXT));
        let record = of(json!({}), Some(&State::Unhealthy { output }));
        let said = record.health.expect("its health").output;
        assert!(said.starts_with('…') && said.ends_with("not yet"), "{said}");
        assert!(said.len() <= TEXT + '…'.len_utf8());
    }
}
