//! One set of results that every reporter is shown.

use std::time::Duration;

use crate::event::{
    CaseResult, Cause, Confidence, ContainerRecord, Event, Execution, HealthRecord, Outcome,
    RunResult, RunStarted, ServiceEvent, ServicesRecord, SuiteLocation, VariantFacts,
    VariantResult, Verdict,
};
use crate::image::{Digest, Platform};

/// All of them, by the names of their golden files.
pub(super) fn all() -> Vec<(&'static str, RunResult)> {
    vec![
        ("healthy", healthy()),
        ("failing", failing()),
        ("mixed", mixed()),
        ("services", services()),
        ("hostile", hostile()),
        ("broken", broken()),
        ("interrupted", interrupted()),
    ]
}

fn platform(text: &str) -> Platform {
    text.parse().expect(text)
}

/// A case that passed.
pub(super) fn case(suite: &str, name: &str, on: &str) -> CaseResult {
    CaseResult {
        suite: suite.to_owned(),
        name: name.to_owned(),
        platform: platform(on),
        outcome: Outcome::Passed,
        flaky: false,
        duration: Duration::from_millis(412),
        causes: Vec::new(),
        notes: Vec::new(),
        skip_reason: None,
        location: None,
        reproduce: None,
        stdout: String::new(),
        stderr: String::new(),
        services: None,
    }
}

fn location(line: usize, excerpt: &str) -> Option<SuiteLocation> {
    Some(SuiteLocation {
        file: "deploy/smoke.yaml".to_owned(),
        line,
        excerpt: excerpt.to_owned(),
    })
}

fn variant(on: &str, execution: Execution, verdict: Verdict) -> VariantResult {
    VariantResult {
        facts: VariantFacts {
            platform: platform(on),
            digest: Some(Digest::of(on.as_bytes())),
            execution,
            emulator: (execution == Execution::Emulated)
                .then(|| "qemu-aarch64 version 7.2.22".to_owned()),
            engine: "Docker 20.10.24 (linux/amd64) at unix:///var/run/docker.sock".to_owned(),
        },
        verdict,
    }
}

/// Everything passes on two platforms.
pub(super) fn healthy() -> RunResult {
    let cases = ["linux/amd64", "linux/arm64"].into_iter().flat_map(|on| {
        [
            case("built-in", "starts as it is", on),
            CaseResult {
                location: location(7, "  - name: reports its architecture\n    architecture: auto"),
                ..case("smoke", "reports its architecture › node", on)
            },
            CaseResult {
                duration: Duration::from_millis(1203),
                location: location(9, "  - name: native modules load\n    native_modules: auto"),
                ..case("smoke", "native modules load › sharp", on)
            },
            CaseResult {
                location: location(9, "  - name: native modules load\n    native_modules: auto"),
                ..case("smoke", "native modules load › bcrypt", on)
            },
            CaseResult {
                stdout: "v2.4.1\n".to_owned(),
                location: location(11, "  - name: prints its version\n    run: node dist/cli.js --version\n    expect: { exit: 0, stdout: { matches: '^v\\d+' } }"),
                ..case("smoke", "prints its version", on)
            },
        ]
    });
    RunResult {
        reference: "localhost:5055/app:2.4.1".to_owned(),
        index_digest: Some(Digest::of(b"index")),
        origin_note: None,
        started: "2026-11-03T09:15:02.734Z".parse().expect("a time"),
        duration: Duration::from_millis(14_270),
        verdict: Verdict::Passed,
        interrupted: false,
        error: None,
        variants: vec![
            variant("linux/amd64", Execution::Native, Verdict::Passed),
            variant("linux/arm64", Execution::Emulated, Verdict::Passed),
        ],
        cases: cases.collect(),
    }
}

