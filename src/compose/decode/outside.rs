//! Keys that compose has and the subset has not: they are told from mistyped ones.

pub(super) const SERVICE: &[&str] = &[
    "annotations",
    "attach",
    "blkio_config",
    "cgroup",
    "cgroup_parent",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns_opt",
    "dns_search",
    "domainname",
    "external_links",
    "gpus",
    "group_add",
    "ipc",
    "isolation",
    "label_file",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "post_start",
    "pre_start",
    "pre_stop",
    "provider",
    "runtime",
    "scale",
    "stdin_open",
    "storage_opt",
    "tty",
    "use_api_socket",
    "userns_mode",
    "uts",
    "volumes_from",
];

pub(super) const DEPLOY: &[&str] = &[
    "endpoint_mode",
    "labels",
    "mode",
    "placement",
    "replicas",
    "restart_policy",
    "rollback_config",
    "update_config",
];

pub(super) const RESOURCES: &[&str] = &["reservations"];

pub(super) const LIMITS: &[&str] = &["devices", "generic_resources"];

pub(super) const ATTACHMENT: &[&str] = &[
    "driver_opts",
    "gw_priority",
    "interface_name",
    "ipv4_address",
    "ipv6_address",
    "link_local_ips",
    "mac_address",
    "priority",
];

pub(super) const NETWORK: &[&str] = &["attachable", "enable_ipv4"];

pub(super) const IPAM: &[&str] = &["config", "options"];

pub(super) const MOUNT: &[&str] = &["image"];

pub(super) const MOUNT_BIND: &[&str] = &["recursive"];

pub(super) const MOUNT_VOLUME: &[&str] = &["labels"];

pub(super) const SHARED_FILE: &[&str] = &[
    "driver",
    "driver_opts",
    "external",
    "labels",
    "template_driver",
];
