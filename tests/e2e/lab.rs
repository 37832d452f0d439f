//! A folder of its own for each test, and everyarch run in it.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::engine;
use super::outcome::Outcome;

/// No run of these tests takes nearly as long: what does, hangs.
const HANGS: Duration = Duration::from_secs(240);

/// The caches' folder of all tests, for what was found in layers: the large ones
/// are read once.
const CACHES: &str = env!("CARGO_TARGET_TMPDIR");

/// A reference to an image of `ci/images`.
pub(super) fn image(name: &str) -> String {
    format!("{}/{name}", registry())
}

/// The registry that `ci/images` pushed to.
pub(super) fn registry() -> String {
    std::env::var("EVERYARCH_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5055".to_owned())
}

/// The folder of one test.
pub(super) struct Lab {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Lab {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            environment: vec![("XDG_CACHE_HOME".to_owned(), CACHES.to_owned())],
        }
    }

    /// Everything runs with this variable.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.environment
            .push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With a home folder in which nothing is configured.
    pub(super) fn with_empty_home(self) -> Self {
        let home = self.path("home");
        std::fs::create_dir(&home).expect("a home");
        let docker = home.join(".docker");
        self.env("HOME", home.to_string_lossy())
            .env("DOCKER_CONFIG", docker.to_string_lossy())
            .env("XDG_CONFIG_HOME", home.join(".config").to_string_lossy())
            .env("XDG_RUNTIME_DIR", home.join("run").to_string_lossy())
            .env("REGISTRY_AUTH_FILE", "")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("a file is written");
    }

    /// `everyarch` with these arguments and nothing else.
    pub(super) fn everyarch(&self, arguments: &[&str]) -> Outcome {
        self.spawn(arguments).finish()
    }

    /// `everyarch run` with both reports.
    pub(super) fn run(&self, image: &str, arguments: &[&str]) -> Outcome {
        self.start(image, arguments).finish()
    }

    /// The same with this suite.
    pub(super) fn check(&self, image: &str, suite: &str, arguments: &[&str]) -> Outcome {
        self.start_check(image, suite, arguments).finish()
    }

    /// [`Lab::check`], under way.
    pub(super) fn start_check(&self, image: &str, suite: &str, arguments: &[&str]) -> Running<'_> {
        self.write("suite.yaml", suite);
        let mut all = vec!["--suite", "suite.yaml"];
        all.extend(arguments);
        self.start(image, &all)
    }

    /// [`Lab::run`], under way.
    pub(super) fn start(&self, image: &str, arguments: &[&str]) -> Running<'_> {
        let mut all = self.run_arguments(image);
        all.extend(arguments.iter().map(|&word| word.to_owned()));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.spawn(&all)
    }

    /// `run IMAGE`, both reports, and the engine where one is named.
    pub(super) fn run_arguments(&self, image: &str) -> Vec<String> {
        let mut all: Vec<String> = ["run", image, "--json", "result.json"]
            .map(str::to_owned)
            .into();
        all.extend(["--junit", "result.xml"].map(str::to_owned));
        all.extend(self.engine_arguments());
        all
    }

    /// `--engine URL` where one is named.
    pub(super) fn engine_arguments(&self) -> Vec<String> {
        match engine::named() {
            Some(url) => vec!["--engine".to_owned(), url],
            None => Vec::new(),
        }
    }

    pub(super) fn spawn(&self, arguments: &[&str]) -> Running<'_> {
        self.spawn_as(&[], arguments)
    }

    /// With `before` in front of the program: `setpriv`, `unshare` and the like.
    pub(super) fn spawn_as(&self, before: &[&str], arguments: &[&str]) -> Running<'_> {
        let program = env!("CARGO_BIN_EXE_everyarch");
        let words: Vec<&str> = before
            .iter()
            .copied()
            .chain([program])
            .chain(arguments.iter().copied())
            .collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        Running::new(self, command)
    }

    /// Sets folder and environment of a command that is to run in this lab.
    pub(super) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env("LC_ALL", "C.UTF-8");
        for name in ["EVERYARCH_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        for (name, value) in &self.environment {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }
}

