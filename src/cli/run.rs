//! `everyarch run`: the stages of a run, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::arguments::RunArguments;
use super::artifacts::ArtifactFolder;
use super::exit::Exit;
use super::failure::Failure;
use super::outputs::Outputs;
use super::screen::{self, Screen};
use super::{cache, contents, engines, signals, stacks, suites};
use crate::engine::{LocalImage, PullCredentials};
use crate::event::{AUDIT_SUITE, Cause, Event, RunResult};
use crate::image::{
    Digest, FileFormat, FileReference, ImageReference, Origin, Platform, RegistryReference,
    ResolvedImage, Variant,
};
use crate::plan::{self, Plan, PlatformPlan, Selection};
use crate::report::terminal::write_summary;
use crate::run::{Audit, Engines, Masker, RunInput, RunOptions};
use crate::source::{self, Contents, Credentials, FoundCredentials, RegistryOptions};
use crate::suite::SuiteFile;

pub(super) async fn run(arguments: Box<RunArguments>) -> Exit {
    let clock = Instant::now();
    let screen = Screen::new(arguments.screen);
    let Ok(suites) = suites::read(&arguments.suite, Screen::is_colored(arguments.screen)) else {
        return Exit::Usage;
    };
    let outputs = match Outputs::open(arguments.junit.as_deref(), arguments.json.as_deref()) {
        Ok(outputs) => outputs,
        Err(message) => {
            screen::complain(&message, Some("nothing was run"));
            return Exit::Error;
        }
    };
    let artifacts = arguments.artifacts.as_deref().map(ArtifactFolder::open);
    let mut artifacts = match artifacts.transpose() {
        Ok(artifacts) => artifacts,
        Err(message) => {
            screen::complain(&message, Some("nothing was run"));
            return Exit::Error;
        }
    };
    let cancel = signals::cancellation();
    let prepared = tokio::select! {
        prepared = prepare(&arguments, &suites) => prepared,
        () = cancel.cancelled() => Err(Failure::interrupted()),
    };
    let Ready {
        image,
        plan,
        audit,
        engines,
        credentials,
    } = match prepared {
        Ok(Prepared::Run(ready)) => *ready,
        Ok(Prepared::Listed) => return Exit::Passed,
        Err(failure) => return failure.end(&arguments.image, outputs, clock),
    };
    let masker = masker(&suites, &plan, credentials.as_ref());
    let input = RunInput {
        image,
        plan,
        audit,
        engines,
        credentials: credentials.map(for_engine),
        options: options(&arguments),
        masker,
        cancel: cancel.clone(),
    };
    let result = observed(input, &screen, &mut artifacts, cancel).await;
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = write_summary(&result, &screen.view, &mut text);
    screen::print(&String::from_utf8_lossy(&text));
    let written = outputs.write(&result);
    let left = artifacts.map_or(Ok(()), ArtifactFolder::end);
    if let Err(message) = written.and(left) {
        screen::complain(&message, Some("a result that nobody can read is no pass"));
        return Exit::Error;
    }
    Exit::of(&result)
}

/// Where the preparation led.
enum Prepared {
    Run(Box<Ready>),
    Listed,
}

/// All that is known before the first container.
struct Ready {
    image: ResolvedImage,
    plan: Plan,
    audit: Option<Audit>,
    engines: Engines,
    credentials: Option<FoundCredentials>,
}

