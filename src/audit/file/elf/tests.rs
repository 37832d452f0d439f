use crate::audit::file::{Content, FileFacts, Whole, examine};

struct Bytes(Vec<u8>);

impl Content for Bytes {
    fn head(&mut self) -> &[u8] {
        &self.0
    }

    fn whole(&mut self) -> std::io::Result<Whole<'_>> {
        Ok(Whole::Bytes(&self.0))
    }
}

#[test]
fn this_very_program_is_read() {
    let program = std::fs::read("/proc/self/exe").expect("a program");
    let size = program.len() as u64;
    let facts = examine("usr/bin/tests", 0o755, size, &mut Bytes(program));
    let Some(FileFacts::Elf(elf)) = facts else {
        panic!("not an ELF file: {facts:?}");
    };
    assert_eq!(elf.truncated, None);
    assert!(elf.is_dynamic && elf.interpreter.is_some());
    assert!(elf.needed.iter().any(|name| name.starts_with("libc.")));
}