/// everyarch under way.
pub(super) struct Running<'a> {
    lab: &'a Lab,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// One stream, read by a thread of its own so that nothing blocks.
struct Lines {
    arriving: Receiver<String>,
    so_far: String,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, arriving) = channel();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if sender
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    return;
                }
                line.clear();
            }
        });
        Self {
            arriving,
            so_far: String::new(),
        }
    }

    /// The next line; `None` at the end, or when the time is up.
    fn next(&mut self, until: Instant) -> Result<String, RecvTimeoutError> {
        let left = until.saturating_duration_since(Instant::now());
        let line = self.arriving.recv_timeout(left)?;
        self.so_far.push_str(&line);
        Ok(line)
    }
}

impl<'a> Running<'a> {
    fn new(lab: &'a Lab, mut command: Command) -> Self {
        lab.prepare(&mut command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("everyarch starts");
        let stdout = Lines::of(child.stdout.take().expect("its output"));
        let stderr = Lines::of(child.stderr.take().expect("its error output"));
        Self {
            lab,
            child,
            stdout,
            stderr,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of its output that holds this text.
    pub(super) fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + HANGS;
        loop {
            match self.stdout.next(until) {
                Ok(line) if line.contains(text) => return,
                Ok(_) => {}
                Err(_) => {
                    let _ = self.child.kill();
                    while self
                        .stderr
                        .next(Instant::now() + Duration::from_secs(2))
                        .is_ok()
                    {}
                    panic!(
                        "no line with `{text}`:\n{}\n{}",
                        self.stdout.so_far, self.stderr.so_far
                    );
                }
            }
        }
    }

    /// Sends it a signal: `INT`, `TERM`, `KILL`.
    pub(super) fn signal(&self, name: &str) {
        // The shell's own: the program is not everywhere.
        let pid = self.pid().to_string();
        let done = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &pid])
            .status();
        assert!(done.is_ok_and(|status| status.success()), "kill -s {name}");
    }

    /// Waits for its end, and for that of its output.
    pub(super) fn finish(mut self) -> Outcome {
        let until = Instant::now() + HANGS;
        let mut is_late = false;
        for stream in [&mut self.stdout, &mut self.stderr] {
            loop {
                match stream.next(until) {
                    Ok(_) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        is_late = true;
                        let _ = self.child.kill();
                        break;
                    }
                }
            }
        }
        let status = self.child.wait().expect("its exit status");
        let outcome = Outcome::new(
            status.code(),
            std::mem::take(&mut self.stdout.so_far),
            std::mem::take(&mut self.stderr.so_far),
            self.lab.read("result.json"),
            self.lab.read("result.xml"),
        );
        assert!(!is_late, "it did not end:\n{outcome}");
        if outcome.said_what_it_ran() {
            let left = engine::left_of(self.child.id());
            assert_eq!(left, Vec::<String>::new(), "left behind by:\n{outcome}");
        }
        outcome
    }
}

/// What a test that failed has left running would be in the way of others.
impl Drop for Running<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            let _ = self.child.wait();
        }
    }
}

/// Asks again and again until the answer is what is waited for.
pub(super) fn eventually<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    within(Duration::from_secs(60), what, ask)
}

/// The same for what takes longer on a busy machine.
pub(super) fn within<T>(most: Duration, what: &str, ask: impl Fn() -> Option<T>) -> T {
    let until = Instant::now() + most;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A path as a word of a command line.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `unshare`, for whoever runs the tests.
pub(super) fn unshare() -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut words = vec!["unshare".to_owned()];
    if !is_root {
        words.extend(["--user", "--map-root-user"].map(str::to_owned));
    }
    words
}
