//! Healthchecks for engines that do not run them by themselves.

use tokio::sync::watch;
use tokio::time::Instant;

use jiff::Timestamp;

use super::{Ended, Engine, EngineError, ExecSpec, Health, HealthProbe, HealthTest};

/// As much as Docker keeps of what a probe prints.
const OUTPUT_CAP: usize = 4096;

/// Probes a running container for as long as it runs, and tells each change; to
/// be asked for where [`super::EngineFacts::runs_healthchecks`] is false. The
/// caller drops the future when it has heard enough.
///
/// A probe that takes too long counts as failed, but goes on in the container:
/// engines have no way to end one process of it.
pub async fn probe_health(
    engine: &dyn Engine,
    id: &str,
    test: &HealthTest,
    tell: &watch::Sender<Health>,
) -> Result<(), EngineError> {
    let start = Instant::now();
    let mut health = Health::default();
    let spec = ExecSpec {
        command: test.words(),
        ..ExecSpec::default()
    };
    loop {
        // As in Docker the first probe, too, comes after an interval.
        tokio::time::sleep(health.until_next(start.elapsed(), test)).await;
        let started_at = Timestamp::now();
        let execution = match engine.exec(id, &spec, test.timeout(), OUTPUT_CAP).await {
            Ok(execution) => execution,
            Err(error) => {
                return match engine.inspect(id).await {
                    Ok(state) if state.is_running() => Err(error),
                    Ok(_) | Err(EngineError::Refused { status: 404, .. }) => Ok(()),
                    Err(error) => Err(error),
                };
            }
        };
        let (exit_code, note) = match execution.ended {
            Ended::Exit(code) => (code, String::new()),
            Ended::Deadline => (
                -1,
                format!("the healthcheck took longer than {:?}", test.timeout()),
            ),
        };
        let probe = HealthProbe {
            started_at: Some(started_at),
            finished_at: Some(Timestamp::now()),
            exit_code,
            output: format!(
                "{}{}{note}",
                execution.stdout.text(),
                execution.stderr.text()
            ),
        };
        health.take(probe, start.elapsed(), test);
        tell.send_replace(health.clone());
    }
}
