use std::io::Write as _;

use proptest::prelude::*;

use super::{ArmAttributes, Binding, ElfFacts, ElfKind, GoBuild, Symbols};
use crate::audit::elf_writer::{Elf, Machine};
use crate::audit::file::bytes::FileBytes;
use crate::audit::file::{Content, FileFacts, Whole, examine};

#[path = "../../../../tests/corpus/relocated.rs"]
mod relocated;

use relocated::{When, asking};

/// A file in memory, or on disk.
enum Held {
    Memory(Vec<u8>),
    Disk(Vec<u8>, std::fs::File),
}

impl Content for Held {
    fn head(&mut self) -> &[u8] {
        match self {
            Self::Memory(bytes) | Self::Disk(bytes, _) => bytes,
        }
    }

    fn whole(&mut self) -> std::io::Result<Whole<'_>> {
        Ok(match self {
            Self::Memory(bytes) => Whole::Bytes(bytes),
            Self::Disk(_, file) => Whole::File(file),
        })
    }
}

/// What is read of an ELF file, the same from memory and from disk.
fn read_as(path: &str, bytes: &[u8]) -> ElfFacts {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    let head = bytes[..bytes.len().min(4096)].to_vec();
    let size = bytes.len() as u64;
    let in_memory = examine(path, 0o755, size, &mut Held::Memory(bytes.to_vec()));
    let on_disk = examine(path, 0o755, size, &mut Held::Disk(head, file));
    assert_eq!(in_memory, on_disk);
    match in_memory {
        Some(FileFacts::Elf(elf)) => *elf,
        other => panic!("not an ELF file: {other:?}"),
    }
}

fn read(elf: &Elf) -> ElfFacts {
    read_as("usr/lib/file", &elf.build())
}

#[test]
fn this_very_program_is_read() {
    let program = std::fs::read("/proc/self/exe").expect("a program");
    let elf = read_as("usr/bin/tests", &program);
    assert_eq!(elf.truncated, None);
    assert!(elf.is_dynamic && elf.interpreter.is_some());
    assert!(elf.needed.iter().any(|name| name.starts_with("libc.")));
}

#[test]
fn every_machine_s_programs_say_what_they_need() {
    for machine in Machine::ALL {
        let elf = read(
            &Elf::glibc_program(machine)
                .needs("libm.so.6", &["GLIBC_2.29"])
                .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
                .rpath("$ORIGIN/../lib:/opt/lib")
                .runpath("/srv/lib"),
        );
        assert_eq!(elf.truncated, None, "{machine:?}");
        assert_eq!(elf.is_64, machine.is_64(), "{machine:?}");
        assert_eq!(elf.is_little_endian, machine != Machine::S390x);
        assert_eq!(elf.kind, ElfKind::Executable);
        assert_eq!(elf.interpreter.as_deref(), Some(machine.glibc_loader()));
        assert_eq!(elf.needed, ["libc.so.6", "libm.so.6"], "{machine:?}");
        assert_eq!(elf.rpath, ["$ORIGIN/../lib", "/opt/lib"]);
        assert_eq!(elf.runpath, ["/srv/lib"]);
        assert_eq!(
            elf.needs_versions,
            [
                ("libm.so.6".to_owned(), vec!["GLIBC_2.29".to_owned()]),
                (
                    "libc.so.6".to_owned(),
                    vec!["GLIBC_2.17".to_owned(), "GLIBC_2.34".to_owned()]
                ),
            ],
            "{machine:?}"
        );
        assert!(!elf.is_debug_only && !elf.has_static_tls && !elf.has_jemalloc);
    }
}

#[test]
fn a_static_program_needs_nothing() {
    let elf = read(&Elf::program(Machine::AArch64));
    assert!(!elf.is_dynamic);
    assert_eq!((elf.interpreter, elf.needed), (None, vec![]));
    assert_eq!(elf.smallest_alignment, Some(0x1_0000));
}

#[test]
fn a_version_that_can_be_done_without_is_not_needed() {
    let elf = read(
        &Elf::glibc_program(Machine::X86_64)
            .needs("libc.so.6", &["GLIBC_2.4"])
            .needs_weakly("libc.so.6", "GLIBC_2.38")
            .needs_weakly("libgcc_s.so.1", "GCC_3.0"),
    );
    assert_eq!(
        elf.needs_versions,
        [("libc.so.6".to_owned(), vec!["GLIBC_2.4".to_owned()])]
    );
}

