//! No engine, or one that may not be used: where it looked, in order, and what
//! each place said.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use sha2::Digest as _;

use super::lab::{Lab, shown, unshare};
use super::loopback::Loopback;
use super::outcome::{Outcome, status};

/// In front of a command: nothing of this machine's `/run`.
fn without_run() -> Vec<String> {
    let script = "mount -t tmpfs none /run && exec \"$@\"";
    let mut words = unshare();
    words.extend(["--mount", "sh", "-c", script, "sh"].map(str::to_owned));
    words
}

/// In front of a command: root without the right to pass over permissions.
const POWERLESS: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

fn run(lab: &Lab, loopback: &Loopback, before: &[String], engine: &[&str]) -> Outcome {
    let reference = loopback.reference("app:1");
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let mut words = vec![
        "run",
        &reference,
        "--json",
        "result.json",
        "--junit",
        "result.xml",
    ];
    words.extend(engine);
    let outcome = lab.spawn_as(&before, &words).finish().exits(3);
    assert_eq!(outcome.json()["error"]["code"], "no-engine", "{outcome}");
    let reported = outcome.with_test_case("everyarch", "the run", status);
    assert_eq!(reported, "error");
    outcome
}

#[test]
fn without_any_engine_every_place_says_what_it_found() {
    let loopback = Loopback::with_small_index("app");
    let lab = Lab::new()
        .with_empty_home()
        .env("DOCKER_HOST", "")
        .env("DOCKER_CONTEXT", "");
    let home = lab.path("home");
    let locked = home.join("run/podman");
    std::fs::create_dir_all(&locked).expect("a folder");
    let _closed = locked_socket(&locked.join("podman.sock"));
    let mut before: Vec<String> = POWERLESS.iter().map(|&word| word.to_owned()).collect();
    let outside = without_run();
    before.splice(0..0, outside);
    let outcome = run(&lab, &loopback, &before, &[]);
    let said = outcome.stderr.replace(&shown(&home), "HOME");
    insta::assert_snapshot!(said, @r#"
    error: no container engine answers
      unix:///var/run/docker.sock (Docker): there is no such socket
      unix://HOME/run/docker.sock (rootless Docker): there is no such socket
      unix://HOME/.docker/run/docker.sock (Docker Desktop): there is no such socket
      unix://HOME/run/podman/podman.sock (rootless Podman): permission denied: add yourself to the socket's group (`sudo usermod -aG docker $USER`, then log in anew), or use sudo
      unix:///run/podman/podman.sock (Podman): there is no such socket
      hint: install Docker or Podman and start it, or name an engine: `--engine URL`
    "#);
}

/// A socket at which somebody listens, and which nobody may open.
fn locked_socket(path: &std::path::Path) -> UnixListener {
    let listener = UnixListener::bind(path).expect("a socket");
    let nobody = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(path, nobody).expect("permissions");
    listener
}

#[test]
fn a_socket_that_may_not_be_used_says_how_it_may() {
    let loopback = Loopback::with_small_index("app");
    let lab = Lab::new().with_empty_home().env("DOCKER_HOST", "");
    let path = lab.path("locked.sock");
    let _locked = locked_socket(&path);
    let before: Vec<String> = POWERLESS.iter().map(|&word| word.to_owned()).collect();
    let url = format!("unix://{}", shown(&path));
    let outcome = run(&lab, &loopback, &before, &["--engine", &url]);
    let said = outcome.stderr.replace(&shown(&path), "/SOCKET");
    insta::assert_snapshot!(said, @"error: connecting: the engine at unix:///SOCKET can't be reached: permission denied: add yourself to the socket's group (`sudo usermod -aG docker $USER`, then log in anew), or use sudo (it was named by --engine)");
}

#[test]
fn an_engine_that_was_named_is_the_only_one_asked() {
    let loopback = Loopback::with_small_index("app");
    let nowhere = "unix:///no/such/engine.sock";
    let lab = Lab::new().with_empty_home().env("DOCKER_HOST", nowhere);
    let by_variable = run(&lab, &loopback, &[], &[]);
    insta::assert_snapshot!(by_variable.stderr, @"error: connecting: the engine at unix:///no/such/engine.sock can't be reached: there is no such socket (it was named by DOCKER_HOST)");
    let lab = Lab::new().with_empty_home().env("DOCKER_HOST", "");
    let by_flag = run(&lab, &loopback, &[], &["--engine", nowhere]);
    insta::assert_snapshot!(by_flag.stderr, @"error: connecting: the engine at unix:///no/such/engine.sock can't be reached: there is no such socket (it was named by --engine)");

    // A context that `docker context use` made current.
    let hash = sha2::Sha256::digest(b"remote");
    let context: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = lab.path(&format!("home/.docker/contexts/meta/{context}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    lab.write(
        "home/.docker/config.json",
        r#"{"currentContext": "remote"}"#,
    );
    lab.write(
        &format!("home/.docker/contexts/meta/{context}/meta.json"),
        format!(r#"{{"Name": "remote", "Endpoints": {{"docker": {{"Host": "{nowhere}"}}}}}}"#),
    );
    let by_context = run(&lab, &loopback, &[], &[]);
    insta::assert_snapshot!(by_context.stderr, @"error: connecting: the engine at unix:///no/such/engine.sock can't be reached: there is no such socket (it was named by the Docker context `remote`)");
}

#[test]
fn what_answers_and_is_no_engine_is_called_that() {
    let loopback = Loopback::with_small_index("app");
    let url = format!("tcp://{}", loopback.host());
    let lab = Lab::new().with_empty_home().env("DOCKER_HOST", "");
    let outcome = run(&lab, &loopback, &[], &["--engine", &url]);
    outcome.complains("not as a container engine does");
}