async fn prepare(arguments: &RunArguments, suites: &[SuiteFile]) -> Result<Prepared, Failure> {
    let selection = Selection {
        platforms: arguments.platform.clone(),
        filter: arguments.filter.clone(),
        no_audit: arguments.no_audit,
    };
    let wanted = plan::wanted(suites, &selection);
    let today = jiff::Zoned::now().date();
    // A plan that selects nothing on any platform is known without a registry.
    if let Some(platforms) = &wanted {
        let mut platforms = platforms
            .iter()
            .map(|platform| plan::platform_plan(platform, suites, &selection, today));
        let is_any = platforms.any(|planned| planned.is_selected());
        nothing_selected(!is_any, arguments)?;
    }
    let mut found_engines = None;
    let (image, credentials) = match &arguments.image {
        ImageReference::Registry(reference) => {
            let credentials = contents::credentials(reference).await?;
            let image = resolve(arguments, reference, wanted.clone(), credentials.clone()).await?;
            (image, credentials)
        }
        ImageReference::Engine(name) => {
            let engines =
                engines::connect(&arguments.engine, wanted.as_deref().unwrap_or_default()).await?;
            let image = local(&engines, &arguments.image, name, wanted.as_deref()).await?;
            found_engines = Some(engines);
            (image, None)
        }
        ImageReference::File(file) => return Err(only_bytes(file)),
    };
    let mut plan = plan::plan(&image, suites, &selection, today);
    let is_any = plan.platforms.iter().any(PlatformPlan::is_selected);
    nothing_selected(!is_any, arguments)?;
    if arguments.list {
        screen::print(&listed(&plan));
        return Ok(Prepared::Listed);
    }
    let color = Screen::is_colored(arguments.screen);
    stacks::read(&mut plan, color).await.map_err(|()| {
        Failure::usage(
            "bad-compose-file",
            "the compose files of a suite have mistakes",
            "they are told above; nothing was pulled or run",
        )
    })?;
    let engines = match found_engines {
        Some(engines) => engines,
        // The bytes alone need none.
        None if plan.platforms.iter().all(|planned| planned.is_audit_alone) => Engines::default(),
        None => {
            let platforms: Vec<Platform> = plan
                .platforms
                .iter()
                .map(|planned| planned.platform.clone())
                .collect();
            engines::connect(&arguments.engine, &platforms).await?
        }
    };
    let audit = (!arguments.no_audit).then(|| Audit {
        contents: audited(arguments, &image, &engines, credentials.clone()),
        cache: cache::of_user(),
        suites: suites.to_vec(),
        today,
    });
    Ok(Prepared::Run(Box::new(Ready {
        image,
        plan,
        audit,
        engines,
        credentials,
    })))
}

/// The bytes of exactly what is tested: a tag may move meanwhile.
fn audited(
    arguments: &RunArguments,
    image: &ResolvedImage,
    engines: &Engines,
    credentials: Option<FoundCredentials>,
) -> BoxFuture<'static, Result<Arc<dyn Contents>, Cause>> {
    let digest = image.digest.clone();
    let engines = engines.clone();
    let insecure = arguments.insecure_registry.clone();
    let step_timeout = arguments.step_timeout;
    let reference = image.reference.clone();
    Box::pin(async move {
        let contents = match reference {
            ImageReference::Registry(reference) => {
                let exact = reference.with_digest(digest);
                contents::of_registry(&exact, insecure, credentials, step_timeout).await
            }
            ImageReference::Engine(_) => contents::of_engine(&engines, digest.as_str()).await,
            ImageReference::File(file) => Err(only_bytes(&file)),
        };
        contents.map_err(|failure| failure.cause)
    })
}

/// An engine runs what it has or can pull; a file is neither.
fn only_bytes(file: &FileReference) -> Failure {
    let load = match file.format() {
        FileFormat::DockerArchive => "`docker load` it and name it as docker-daemon:NAME",
        FileFormat::OciLayout | FileFormat::OciArchive => {
            "push it to a registry (`skopeo copy --all` does) and name it there"
        }
    };
    Failure::usage(
        "image-not-runnable",
        format!(
            "`run` can't test {file}: an engine runs what it has in its own store or can pull from a registry"
        ),
        load,
    )
}

fn nothing_selected(is_nothing: bool, arguments: &RunArguments) -> Result<(), Failure> {
    if !is_nothing {
        return Ok(());
    }
    Err(match &arguments.filter {
        Some(filter) => Failure::nothing(
            format!("no case's `suite/name` matches {}", filter.as_str()),
            "`--list` without `--filter` shows them all",
        ),
        None => Failure::nothing(
            "the suite selects nothing: it has no check for these platforms",
            "a run that tests nothing is no pass; add checks under `smoke:`",
        ),
    })
}

async fn resolve(
    arguments: &RunArguments,
    reference: &RegistryReference,
    wanted: Option<Vec<Platform>>,
    credentials: Option<FoundCredentials>,
) -> Result<ResolvedImage, Failure> {
    let options = RegistryOptions {
        insecure: arguments.insecure_registry.clone(),
        credentials,
        wanted,
        patience: contents::patience(arguments.step_timeout),
        ..RegistryOptions::default()
    };
    source::resolve(reference, &options)
        .await
        .map_err(|error| contents::unresolved(&error))
}