#[test]
fn a_library_defines_versions_and_not_its_own_name() {
    for machine in [Machine::X86_64, Machine::S390x, Machine::Arm] {
        let elf = read(
            &Elf::library(machine)
                .soname("libx.so.1")
                .defines(&["X_1.0", "X_2.0"]),
        );
        assert_eq!(elf.kind, ElfKind::Shared);
        assert_eq!(elf.soname.as_deref(), Some("libx.so.1"));
        assert_eq!(elf.defines_versions, ["X_1.0", "X_2.0"]);
    }
}

#[test]
fn the_smallest_alignment_counts() {
    let elf = read(
        &Elf::library(Machine::AArch64)
            .alignment(0x1_0000)
            .data_alignment(0x1000),
    );
    assert_eq!(elf.smallest_alignment, Some(0x1000));
}

#[test]
fn the_note_names_the_level_of_the_processor() {
    for machine in [Machine::X86_64, Machine::I386] {
        for level in 1..=4 {
            let elf = read(&Elf::program(machine).x86_level(level));
            assert_eq!(elf.x86_level, Some(level), "{machine:?}");
        }
        assert_eq!(read(&Elf::program(machine)).x86_level, None);
    }
}

#[test]
fn arm_s_attributes_name_the_version_and_the_float_abi() {
    let hard = read(&Elf::program(Machine::Arm).arm_attributes(10, Some(1)));
    assert_eq!(
        hard.arm,
        Some(ArmAttributes {
            cpu_arch: Some(10),
            vfp_args: Some(1)
        })
    );
    let soft = read(&Elf::program(Machine::Arm).soft_float());
    assert_eq!(
        soft.arm,
        Some(ArmAttributes {
            cpu_arch: Some(4),
            vfp_args: None
        })
    );
    assert_eq!(read(&Elf::program(Machine::Arm)).arm, None);
}

#[test]
fn go_s_build_settings_are_found_with_and_without_section_headers() {
    let program = Elf::program(Machine::Arm).go_build("arm", &[("GOOS", "linux"), ("GOARM", "7")]);
    let expected = GoBuild {
        goarch: Some("arm".to_owned()),
        level: Some(("GOARM".to_owned(), "7".to_owned())),
    };
    assert_eq!(read(&program).go, Some(expected.clone()));
    assert_eq!(read(&program.without_sections()).go, Some(expected));
    assert_eq!(read(&Elf::program(Machine::Arm)).go, None);
}

#[test]
fn static_tls_is_asked_for_by_a_flag() {
    assert!(read(&Elf::library(Machine::AArch64).static_tls()).has_static_tls);
}

#[test]
fn jemalloc_is_known_by_its_message() {
    assert!(read(&Elf::program(Machine::AArch64).jemalloc()).has_jemalloc);
    // Its kernels have one page size.
    assert!(!read(&Elf::program(Machine::X86_64).jemalloc()).has_jemalloc);
}

#[test]
fn an_addon_says_which_node_it_is_for() {
    let bound = Elf::library(Machine::AArch64).exports("node_register_module_v115");
    let bound = read_as("app/x.node", &bound.build());
    assert_eq!(
        (bound.node_module_version, bound.is_node_api),
        (Some(115), false)
    );
    for symbol in ["napi_register_module_v1", "napi_module_register"] {
        let free = Elf::library(Machine::AArch64).exports(symbol).build();
        let free = read_as("app/x.node", &free);
        assert_eq!((free.node_module_version, free.is_node_api), (None, true));
    }
    let other = Elf::library(Machine::AArch64).exports("my_napi_register_module_v1");
    assert!(!read_as("app/x.node", &other.build()).is_node_api);
}

#[test]
fn node_says_its_own_version() {
    let node = Elf::glibc_program(Machine::AArch64).node("20.11.1").build();
    let found = read_as("usr/local/bin/node", &node);
    assert_eq!(found.node_version.as_deref(), Some("20.11.1"));
    // Programs that speak of Node are not it.
    assert_eq!(read_as("usr/local/bin/nvm", &node).node_version, None);
}