/// A stack whose database gets no memory on linux/arm64.
pub(super) fn services() -> RunResult {
    let mut result = healthy();
    result.verdict = Verdict::Failed;
    result.variants[1].verdict = Verdict::Failed;
    result.cases = ["linux/amd64", "linux/arm64"]
        .map(|on| CaseResult {
            location: location(
                14,
                "  - name: with its database\n    compose: docker-compose.test.yml\n    under_test: app",
            ),
            ..case("integration", "with its database › services come up", on)
        })
        .into();
    let case = result.cases.last_mut().expect("a case");
    case.outcome = Outcome::Failed;
    case.causes = vec![Cause {
        code: "service-ended".to_owned(),
        confidence: Confidence::Unknown,
        message: "db was ended by the kernel for want of memory (code 137)".to_owned(),
        evidence: vec!["db | LOG:  starting PostgreSQL".to_owned()],
        hint: None,
        emulator_suspect: false,
    }];
    case.stdout =
        "== events\n   0.250 s  db  created\n== db stdout\nLOG:  starting PostgreSQL\n".to_owned();
    let event = |seconds: f64, service: &str, what: &str| ServiceEvent {
        seconds,
        service: service.to_owned(),
        what: what.to_owned(),
    };
    case.services = Some(Box::new(ServicesRecord {
        containers: vec![
            ContainerRecord {
                service: "app".to_owned(),
                state: "created".to_owned(),
                image: Some(Digest::of(b"app").to_string()),
                platform: Some("linux/arm64".to_owned()),
                networks: vec!["everyarch-1-default".to_owned()],
                ..ContainerRecord::default()
            },
            ContainerRecord {
                service: "cache".to_owned(),
                state: "running".to_owned(),
                health: Some(HealthRecord {
                    status: "starting".to_owned(),
                    output: "connection refused\n\u{1b}[31mnot yet\n".to_owned(),
                }),
                ..ContainerRecord::default()
            },
            ContainerRecord {
                service: "db".to_owned(),
                state: "exited".to_owned(),
                exit_code: Some(137),
                oom_killed: true,
                restarts: 2,
                networks: vec!["back".to_owned(), "front".to_owned()],
                mounts: vec!["volume data at /data".to_owned()],
                ..ContainerRecord::default()
            },
            ContainerRecord {
                service: "gone".to_owned(),
                state: "unknown".to_owned(),
                error: Some("no such container".to_owned()),
                ..ContainerRecord::default()
            },
        ],
        events: vec![
            event(0.25, "db", "created"),
            event(
                1.5,
                "db",
                "was ended by the kernel for want of memory (code 137)",
            ),
        ],
    }));
    result
}

/// linux/arm64 holds the amd64 build of a native module.
pub(super) fn failing() -> RunResult {
    let mut result = healthy();
    result.reference = "localhost:5055/app:broken".to_owned();
    result.verdict = Verdict::Failed;
    result.variants[1].verdict = Verdict::Failed;
    let digest = Digest::of(b"linux/arm64");
    let case = result
        .cases
        .iter_mut()
        .rfind(|case| case.name.ends_with("sharp"))
        .expect("the case");
    case.outcome = Outcome::Failed;
    case.causes = vec![Cause {
        code: "dlopen-wrong-machine-glibc".to_owned(),
        confidence: Confidence::Established,
        message: "sharp can't be loaded: its native module is built for x86-64, and this is linux/arm64".to_owned(),
        evidence: vec![
            "/app/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node: ELF machine 62 (x86-64), wanted 183 (aarch64)".to_owned(),
            "/app/node_modules/@img holds sharp-linux-x64 only".to_owned(),
        ],
        hint: Some("run `npm ci` in a stage of the target platform, or add --cpu=arm64 --os=linux".to_owned()),
        emulator_suspect: false,
    }];
    case.stderr = (1..=20)
        .map(|n| format!("    at Module.load (node:internal/modules:{n})\n"))
        .collect();
    case.reproduce = Some(format!(
        "docker run --rm --platform linux/arm64 --entrypoint node localhost:5055/app@{digest} -e 'require(\"sharp\")'"
    ));
    result
}

/// A failure that may be the emulator's, an error, an exception, a flaky pass,
/// a case of one platform only, a platform that could not be tested.
pub(super) fn mixed() -> RunResult {
    let mut result = healthy();
    result.verdict = Verdict::Error;
    result.origin_note = Some(
        "the image was found in the engine's own store: it is not the one a registry serves"
            .to_owned(),
    );
    result.variants[1].verdict = Verdict::Error;
    result.variants.push(variant(
        "linux/s390x",
        Execution::Impossible,
        Verdict::Error,
    ));
    let cases = &mut result.cases;
    cases[4].flaky = true;
    cases[4].duration = Duration::from_millis(61_004);
    cases[4].causes = vec![Cause {
        code: "exit-status".to_owned(),
        confidence: Confidence::Unknown,
        message: "exit status 1, expected 0".to_owned(),
        evidence: Vec::new(),
        hint: None,
        emulator_suspect: false,
    }];
    cases[6].notes =
        vec!["uname -m says aarch64, and so does the ELF header of /usr/local/bin/node".to_owned()];
    cases[7].outcome = Outcome::Skipped;
    cases[7].skip_reason = Some("sharp has no build for this libc (issue 4711)".to_owned());
    cases[8].outcome = Outcome::Error;
    cases[8].causes = vec![Cause {
        code: "engine-timeout".to_owned(),
        confidence: Confidence::Established,
        message: "the engine did not answer within 30 s".to_owned(),
        evidence: vec!["POST /containers/5f1c/exec".to_owned()],
        hint: Some("look at the engine's own log".to_owned()),
        emulator_suspect: false,
    }];
    cases[9].outcome = Outcome::Failed;
    cases[9].causes = vec![Cause {
        code: "crash-signal".to_owned(),
        confidence: Confidence::Consistent,
        message: "it was killed by SIGSEGV (exit status 139), expected 0".to_owned(),
        evidence: vec![
            "stderr: qemu: uncaught target signal 11 (Segmentation fault) - core dumped".to_owned(),
        ],
        hint: None,
        emulator_suspect: true,
    }];
    cases[9].stdout = String::new();
    cases[9].stderr =
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n".to_owned();
    cases.insert(
        5,
        CaseResult {
            location: location(15, "  - name: answers\n    when: { platform: linux/amd64 }"),
            ..case("smoke", "answers", "linux/amd64")
        },
    );
    result
}

