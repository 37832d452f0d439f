//! `everyarch audit` on real images: the healthy ones are healthy, and of each
//! broken one it is said what, where, in which layer, and on arm64 alone.

use serde_json::{Value, json};

use super::engine;
use super::lab::{Lab, eventually, image};
use super::loopback::Loopback;
use super::outcome::{Outcome, array, text};
use super::push::{copy_into, layers_of};
use crate::registry::Fault;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

fn audit(lab: &Lab, reference: &str, arguments: &[&str]) -> Outcome {
    let mut all = vec!["audit", reference, "--json", "result.json"];
    all.extend(["--junit", "result.xml", "--sarif", "result.sarif"]);
    all.extend(arguments);
    lab.everyarch(&all)
}

/// The findings of a severity: codes, platforms and paths.
fn found(outcome: &Outcome, severity: &str) -> Vec<(String, String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    array(&outcome.json()["findings"])
        .iter()
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| {
            (
                word(&finding["code"]),
                word(&finding["platform"]),
                word(&finding["path"]),
            )
        })
        .collect()
}

fn sarif(lab: &Lab) -> Value {
    let text = std::fs::read_to_string(lab.path("result.sarif")).expect("a SARIF report");
    serde_json::from_str(&text).expect("JSON")
}

#[track_caller]
fn is_healthy(name: &str, platforms: &[&str]) {
    let lab = Lab::new();
    let outcome = audit(&lab, &image(name), &[]).exits(0);
    let json = outcome.json();
    assert_eq!(json["verdict"], "passed", "{outcome}");
    assert_eq!(json["errors"], json!([]), "{outcome}");
    let audited: Vec<&Value> = array(&json["platforms"])
        .iter()
        .map(|record| &record["platform"])
        .collect();
    assert_eq!(audited, platforms, "{outcome}");
    for severity in ["error", "warning"] {
        assert_eq!(found(&outcome, severity), [], "{outcome}");
    }
    assert_eq!(outcome.junit().failures, 0, "{outcome}");
    assert_ne!(outcome.junit().tests, 0, "{outcome}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn static_programs_are_healthy_on_each_platform() {
    let all = [AMD64, ARM64, "linux/arm/v7", "linux/ppc64le", "linux/s390x"];
    is_healthy("test/busybox:all", &all);
    is_healthy("test/static:all", &all);
    is_healthy("test/busybox:docker", &[AMD64, ARM64]);
    is_healthy("test/busybox:nested", &[AMD64, ARM64]);
    is_healthy("test/busybox:amd64", &[AMD64]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn services_with_native_packages_are_healthy() {
    for name in [
        "demo/service:healthy",
        "test/packages:healthy",
        "test/python:healthy",
    ] {
        is_healthy(name, &[AMD64, ARM64]);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn six_runtimes_of_debian_are_healthy() {
    is_healthy("test/runtimes:all", &[AMD64, ARM64]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn postgresql_is_healthy_on_five_platforms_and_lacks_its_compiler_on_one() {
    let lab = Lab::new();
    let name = image("test/postgres:all");
    let platforms = [AMD64, ARM64, "linux/arm/v7", "linux/ppc64le", "linux/s390x"];
    for platform in platforms {
        let outcome = audit(&lab, &name, &["--platform", platform]).exits(0);
        for severity in ["error", "warning"] {
            assert_eq!(found(&outcome, severity), [], "{platform}: {outcome}");
        }
    }
    let outcome = audit(&lab, &name, &[]).exits(0);
    assert_eq!(array(&outcome.json()["platforms"]).len(), 5);
    assert_eq!(found(&outcome, "error"), [], "{outcome}");
    // Debian builds PostgreSQL without LLVM there.
    let code = "parity-packages".to_owned();
    let path = "/var/lib/dpkg/status".to_owned();
    assert_eq!(
        found(&outcome, "warning"),
        [(code, "linux/s390x".to_owned(), path)],
        "{outcome}"
    );
    outcome.prints("libllvm14");
}

/// An image whose arm64 is broken: the errors' codes and paths there.
#[track_caller]
fn is_broken(name: &str, errors: &[(&str, &str)]) -> Outcome {
    let lab = Lab::new();
    let outcome = audit(&lab, &image(name), &[]).exits(1);
    let json = outcome.json();
    assert_eq!(json["verdict"], "failed", "{outcome}");
    let expected: Vec<_> = errors
        .iter()
        .map(|(code, path)| ((*code).to_owned(), ARM64.to_owned(), (*path).to_owned()))
        .collect();
    let mut told = found(&outcome, "error");
    told.sort();
    assert_eq!(told, expected, "{outcome}");
    let is_told = |finding: &&Value| finding["severity"] != "info";
    for finding in array(&json["findings"]).iter().filter(is_told) {
        assert_eq!(finding["platform"], ARM64, "{finding}");
        if finding["severity"] == "error" && finding["path"].is_string() {
            let history = text(&finding["history"]);
            assert!(history.starts_with("layer "), "{history}");
            assert!(history.ends_with(": ci/pack.py"), "{history}");
            assert!(text(&finding["layer"]).starts_with("sha256:"), "{finding}");
            assert_ne!(finding["evidence"], json!([]), "{finding}");
        }
    }
    assert_ne!(outcome.junit().failures, 0, "{outcome}");
    let results = &sarif(&lab)["runs"][0]["results"];
    let levels = array(results).iter().map(|result| &result["level"]);
    assert_eq!(
        levels.filter(|level| **level == "error").count(),
        errors.len(),
        "{outcome}"
    );
    outcome
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn programs_of_another_machine_are_told_of_the_platform_that_has_them() {
    is_broken(
        "test/masked:all",
        &[
            ("exec-wrong-arch-userland", "/bin/busybox"),
            ("identical-layers-with-elf", "/bin/busybox"),
        ],
    )
    .prints("/bin/busybox is x86-64");
    is_broken(
        "test/alien:all",
        &[("exec-wrong-arch-userland", "/bin/busybox")],
    );
    is_broken("test/mislabelled:all", &[("config-arch-mismatch", "")]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn a_native_module_of_another_machine_is_told_with_its_layer() {
    let path = "/app/node_modules/bcrypt/prebuilds/linux-arm64/bcrypt.glibc.node";
    let outcome = is_broken(
        "demo/service:broken",
        &[("dlopen-wrong-machine-glibc", path)],
    );
    let json = outcome.json();
    let finding = &array(&json["findings"])[0];
    assert_eq!(finding["history"], "layer 3 of 3: ci/pack.py");
    let layers = layers_of("demo/service:broken", ARM64);
    assert_eq!(finding["layer"], *layers[2]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn packages_installed_for_another_platform_are_told() {
    let packages = "/usr/local/lib/python3.11/dist-packages";
    is_broken(
        "test/python:broken",
        &[
            (
                "py-extension-other-arch-skipped",
                &format!("{packages}/_cffi_backend.cpython-311-x86_64-linux-gnu.so"),
            ),
            (
                "py-extension-wrong-machine",
                &format!("{packages}/bcrypt/_bcrypt.abi3.so"),
            ),
        ],
    );
    let of = |name: &str| format!("/app/node_modules/{name}/package.json");
    let named = |code, names: &[&str]| -> Vec<(&str, String)> {
        names.iter().map(|name| (code, of(name))).collect()
    };
    let errors = [
        named("esbuild-other-platform", &["esbuild"]),
        named(
            "napi-rs-binding-missing",
            &[
                "@node-rs/argon2",
                "@parcel/watcher",
                "@swc/core",
                "@tailwindcss/oxide",
                "lightningcss",
                "msgpackr-extract",
            ],
        ),
        named("rollup-native-missing", &["rollup"]),
        named("sharp-platform-package-missing", &["sharp"]),
    ]
    .concat();
    let errors: Vec<(&str, &str)> = errors.iter().map(|(c, path)| (*c, path.as_str())).collect();
    is_broken("test/packages:broken", &errors);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn a_platform_that_is_asked_for_and_missing_is_an_error() {
    let lab = Lab::new();
    let arguments = ["--platform", "linux/amd64,linux/riscv64"];
    let outcome = audit(&lab, &image("test/busybox:all"), &arguments).exits(1);
    assert_eq!(
        found(&outcome, "error"),
        [(
            "platform-not-in-index".to_owned(),
            "linux/riscv64".to_owned(),
            String::new()
        )],
        "{outcome}"
    );
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn an_accepted_finding_is_shown_with_its_reason_and_fails_nothing() {
    let lab = Lab::new();
    lab.write(
        "suite.yaml",
        "version: 1\naudit:\n  accept:\n    - { code: exec-wrong-arch-userland, path: /bin/*, reason: nobody has one }\n",
    );
    let alien = image("test/alien:all");
    let outcome = audit(&lab, &alien, &["--suite", "suite.yaml"]).exits(0);
    let json = outcome.json();
    let finding = &array(&json["findings"])[0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["accepted"], "nobody has one");
    let result = &sarif(&lab)["runs"][0]["results"][0];
    assert_eq!(array(&result["suppressions"]).len(), 1, "{result}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn what_the_cache_knows_is_not_read_again_and_says_the_same() {
    let lab = Lab::new();
    let loopback = Loopback::new();
    copy_into(&loopback, "test/masked:all", ARM64, "1");
    let reference = loopback.reference("test/masked:1");
    let document = |outcome: Outcome| {
        let mut json = outcome.json();
        json["seconds"] = Value::Null;
        json
    };
    let [layer] = layers_of("test/masked:all", ARM64)
        .try_into()
        .expect("one layer");
    let request = format!("GET /v2/test/masked/blobs/{layer}");
    let first = audit(&lab, &reference, &["--cache", "cache"]).exits(1);
    assert_eq!(loopback.count(&request), 1);
    let second = audit(&lab, &reference, &["--cache", "cache"]).exits(1);
    assert_eq!(loopback.count(&request), 1, "{second}");
    let first = document(first);
    assert_eq!(first, document(second));
    let third = audit(&lab, &reference, &["--no-cache"]).exits(1);
    assert_eq!(loopback.count(&request), 2, "{third}");
    assert_eq!(first, document(third));
}

/// busybox's amd64 variant in a registry that answers so when asked for its layer.
fn with_layer_answered(status: u16) -> (Outcome, String) {
    let lab = Lab::new();
    let loopback = Loopback::new();
    copy_into(&loopback, "test/busybox:all", AMD64, "1");
    let [layer] = layers_of("test/busybox:all", AMD64)
        .try_into()
        .expect("one layer");
    let path = format!("/v2/test/busybox/blobs/{layer}");
    loopback.fails_always(&path, Fault::status(status));
    loopback.refuses_head(&path, status);
    let reference = loopback.reference("test/busybox:1");
    let outcome = audit(&lab, &reference, &["--no-cache"]);
    let json = outcome.json();
    let run = &sarif(&lab)["runs"][0];
    assert_eq!(
        run["invocations"][0]["executionSuccessful"],
        json["errors"] == json!([]),
        "{outcome}"
    );
    (outcome, layer)
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn a_layer_that_the_registry_lost_is_a_fault_of_the_image() {
    let (outcome, layer) = with_layer_answered(404);
    let outcome = outcome.exits(1);
    let json = outcome.json();
    let lost: Vec<&Value> = array(&json["findings"])
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .collect();
    assert_eq!(lost.len(), 1, "{outcome}");
    assert_eq!(lost[0]["code"], "blob-missing");
    assert_eq!(lost[0]["platform"], AMD64);
    assert!(lost[0].to_string().contains(&layer), "{}", lost[0]);
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs a registry and the images of ci/images: run ci/test"
)]
fn a_layer_that_can_not_be_had_is_an_error_and_no_verdict_on_the_image() {
    let (outcome, _) = with_layer_answered(403);
    let outcome = outcome.exits(3);
    let json = outcome.json();
    assert_eq!(json["verdict"], "error");
    assert_ne!(json["errors"], json!([]), "{outcome}");
    assert_eq!(found(&outcome, "error"), [], "{outcome}");
    assert_ne!(outcome.junit().errors, 0, "{outcome}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_image_in_the_engine_s_own_store_is_read_from_there() {
    let lab = Lab::new();
    let name = image("test/busybox:amd64");
    engine::ask(&["pull", "--quiet", &name]);
    let reference = format!("docker-daemon:{name}");
    let engine = lab.engine_arguments();
    let mut arguments = vec!["--no-cache"];
    arguments.extend(engine.iter().map(String::as_str));
    let outcome = audit(&lab, &reference, &arguments).exits(0);
    let json = outcome.json();
    assert_eq!(json["reference"], reference);
    let platform = &array(&json["platforms"])[0];
    assert_eq!(platform["platform"], AMD64);
    assert_eq!(platform["elf_files"], 1, "{outcome}");
}

#[test]
fn an_interrupt_ends_the_audit() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_always("/v2/app/manifests/1", Fault::Silent);
    let lab = Lab::new();
    let reference = loopback.reference("app:1");
    let running = lab.spawn(&["audit", &reference, "--json", "result.json", "--no-cache"]);
    eventually("a request", || {
        (loopback.count("GET /v2/app/manifests/1") > 0).then_some(())
    });
    running.signal("INT");
    let outcome = running.finish().exits(130);
    assert_eq!(outcome.json()["verdict"], "error");
}
