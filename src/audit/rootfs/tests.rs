use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::audit::file::{FileFacts, NotElf};
use crate::audit::layer::{EntryKind, LayerEntry};

fn entry(path: &str, kind: EntryKind) -> LayerEntry {
    let mode = match kind {
        EntryKind::Directory => 0o755,
        _ => 0o644,
    };
    LayerEntry {
        path: path.to_owned(),
        kind,
        mode,
        uid: 0,
        gid: 0,
        size: 0,
        facts: None,
    }
}

fn file(path: &str) -> LayerEntry {
    entry(path, EntryKind::File)
}

fn folder(path: &str) -> LayerEntry {
    entry(path, EntryKind::Directory)
}

fn symlink(path: &str, target: &str) -> LayerEntry {
    entry(path, EntryKind::Symlink(target.to_owned()))
}

fn hard_link(path: &str, target: &str) -> LayerEntry {
    entry(path, EntryKind::HardLink(target.to_owned()))
}

fn whiteout(path: &str) -> LayerEntry {
    entry(path, EntryKind::Whiteout)
}

fn opaque(path: &str) -> LayerEntry {
    entry(path, EntryKind::Opaque)
}

fn rootfs(layers: impl IntoIterator<Item = Vec<LayerEntry>>) -> Rootfs {
    let mut rootfs = Rootfs::default();
    for (number, layer) in layers.into_iter().enumerate() {
        rootfs.apply(number, layer.into());
    }
    rootfs
}

fn paths(rootfs: &Rootfs) -> Vec<String> {
    rootfs.nodes().map(|node| node.path()).collect()
}

fn resolved(rootfs: &Rootfs, path: &str) -> Result<String, Nowhere> {
    rootfs.resolve(path).map(|file| file.path())
}

#[test]
fn a_whiteout_removes_a_file_of_a_lower_layer_and_a_folder_with_all_in_it() {
    let rootfs = rootfs([
        vec![file("etc/a"), file("etc/b"), file("opt/x/y"), file("opt/z")],
        vec![whiteout("etc/a"), whiteout("opt/x")],
    ]);
    assert_eq!(paths(&rootfs), ["/etc", "/etc/b", "/opt", "/opt/z"]);
}

#[test]
fn a_whiteout_spares_its_own_layer_wherever_in_the_archive_it_stands() {
    for layer in [
        vec![whiteout("a"), folder("a"), file("a/new")],
        vec![folder("a"), file("a/new"), whiteout("a")],
    ] {
        let rootfs = rootfs([vec![file("a/old")], layer]);
        assert_eq!(paths(&rootfs), ["/a", "/a/new"]);
        assert_eq!(rootfs.entry("/a").expect("a").layer(), 1);
    }
}

#[test]
fn an_opaque_folder_hides_what_lower_layers_have_in_it_at_any_depth() {
    for layer in [
        vec![opaque("a"), file("a/b/new")],
        vec![file("a/b/new"), opaque("a")],
    ] {
        let rootfs = rootfs([vec![file("a/old"), file("a/b/c/old"), file("z")], layer]);
        assert_eq!(paths(&rootfs), ["/a", "/a/b", "/a/b/new", "/z"]);
    }
}

#[test]
fn an_opaque_root_hides_everything_below() {
    let rootfs = rootfs([vec![file("a/b")], vec![opaque(""), file("c")]]);
    assert_eq!(paths(&rootfs), ["/c"]);
}

#[test]
fn a_file_replaces_a_folder_and_a_folder_a_file() {
    let rootfs = rootfs([
        vec![file("a/b"), file("c")],
        vec![file("a"), folder("c"), file("c/d")],
    ]);
    assert_eq!(paths(&rootfs), ["/a", "/c", "/c/d"]);
    assert_eq!(rootfs.entry("a").expect("a").kind(), NodeKind::File);
    assert_eq!(rootfs.entry("c").expect("c").kind(), NodeKind::Directory);
}

#[test]
fn a_folder_that_was_replaced_does_not_come_back_with_its_old_files() {
    let rootfs = rootfs([vec![file("a/old")], vec![file("a")], vec![file("a/new")]]);
    assert_eq!(paths(&rootfs), ["/a", "/a/new"]);
}

#[test]
fn a_folder_keeps_its_files_when_a_higher_layer_changes_its_mode() {
    let mut changed = folder("a");
    changed.mode = 0o700;
    let rootfs = rootfs([vec![file("a/b")], vec![changed]]);
    assert_eq!(paths(&rootfs), ["/a", "/a/b"]);
    assert_eq!(rootfs.entry("a").expect("a").mode(), 0o700);
}

