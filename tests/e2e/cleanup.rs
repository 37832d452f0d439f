//! What is made is removed, by whoever comes next at the latest; what is not
//! ours, or still in use, stays.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use testcontainers::runners::AsyncRunner as _;
use testcontainers::{GenericImage, ImageExt as _};

use super::engine::{self, Removed};
use super::lab::{Lab, eventually, image, registry, unshare};

const HANGS: &str = "
version: 1
timeout: 1h
smoke:
  - { name: hangs, run: sleep 3600 }
  - { name: hangs alone, run: sleep 3600, isolate: true }
";
const SHORT: &str = "version: 1\nsmoke:\n  - { name: runs, run: 'true' }\n";

/// A shell in a pid namespace of its own. A run is known by its process, so that
/// no run elsewhere on this machine sweeps what is left behind in here.
struct Namespace {
    shell: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    lab: Lab,
    /// As it stands in the owner's label.
    id: String,
}

impl Namespace {
    fn new() -> Self {
        let lab = Lab::new();
        let words = unshare();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh"]);
        lab.prepare(&mut command);
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare, of util-linux");
        let mut new = Self {
            input: shell.stdin.take().expect("its input"),
            output: BufReader::new(shell.stdout.take().expect("its output")),
            shell,
            lab,
            id: String::new(),
        };
        new.id = new.say("readlink /proc/self/ns/pid");
        assert!(new.id.starts_with("pid:["), "no pid namespace: {}", new.id);
        new
    }

    /// Has the shell do something that prints one line.
    fn say(&mut self, words: &str) -> String {
        writeln!(self.input, "{words}").expect("the shell lives");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }

    /// `everyarch WORDS…` to its end: its exit code, and all it printed.
    fn everyarch(&mut self, words: &[&str]) -> (String, String) {
        let line = self.line(words);
        let code = self.say(&format!("{line} > out.txt 2>&1; echo $?"));
        let said = std::fs::read_to_string(self.lab.path("out.txt")).expect("its output");
        (code, said)
    }

    /// A run that hangs; returns its pid in here once it has both containers.
    fn hanging_run(&mut self, name: &str) -> String {
        self.lab.write("hangs.yaml", HANGS);
        let busybox = image("test/busybox:amd64");
        let words = ["run", &busybox, "--suite", "hangs.yaml", "--jobs", "4"];
        let line = self.line(&words);
        let pid = self.say(&format!("{line} > {name}.txt 2>&1 & echo $!"));
        eventually("two containers", || {
            (self.containers_of(&pid).len() >= 2).then_some(())
        });
        pid
    }

    fn line(&self, words: &[&str]) -> String {
        let program = env!("CARGO_BIN_EXE_everyarch");
        let engine = self.lab.engine_arguments();
        let words = words
            .iter()
            .copied()
            .chain(engine.iter().map(String::as_str));
        let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        format!("'{program}' {}", quoted.join(" "))
    }

    fn containers_of(&self, pid: &str) -> Vec<String> {
        engine::owned(&format!("/{}/{pid}/", self.id))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its init goes, and everything in it; then what that left behind.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
        for id in engine::owned(&format!("/{}/", self.id)) {
            drop(Removed(id));
        }
    }
}

