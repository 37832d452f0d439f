//! Programs run in a container.

use super::*;

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_run_and_told_apart() {
    let engine = engine().await;
    let container = session(
        &engine,
        ContainerSpec {
            env: vec![("BOTH".to_owned(), "container".to_owned())],
            ..ContainerSpec::default()
        },
    )
    .await;

    let ran = exec(&engine, &container, shell("echo out; echo err >&2; exit 3")).await;
    assert_eq!(ran.ended, Ended::Exit(3));
    assert_eq!(
        (text(&ran.stdout), text(&ran.stderr)),
        ("out\n".to_owned(), "err\n".to_owned())
    );

    let ran = exec(
        &engine,
        &container,
        ExecSpec {
            env: vec![("WORD".to_owned(), "a b=c".to_owned())],
            user: Some("1234:5678".to_owned()),
            workdir: Some("/tmp".to_owned()),
            ..shell("echo $WORD $BOTH; id -u; id -g; pwd")
        },
    )
    .await;
    assert_eq!(
        text(&ran.stdout),
        "a b=c container\n1234\n5678\n/tmp\n",
        "{ran:?}"
    );

    let ran = exec(&engine, &container, shell("kill -SEGV $$")).await;
    assert_eq!(ran.ended, Ended::Exit(128 + 11));

    // A second program says whatever it likes: frames keep binary output whole.
    let ran = exec(&engine, &container, shell(r"printf '\000\001\377'")).await;
    assert_eq!(ran.stdout.bytes(), [0, 1, 255]);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_fed_and_ends() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let input = vec![b'z'; 1 << 20];
    let ran = exec(
        &engine,
        &container,
        ExecSpec {
            stdin: Some(input.clone()),
            ..shell("cat | wc -c; echo end")
        },
    )
    .await;
    assert_eq!(
        text(&ran.stdout).split_whitespace().collect::<Vec<_>>(),
        ["1048576", "end"],
        "{ran:?}"
    );

    // More than a pipe holds, both ways at once.
    let ran = engine
        .exec(
            &container.id,
            &ExecSpec {
                command: words("cat"),
                stdin: Some(input.clone()),
                ..ExecSpec::default()
            },
            Duration::from_secs(30),
            4 << 20,
        )
        .await
        .expect("it runs");
    assert_eq!(ran.stdout.bytes(), input);

    // None is an empty one, not an open one.
    let ran = exec(
        &engine,
        &container,
        ExecSpec {
            command: words("cat"),
            ..ExecSpec::default()
        },
    )
    .await;
    assert_eq!(ran.ended, Ended::Exit(0), "{ran:?}");

    // A program that does not read its input is no fault.
    let ran = exec(
        &engine,
        &container,
        ExecSpec {
            stdin: Some(input),
            ..shell("exit 5")
        },
    )
    .await;
    assert_eq!(ran.ended, Ended::Exit(5), "{ran:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_start_is_an_execution_too() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let missing = exec(
        &engine,
        &container,
        ExecSpec {
            command: words("no-such-program --version"),
            ..ExecSpec::default()
        },
    )
    .await;
    assert!(
        matches!(missing.ended, Ended::Exit(126 | 127)),
        "{missing:?}"
    );
    assert_eq!(missing.stdout.total(), 0, "{missing:?}");
    assert!(
        text(&missing.stderr).contains("no-such-program"),
        "{missing:?}"
    );

    let file = NewFile {
        path: "/tmp/nonsense".to_owned(),
        mode: 0o755,
        owner: (0, 0),
        bytes: b"\x7fELF nonsense".to_vec(),
    };
    engine.put(&container.id, &[file]).await.expect("it is put");
    let foreign = exec(
        &engine,
        &container,
        ExecSpec {
            command: words("/tmp/nonsense"),
            ..ExecSpec::default()
        },
    )
    .await;
    assert!(
        matches!(foreign.ended, Ended::Exit(code) if code != 0),
        "{foreign:?}"
    );
    assert!(
        text(&foreign.stderr)
            .to_lowercase()
            .contains("exec format error"),
        "{foreign:?}"
    );
    assert_eq!(foreign.stdout.total(), 0, "{foreign:?}");

    let nobody = engine
        .exec(
            &container.id,
            &ExecSpec {
                command: words("true"),
                user: Some("nobody-of-that-name".to_owned()),
                ..ExecSpec::default()
            },
            Duration::from_secs(30),
            CAP,
        )
        .await
        .expect("an execution");
    assert!(matches!(nobody.ended, Ended::Exit(126 | 127)), "{nobody:?}");
    assert!(
        text(&nobody.stderr).contains("nobody-of-that-name"),
        "{nobody:?}"
    );

    // What a program itself prints stays where it printed it.
    let own = exec(&engine, &container, shell("echo mine; exit 127")).await;
    assert_eq!(text(&own.stdout), "mine\n");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_capped_and_counted() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let ran = exec(&engine, &container, shell("yes | head -c 50000000")).await;
    assert_eq!(ran.ended, Ended::Exit(0));
    assert_eq!(ran.stdout.total(), 50_000_000);
    assert!(ran.stdout.bytes().len() < CAP + 100);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_keeps_what_was_said() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let begun = Instant::now();
    let ran = engine
        .exec(
            &container.id,
            &shell("echo early; sleep 60"),
            Duration::from_millis(800),
            CAP,
        )
        .await
        .expect("it runs");
    assert_eq!(ran.ended, Ended::Deadline);
    assert_eq!(text(&ran.stdout), "early\n");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );

    let ran = engine
        .exec(
            &container.id,
            &shell("yes"),
            Duration::from_millis(1500),
            CAP,
        )
        .await
        .expect("it runs");
    assert_eq!(ran.ended, Ended::Deadline);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_child_in_the_background_does_not_keep_a_program_alive() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let ran = exec(&engine, &container, shell("sleep 25 & echo done; exit 4")).await;
    assert_eq!(ran.ended, Ended::Exit(4));
    assert_eq!(text(&ran.stdout), "done\n");
    assert!(ran.duration < Duration::from_secs(5), "{:?}", ran.duration);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_closes_its_output_is_waited_for() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let ran = exec(
        &engine,
        &container,
        shell("exec >&- 2>&-; sleep 1.5; exit 7"),
    )
    .await;
    assert_eq!(ran.ended, Ended::Exit(7), "{ran:?}");
    let ran = exec(&engine, &container, shell("echo a; sleep 2.3; echo b")).await;
    assert_eq!(
        (ran.ended, text(&ran.stdout)),
        (Ended::Exit(0), "a\nb\n".to_owned())
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn many_programs_run_at_a_time() {
    let engine = std::sync::Arc::new(engine().await);
    let container = std::sync::Arc::new(session(&engine, ContainerSpec::default()).await);
    let mut tasks = Vec::new();
    for number in 0..16 {
        let (engine, container) = (engine.clone(), container.clone());
        tasks.push(tokio::spawn(async move {
            let ran = exec(
                &engine,
                &container,
                shell(&format!("echo {number}; exit {number}")),
            )
            .await;
            assert_eq!(ran.ended, Ended::Exit(number), "{ran:?}");
            assert_eq!(text(&ran.stdout), format!("{number}\n"));
        }));
    }
    for task in tasks {
        task.await.expect("it passes");
    }
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_session_is_held_by_a_native_program() {
    let engine = engine().await;
    let platform: Platform = "linux/arm64".parse().expect("a platform");
    let image = pulled(&engine, &platform).await;
    let container = session(
        &engine,
        ContainerSpec {
            image,
            platform: Some(platform),
            ..ContainerSpec::default()
        },
    )
    .await;
    let ran = exec(&engine, &container, shell("uname -m")).await;
    assert_eq!(
        (ran.ended, text(&ran.stdout)),
        (Ended::Exit(0), "aarch64\n".to_owned()),
        "{ran:?}"
    );
    let version = exec(
        &engine,
        &container,
        ExecSpec {
            env: vec![("QEMU_VERSION".to_owned(), "1".to_owned())],
            ..shell("echo native")
        },
    )
    .await;
    assert!(
        text(&version.stdout).starts_with("qemu-aarch64 version"),
        "{version:?}"
    );
}

#[expect(
    clippy::print_stderr,
    reason = "the number is what the test is run for"
)]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_exec_takes_three_short_calls() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let spec = ExecSpec {
        command: words("true"),
        ..ExecSpec::default()
    };
    exec(&engine, &container, spec.clone()).await;
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(
            exec(&engine, &container, spec.clone()).await.ended,
            Ended::Exit(0)
        );
    }
    let each = begun.elapsed() / 20;
    eprintln!("one exec: {each:?}");
    assert!(each < Duration::from_secs(2), "{each:?}");
}
