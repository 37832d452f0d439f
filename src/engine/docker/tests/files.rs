//! Files put in and read.

use super::*;

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_come_out() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    let before = engine
        .stat(&container.id, "/tmp")
        .await
        .expect("an answer")
        .expect("a folder");
    let long = format!("/tmp/{}/file", "long".repeat(40));
    let put = [
        NewFile {
            path: "/tmp/suid".to_owned(),
            mode: 0o4755,
            owner: (0, 0),
            bytes: b"content".to_vec(),
        },
        NewFile {
            path: "/new/folder/file".to_owned(),
            mode: 0o640,
            owner: (1000, 1001),
            bytes: vec![7; 300_000],
        },
        NewFile {
            path: long.clone(),
            mode: 0o600,
            owner: (0, 0),
            bytes: Vec::new(),
        },
    ];
    engine.put(&container.id, &put).await.expect("they are put");
    let after = engine
        .stat(&container.id, "/tmp")
        .await
        .expect("an answer")
        .expect("a folder");
    assert_eq!(
        before.mode, after.mode,
        "a folder that was there is as it was"
    );

    let stat = engine
        .stat(&container.id, "/tmp/suid")
        .await
        .expect("an answer")
        .expect("a file");
    assert_eq!(
        (stat.kind, stat.size, stat.mode),
        (FileType::File, 7, 0o4755)
    );
    assert_eq!(stat.link_target, None);
    let folder = engine
        .stat(&container.id, "/new/folder")
        .await
        .expect("an answer")
        .expect("one");
    assert_eq!((folder.kind, folder.mode), (FileType::Directory, 0o755));
    assert!(
        engine
            .stat(&container.id, &long)
            .await
            .expect("an answer")
            .is_some()
    );

    let file = engine
        .read(&container.id, "/new/folder/file", 64)
        .await
        .expect("an answer")
        .expect("one");
    assert_eq!(
        (file.kind, file.size, file.mode),
        (FileType::File, 300_000, 0o640)
    );
    assert_eq!(file.bytes, vec![7; 64]);
    let said = exec(&engine, &container, shell("stat -c %u:%g /new/folder/file")).await;
    assert_eq!(text(&said.stdout), "1000:1001\n");
    let file = engine
        .read(&container.id, "/new/folder/file", 1 << 20)
        .await
        .expect("an answer")
        .expect("one");
    assert_eq!(file.bytes.len(), 300_000);
    let folder = engine
        .read(&container.id, "/bin", 64)
        .await
        .expect("an answer")
        .expect("one");
    assert!(
        matches!(folder.kind, FileType::Directory | FileType::Symlink),
        "{folder:?}"
    );

    for absent in ["/no/such/file", "/tmp/suid/below"] {
        assert_eq!(
            engine.stat(&container.id, absent).await.expect("an answer"),
            None,
            "{absent}"
        );
        assert!(
            engine
                .read(&container.id, absent, 9)
                .await
                .expect("an answer")
                .is_none(),
            "{absent}"
        );
    }
    assert!(engine.stat("no-such-container", "/tmp").await.is_err());
    assert!(engine.read("no-such-container", "/tmp", 9).await.is_err());
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn links_and_devices_are_what_they_are() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    exec(&engine, &container, shell(
        "cd /tmp; echo x > file; ln -s file relative; ln -s /no/where dangling; mkfifo pipe; chown 12:34 file",
    )).await;
    let stat = |path: &'static str| {
        let (engine, container) = (&engine, &container);
        async move {
            engine
                .stat(&container.id, path)
                .await
                .expect("an answer")
                .expect(path)
        }
    };
    assert_eq!(stat("/tmp/relative").await.kind, FileType::Symlink);
    assert_eq!(stat("/tmp/pipe").await.kind, FileType::Other);
    let read = |path: &'static str| {
        let (engine, container) = (&engine, &container);
        async move {
            engine
                .read(&container.id, path, 64)
                .await
                .expect("an answer")
                .expect(path)
        }
    };
    let link = read("/tmp/relative").await;
    let written = if engine.facts().name == "Podman" {
        "/tmp/file"
    } else {
        "file"
    };
    assert_eq!(
        (link.kind, link.link_target.as_deref()),
        (FileType::Symlink, Some(written)),
        "{link:?}"
    );
    // Podman's archives say root of every file: it is not believed.
    let told = (engine.facts().name != "Podman").then_some((12, 34));
    assert_eq!(read("/tmp/file").await.owner, told);
    if engine.facts().name == "Podman" {
        return; // It says of a dangling link that there is nothing.
    }
    let link = read("/tmp/dangling").await;
    assert_eq!(
        (link.kind, link.link_target.as_deref()),
        (FileType::Symlink, Some("/no/where")),
        "{link:?}"
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_big_file_is_not_read_to_its_end() {
    let engine = engine().await;
    let container = session(&engine, ContainerSpec::default()).await;
    exec(
        &engine,
        &container,
        shell("dd if=/dev/zero of=/tmp/big bs=1M count=300 2>/dev/null"),
    )
    .await;
    let begun = Instant::now();
    let file = engine
        .read(&container.id, "/tmp/big", 64)
        .await
        .expect("an answer")
        .expect("one");
    assert_eq!((file.size, file.bytes.len()), (300 << 20, 64));
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
}