#[test]
fn folders_that_no_entry_describes_are_there() {
    let rootfs = rootfs([vec![file("a/b/c")]]);
    assert_eq!(rootfs.entry("/a/b").expect("b").kind(), NodeKind::Directory);
}

#[test]
fn a_file_in_a_folder_that_below_is_a_link_hides_the_link_as_overlay_file_systems_do() {
    let rootfs = rootfs([
        vec![file("usr/lib/libc.so"), symlink("lib", "usr/lib")],
        vec![file("lib/libfoo.so")],
    ]);
    assert_eq!(
        paths(&rootfs),
        [
            "/lib",
            "/lib/libfoo.so",
            "/usr",
            "/usr/lib",
            "/usr/lib/libc.so"
        ]
    );
    assert!(rootfs.resolve("/lib/libc.so").is_err());
}

#[test]
fn a_file_behind_a_link_of_its_own_layer_goes_where_the_link_leads() {
    let rootfs = rootfs([vec![
        folder("usr/lib"),
        symlink("lib", "usr/lib"),
        symlink("root", "/"),
        file("lib/libfoo.so"),
        file("root/etc/x"),
    ]]);
    assert_eq!(
        resolved(&rootfs, "/lib/libfoo.so"),
        Ok("/usr/lib/libfoo.so".to_owned())
    );
    assert!(rootfs.entry("/etc/x").is_some());
}

#[test]
fn a_link_that_leaves_the_root_stays_inside() {
    let rootfs = rootfs([vec![
        symlink("a/up", "../../../../etc"),
        file("etc/passwd"),
        symlink("a/absolute", "/etc/passwd"),
    ]]);
    assert_eq!(
        resolved(&rootfs, "a/up/passwd"),
        Ok("/etc/passwd".to_owned())
    );
    assert_eq!(
        resolved(&rootfs, "/a/absolute"),
        Ok("/etc/passwd".to_owned())
    );
    assert_eq!(
        resolved(&rootfs, "/../../etc/./passwd"),
        Ok("/etc/passwd".to_owned())
    );
}

#[test]
fn links_that_go_round_in_circles_end() {
    let rootfs = rootfs([vec![
        symlink("a", "b"),
        symlink("b", "a"),
        symlink("c", "c/c"),
    ]]);
    assert_eq!(resolved(&rootfs, "a"), Err(Nowhere::Loop));
    assert_eq!(resolved(&rootfs, "c"), Err(Nowhere::Loop));
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let links = |count: usize| {
        let mut layer: Vec<LayerEntry> = (0..count)
            .map(|number| symlink(&format!("l{number}"), &format!("l{}", number + 1)))
            .collect();
        layer.push(file(&format!("l{count}")));
        rootfs([layer])
    };
    assert_eq!(resolved(&links(40), "l0"), Ok("/l40".to_owned()));
    assert_eq!(resolved(&links(41), "l0"), Err(Nowhere::Loop));
}

#[test]
fn a_path_that_leads_nowhere_says_where_it_ends() {
    let rootfs = rootfs([vec![file("a/file"), symlink("a/link", "gone/x")]]);
    assert_eq!(
        resolved(&rootfs, "/a/b/c"),
        Err(Nowhere::Missing("/a/b".to_owned()))
    );
    assert_eq!(
        resolved(&rootfs, "a/link"),
        Err(Nowhere::Missing("/a/gone".to_owned()))
    );
    assert_eq!(
        resolved(&rootfs, "/a/file/x"),
        Err(Nowhere::NotADirectory("/a/file".to_owned()))
    );
    assert_eq!(
        resolved(&rootfs, "/a/file/"),
        Err(Nowhere::NotADirectory("/a/file".to_owned()))
    );
    assert_eq!(
        resolved(&rootfs, "/a/file/.."),
        Err(Nowhere::NotADirectory("/a/file".to_owned()))
    );
}

#[test]
fn an_entry_is_the_link_itself_and_resolving_follows_it() {
    let rootfs = rootfs([vec![file("bin/busybox"), symlink("bin/sh", "busybox")]]);
    assert_eq!(
        rootfs.entry("/bin/sh").expect("sh").kind(),
        NodeKind::Symlink("busybox")
    );
    assert_eq!(resolved(&rootfs, "/bin/sh"), Ok("/bin/busybox".to_owned()));
}