/// An image that only an engine has: one platform, and no registry's word for it.
async fn local(
    engines: &Engines,
    reference: &ImageReference,
    name: &str,
    wanted: Option<&[Platform]>,
) -> Result<ResolvedImage, Failure> {
    let mut image: Option<LocalImage> = None;
    for engine in engines.all() {
        image = engine
            .image(name)
            .await
            .map_err(|error| engines::fault(&error))?;
        if image.is_some() {
            break;
        }
    }
    let Some(image) = image else {
        return Err(contents::no_such_image(name));
    };
    let id = if image.id.contains(':') {
        image.id.clone()
    } else {
        format!("sha256:{}", image.id)
    };
    let digest: Digest = id.parse().map_err(|error| {
        Failure::error(
            "engine-fault",
            format!("the engine's id of `{name}`: {error}"),
            None,
        )
    })?;
    let is_wanted = wanted.is_none_or(|wanted| {
        wanted
            .iter()
            .any(|platform| image.platform.satisfies(platform))
    });
    let variant = Variant {
        platform: image.platform.clone(),
        digest: digest.clone(),
        config_digest: digest.clone(),
        config: image.config,
        pull_reference: digest.to_string(),
        is_local: true,
    };
    Ok(ResolvedImage {
        reference: reference.clone(),
        digest,
        origin: Origin::Engine,
        available: vec![image.platform],
        variants: if is_wanted { vec![variant] } else { Vec::new() },
        broken: Vec::new(),
    })
}

/// The plan as `--list` shows it.
fn listed(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.platforms {
        text.push_str(&format!("{}\n", planned.platform));
        for group in planned
            .audit
            .iter()
            .filter(|group| group.is_always_judged())
        {
            text.push_str(&format!("  {AUDIT_SUITE}/{}\n", group.title()));
        }
        for case in &planned.cases {
            text.push_str(&format!("  {}/{}\n", case.suite, case.check.name));
        }
    }
    crate::report::escape::for_terminal(&text)
}

fn options(arguments: &RunArguments) -> RunOptions {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    RunOptions {
        jobs: arguments.jobs.map_or(processors.max(2), usize::from),
        pull: arguments.pull.into(),
        keep: arguments.keep,
        remove_images: arguments.remove_images,
        artifacts: arguments.artifacts.is_some(),
        fail_fast: arguments.fail_fast,
        engine_deadline: Duration::from_secs(arguments.step_timeout),
    }
}

fn masker(suites: &[SuiteFile], plan: &Plan, credentials: Option<&FoundCredentials>) -> Masker {
    let declared = suites
        .iter()
        .flat_map(|suite| &suite.suite().secrets)
        .map(|secret| secret.reveal().to_owned());
    let of_registry = credentials.map(|found| match &found.credentials {
        Credentials::Basic { password, .. } => password.clone(),
        Credentials::IdentityToken(token) => token.clone(),
    });
    Masker::new(declared.chain(of_registry).chain(stacks::secrets(plan)))
}

fn for_engine(found: FoundCredentials) -> PullCredentials {
    match found.credentials {
        Credentials::Basic { username, password } => PullCredentials::Basic { username, password },
        Credentials::IdentityToken(token) => PullCredentials::IdentityToken(token),
    }
}

/// Runs, and shows what happens while it does.
async fn observed(
    input: RunInput,
    screen: &Screen,
    artifacts: &mut Option<ArtifactFolder>,
    cancel: CancellationToken,
) -> RunResult {
    let (sender, mut events) = mpsc::unbounded_channel::<Event>();
    let mut progress = screen.progress();
    let running = tokio::spawn(crate::run::run(input, sender));
    while let Some(event) = events.recv().await {
        if let (Event::Artifacts(left), Some(folder)) = (&event, artifacts.as_mut()) {
            folder.write(left);
        }
        let mut text = Vec::new();
        let _ = progress.observe(&event, &mut text);
        if !text.is_empty() {
            screen::print(&String::from_utf8_lossy(&text));
        }
    }
    drop(cancel);
    match running.await {
        Ok(result) => result,
        // A panic outside every platform's task: nothing is left to be reported but it.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
