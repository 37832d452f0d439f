//! Programs run in a running container: created, started, drained, asked for their end.

use std::pin::Pin;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{ExecConfig, ExecInspectResponse};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::DockerEngine;
use super::call::{QUICK, SLOW};
use super::create::environment;
use super::log::split;
use crate::engine::{Captured, Ended, EngineError, ExecSpec, Execution, StreamKind};

/// Nearly every check ends before this, in three calls. One that is still going
/// may have ended with its output held open by a child in the background.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How long such output is still read once the program has ended.
const GRACE: Duration = Duration::from_millis(300);
/// The longest pause between two questions whether it has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

impl DockerEngine {
    pub(super) async fn run_exec(
        &self,
        id: &str,
        spec: &ExecSpec,
        deadline: Duration,
        cap: usize,
    ) -> Result<Execution, EngineError> {
        let begun = Instant::now();
        let mut pipes = Pipes::with_cap(cap);
        let (exec, output, input) = match self.start_exec(id, spec).await {
            Ok(started) => started,
            Err(error) => return not_begun(error, pipes, begun),
        };
        let _feeder = feed(input, spec.stdin.clone());
        let watch = Watch {
            engine: self,
            exec: &exec,
            end: begun + deadline,
            is_fed: spec.stdin.is_some(),
        };
        let ended = watch.drain(output, &mut pipes).await?;
        let duration = begun.elapsed();
        let ended = match ended {
            Some(ended) => ended,
            None => watch.wait(&mut pipes).await?,
        };
        Ok(Execution {
            ended,
            stdout: pipes.stdout,
            stderr: pipes.stderr,
            duration,
        })
    }

    async fn start_exec(
        &self,
        id: &str,
        spec: &ExecSpec,
    ) -> Result<(String, Output, Pin<Box<dyn AsyncWrite + Send>>), EngineError> {
        let program = spec.command.first().map_or("", String::as_str);
        let config = ExecConfig {
            attach_stdin: Some(spec.stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            cmd: Some(spec.command.clone()),
            env: environment(&spec.env),
            user: spec.user.clone(),
            working_dir: spec.workdir.clone(),
            ..ExecConfig::default()
        };
        let step = format!("preparing to run `{program}` in container {id}");
        let exec = self
            .call(&step, SLOW, self.client.create_exec(id, config))
            .await?
            .id;
        let options = StartExecOptions {
            output_capacity: Some(64 * 1024),
            ..StartExecOptions::default()
        };
        let step = format!("running `{program}` in container {id}");
        match self
            .call(&step, SLOW, self.client.start_exec(&exec, Some(options)))
            .await?
        {
            StartExecResults::Attached { output, input } => Ok((exec, output, input)),
            StartExecResults::Detached => Err(EngineError::Unexpected {
                step,
                why: "the engine did not attach to it".to_owned(),
            }),
        }
    }
}

/// Both streams of a program.
struct Pipes {
    stdout: Captured,
    stderr: Captured,
    cap: usize,
}

impl Pipes {
    fn with_cap(cap: usize) -> Self {
        Self {
            stdout: Captured::with_cap(cap),
            stderr: Captured::with_cap(cap),
            cap,
        }
    }

    fn take(&mut self, piece: LogOutput) {
        match split(piece) {
            (StreamKind::Stdout, bytes) => self.stdout.push(&bytes),
            (StreamKind::Stderr, bytes) => self.stderr.push(&bytes),
        }
    }

