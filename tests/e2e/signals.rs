//! Ctrl-C and the like: stops, cleans up, still reports.

use serde_json::json;

use super::lab::{Lab, eventually, image};
use super::loopback::Loopback;
use super::outcome::{array, text};
use crate::registry::Fault;

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";

/// A check that is over at once, and two that are not over for an hour.
const LONG: &str = "
version: 1
timeout: 1h
emulation_factor: 1
smoke:
  - { name: is over, run: 'true' }
  - { name: is under way, run: sleep 3600 }
  - { name: never begins, run: 'true' }
  - name: is waited for
    start: { cmd: [sleep, '3600'] }
    ready: { tcp: 9999, within: 1h }
";

fn is_stopped_by(signal: &str) {
    let lab = Lab::new();
    let busybox = image("test/busybox:docker");
    let mut running = lab.start_check(&busybox, LONG, &["--jobs", "4"]);
    running.wait_for("is over");
    running.signal(signal);
    // That no container is left is looked at after each run of these tests.
    let outcome = running.finish().exits(130).complains("interrupted");
    let json = outcome.json();
    assert_eq!(json["interrupted"], true);
    assert_eq!(json["verdict"], "error");
    for platform in [AMD64, ARM64] {
        for name in ["is under way", "never begins", "is waited for"] {
            let case = array(&json["cases"])
                .iter()
                .find(|case| case["platform"] == platform && case["name"] == name);
            // A platform that was not ready yet has a case of its own that says so.
            if let Some(case) = case {
                assert_eq!(case["outcome"], "error", "{outcome}");
            }
        }
        assert_eq!(outcome.verdict(platform), "error");
    }
    let is_over = array(&json["cases"])
        .iter()
        .filter(|case| case["name"] == "is over" && case["outcome"] == "passed");
    assert_ne!(is_over.count(), 0, "what was judged is kept\n{outcome}");
    let report = outcome.junit();
    assert!(report.errors > 0, "{outcome}");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn an_interrupt_stops_the_run_which_cleans_up_and_reports() {
    is_stopped_by("INT");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_termination_stops_the_run_which_cleans_up_and_reports() {
    is_stopped_by("TERM");
}

#[test]
fn an_interrupt_while_the_registry_is_asked_is_reported_as_well() {
    let loopback = Loopback::with_small_index("app");
    loopback.fails_always("/v2/app/manifests/1", Fault::Silent);
    let lab = Lab::new();
    let running = lab.start(&loopback.reference("app:1"), &[]);
    eventually("a request", || {
        (loopback.count("GET /v2/app/manifests/1") > 0).then_some(())
    });
    running.signal("INT");
    let outcome = running.finish().exits(130);
    let json = outcome.json();
    assert_eq!(json["interrupted"], true);
    assert_eq!(json["platforms"], json!([]));
    assert_eq!(text(&json["error"]["code"]), "interrupted");
    assert_ne!(outcome.junit().errors, 0);
}