/// testcontainers finds its engine by `DOCKER_HOST` alone: where another one is
/// under test, this very test is run again with it. Whether that was done here.
fn was_run_again_with_the_engine() -> bool {
    let Some(url) = engine::named() else {
        return false;
    };
    if std::env::var("DOCKER_HOST").as_ref() == Ok(&url) {
        return false;
    }
    let (_, module) = module_path!().split_once("::").expect("a module");
    let name = format!("{module}::what_a_killed_run_left_is_swept_and_nothing_else");
    let done = Command::new(std::env::current_exe().expect("this program"))
        .args([name.as_str(), "--exact"])
        .args(["--include-ignored", "--nocapture"])
        .env("DOCKER_HOST", url)
        .status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "it failed, see above"
    );
    true
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn what_a_killed_run_left_is_swept_and_nothing_else() {
    if was_run_again_with_the_engine() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let foreign = runtime.block_on(async {
        GenericImage::new(format!("{}/test/busybox", registry()), "amd64".to_owned())
            .with_cmd(["sleep", "3600"])
            .start()
            .await
            .expect("a container of testcontainers")
    });
    let mut namespace = Namespace::new();
    namespace.lab.write("short.yaml", SHORT);
    let busybox = image("test/busybox:amd64");
    let victim = namespace.hanging_run("victim");
    let live = namespace.hanging_run("live");
    let left = namespace.containers_of(&victim);
    let used = namespace.containers_of(&live);

    // A live run's containers stay.
    let (code, said) = namespace.everyarch(&["clean"]);
    assert_eq!((code.as_str(), said.as_str()), ("0", "nothing to remove\n"));

    // A killed run leaves its containers, which the next one removes.
    namespace.say(&format!("kill -KILL {victim}; wait {victim}; echo killed"));
    assert!(left.iter().all(|id| engine::exists(id)));
    let (code, said) = namespace.everyarch(&["run", &busybox, "--suite", "short.yaml"]);
    assert_eq!(code, "0", "{said}");
    assert_eq!(said.matches("left behind").count(), left.len(), "{said}");
    assert!(!left.iter().any(|id| engine::exists(id)), "{said}");
    assert!(used.iter().all(|id| engine::exists(id)), "{said}");

    // So does `everyarch clean`.
    namespace.say(&format!("kill -KILL {live}; wait {live}; echo killed"));
    assert!(used.iter().all(|id| engine::exists(id)));
    let (code, said) = namespace.everyarch(&["clean"]);
    assert_eq!(code, "0", "{said}");
    assert_eq!(said.matches("left behind").count(), used.len(), "{said}");
    assert!(!used.iter().any(|id| engine::exists(id)), "{said}");

    assert!(engine::exists(foreign.id()), "not ours, and gone");
    runtime.block_on(async { foreign.rm().await.expect("it is removed") });
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn of_another_machine_s_containers_only_those_past_their_lease_are_removed() {
    let make = |lease: &str| {
        let lease = format!("dev.everyarch.lease={lease}");
        let labels = [
            "dev.everyarch.run=e2e",
            "dev.everyarch.owner=elsewhere/pid:[1]/1/1",
            &lease,
        ];
        let mut words = vec!["create"];
        for label in labels {
            words.extend(["--label", label]);
        }
        let busybox = image("test/busybox:amd64");
        words.extend([&busybox, "true"]);
        Removed(engine::ask(&words))
    };
    engine::ask(&["pull", "--quiet", &image("test/busybox:amd64")]);
    let (over, under_way) = (make("1000000000"), make("99999999999"));
    let lab = Lab::new();
    let mut words = vec!["clean".to_owned()];
    words.extend(lab.engine_arguments());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    lab.everyarch(&words).exits(0);
    assert!(!engine::exists(&over.0));
    assert!(engine::exists(&under_way.0));
}

#[test]
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs an engine, a registry and the images of ci/images: run ci/test"
)]
fn containers_are_kept_where_that_is_asked_for_until_their_run_is_named() {
    let lab = Lab::new();
    let clean = |words: &[&str]| {
        let engine = lab.engine_arguments();
        let words: Vec<&str> = [&["clean"], words].concat();
        let engine = engine.iter().map(String::as_str);
        lab.everyarch(&words.into_iter().chain(engine).collect::<Vec<_>>())
            .exits(0)
    };
    let outcome = lab
        .check(&image("test/busybox:amd64"), SHORT, &["--keep"])
        .exits(0)
        .prints("containers were kept");
    let run = outcome
        .stdout
        .split("everyarch clean --run ")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .unwrap_or_else(|| panic!("no run is named\n{outcome}"));
    let kept = || engine::labelled(&format!("dev.everyarch.run={run}"));
    let mine: Vec<Removed> = kept().into_iter().map(Removed).collect();
    assert!(!mine.is_empty(), "{outcome}");
    // The run is over, and yet they are not what it left behind.
    clean(&[]);
    assert_eq!(kept().len(), mine.len());
    clean(&["--run", run]).prints("removed ");
    assert_eq!(kept(), Vec::<String>::new());
}
