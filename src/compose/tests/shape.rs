//! Projects as JSON of one shape: what was read here, and what compose prints.

use serde_json::{Map, Value, json};

use super::super::units;
use super::*;

/// What compose's `config --format json` prints, with what is usual left out.
pub(super) fn of_compose(printed: &Value) -> Value {
    let printed = cleaned(printed);
    let is_there = |name: &str| printed.pointer(&format!("/services/{name}")).is_some();
    let each = |section: &str, shaped: &dyn Fn(&Map<String, Value>) -> Value| -> Value {
        let members = printed.get(section).and_then(Value::as_object);
        let members = members.into_iter().flatten();
        members
            .map(|(name, member)| {
                let empty = Map::new();
                (name.clone(), shaped(member.as_object().unwrap_or(&empty)))
            })
            .collect::<Map<_, _>>()
            .into()
    };
    let plain = |member: &Map<String, Value>| Value::Object(member.clone());
    json!({
        "services": each("services", &|service| {
            let mut service = service.clone();
            // One that is not required, and does not run.
            map(&mut service, "depends_on").retain(|name, _| is_there(name));
            service_of_compose(service)
        }),
        "networks": each("networks", &plain),
        "volumes": each("volumes", &plain),
        "secrets": each("secrets", &plain),
        "configs": each("configs", &|config| {
            let mut config = config.clone();
            // A variable's value is filled in as the content.
            if config.contains_key("environment") {
                config.remove("content");
            }
            Value::Object(config)
        }),
    })
}

/// `$$` as `$`, and the folder of the checkout left out.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let here = root().display().to_string();
            let text = text.replace("$$", "$");
            let text = text
                .strip_prefix(&here)
                .map_or(text.as_str(), |rest| match rest {
                    "" => ".",
                    rest => rest.trim_start_matches('/'),
                });
            json!(text)
        }
        Value::Array(items) => items.iter().map(cleaned).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), cleaned(member)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Lists whose order means nothing.
const SORTED: [&str; 7] = [
    "extra_hosts",
    "expose",
    "tmpfs",
    "ports",
    "volumes",
    "secrets",
    "configs",
];

fn service_of_compose(mut service: Map<String, Value>) -> Value {
    // Files are read into the environment by then.
    service.remove("env_file");
    if let Some(Value::Object(check)) = service.get_mut("healthcheck") {
        for (name, value) in check.iter_mut() {
            if name.contains("interval") || name.contains("timeout") || name.contains("period") {
                *value = seconds(value.as_str().expect("a duration"));
            }
        }
    }
    if let Some(value) = service.get_mut("stop_grace_period") {
        *value = seconds(value.as_str().expect("a duration"));
    }
    for key in ["entrypoint", "command"] {
        if let Some(words) = service.get_mut(key)
            && *words == json!([])
        {
            *words = json!(EMPTY);
        }
    }
    for variable in map(&mut service, "environment").values_mut() {
        if variable.is_null() {
            *variable = json!(UNSET);
        }
    }
    for network in map(&mut service, "networks").values_mut() {
        if network.is_null() {
            *network = json!({});
        }
        network["here"] = json!(true);
    }
    let check = map(&mut service, "healthcheck");
    let is_off = check.remove("disable") == Some(json!(true));
    if is_off || check.get("test") == Some(&json!(["NONE"])) {
        check.insert("test".to_owned(), json!(OFF));
    }
    // What is usual is said now and then.
    for (key, usual) in [
        ("restart", json!("no")),
        ("privileged", json!(false)),
        ("pull_policy", json!("missing")),
    ] {
        if service.get(key) == Some(&usual) {
            service.remove(key);
        }
    }
    for port in list(&mut service, "ports") {
        let port = port.as_object_mut().expect("a port");
        port.remove("mode");
        // Any port of the host, as without it.
        port.retain(|name, value| name != "published" || *value != json!("0"));
        port.sort_keys();
    }
    for mount in list(&mut service, "volumes") {
        let mount = mount.as_object_mut().expect("a mount");
        // The usual options are printed as none.
        mount.retain(|_, value| *value != json!({}));
        mount.sort_keys();
    }
    // Where a target is relative to is said when a container is made.
    for use_ in list(&mut service, "secrets") {
        if let Some(target) = use_["target"].as_str().filter(|t| !t.starts_with('/')) {
            use_["target"] = json!(format!("/run/secrets/{target}"));
        }
    }
    for use_ in list(&mut service, "configs") {
        let use_ = use_.as_object_mut().expect("a use");
        let source = use_["source"].as_str().expect("a source").to_owned();
        use_.entry("target").or_insert(json!(format!("/{source}")));
    }
    if let Some(Value::Object(limits)) = service.get_mut("ulimits") {
        for limit in limits.values_mut() {
            if let Value::Number(both) = limit {
                *limit = json!({"soft": both, "hard": both});
            }
        }
    }
    for key in SORTED {
        let items = list(&mut service, key).to_vec();
        service.insert(key.to_owned(), sorted(items).into());
    }
    let limits = service.remove("deploy");
    if let Some(limits) = limits.as_ref().and_then(|d| d.pointer("/resources/limits")) {
        service.insert("limits".into(), limits.clone());
    }
    Value::Object(service)
}