/// A container that does what it can to be believed.
pub(super) fn hostile() -> RunResult {
    let mut result = failing();
    let case = result
        .cases
        .iter_mut()
        .rfind(|case| case.name.ends_with("sharp"))
        .expect("the case");
    case.name = "native modules load › \u{1b}[2J<b>evil</b> & \"co\"".to_owned();
    case.causes[0].message = "exit status 1\n::error file=a::owned ]]> <script>".to_owned();
    case.causes[0].evidence = vec![
        "\u{1b}]0;title\u{7}##[error]owned".to_owned(),
        "a\0b\u{9b}31mc\u{202e}d".to_owned(),
    ];
    case.stdout = String::from_utf8_lossy(
        b"\x1b[2J\x1b[1;1H::error::owned\n   ::set-env name=PATH::/tmp\n##vso[task.complete result=Succeeded]\nsection_start:1:x\r\x1b[0Khidden\n50%\r100%\n]]></system-out><failure/>\n[[ATTACHMENT|/etc/passwd]]\nnul:\0 latin1:\xe9 end\n",
    )
    .into_owned();
    case.stderr = "\u{fffe}\u{ffff}\u{b}\u{c}".to_owned();
    result
}

/// The engine went away: nothing was tested on the second platform.
pub(super) fn broken() -> RunResult {
    let mut result = healthy();
    result.verdict = Verdict::Error;
    result.variants[1].verdict = Verdict::Error;
    result.variants[1].facts.execution = Execution::Unknown;
    result.variants[1].facts.emulator = None;
    result.cases.truncate(5);
    result.error = Some(Cause {
        code: "engine-gone".to_owned(),
        confidence: Confidence::Established,
        message: "the engine closed the connection".to_owned(),
        evidence: vec!["unix:///var/run/docker.sock: connection refused".to_owned()],
        hint: Some("start it, then run again".to_owned()),
        emulator_suspect: false,
    });
    result
}

/// Ctrl-C, when all that had run had passed.
pub(super) fn interrupted() -> RunResult {
    let mut result = healthy();
    result.verdict = Verdict::Error;
    result.interrupted = true;
    result.variants[1].verdict = Verdict::Error;
    result.cases.truncate(7);
    result
}

/// The events that such a result came from.
pub(super) fn events(result: &RunResult) -> Vec<Event> {
    let of = |on: &Platform| {
        result
            .cases
            .iter()
            .filter(|case| case.platform == *on)
            .cloned()
            .collect::<Vec<_>>()
    };
    let platforms: Vec<Platform> = result
        .variants
        .iter()
        .map(|variant| variant.facts.platform.clone())
        .collect();
    let mut events = vec![Event::RunStarted(RunStarted {
        reference: result.reference.clone(),
        index_digest: Digest::of(b"index"),
        cases: platforms
            .iter()
            .map(|platform| of(platform).len())
            .collect(),
        audit_cases: 0,
        platforms,
    })];
    for variant in &result.variants {
        let platform = variant.facts.platform.clone();
        for done in [0, 40_000_000] {
            events.push(Event::PullProgress {
                platform: platform.clone(),
                done,
                total: 40_000_000,
            });
        }
        events.push(Event::VariantReady(variant.facts.clone()));
        for case in of(&platform) {
            events.push(Event::CaseStarted {
                platform: platform.clone(),
                name: case.name.clone(),
            });
            events.push(Event::CaseFinished(Box::new(case)));
        }
    }
    events.push(Event::Notice(
        "one container was left behind: 5f1c".to_owned(),
    ));
    events.push(Event::RunFinished(Box::new(result.clone())));
    events
}