#[test]
fn a_hard_link_is_the_file_it_names() {
    let mut program = file("bin/a");
    program.size = 7;
    program.mode = 0o755;
    program.facts = Some(FileFacts::NotElf(NotElf::Pe));
    let rootfs = rootfs([
        vec![program, hard_link("bin/b", "bin/a")],
        vec![hard_link("bin/c", "bin/b")],
    ]);
    for path in ["/bin/b", "/bin/c"] {
        let link = rootfs.entry(path).expect("a link");
        assert_eq!(link.kind(), NodeKind::File);
        assert_eq!((link.size(), link.mode()), (7, 0o755));
        assert_eq!(link.facts(), Some(&FileFacts::NotElf(NotElf::Pe)));
    }
    // Docker takes the one within its layer, and not the other.
    assert_eq!(rootfs.refused_count(), 1);
    assert_eq!(rootfs.refused()[0].path, "bin/c");
}

#[test]
fn a_hard_link_to_nothing_is_left_out_and_said() {
    let rootfs = rootfs([
        vec![file("gone"), folder("folder")],
        vec![
            whiteout("gone"),
            hard_link("a", "gone"),
            hard_link("b", "folder"),
            hard_link("c", "c"),
        ],
    ]);
    assert_eq!(paths(&rootfs), ["/folder"]);
    assert_eq!(rootfs.refused_count(), 3);
    assert_eq!(rootfs.refused()[0].layer, 1);
    assert_eq!(rootfs.refused()[0].path, "a");
}

#[test]
fn an_entry_below_a_file_of_its_own_layer_is_left_out_and_said() {
    let rootfs = rootfs([vec![file("a"), file("a/b")]]);
    assert_eq!(paths(&rootfs), ["/a"]);
    assert_eq!(rootfs.refused()[0].path, "a/b");
}

#[test]
fn every_file_knows_its_layer() {
    let rootfs = rootfs([vec![file("a"), file("b")], vec![file("b")], vec![file("c")]]);
    let layers: Vec<(String, usize)> = rootfs
        .files()
        .map(|file| (file.path(), file.layer()))
        .collect();
    let expected = [("/a", 0), ("/b", 1), ("/c", 2)].map(|(path, layer)| (path.to_owned(), layer));
    assert_eq!(layers, expected);
}

