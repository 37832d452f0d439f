//! Whether a platform's programs run on an engine, and how: found out by running one.

use std::time::Duration;

use crate::engine::{Ended, Engine, EngineError, ExecSpec};
use crate::event::{Cause, Confidence, Execution};
use crate::image::{Architecture, Platform};
use crate::run::finding::cause;
use crate::run::session;

/// What the probe prints when it runs.
const PROBE_TEXT: &str = "everyarch-probe";

/// What the probe told.
pub(super) struct Probed {
    pub(super) execution: Execution,
    pub(super) emulator: Option<String>,
    pub(super) fault: Option<Cause>,
}

/// Runs a tiny program of the platform. `QEMU_VERSION` in its environment
/// makes qemu-user print its version in place of running it: so the answer
/// itself tells whether an emulator stands between, wherever the engine is.
pub(super) async fn probe(
    engine: &dyn Engine,
    container: &str,
    platform: &Platform,
    deadline: Duration,
) -> Result<Probed, EngineError> {
    if crate::engine::tiny_elf::probe(platform).is_none() {
        return Ok(Probed {
            execution: Execution::Unknown,
            emulator: None,
            fault: None,
        });
    }
    let run = async |env: &[(String, String)]| {
        let spec = ExecSpec {
            command: vec![session::probe_path()],
            env: env.to_vec(),
            user: Some("0".to_owned()),
            ..ExecSpec::default()
        };
        engine.exec(container, &spec, deadline, 4096).await
    };
    let asked = run(&[("QEMU_VERSION".to_owned(), "1".to_owned())]).await?;
    let first_line = asked
        .stdout
        .text()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    if first_line == PROBE_TEXT {
        let is_native = runs_natively(engine.facts().platform.architecture(), platform);
        return Ok(Probed {
            execution: if is_native {
                Execution::Native
            } else {
                Execution::Emulated
            },
            emulator: (!is_native).then(|| "not qemu; its name is not known".to_owned()),
            fault: None,
        });
    }
    let emulator = first_line.contains("version").then(|| {
        first_line
            .split(" (")
            .next()
            .unwrap_or(&first_line)
            .to_owned()
    });
    let ran = if emulator.is_some() {
        run(&[]).await?
    } else {
        asked
    };
    if ran.stdout.text().trim() == PROBE_TEXT {
        return Ok(Probed {
            execution: Execution::Emulated,
            emulator,
            fault: None,
        });
    }
    let mut said = format!("{}{}", ran.stdout.text(), ran.stderr.text())
        .trim()
        .to_owned();
    if said.is_empty() {
        said = match ran.ended {
            Ended::Exit(code) => format!("it ended with exit code {code} and printed nothing"),
            Ended::Deadline => "it did not end".to_owned(),
        };
    }
    let host = &engine.facts().platform;
    let mut fault = cause(
        "exec-no-binfmt",
        Confidence::Established,
        format!(
            "this engine's host ({host}) can't run programs for {platform}: even a probe of a few instructions fails"
        ),
    );
    fault.evidence.push(format!("the probe: {said}"));
    fault.hint = Some(format!(
        "install emulation on the engine's host: `docker run --privileged --rm tonistiigi/binfmt --install {}`, or the packages qemu-user-static and binfmt-support; or give a native engine: `--engine {platform}=URL`",
        binfmt_name(platform)
    ));
    Ok(Probed {
        execution: Execution::Impossible,
        emulator,
        fault: Some(fault),
    })
}

/// Whether a host's processor runs a platform's programs itself.
fn runs_natively(host: &Architecture, platform: &Platform) -> bool {
    host == platform.architecture()
        || matches!(
            (host, platform.architecture()),
            (Architecture::Amd64, Architecture::I386) | (Architecture::Arm64, Architecture::Arm)
        )
}

/// What the binfmt image calls an architecture.
fn binfmt_name(platform: &Platform) -> &str {
    platform.architecture().as_str()
}