fn list<'v>(service: &'v mut Map<String, Value>, key: &str) -> &'v mut [Value] {
    match service.get_mut(key) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

fn map<'v>(service: &'v mut Map<String, Value>, key: &str) -> &'v mut Map<String, Value> {
    let member = service.entry(key).or_insert_with(|| json!({}));
    if member.is_null() {
        *member = json!({});
    }
    member.as_object_mut().expect("a map")
}

fn seconds(duration: &str) -> Value {
    json!(units::duration(duration).expect(duration).as_secs_f64())
}

/// The same of what was read here.
pub(super) fn of_project(project: &Project) -> Value {
    let named = |name: &Option<String>, key: &str| name.clone().unwrap_or(format!("p_{key}"));
    let networks = project.networks.iter().map(|(key, network)| {
        let value = json!({
            "name": named(&network.name, key),
            "driver": network.driver,
            "driver_opts": network.driver_opts,
            "internal": flag(network.internal),
            "external": flag(network.external),
            "enable_ipv6": network.enable_ipv6,
            "labels": network.labels,
        });
        (key.clone(), value)
    });
    let volumes = project.volumes.iter().map(|(key, volume)| {
        let value = json!({
            "name": named(&volume.name, key),
            "driver": volume.driver,
            "driver_opts": volume.driver_opts,
            "external": flag(volume.external),
            "labels": volume.labels,
        });
        (key.clone(), value)
    });
    let shared = |files: &BTreeMap<String, SharedFile>| -> Value {
        let files = files.iter().map(|(key, file)| {
            let (kind, value) = match &file.content {
                Content::File(path) => ("file", path.display().to_string()),
                Content::Environment { name, .. } => ("environment", name.clone()),
                Content::Inline(text) => ("content", text.clone()),
            };
            (
                key.clone(),
                json!({"name": format!("p_{key}"), kind: value}),
            )
        });
        files.collect::<Map<_, _>>().into()
    };
    let services = project
        .services
        .iter()
        .map(|(name, service)| (name.clone(), service_here(service)));
    json!({
        "services": services.collect::<Map<_, _>>(),
        "networks": networks.collect::<Map<_, _>>(),
        "volumes": volumes.collect::<Map<_, _>>(),
        "secrets": shared(&project.secrets),
        "configs": shared(&project.configs),
    })
}

fn flag(flag: bool) -> Value {
    if flag { json!(true) } else { Value::Null }
}

