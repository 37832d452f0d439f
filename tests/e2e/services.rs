//! `start:` with `ready:`, `http:` and `logs:`: the container itself.

use serde_json::json;

use super::lab::{Lab, image};
use super::push::{self, NewVariant};

const AMD64: &str = "linux/amd64";
const ARM64: &str = "linux/arm64";
const BOTH: &[&str] = &["--platform", "linux/amd64,linux/arm64"];

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_is_started_waited_for_and_asked() {
    let suite = "
version: 1
smoke:
  - name: as it is
    start:
    ready: { http: ':8080/healthz', tcp: 8080, log: '^listening on 8080$' }
    http:
      - get: /version
        status: 200
        expect_headers: { content-type: application/json, Connection: { matches: '(?i)^close' } }
        json: { version: 1.0.0, arch: '${platform.arch}' }
      - { get: ':8080/healthz', equals: ok, not_contains: error }
      - { get: /no-such-page, status: [404, 410], matches: '^not' }
      - { post: /version, status: 404, body: { hello: [1, 2] }, headers: { X-Token: abc } }
      - { head: /version, status: 404, empty: true }
    logs: { contains: listening, not_contains: Error }
  - name: on another port
    start: { env: { PORT: 9090 } }
    ready: { log: listening on 9090 }
    http: [{ get: ':9090/healthz', contains: ok }]
  - name: without a word of readiness
    start:
    http: [{ get: /healthz }]
  - name: a job that ends
    start: { cmd: [version] }
    ready: { exit: 0, within: 20s }
    logs: 'static 1.0.0 ${platform.arch}'
  - name: a job that fails as it should
    start: { entrypoint: [/app, exit], cmd: ['3'] }
    ready: { exit: 3 }
";
    let outcome = Lab::new()
        .check(&image("test/static:all"), suite, BOTH)
        .exits(0);
    for platform in [AMD64, ARM64] {
        assert_eq!(outcome.names(platform).len(), 5);
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn a_service_that_does_not_do_as_it_should_says_what_it_did() {
    let suite = "
version: 1
emulation_factor: 1
smoke:
  - name: never ready by http
    start:
    ready: { http: ':8080/no-such-page', within: 2s }
  - name: never ready by tcp
    start:
    ready: { tcp: 9999, within: 2s }
  - name: never ready by log
    start:
    ready: { log: ready to serve, within: 2s }
  - name: ends before it is ready
    start: { cmd: [exit, '3'] }
    ready: { tcp: 8080, within: 5m }
  - name: ends otherwise than it should
    start: { cmd: [exit, '3'] }
    ready: { exit: 0, within: 5m }
  - name: does not end
    start:
    ready: { exit: 0, within: 2s }
  - name: answers otherwise
    start:
    ready: { http: ':8080/healthz' }
    http:
      - { get: /version, status: 204 }
      - { get: /version, expect_headers: { X-Powered-By: nobody } }
      - { get: /version, json: { arch: vax } }
      - { get: /healthz, equals: fine }
  - name: prints something else
    start:
    ready: { http: ':8080/healthz' }
    logs: { contains: hello }
  - name: is not there
    start: { entrypoint: [/no/such/program] }
";
    let outcome = Lab::new()
        .check(&image("test/static:all"), suite, BOTH)
        .exits(1);
    for platform in [AMD64, ARM64] {
        for (name, words) in [
            (
                "never ready by http",
                vec!["not ready within 2 s", "it said 404"],
            ),
            (
                "never ready by tcp",
                vec!["accepting connections on port 9999"],
            ),
            (
                "never ready by log",
                vec!["printing a line that matches ready to serve"],
            ),
            ("ends before it is ready", vec!["it ended with exit code 3"]),
            (
                "ends otherwise than it should",
                vec!["it ended with exit code 3"],
            ),
            ("does not end", vec!["ended with exit code 0"]),
            (
                "answers otherwise",
                vec![
                    "expected 204",
                    "200",
                    "X-Powered-By",
                    "arch",
                    "vax",
                    "expected \"fine\"",
                ],
            ),
            (
                "prints something else",
                vec!["log: expected to contain \"hello\""],
            ),
            ("is not there", vec!["/no/such/program is not in the image"]),
        ] {
            outcome.failed(platform, name, &words);
        }
    }
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn requests_carry_method_headers_and_body() {
    let script = "#!/bin/sh
printf 'Content-Type: text/plain\\r\\nX-Method: %s\\r\\n\\r\\n' \"$REQUEST_METHOD\"
echo \"agent=$HTTP_USER_AGENT type=$CONTENT_TYPE\"
head -c \"${CONTENT_LENGTH:-0}\"
";
    let echo = NewVariant::like("test/busybox:all", AMD64)
        .file("/www/cgi-bin/echo", script.as_bytes())
        .with(json!({"Cmd": ["httpd", "-f", "-p", "8080", "-h", "/www"]}));
    let reference = push::push("e2e/echo", &[echo]);
    let suite = "
version: 1
smoke:
  - name: echoes
    start:
    ready: { tcp: 8080 }
    http:
      - get: ':8080/cgi-bin/echo'
        headers: { User-Agent: tester/1 }
        expect_headers: { X-Method: GET }
        contains: agent=tester/1
      - post: ':8080/cgi-bin/echo'
        body: { hello: [1, 2] }
        expect_headers: { x-method: POST }
        contains: ['type=application/json', '{\"hello\":[1,2]}']
      - post: ':8080/cgi-bin/echo'
        headers: { Content-Type: text/csv }
        body: 'a,b'
        contains: ['type=text/csv', 'a,b']
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(0);
    outcome.passed(AMD64, "echoes");
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn the_image_s_own_healthcheck_is_believed() {
    let image = |platform: &str, test: &str| {
        NewVariant::like("test/busybox:all", platform).with(json!({
            "Cmd": ["sleep", "1000"],
            "Healthcheck": {
                "Test": ["CMD-SHELL", test],
                "Interval": 500_000_000, "Timeout": 5_000_000_000_u64, "Retries": 2,
            },
        }))
    };
    let reference = push::push(
        "e2e/healthcheck",
        &[
            image(AMD64, "echo all is well"),
            image(ARM64, "echo the disk is full; exit 1"),
        ],
    );
    let suite = "
version: 1
emulation_factor: 1
smoke:
  - name: is healthy
    start:
    ready: { healthcheck: true, within: 20s }
    per_platform:
      linux/arm64: { ready: { within: 6s } }
";
    let outcome = Lab::new().check(&reference, suite, &[]).exits(1);
    outcome.passed(AMD64, "is healthy");
    outcome.failed(
        ARM64,
        "is healthy",
        &["healthy by its own healthcheck", "the disk is full"],
    );
    // An image without one can't be waited for in this way.
    let suite = "
version: 1
smoke:
  - name: is healthy
    start: { cmd: [sleep, '1000'] }
    ready: { healthcheck: true, within: 2s }
";
    let busybox = super::lab::image("test/busybox:amd64");
    let outcome = Lab::new().check(&busybox, suite, &[]).exits(1);
    outcome.failed(AMD64, "is healthy", &["the image has no healthcheck"]);
}
