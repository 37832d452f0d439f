//! Compose files as their users write them. What `tests/compose/*.yaml` hold is
//! compared with what compose itself makes of them, which stands beside each; for
//! what is wrong with `tests/compose/mistakes/*.yaml` there is what is said of it.
//!
//! With `COMPOSE` naming the compose program and `UPDATE_GOLDEN=1` both are written
//! anew; with `COMPOSE` alone the program itself is compared with.

mod properties;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::merge::DIALECT;
use super::*;
use crate::diagnostic::{COMPOSE_CODES, code};
use crate::yaml::{self, Node};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the checkout.
struct Checkout;

impl Files for Checkout {
    fn text(&self, path: &Path) -> Result<String, FileFault> {
        std::fs::read_to_string(root().join(path)).map_err(|error| FileFault::from(&error))
    }

    fn is_there(&self, path: &Path) -> bool {
        root().join(path).is_file()
    }
}

/// What a file says under `x-read` of how it is to be read.
#[derive(Default)]
struct Reading {
    files: Vec<String>,
    profiles: Vec<String>,
    under_test: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Reading {
    fn of(path: &Path) -> Self {
        let name = path.strip_prefix(root()).expect("in the checkout");
        let text = std::fs::read_to_string(path).expect("a compose file");
        let tree = yaml::parse(&text, DIALECT).0;
        let read = tree.as_ref().and_then(|tree| tree.get("x-read"));
        let texts = |key: &str| -> Vec<String> {
            let node = read.and_then(|read| read.get(key)).and_then(Node::seq);
            node.into_iter()
                .flatten()
                .map(|item| item.scalar().expect("a text").text.clone())
                .collect()
        };
        let environment = read.and_then(|read| read.get("env")).and_then(Node::map);
        let folder = name.parent().expect("a folder");
        let mut files: Vec<String> = texts("files")
            .iter()
            .map(|file| folder.join(file).display().to_string())
            .collect();
        if files.is_empty() {
            files.push(name.display().to_string());
        }
        Self {
            files,
            profiles: texts("profiles"),
            under_test: texts("under_test"),
            environment: environment
                .into_iter()
                .flatten()
                .map(|entry| {
                    let value = entry.value.scalar().expect("a text").text.clone();
                    (entry.key.text.clone(), value)
                })
                .collect(),
        }
    }

    fn read(&self, files: &dyn Files) -> Result<Project, Mistakes> {
        read(
            &self.files,
            Surroundings {
                files,
                environment: &|name| self.environment.get(name).cloned(),
                profiles: &self.profiles,
                under_test: &self.under_test,
            },
        )
    }

    /// What compose makes of the same.
    fn compose(&self, program: &Path) -> Value {
        let mut command = Command::new(program);
        command.current_dir(root()).env_clear();
        command.envs(&self.environment);
        for file in &self.files {
            command.args(["-f", file]);
        }
        for profile in &self.profiles {
            command.args(["--profile", profile]);
        }
        let output = command
            .args(["-p", "p", "config", "--format", "json"])
            .output()
            .expect("compose runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {said}", self.files);
        shape::of_compose(&serde_json::from_slice(&output.stdout).expect("JSON"))
    }
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

fn is_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[test]
fn every_file_means_what_it_means_to_compose() {
    let program = std::env::var_os("COMPOSE").map(PathBuf::from);
    let files = yaml_files("tests/compose");
    assert!(files.len() >= 25);
    let mut wrong = Vec::new();
    for path in files {
        let reading = Reading::of(&path);
        let golden = path.with_extension("json");
        let agreed: Value = match &program {
            Some(program) => {
                let made = reading.compose(program);
                if is_update() {
                    let text = serde_json::to_string_pretty(&made).expect("JSON");
                    std::fs::write(&golden, text + "\n").expect("written");
                }
                made
            }
            None => {
                let text = std::fs::read_to_string(&golden).expect("what compose makes of it");
                serde_json::from_str(&text).expect("JSON")
            }
        };
        match reading.read(&Checkout) {
            Err(mistakes) => wrong.push(mistakes.render(false)),
            Ok(project) => {
                let read = shape::of_project(&project);
                wrong.extend(
                    shape::differences(&agreed, &read)
                        .into_iter()
                        .map(|difference| format!("{}: {difference}", path.display())),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_is_said_as_it_was_agreed() {
    let mut wrong = Vec::new();
    let mut codes = BTreeSet::new();
    for path in yaml_files("tests/compose/mistakes") {
        let said = match Reading::of(&path).read(&Checkout) {
            Ok(_) => String::new(),
            Err(mistakes) => {
                codes.extend(mistakes.diagnostics().iter().map(|mistake| mistake.code));
                mistakes.render(false)
            }
        };
        let golden = path.with_extension("err");
        let agreed = std::fs::read_to_string(&golden).unwrap_or_default();
        if is_update() {
            std::fs::write(&golden, said).expect("written");
        } else if said.is_empty() || said != agreed {
            let name = path.display();
            wrong.push(format!("{name}: agreed was\n{agreed}\nbut it says\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused: Vec<_> = COMPOSE_CODES
        .iter()
        .filter(|(code, _)| !codes.contains(code))
        .collect();
    assert!(unused.is_empty(), "no file shows {unused:?}");
}

/// Files that are nowhere but in a test.
#[derive(Default)]
struct Memory(BTreeMap<PathBuf, String>);

impl Memory {
    fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        Self(
            files
                .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
                .collect(),
        )
    }
}

impl Files for Memory {
    fn text(&self, path: &Path) -> Result<String, FileFault> {
        self.0.get(path).cloned().ok_or(FileFault::Missing)
    }

    fn is_there(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
}

/// Reads `compose.yaml` of these files.
fn project(files: &[(&str, &str)]) -> Result<Project, Mistakes> {
    let reading = Reading {
        files: vec!["compose.yaml".to_owned()],
        ..Reading::default()
    };
    reading.read(&Memory::of(files))
}

/// Reads one file of these services.
fn services(text: &str) -> Project {
    let text = format!("services: {text}");
    project(&[("compose.yaml", &text)]).expect("a project")
}

#[test]
fn stages_follow_the_dependencies_in_a_fixed_order() {
    let project = services(
        "{z: {image: i}, a: {image: i, depends_on: [m, z]}, m: {image: i, depends_on: [z]}, b: {image: i}, y: {image: i, depends_on: [b]}}",
    );
    assert_eq!(
        project.outline().order(),
        [vec!["b", "z"], vec!["m", "y"], vec!["a"]]
    );
}

#[test]
fn a_service_knows_where_it_is_written() {
    let project = project(&[
        (
            "compose.yaml",
            "include: [other.yaml]\nservices:\n  a:\n    image: i\n",
        ),
        (
            "other.yaml",
            "# first\nservices:\n  b: { image: i, depends_on: [c] }\n  c: { image: i }\n",
        ),
    ])
    .expect("a project");
    let place = |file: &str, line| Place {
        file: file.to_owned(),
        line,
    };
    assert_eq!(project.services["a"].place, place("compose.yaml", 3));
    assert_eq!(project.services["b"].place, place("other.yaml", 3));
    let dependency = &project.services["b"].depends_on["c"];
    assert_eq!(dependency.place, place("other.yaml", 3));
}

#[test]
fn a_service_under_test_needs_no_image_and_may_say_how_it_is_built() {
    let text = "services: {app: {build: .}, db: {image: i}}";
    let files = Memory::of(&[("compose.yaml", text)]);
    let mut reading = Reading {
        files: vec!["compose.yaml".to_owned()],
        under_test: vec!["app".to_owned()],
        ..Reading::default()
    };
    let project = reading.read(&files).expect("a project");
    assert_eq!(project.services["app"].image, None);
    assert_eq!(project.services["db"].image.as_deref(), Some("i"));
    reading.under_test.clear();
    let mistakes = reading.read(&files).expect_err("nothing is built");
    assert_eq!(mistakes.diagnostics()[0].code, code::COMPOSE_BUILD);
}

#[test]
fn services_that_no_profile_turns_on_are_not_read_but_named() {
    let project = services("{app: {image: i}, dev: {build: ., profiles: [dev], nonsense: 1}}");
    assert_eq!(project.services.len(), 1);
    assert_eq!(project.inactive["dev"].line, 1);
}

#[test]
fn what_is_worth_knowing_is_noted() {
    let project = services("{app: {image: \"i:${TAG}\", container_name: own}}");
    let texts: Vec<&str> = project
        .notes
        .iter()
        .map(|note| note.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("`TAG` is not set"));
    assert!(texts[1].contains("not called `own`"));
}

#[test]
fn the_value_of_a_secret_is_not_shown() {
    let reading = Reading {
        files: vec!["compose.yaml".to_owned()],
        environment: [("TOKEN".to_owned(), "hush".to_owned())].into(),
        ..Reading::default()
    };
    let text = "services: {app: {image: i, secrets: [s]}}\nsecrets: {s: {environment: TOKEN}}";
    let project = reading
        .read(&Memory::of(&[("compose.yaml", text)]))
        .expect("a project");
    assert!(!format!("{project:?}").contains("hush"));
    let Content::Environment { value, .. } = &project.secrets["s"].content else {
        panic!("from the environment");
    };
    assert_eq!(value.reveal(), "hush");
}

#[test]
fn paths_are_those_of_the_file_they_stand_in() {
    let reading = Reading {
        files: vec![
            "deep/compose.yaml".to_owned(),
            "elsewhere/over.yaml".to_owned(),
        ],
        environment: [("HOME".to_owned(), "/home/me".to_owned())].into(),
        ..Reading::default()
    };
    let files = Memory::of(&[
        (
            "deep/compose.yaml",
            "include: [../inc/c.yaml]\nservices:\n  a:\n    image: i\n    volumes: [\"./x:/x\", \"~/y:/y\"]\n",
        ),
        (
            "elsewhere/over.yaml",
            "services: {a: {volumes: [\"./z:/z\"]}}",
        ),
        (
            "inc/c.yaml",
            "services: {b: {image: i, volumes: [\"./x:/x\"]}}",
        ),
    ]);
    let project = reading.read(&files).expect("a project");
    let sources = |name: &str| -> Vec<String> {
        let mounts = project.services[name].mounts.iter();
        mounts
            .map(|mount| match &mount.kind {
                MountKind::Bind(bind) => bind.source.display().to_string(),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(sources("a"), ["deep/x", "/home/me/y", "deep/z"]);
    assert_eq!(sources("b"), ["inc/x"]);
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let mistakes = project(&[
        (
            "compose.yaml",
            "include: [bad.yaml, none.yaml]\nservices:\n  a: { imag: i }\n  b: { image: i, depends_on: [nobody], ports: [x] }\n",
        ),
        ("bad.yaml", "services:\n  c: { image: i, restart: sometimes }\n"),
    ])
    .expect_err("mistakes");
    let found: Vec<(&str, usize, &str)> = mistakes
        .diagnostics()
        .iter()
        .map(|mistake| {
            let (file, line) = mistakes.place(mistake);
            (file, line, mistake.code)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("compose.yaml", 1, code::COMPOSE_FILE),
            ("compose.yaml", 3, code::MISSING_KEY),
            ("compose.yaml", 3, code::UNKNOWN_KEY),
            ("compose.yaml", 4, code::COMPOSE_UNDEFINED),
            ("compose.yaml", 4, code::COMPOSE_VALUE),
            ("bad.yaml", 2, code::UNKNOWN_VALUE),
        ]
    );
}

#[test]
fn what_names_itself_ends() {
    let mut files: Vec<(String, String)> = (0..40)
        .map(|n| {
            let next = format!("include: [f{0}.yaml, f{0}.yaml]\n", n + 1);
            let service = format!("services: {{s{n}: {{image: i}}}}");
            (format!("f{n}.yaml"), next + &service)
        })
        .collect();
    files.push(("compose.yaml".into(), "include: [f0.yaml]".into()));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let mistakes = project(&files).expect_err("too many files");
    let codes: BTreeSet<&str> = mistakes.diagnostics().iter().map(|m| m.code).collect();
    assert!(codes.contains(code::YAML_LIMIT), "{codes:?}");
}