fn service_here(service: &Service) -> Value {
    let depends_on = service.depends_on.iter().map(|(name, dependency)| {
        let condition = match dependency.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        };
        let restart = flag(dependency.restart);
        let value =
            json!({"condition": condition, "required": dependency.required, "restart": restart});
        (name.clone(), value)
    });
    let networks = service.networks.iter().map(|(name, attachment)| {
        let aliases = &attachment.aliases;
        (name.clone(), json!({ "here": true, "aliases": aliases }))
    });
    let ports: Vec<Value> = service
        .ports
        .iter()
        .map(|port| {
            json!({
                "target": port.target,
                "protocol": port.protocol.as_str(),
                "published": port.published.map(range),
                "host_ip": port.host_ip,
            })
        })
        .collect();
    let expose = service.expose.iter().map(|expose| {
        let protocol = match expose.protocol {
            Protocol::Tcp => String::new(),
            other => format!("/{}", other.as_str()),
        };
        json!(format!("{}{protocol}", range(expose.ports)))
    });
    let hosts = service.extra_hosts.iter().flat_map(|(host, addresses)| {
        addresses.iter().map(move |address| match address {
            HostAddress::Ip(ip) => json!(format!("{host}={ip}")),
            HostAddress::Gateway => json!(format!("{host}=host-gateway")),
        })
    });
    let (tmpfs, volumes): (Vec<Value>, Vec<Value>) = {
        let (short, mounts): (Vec<&Mount>, Vec<&Mount>) =
            service.mounts.iter().partition(|mount| {
                ["/run", "/tmp"].contains(&mount.target.as_str())
                    || mount.target.starts_with("/var/lib/postgresql")
            });
        (
            short.into_iter().map(short_tmpfs).collect(),
            mounts.into_iter().map(mount).collect(),
        )
    };
    let uses = |uses: &[FileUse]| -> Vec<Value> {
        uses.iter()
            .map(|file| {
                json!({
                    "source": file.source,
                    "target": file.target,
                    "uid": file.uid.map(|id| id.to_string()),
                    "gid": file.gid.map(|id| id.to_string()),
                    "mode": file.mode.map(|mode| format!("0{mode:o}")),
                })
            })
            .collect()
    };
    let ulimits = service.ulimits.iter().map(|(name, limit)| {
        (
            name.clone(),
            json!({"soft": limit.soft, "hard": limit.hard}),
        )
    });
    json!({
        "image": service.image,
        "platform": service.platform.as_ref().map(ToString::to_string),
        "pull_policy": match service.pull_policy {
            PullPolicy::Missing => Value::Null,
            PullPolicy::Always => json!("always"),
            PullPolicy::Never => json!("never"),
        },
        "container_name": service.container_name,
        "entrypoint": service.entrypoint.as_ref().map(|words| kept(words)),
        "command": service.command.as_ref().map(|words| kept(words)),
        "environment": service.environment.iter().map(|(name, value)| {
            (name.clone(), value.as_ref().map_or(json!(UNSET), |value| json!(value)))
        }).collect::<Map<_, _>>(),
        "depends_on": depends_on.collect::<Map<_, _>>(),
        "healthcheck": service.healthcheck.as_ref().map(health),
        "ports": sorted(ports),
        "expose": sorted(expose.collect()),
        "networks": networks.collect::<Map<_, _>>(),
        "volumes": sorted(volumes),
        "tmpfs": sorted(tmpfs),
        "user": service.user,
        "working_dir": service.working_dir,
        "init": service.init,
        "hostname": service.hostname,
        "extra_hosts": sorted(hosts.collect()),
        "dns": service.dns,
        "cap_add": service.cap_add,
        "cap_drop": service.cap_drop,
        "security_opt": service.security_opt,
        "privileged": flag(service.privileged),
        "read_only": flag(service.read_only),
        "ulimits": ulimits.collect::<Map<_, _>>(),
        "sysctls": service.sysctls,
        "shm_size": service.shm_size.map(|size| size.to_string()),
        "stop_signal": service.stop_signal,
        "stop_grace_period": service.stop_grace_period.map(|time| time.as_secs_f64()),
        "restart": match service.restart {
            Restart::No => Value::Null,
            Restart::Always => json!("always"),
            Restart::UnlessStopped => json!("unless-stopped"),
            Restart::OnFailure(None) => json!("on-failure"),
            Restart::OnFailure(Some(times)) => json!(format!("on-failure:{times}")),
        },
        "labels": service.labels,
        "profiles": service.profiles,
        "secrets": sorted(uses(&service.secrets)),
        "configs": sorted(uses(&service.configs)),
        "limits": {
            "cpus": service.limits.nano_cpus.map(|cpus| cpus as f64 / 1e9),
            "memory": service.limits.memory.map(|bytes| bytes.to_string()),
            "pids": service.limits.pids,
        },
    })
}

