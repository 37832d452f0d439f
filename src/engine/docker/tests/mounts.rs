//! What is mounted into a container.

use super::*;
use crate::engine::{Bind, Mount, Tmpfs, VolumeMount, VolumeSpec};

fn with(mounts: Vec<Mount>) -> ContainerSpec {
    ContainerSpec {
        mounts,
        ..ContainerSpec::default()
    }
}

fn volume_at(volume: &Volume, target: &str, read_only: bool) -> Mount {
    Mount::Volume(VolumeMount {
        name: Some(volume.name.clone()),
        target: target.to_owned(),
        read_only,
        no_copy: false,
    })
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_named_volume_is_shared_and_outlives_its_containers() {
    let engine = engine().await;
    let volume = Volume::new(&engine, VolumeSpec::default()).await;
    let writer = session(&engine, with(vec![volume_at(&volume, "/shared", false)])).await;
    let reader = session(&engine, with(vec![volume_at(&volume, "/seen", true)])).await;
    exec(&engine, &writer, shell("echo text > /shared/file")).await;
    let said = exec(&engine, &reader, shell("cat /seen/file; touch /seen/other")).await;
    assert_eq!(text(&said.stdout), "text\n");
    assert!(
        text(&said.stderr).contains("Read-only file system"),
        "{said:?}"
    );

    let used = engine.remove_volume(&volume.name).await;
    assert!(matches!(used, Err(EngineError::Refused { .. })), "{used:?}");
    drop((writer, reader));
    let later = session(&engine, with(vec![volume_at(&volume, "/again", false)])).await;
    let said = exec(&engine, &later, shell("cat /again/file")).await;
    assert_eq!(text(&said.stdout), "text\n");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_volume_without_a_name_is_the_containers_own_and_can_be_written_to() {
    let engine = engine().await;
    let own = || {
        Mount::Volume(VolumeMount {
            name: None,
            target: "/own".to_owned(),
            read_only: false,
            no_copy: false,
        })
    };
    let first = session(&engine, with(vec![own()])).await;
    let second = session(&engine, with(vec![own()])).await;
    let look = "grep -c ' /own ' /proc/mounts; ls /own; touch /own/mine";
    for id in [&first, &second] {
        let said = exec(&engine, id, shell(look)).await;
        assert_eq!(text(&said.stdout), "1\n", "{said:?}");
        assert_eq!(text(&said.stderr), "");
    }
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_volume_holds_what_the_image_has_there_unless_told_otherwise() {
    let engine = engine().await;
    let filled = Volume::new(&engine, VolumeSpec::default()).await;
    let empty = Volume::new(&engine, VolumeSpec::default()).await;
    let copied = session(&engine, with(vec![volume_at(&filled, "/bin", false)])).await;
    let said = exec(&engine, &copied, shell("ls /bin | grep -cx sh")).await;
    assert_eq!(text(&said.stdout), "1\n");
    let bare = session(
        &engine,
        with(vec![Mount::Volume(VolumeMount {
            name: Some(empty.name.clone()),
            target: "/etc".to_owned(),
            read_only: false,
            no_copy: true,
        })]),
    )
    .await;
    let said = exec(&engine, &bare, shell("ls /etc/passwd 2>/dev/null")).await;
    assert_eq!(text(&said.stdout), "");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn volumes_are_found_by_their_labels_and_removed() {
    let engine = engine().await;
    let label = unique("label");
    let volume = Volume::new(
        &engine,
        VolumeSpec {
            labels: BTreeMap::from([(label.clone(), "value=1".to_owned())]),
            ..VolumeSpec::default()
        },
    )
    .await;
    let found = engine.labelled_volumes(&label).await.expect("a list");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].id, volume.name);
    assert_eq!(
        found[0].labels.get(&label).map(String::as_str),
        Some("value=1")
    );
    engine
        .remove_volume(&volume.name)
        .await
        .expect("it is removed");
    engine.remove_volume(&volume.name).await.expect("once more");
    let found = engine.labelled_volumes(&label).await.expect("a list");
    assert!(found.is_empty(), "{found:?}");
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_tmpfs_has_its_size_and_mode_and_runs_nothing() {
    let engine = engine().await;
    let container = session(
        &engine,
        with(vec![
            Mount::Tmpfs(Tmpfs {
                target: "/scratch".to_owned(),
                size: Some(1 << 20),
                mode: Some(0o1750),
                options: if engine.facts().is_podman() {
                    Vec::new()
                } else {
                    vec!["uid=7".to_owned()]
                },
            }),
            Mount::Tmpfs(Tmpfs {
                target: "/plain".to_owned(),
                ..Tmpfs::default()
            }),
            // The image's programs are not copied into it.
            Mount::Tmpfs(Tmpfs {
                target: "/etc".to_owned(),
                ..Tmpfs::default()
            }),
        ]),
    )
    .await;
    let script = "
        stat -c '%a %u' /scratch /plain
        df -k /scratch | awk 'END { print $2 }'
        ls /etc/passwd 2>/dev/null
        for folder in /scratch /plain; do
            cp /bin/busybox $folder/true 2>/dev/null || echo '#!/bin/sh' >$folder/true
            chmod +x $folder/true
            $folder/true 2>/dev/null && echo ran
        done
        true";
    let said = exec(&engine, &container, shell(script)).await;
    let owner = if engine.facts().is_podman() { 0 } else { 7 };
    assert_eq!(
        text(&said.stdout),
        format!("1750 {owner}\n1777 0\n1024\n"),
        "{said:?}"
    );
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_bind_is_the_hosts_own_file_and_read_only_where_that_is_said() {
    let engine = engine().await;
    if !engine.facts().is_local {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("file, with an odd name"), "from here").expect("it is written");
    let bind = |source: String, target: &str, read_only, create_source| {
        Mount::Bind(Bind {
            source,
            target: target.to_owned(),
            read_only,
            create_source,
        })
    };
    let container = session(
        &engine,
        with(vec![
            bind(path("file, with an odd name"), "/in/file", true, false),
            bind(path("made"), "/made", false, true),
            bind(path("made"), "/fixed", true, true),
        ]),
    )
    .await;
    let script = "cat /in/file; echo there > /made/new; cat /fixed/new
        echo x > /in/file; echo x > /fixed/new";
    let said = exec(&engine, &container, shell(script)).await;
    assert_eq!(text(&said.stdout), "from herethere\n");
    assert_eq!(
        text(&said.stderr).matches("Read-only file system").count(),
        2,
        "{said:?}"
    );
    let written = std::fs::read_to_string(path("made/new")).expect("a file of the host");
    assert_eq!(written, "there\n");
    // The engine made the folder as root; what is in it goes while it still can.
    exec(&engine, &container, shell("rm /made/new")).await;
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine and the images of ci/images: run ci/test"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_bind_of_what_is_not_there_is_an_error_that_names_it() {
    let engine = engine().await;
    // Podman makes a folder of it.
    if engine.facts().is_podman() {
        return;
    }
    let native = engine.facts().platform.clone();
    let missing = format!("/{}", unique("missing"));
    let spec = ContainerSpec {
        name: unique("bind"),
        image: pulled(&engine, &native).await,
        ..with(vec![Mount::Bind(Bind {
            source: missing.clone(),
            target: "/in".to_owned(),
            read_only: false,
            create_source: false,
        })])
    };
    let error = engine.create(&spec).await.expect_err("it can't");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&missing), "{error}");
}
