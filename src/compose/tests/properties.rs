//! Nothing that stands in a compose file makes its reader panic, or fail without a word.

use proptest::prelude::*;

use super::{Memory, Reading, project};

/// Values of every kind, at places that were not made for them.
fn anything() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("~".to_owned()),
        Just("true".to_owned()),
        Just("-5".to_owned()),
        Just("\"\"".to_owned()),
        Just("!reset x".to_owned()),
        Just("${A:-b}".to_owned()),
        "\"[a-z0-9:/.=-]{0,12}\"",
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let keys = prop::sample::select(vec!["a", "source", "target", "test", "path", "service"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(keys, inner, 0..3).prop_map(|entries| {
                let entries = entries.iter().map(|(key, value)| format!("{key}: {value}"));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

const SERVICE_KEYS: &[&str] = &[
    "image",
    "command",
    "entrypoint",
    "environment",
    "env_file",
    "depends_on",
    "healthcheck",
    "ports",
    "expose",
    "networks",
    "volumes",
    "tmpfs",
    "user",
    "working_dir",
    "init",
    "extra_hosts",
    "dns",
    "cap_add",
    "security_opt",
    "ulimits",
    "sysctls",
    "shm_size",
    "stop_signal",
    "stop_grace_period",
    "restart",
    "labels",
    "profiles",
    "secrets",
    "configs",
    "deploy",
    "platform",
    "pull_policy",
    "extends",
    "container_name",
];

proptest! {
    #[test]
    fn no_value_at_any_place_makes_it_panic(
        key in prop::sample::select(SERVICE_KEYS),
        value in anything(),
        over in anything(),
    ) {
        let first = format!("services: {{s: {{image: i, {key}: {value}}}}}");
        let second = format!("services: {{s: {{{key}: {over}}}}}");
        let reading = Reading {
            files: vec!["a.yaml".to_owned(), "b.yaml".to_owned()],
            ..Reading::default()
        };
        if let Err(mistakes) = reading.read(&Memory::of(&[("a.yaml", &first), ("b.yaml", &second)])) {
            prop_assert!(!mistakes.diagnostics().is_empty());
            mistakes.render(false);
        }
    }

    #[test]
    fn no_value_at_the_top_makes_it_panic(
        key in prop::sample::select(vec!["include", "services", "networks", "volumes", "secrets", "configs", "name"]),
        value in anything(),
    ) {
        let text = format!("x-a: 1\n{key}: {value}\n");
        if let Err(mistakes) = project(&[("compose.yaml", &text)]) {
            prop_assert!(!mistakes.diagnostics().is_empty());
            mistakes.render(false);
        }
    }
}