#[test]
fn a_folder_is_listed_by_name_through_links() {
    let rootfs = rootfs([vec![
        file("usr/lib/b"),
        file("usr/lib/a"),
        symlink("lib", "usr/lib"),
    ]]);
    let names: Vec<&str> = rootfs.list("/lib").iter().map(FileRef::name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(rootfs.list("/nowhere").is_empty());
}

#[test]
fn parents_come_before_their_children_and_names_in_order() {
    let rootfs = rootfs([vec![file("b/z"), file("b-c"), file("b/a/x"), file("a")]]);
    assert_eq!(
        paths(&rootfs),
        ["/a", "/b", "/b/a", "/b/a/x", "/b/z", "/b-c"]
    );
}

#[test]
fn a_path_of_two_thousand_folders_overflows_no_stack() {
    let deep = vec!["d"; 2000].join("/");
    let rootfs = rootfs([vec![file(&deep)]]);
    assert_eq!(rootfs.nodes().count(), 2000);
    assert!(rootfs.resolve(&deep).is_ok());
}

#[test]
fn links_that_make_every_path_thousands_of_folders_long_do_not_take_for_ever() {
    let folders = "d/../".repeat(800);
    let mut layer = vec![folder("d"), folder("end")];
    for number in 0..39 {
        layer.push(symlink(
            &format!("l{number}"),
            &format!("{folders}l{}", number + 1),
        ));
    }
    layer.push(symlink("l39", "end"));
    // Each of these is a walk through sixty thousand parts.
    layer.extend((0..50).map(|number| file(&format!("l0/{number}"))));
    let mut found = Rootfs::default();
    apply::apply(&mut found, 0, layer.into(), 1_000_000);
    assert_eq!(found.list("/end").len(), 16);
    assert_eq!(found.refused_count(), 34);
    let why = &found.refused()[0].why;
    assert!(why.contains("more folders and links"), "{why}");
}

/// What stands at a path in [`Model`].
#[derive(Clone, Debug, PartialEq)]
enum Thing {
    File(usize),
    Folder,
    Link(String),
}

/// Layers laid on one another by the book: each unpacked into a map of paths for
/// itself, then merged path by path.
#[derive(Default)]
struct Model(BTreeMap<String, Thing>);

impl Model {
    fn apply(&mut self, number: usize, layer: &[LayerEntry]) {
        let inside =
            |path: &str, folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
        let mut upper: BTreeMap<String, Thing> = BTreeMap::new();
        let removals = layer
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque));
        let others = layer
            .iter()
            .filter(|entry| !matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque));
        for entry in removals {
            if entry.kind == EntryKind::Whiteout {
                self.0
                    .retain(|path, _| *path != entry.path && !inside(path, &entry.path));
            } else {
                self.0.retain(|path, _| !inside(path, &entry.path));
            }
            let place = match entry.kind {
                EntryKind::Opaque => format!("{}/x", entry.path),
                _ => entry.path.clone(),
            };
            Self::parents(&mut upper, &place);
        }
        'entries: for entry in others {
            for parent in ancestors(&entry.path) {
                if matches!(upper.get(parent), Some(Thing::File(_))) {
                    continue 'entries;
                }
            }
            Self::parents(&mut upper, &entry.path);
            let thing = match &entry.kind {
                EntryKind::Directory => Thing::Folder,
                EntryKind::Symlink(target) => Thing::Link(target.clone()),
                _ => Thing::File(number),
            };
            if thing != Thing::Folder {
                upper.retain(|path, _| !inside(path, &entry.path));
            }
            upper.insert(entry.path.clone(), thing);
        }
        for (path, thing) in &upper {
            let is_merged = *thing == Thing::Folder && self.0.get(path) == Some(&Thing::Folder);
            if !is_merged {
                self.0.retain(|other, _| !inside(other, path));
            }
            self.0.insert(path.clone(), thing.clone());
        }
    }

    fn parents(upper: &mut BTreeMap<String, Thing>, path: &str) {
        for parent in ancestors(path).filter(|parent| !parent.is_empty()) {
            upper.entry(parent.to_owned()).or_insert(Thing::Folder);
        }
    }
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn any_path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[abc]", 1..4).prop_map(|parts| parts.join("/"))
}

fn any_entry() -> impl Strategy<Value = LayerEntry> {
    (any_path(), 0..6_u8).prop_map(|(path, kind)| match kind {
        0 | 1 => file(&path),
        2 => folder(&path),
        3 => whiteout(&path),
        4 => opaque(&path),
        // At a place of its own, so that nothing goes through it.
        _ => symlink(&format!("{path}/l"), "../a"),
    })
}

/// Layers that name no path twice but to remove what is below it.
fn any_layers() -> impl Strategy<Value = Vec<Vec<LayerEntry>>> {
    let layer = proptest::collection::vec(any_entry(), 0..12).prop_map(|mut layer| {
        let mut named = BTreeSet::new();
        layer.retain(|entry| {
            matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque)
                || named.insert(entry.path.clone())
        });
        layer
    });
    proptest::collection::vec(layer, 1..5)
}

proptest! {
    #[test]
    fn layers_are_laid_on_one_another_by_the_book(layers in any_layers()) {
        let mut model = Model::default();
        for (number, layer) in layers.iter().enumerate() {
            model.apply(number, layer);
        }
        let rootfs = rootfs(layers);
        let found: BTreeMap<String, Thing> = rootfs
            .nodes()
            .map(|node| {
                let thing = match node.kind() {
                    NodeKind::Directory => Thing::Folder,
                    NodeKind::Symlink(target) => Thing::Link(target.to_owned()),
                    _ => Thing::File(node.layer()),
                };
                (node.path().trim_start_matches('/').to_owned(), thing)
            })
            .collect();
        prop_assert_eq!(found, model.0);
    }

    #[test]
    fn no_links_hang_or_leave_the_root(
        links in proptest::collection::vec((any_path(), "[abc./]{0,8}"), 0..20),
        paths in proptest::collection::vec("[abc./]{0,12}", 1..10),
    ) {
        let layer = links.iter().map(|(path, target)| symlink(path, target)).collect();
        let hard = links.iter().map(|(path, target)| hard_link(path, target)).collect();
        let rootfs = rootfs([layer, hard]);
        for path in paths {
            if let Ok(found) = rootfs.resolve(&path) {
                let path = found.path();
                // What is found by a real path is found by that path again.
                prop_assert_eq!(resolved(&rootfs, &path), Ok(path));
            }
        }
    }
}