/// What is not nothing, although it looks so: a variable that is taken away, words of
/// which there are none, a health check that is off.
const UNSET: &str = "<unset>";
const EMPTY: &str = "<empty>";
const OFF: &str = "<off>";

/// Words, of which none is something as well.
fn kept(words: &[String]) -> Value {
    match words {
        [] => json!(EMPTY),
        words => json!(words),
    }
}

/// In a fixed order, and without what is nothing.
fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.iter_mut().for_each(tidy);
    items.sort_by_key(Value::to_string);
    items
}

fn tidy(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !is_nothing(member));
        members.values_mut().for_each(tidy);
        members.sort_keys();
    }
}

fn range(range: PortRange) -> String {
    match range.count() {
        1 => range.first().to_string(),
        _ => format!("{}-{}", range.first(), range.last()),
    }
}

fn health(check: &Healthcheck) -> Value {
    let test = match &check.probe {
        Probe::OfImage => Value::Null,
        Probe::Off => json!(OFF),
        Probe::Words(words) => ["CMD"]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .collect(),
        Probe::Shell(script) => json!(["CMD-SHELL", script]),
    };
    let time = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64());
    json!({
        "test": test,
        "interval": time(check.interval),
        "timeout": time(check.timeout),
        "retries": check.retries,
        "start_period": time(check.start_period),
        "start_interval": time(check.start_interval),
    })
}

fn short_tmpfs(mount: &Mount) -> Value {
    let MountKind::Tmpfs(tmpfs) = &mount.kind else {
        panic!("memory at {}", mount.target);
    };
    let size = tmpfs.size.map(|size| format!("size={size}"));
    let mode = tmpfs.mode.map(|mode| format!("mode={mode:o}"));
    let options: Vec<String> = size
        .into_iter()
        .chain(mode)
        .chain(tmpfs.options.iter().cloned())
        .collect();
    match options.as_slice() {
        [] => json!(mount.target),
        options => json!(format!("{}:{}", mount.target, options.join(","))),
    }
}

fn mount(mount: &Mount) -> Value {
    let mut value = match &mount.kind {
        MountKind::Bind(bind) => json!({
            "type": "bind",
            "source": bind.source.display().to_string(),
            "bind": {
                "create_host_path": if bind.create { Value::Null } else { json!(false) },
                "propagation": bind.propagation.map(|p| format!("{p:?}").to_lowercase()),
                "selinux": bind.selinux.map(|selinux| match selinux {
                    Selinux::Shared => "z",
                    Selinux::Private => "Z",
                }),
            },
        }),
        MountKind::Volume {
            name,
            no_copy,
            subpath,
        } => json!({
            "type": "volume",
            "source": name,
            "volume": { "nocopy": flag(*no_copy), "subpath": subpath },
        }),
        MountKind::Tmpfs(tmpfs) => json!({
            "type": "tmpfs",
            "tmpfs": { "size": tmpfs.size.map(|size| size.to_string()), "mode": tmpfs.mode },
        }),
    };
    value["target"] = json!(mount.target);
    value["read_only"] = flag(mount.read_only);
    value
}

/// Whether there is nothing in a value, which is as good as its absence.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        _ => false,
    }
}

/// Each place at which two documents are not the same.
pub(super) fn differences(agreed: &Value, read: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", agreed, read, &mut found);
    found
}

fn compare(place: &str, agreed: &Value, read: &Value, found: &mut Vec<String>) {
    match (agreed, read) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let of = |side: &Map<String, Value>| side.get(name).cloned().unwrap_or_default();
                compare(&format!("{place}/{name}"), &of(left), &of(right), found);
            }
        }
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        (left, right) if left == right || is_nothing(left) && is_nothing(right) => {}
        (left, right) => found.push(format!("{place}: compose has {left}, here is {right}")),
    }
}