#[test]
fn a_file_without_its_end_is_truncated() {
    for machine in [Machine::X86_64, Machine::S390x, Machine::Arm] {
        let whole = Elf::glibc_program(machine).build();
        for length in 4..whole.len() {
            let cut = read_as("usr/bin/app", &whole[..length]);
            assert!(cut.truncated.is_some(), "{machine:?} {length}");
            if length >= 20 {
                assert_eq!(cut.header(), read_as("usr/bin/app", &whole).header());
            }
        }
        assert_eq!(read_as("usr/bin/app", &whole).truncated, None);
    }
    let cut = Elf::program(Machine::X86_64).without_sections().build();
    let cut = read_as("usr/bin/app", &cut[..cut.len() - 1]);
    let message = cut.truncated.expect("a message");
    assert!(message.starts_with("a segment ends at byte"), "{message}");
}

#[test]
fn a_header_that_is_none_says_so() {
    let mut bytes = Elf::program(Machine::X86_64).build();
    bytes[4] = 7;
    let elf = read_as("usr/bin/app", &bytes);
    assert_eq!(
        elf.truncated.as_deref(),
        Some("its ELF header names class 7, which is none")
    );
}

#[test]
fn debug_information_is_no_truncated_program() {
    let program = Elf::glibc_program(Machine::AArch64).text(&"x".repeat(20_000));
    let elf = read(&program.debug_only());
    assert!(elf.is_debug_only);
    assert_eq!(elf.truncated, None);
    assert!(elf.needed.is_empty());
}

#[test]
fn an_object_file_is_not_looked_into() {
    let elf = read(&Elf::object(Machine::X86_64));
    assert_eq!((elf.kind, elf.truncated), (ElfKind::Relocatable, None));
}

#[test]
fn more_names_than_a_program_can_have_are_not_kept() {
    let mut program = Elf::library(Machine::X86_64);
    let long = "n".repeat(4000);
    for _ in 0..100 {
        // One name in the file, a hundred in the dynamic section.
        program = program.needed(&long);
    }
    let elf = read(&program);
    assert!(elf.needed.len() < 20);
    assert_eq!(
        elf.truncated.as_deref(),
        Some("its dynamic section has more names than a program can have")
    );
}

/// A file with everything that is read, for mutations of it.
fn rich(machine: Machine) -> Vec<u8> {
    Elf::glibc_program(machine)
        .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
        .needs_weakly("libc.so.6", "GLIBC_2.38")
        .soname("libx.so.1")
        .defines(&["X_1", "X_2"])
        .rpath("/a:/b")
        .runpath("/c")
        .exports("node_register_module_v115")
        .x86_level(3)
        .arm_attributes(10, Some(1))
        .go_build("amd64", &[("GOAMD64", "v3")])
        .jemalloc()
        .node("20.0.0")
        .build()
}

fn held(facts: &ElfFacts) -> usize {
    let versions = facts.needs_versions.iter();
    let versions = versions.flat_map(|(library, versions)| versions.iter().chain([library]));
    let lists = [
        &facts.needed,
        &facts.rpath,
        &facts.runpath,
        &facts.defines_versions,
    ];
    let names = lists.into_iter().flatten().chain(versions);
    names.map(String::len).sum()
}

proptest! {
    #[test]
    fn no_bytes_under_any_name_break_it(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        path in "[a-z./]{0,20}(package.json|x.node|lib.so.1|a.jar|node)?",
        is_elf in any::<bool>(),
    ) {
        let mut bytes = bytes;
        if is_elf {
            bytes.splice(0..0, *b"\x7fELF\x02\x01\x01");
        }
        let size = bytes.len() as u64;
        let facts = examine(&path, 0o755, size, &mut Held::Memory(bytes));
        prop_assert_eq!(is_elf, matches!(facts, Some(FileFacts::Elf(_))));
    }

    #[test]
    fn no_number_in_a_real_file_breaks_it(
        machine in proptest::sample::select(&Machine::ALL[..]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        fills in proptest::collection::vec((any::<proptest::sample::Index>(), any::<bool>()), 0..3),
    ) {
        let mut bytes = rich(machine);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // Whole numbers at their bounds.
        for (at, is_high) in fills {
            let at = at.index(bytes.len() / 8) * 8;
            bytes[at..at + 8].fill(if is_high { 0xff } else { 0 });
        }
        bytes[..4].copy_from_slice(b"\x7fELF");
        let facts = read_as("app/libnode.so.1.node", &bytes);
        prop_assert!(held(&facts) <= 64 * 1024);
    }
}

#[test]
fn a_list_that_leads_back_to_itself_ends() {
    let bytes = rich(Machine::X86_64);
    let mut file = FileBytes::new(Whole::Bytes(&bytes)).expect("bytes");
    let healthy = super::read("x", &mut file);
    assert_eq!(healthy.needs_versions.len(), 1);
    // Every version says that it has 65535 entries and the next lies a byte on.
    for value in [0xff, 0x01] {
        for at in 64..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            let mut file = FileBytes::new(Whole::Bytes(&bytes)).expect("bytes");
            assert!(held(&super::read("x", &mut file)) <= 64 * 1024);
        }
    }
}