    /// Docker writes to standard output why a program could not be started:
    /// the engine's words belong to the error stream.
    fn blame_engine(&mut self) {
        if self.stderr.total() == 0 {
            self.stderr = std::mem::replace(&mut self.stdout, Captured::with_cap(self.cap));
        }
    }
}

/// Whether this is the OCI runtime's word that it could not start the program.
fn is_runtime_complaint(text: &str) -> bool {
    [
        "OCI runtime",
        "OCI permission denied",
        "unable to start container process",
        "unable to find user",
        "unable to find group",
        "exec failed",
    ]
    .iter()
    .any(|start| text.contains(start))
}

/// An engine that answers the start with an error instead of an exit code
/// still says the same: the program is not there, or can't be executed.
fn not_begun(
    error: EngineError,
    mut pipes: Pipes,
    begun: Instant,
) -> Result<Execution, EngineError> {
    match error {
        EngineError::Refused { message, .. } if is_runtime_complaint(&message) => {
            let is_missing =
                message.contains("not found") || message.contains("no such file or directory");
            pipes.stderr.push(message.as_bytes());
            Ok(Execution {
                ended: Ended::Exit(if is_missing { 127 } else { 126 }),
                stdout: pipes.stdout,
                stderr: pipes.stderr,
                duration: begun.elapsed(),
            })
        }
        error => Err(error),
    }
}

/// Writes standard input from a task of its own, since a program may write more
/// than the pipe holds before it reads. The connection's write half lives as
/// long as the handle: dropping it early would detach.
fn feed(
    mut input: Pin<Box<dyn AsyncWrite + Send>>,
    bytes: Option<Vec<u8>>,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        if let Some(bytes) = bytes {
            // A program that does not read its input to the end is its own affair.
            let _ = input.write_all(&bytes).await;
            let _ = input.shutdown().await;
        }
        std::future::pending::<()>().await;
    }))
}

/// One exec on its way to its end.
struct Watch<'a> {
    engine: &'a DockerEngine,
    exec: &'a str,
    end: Instant,
    is_fed: bool,
}

impl Watch<'_> {
    /// Reads until the stream ends (`None`: the exit code is still to be
    /// asked for), the program does, or the deadline passes.
    async fn drain(
        &self,
        mut output: Output,
        pipes: &mut Pipes,
    ) -> Result<Option<Ended>, EngineError> {
        let mut has_run = false;
        let look = sleep_until((Instant::now() + FIRST_LOOK).min(self.end));
        tokio::pin!(look);
        loop {
            tokio::select! {
                piece = output.next() => match piece {
                    Some(Ok(piece)) => {
                        has_run = true;
                        pipes.take(piece);
                    }
                    // A program that ends without having read all its input:
                    // Podman closes with the rest unread, which resets.
                    Some(Err(Error::IOError { err }))
                        if self.is_fed && err.kind() == std::io::ErrorKind::ConnectionReset =>
                    {
                        return Ok(None);
                    }
                    Some(Err(error)) => {
                        return Err(self.engine.explain("reading a program's output", error));
                    }
                    None => return Ok(None),
                },
                () = &mut look => {
                    if Instant::now() >= self.end {
                        return Ok(Some(Ended::Deadline));
                    }
                    let state = self.ask().await?;
                    match exit_code(&state) {
                        // Podman says "not running" of what has not begun, too.
                        Some(code) if has_run => {
                            read_on(&mut output, pipes).await;
                            return Ok(Some(Ended::Exit(code)));
                        }
                        Some(_) => {}
                        None => has_run = true,
                    }
                    look.as_mut().reset((Instant::now() + FIRST_LOOK).min(self.end));
                }
            }
        }
    }

    /// After the stream's end: Docker knows the exit code by then, Podman a
    /// moment later.
    async fn wait(&self, pipes: &mut Pipes) -> Result<Ended, EngineError> {
        let mut pause = Duration::from_millis(2);
        loop {
            let state = self.ask().await?;
            if let Some(code) = exit_code(&state) {
                // Docker never gave it a process. (Podman says 0 of any that has ended.)
                if state.pid == Some(0) && self.engine.facts.name == "Docker" {
                    pipes.blame_engine();
                }
                return Ok(Ended::Exit(code));
            }
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Ended::Deadline);
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn ask(&self) -> Result<ExecInspectResponse, EngineError> {
        self.engine
            .call(
                "asking how a program ended",
                QUICK,
                self.engine.client.inspect_exec(self.exec),
            )
            .await
    }
}

/// `None` while it runs. Podman has an exit code (0) even then, so only
/// "running: false" counts.
fn exit_code(state: &ExecInspectResponse) -> Option<i64> {
    match (state.running, state.exit_code) {
        (Some(false), Some(code)) => Some(code),
        _ => None,
    }
}

/// What is already on its way after the program's end.
async fn read_on(output: &mut Output, pipes: &mut Pipes) {
    let end = Instant::now() + GRACE;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        match timeout(left, output.next()).await {
            Ok(Some(Ok(piece))) => pipes.take(piece),
            _ => return,
        }
    }
}
