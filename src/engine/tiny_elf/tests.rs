use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use object::read::elf::{ElfFile32, ElfFile64};
use object::{Object, ObjectSegment};

use super::*;
use crate::image::ElfHeader;

/// Platform, and the emulator that runs its programs.
const PROBED: [(&str, &str); 9] = [
    ("linux/amd64", "x86_64"),
    ("linux/386", "i386"),
    ("linux/arm64", "aarch64"),
    ("linux/arm/v5", "arm"),
    ("linux/ppc64le", "ppc64le"),
    ("linux/s390x", "s390x"),
    ("linux/riscv64", "riscv64"),
    ("linux/loong64", "loongarch64"),
    ("linux/mips64le", "mips64el"),
];
const HELD: [&str; 7] = [
    "linux/amd64",
    "linux/386",
    "linux/arm64",
    "linux/arm/v7",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
];

fn platform(text: &str) -> Platform {
    text.parse().expect(text)
}

fn emulator(platform: &Platform) -> String {
    let (_, name) = PROBED
        .iter()
        .find(|(probed, _)| self::platform(probed).architecture() == platform.architecture())
        .expect("an emulator");
    format!("qemu-{name}-static")
}

struct Program {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(bytes: &[u8]) -> Program {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    fs::write(&path, bytes).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    Program {
        _folder: folder,
        path,
    }
}

/// Runs it as a whole; under `emulator` where one is named.
fn run(program: &Program, emulator: Option<&str>) -> std::process::Output {
    // "Text file busy": a sibling test's fork may hold the new file open.
    for _ in 0..50 {
        match command(&program.path, emulator).output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other.expect("it starts"),
        }
    }
    panic!("{} stays busy", program.path.display());
}

fn command(path: &Path, emulator: Option<&str>) -> Command {
    match emulator {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(path);
            command
        }
        None => Command::new(path),
    }
}

#[test]
fn every_program_is_an_elf_file_of_its_platform() {
    let probes = PROBED
        .iter()
        .map(|(name, _)| (*name, probe(&platform(name))));
    let holds = HELD
        .iter()
        .map(|name| (*name, hold(platform(name).architecture())));
    for (name, bytes) in probes.chain(holds) {
        let bytes = bytes.expect(name);
        assert!(bytes.len() < 400, "{name}: {} bytes", bytes.len());
        let header = ElfHeader::parse(&bytes).expect(name);
        assert!(header.is_for(&platform(name)), "{name}: {header}");
        let (entry, range) = if header.is_64 {
            let elf: ElfFile64 = ElfFile64::parse(bytes.as_slice()).expect(name);
            let segment = elf.segments().next().expect(name);
            (elf.entry(), (segment.address(), segment.size()))
        } else {
            let elf: ElfFile32 = ElfFile32::parse(bytes.as_slice()).expect(name);
            let segment = elf.segments().next().expect(name);
            (elf.entry(), (segment.address(), segment.size()))
        };
        assert_eq!(range.1, bytes.len() as u64, "{name}");
        assert!(entry > range.0 && entry < range.0 + range.1, "{name}");
    }
}

#[test]
fn there_is_none_for_what_is_no_linux_or_unknown() {
    assert_eq!(probe(&Platform::new("windows", "amd64", None)), None);
    assert_eq!(probe(&Platform::new("linux", "sparc64", None)), None);
    assert_eq!(hold(&Architecture::Other("sparc64".to_owned())), None);
    assert_eq!(ask(&Architecture::S390x, 80, b""), None);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_native_probe_runs() {
    let output = run(&file(&probe(&platform("linux/amd64")).expect("one")), None);
    assert_eq!(output.stdout, PROBE_OUTPUT.as_bytes());
    assert_eq!(output.status.code(), Some(0));
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs qemu-user-static: run ci/test"
)]
#[test]
fn every_probe_runs_under_its_emulator() {
    for (name, _) in PROBED {
        let platform = platform(name);
        let program = file(&probe(&platform).expect(name));
        let output = run(&program, Some(&emulator(&platform)));
        assert_eq!(output.stdout, PROBE_OUTPUT.as_bytes(), "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
    }
}

/// How a container is asked which emulator runs its programs.
#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs qemu-user-static: run ci/test"
)]
#[test]
fn an_emulator_tells_its_version_instead_of_running_the_program() {
    let program = file(&probe(&platform("linux/arm64")).expect("one"));
    let output = command(&program.path, Some("qemu-aarch64-static"))
        .env("QEMU_VERSION", "1")
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("qemu-aarch64 version "), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

/// Starts it, and says after a while whether it lives and ignores `SIGCHLD`.
fn holds(bytes: &[u8], emulator: Option<&str>) -> bool {
    const SIGCHLD_BIT: u64 = 1 << 16;
    let program = file(bytes);
    let mut child = loop {
        match command(&program.path, emulator)
            .stdout(Stdio::null())
            .spawn()
        {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => break other.expect("it starts"),
        }
    };
    let end = Instant::now() + Duration::from_secs(20);
    let mut ignores = false;
    while !ignores && Instant::now() < end && child.try_wait().expect("a state").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a status");
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .expect("a mask");
        ignores = mask & SIGCHLD_BIT != 0;
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    let lives = child.try_wait().expect("a state").is_none();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    lives && ignores
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_native_first_process_stays_and_ignores_its_childrens_deaths() {
    assert!(holds(&hold(&Architecture::Amd64).expect("one"), None));
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs qemu-user-static: run ci/test"
)]
#[test]
fn every_first_process_stays_under_its_emulator() {
    for name in HELD {
        let platform = platform(name);
        let bytes = hold(platform.architecture()).expect(name);
        assert!(holds(&bytes, Some(&emulator(&platform))), "{name}");
    }
}

/// A server that reads a request to its blank line and answers more than fits a buffer.
fn serve_once(answer: &'static [u8]) -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = Vec::new();
        let mut piece = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut piece).expect("a request");
            request.extend_from_slice(&piece[..count]);
        }
        stream.write_all(answer).expect("an answer");
        request
    });
    (port, server)
}

fn asks(architecture: &Architecture, emulator: Option<&str>) {
    const ANSWER: &[u8] = &[b'x'; 100_000];
    let mut request = b"GET / HTTP/1.1\r\nX-Long: ".to_vec();
    request.extend([b'y'; 50_000]);
    request.extend_from_slice(b"\r\n\r\n");

    let (port, server) = serve_once(ANSWER);
    let program = file(&ask(architecture, port, &request).expect("one"));
    let output = run(&program, emulator);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == ANSWER, "{} bytes", output.stdout.len());
    assert!(server.join().expect("it served") == request);

    // The listener is closed now.
    let output = run(&program, emulator);
    assert_eq!(output.status.code(), Some(ASK_REFUSED as i32));
    assert_eq!(output.stdout, b"");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_request_is_sent_and_its_answer_printed() {
    asks(&Architecture::Amd64, None);
}

#[cfg_attr(
    not(feature = "engine-tests"),
    ignore = "needs qemu-user-static: run ci/test"
)]
#[test]
fn a_request_is_sent_and_its_answer_printed_under_emulation() {
    asks(&Architecture::Arm64, Some("qemu-aarch64-static"));
    asks(&Architecture::Amd64, Some("qemu-x86_64-static"));
}