/// A library of this machine that defines and imports these.
fn symbols(elf: Elf, when: When) -> Symbols {
    let facts = read_as("usr/lib/libx.so", &asking(elf.build(), when));
    assert_eq!(facts.truncated, None);
    facts.symbols
}

fn needed(symbols: &Symbols) -> Vec<(&str, Binding)> {
    symbols.needed().collect()
}

#[test]
fn a_library_defines_names_and_needs_those_that_relocations_ask_for() {
    for machine in [Machine::AArch64, Machine::X86_64, Machine::RiscV64] {
        let elf = || Elf::library(machine).exports("mine").imports("theirs");
        let loaded = symbols(elf(), When::Loaded);
        assert!(loaded.defines("mine") && !loaded.defines("theirs"));
        assert_eq!(needed(&loaded), [("theirs", Binding::Load)]);
        let called = symbols(elf(), When::Called);
        assert_eq!(needed(&called), [("theirs", Binding::Call)]);
        let at_once = symbols(elf(), When::CalledAtOnce);
        assert_eq!(needed(&at_once), [("theirs", Binding::Load)]);
        let nobody_asks = read(&elf()).symbols;
        assert!(nobody_asks.defines("mine") && !nobody_asks.needs_some());
    }
}

#[test]
fn every_machine_s_hash_table_is_read() {
    for machine in Machine::ALL {
        let symbols = read(&Elf::library(machine).exports("one").exports("two")).symbols;
        // MIPS has relocations of its own kind.
        let is_read = machine != Machine::Mips64le;
        assert_eq!(symbols.defines("one"), is_read, "{machine:?}");
        assert_eq!(symbols.defined().len(), if is_read { 2 } else { 0 });
        assert_eq!(symbols.why_unread(), None, "{machine:?}");
    }
}

#[test]
fn the_libc_that_runs_this_test_is_read() {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let path = maps
        .lines()
        .filter_map(|line| Some(&line[line.find('/')?..]))
        .find(|path| path.contains("/libc.") || path.contains("/ld-musl-"))
        .expect("a libc");
    let symbols = read_as("usr/lib/libc.so.6", &std::fs::read(path).expect("a file")).symbols;
    assert_eq!(symbols.why_unread(), None);
    assert!(symbols.defines("printf") && symbols.defines("malloc"));
    assert!(!symbols.defines("no_such_function"));
    assert!(
        symbols.defined().len() > 1000,
        "{}",
        symbols.defined().len()
    );
}

#[test]
fn tables_that_leave_the_file_or_are_larger_than_any_are_not_read() {
    let bytes = asking(
        Elf::library(Machine::AArch64).imports("theirs").build(),
        When::Loaded,
    );
    let at = bytes
        .windows(16)
        .rposition(|entry| entry[..8] == 8_u64.to_le_bytes() && entry[8..] == 24_u64.to_le_bytes())
        .expect("DT_RELASZ");
    for size in [1 << 20, 1 << 40, u64::MAX] {
        let mut lying = bytes.clone();
        lying[at + 8..at + 16].copy_from_slice(&size.to_le_bytes());
        let symbols = read_as("usr/lib/libx.so", &lying).symbols;
        assert!(symbols.why_unread().is_some(), "{size}");
        assert!(!symbols.needs_some());
    }
}
