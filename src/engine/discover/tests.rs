use std::collections::HashMap;
use std::fs;
use std::os::unix::net::UnixListener;

use super::*;

fn surroundings(home: &Path, env: &[(&str, &str)]) -> Surroundings {
    let env: HashMap<String, String> = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Surroundings {
        env: Box::new(move |name| env.get(name).cloned()),
        home: Some(home.to_owned()),
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// As `docker context create NAME --docker host=HOST` writes it.
fn add_context(home: &Path, name: &str, host: &str, with_tls: bool) -> PathBuf {
    use sha2::Digest;
    let hash: String = sha2::Sha256::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let meta = home.join(".docker/contexts/meta").join(&hash);
    fs::create_dir_all(&meta).expect("a folder");
    let text = format!(
        r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#
    );
    fs::write(meta.join("meta.json"), text).expect("a file");
    let tls = home.join(".docker/contexts/tls").join(&hash).join("docker");
    if with_tls {
        fs::create_dir_all(&tls).expect("a folder");
    }
    tls
}

fn named_place(
    explicit: Option<&str>,
    home: &Path,
    env: &[(&str, &str)],
) -> Result<Option<Place>, EngineError> {
    named(explicit, &surroundings(home, env))
}

#[test]
fn the_flag_comes_before_the_variable_and_the_variable_before_the_context() {
    let home = folder();
    add_context(home.path(), "build", "tcp://build:1", false);
    let env = [("DOCKER_HOST", "tcp://host:1"), ("DOCKER_CONTEXT", "build")];
    let address = |explicit, env: &[(&str, &str)]| {
        named_place(explicit, home.path(), env)
            .expect("a place")
            .map(|place| place.address)
    };
    assert_eq!(
        address(Some("tcp://flag:1"), &env).as_deref(),
        Some("tcp://flag:1")
    );
    assert_eq!(address(None, &env).as_deref(), Some("tcp://host:1"));
    assert_eq!(address(None, &env[1..]).as_deref(), Some("tcp://build:1"));
    assert_eq!(address(None, &[("DOCKER_HOST", "")]), None);
    assert_eq!(address(None, &[]), None);
}

#[test]
fn a_variable_may_ask_for_tls() {
    let home = folder();
    let tls = |env: &[(&str, &str)]| {
        let mut env = env.to_vec();
        env.push(("DOCKER_HOST", "tcp://host"));
        named_place(None, home.path(), &env)
            .expect("a place")
            .expect("one")
            .tls
    };
    assert_eq!(tls(&[]), None);
    assert_eq!(tls(&[("DOCKER_TLS_VERIFY", "")]), None);
    assert_eq!(
        tls(&[("DOCKER_TLS_VERIFY", "1")]),
        Some(home.path().join(".docker"))
    );
    assert_eq!(
        tls(&[("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")]),
        Some("/certs".into())
    );
}

#[test]
fn the_current_context_is_read_from_the_docker_folder() {
    let home = folder();
    let tls = add_context(home.path(), "build farm", "tcp://farm:2376", true);
    fs::write(
        home.path().join(".docker/config.json"),
        r#"{"auths":{},"currentContext":"build farm"}"#,
    )
    .expect("a file");
    let place = named_place(None, home.path(), &[])
        .expect("a place")
        .expect("one");
    assert_eq!(place.address, "tcp://farm:2376");
    assert_eq!(place.tls, Some(tls));
    assert!(place.named_by.contains("build farm"), "{place:?}");

    // The variable wins over the file; the default context names nothing.
    let place = named_place(None, home.path(), &[("DOCKER_CONTEXT", "default")]);
    assert_eq!(place.expect("an answer"), None);

    // Another folder has another configuration.
    let other = folder();
    let env = [("DOCKER_CONFIG", other.path().to_str().expect("a path"))];
    assert_eq!(
        named_place(None, home.path(), &env).expect("an answer"),
        None
    );
}

#[test]
fn a_context_that_cannot_be_used_is_an_error_and_never_another_engine() {
    let home = folder();
    let error = named_place(None, home.path(), &[("DOCKER_CONTEXT", "gone")]).expect_err("none");
    assert!(
        error.to_string().contains("there is no such context"),
        "{error}"
    );
    assert!(error.to_string().contains("DOCKER_CONTEXT"), "{error}");

    fs::create_dir_all(home.path().join(".docker")).expect("a folder");
    fs::write(home.path().join(".docker/config.json"), "{ nonsense").expect("a file");
    let error = named_place(None, home.path(), &[]).expect_err("none");
    assert!(error.to_string().contains("config.json"), "{error}");
}

#[test]
fn the_usual_places_come_in_order() {
    let home = folder();
    let places = usual_places(&surroundings(
        home.path(),
        &[("XDG_RUNTIME_DIR", "/run/user/7")],
    ));
    let addresses: Vec<_> = places.into_iter().map(|place| place.address).collect();
    assert_eq!(
        addresses,
        [
            "unix:///var/run/docker.sock".to_owned(),
            "unix:///run/user/7/docker.sock".to_owned(),
            unix_address(&home.path().join(".docker/run/docker.sock")),
            "unix:///run/user/7/podman/podman.sock".to_owned(),
            "unix:///run/podman/podman.sock".to_owned(),
        ]
    );
}

fn error_of(result: Result<Arc<dyn Engine>, EngineError>) -> EngineError {
    match result {
        Ok(_) => panic!("nothing should answer"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn where_nothing_answers_each_place_says_why() {
    let home = folder();
    let closed = home.path().join("closed.sock");
    drop(UnixListener::bind(&closed).expect("a socket"));
    let place = |path: &Path| Place {
        named_by: "Docker".to_owned(),
        address: unix_address(path),
        tls: None,
    };
    let places = [place(&home.path().join("absent.sock")), place(&closed)];
    let error = error_of(first_of(&places).await);
    let EngineError::NotFound { tried } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(tried.len(), 2);
    assert!(tried[0].contains("absent.sock"), "{tried:?}");
    assert!(tried[0].contains("there is no such socket"), "{tried:?}");
    assert!(tried[1].contains("nothing listens"), "{tried:?}");
    assert!(
        error
            .to_string()
            .starts_with("no container engine answers\n  unix://"),
        "{error}"
    );
}

#[tokio::test]
async fn a_named_engine_that_does_not_answer_is_the_error() {
    let home = folder();
    let address = unix_address(&home.path().join("absent.sock"));
    let error = error_of(
        connect(
            None,
            &surroundings(home.path(), &[("DOCKER_HOST", &address)]),
        )
        .await,
    );
    assert!(
        matches!(error, EngineError::Unreachable { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("DOCKER_HOST"), "{error}");

    // A port where nothing listens, and one that speaks something else.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("tcp://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            drop(stream);
        }
    });
    let error = error_of(connect(Some(&address), &surroundings(home.path(), &[])).await);
    assert!(
        matches!(error, EngineError::Unreachable { .. }),
        "{error:?}"
    );
    server.join().expect("it ends");
    let error = error_of(connect(Some(&address), &surroundings(home.path(), &[])).await);
    assert!(
        error.to_string().to_lowercase().contains("refused"),
        "{error}"
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test]
async fn an_engine_is_found_where_it_is() {
    let home = folder();
    let address = std::env::var("EVERYARCH_ENGINE")
        .unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    add_context(home.path(), "here", &address, false);
    let env = [("DOCKER_CONTEXT", "here")];
    let engine = connect(None, &surroundings(home.path(), &env))
        .await
        .expect("the context's engine");
    assert_eq!(engine.facts().address, address);
}
