//! Prints a line and exits with 0.

use super::PROBE_OUTPUT;
use super::writer::{Code, Target, program as write};
use crate::image::Architecture;

pub(super) fn program(architecture: &Architecture) -> Option<Vec<u8>> {
    let code = match architecture {
        Architecture::Amd64 => AMD64,
        Architecture::I386 => I386,
        Architecture::Arm64 => ARM64,
        Architecture::Arm => ARM,
        Architecture::Ppc64le => PPC64LE,
        Architecture::S390x => S390X,
        Architecture::Riscv64 => RISCV64,
        Architecture::Loong64 => LOONG64,
        Architecture::Mips64le => MIPS64LE,
        Architecture::Other(_) => return None,
    };
    let target = Target::of(architecture)?;
    Some(write(target, code, PROBE_OUTPUT.as_bytes()))
}

// Each is write(1, message, 16), then exit(0); `message` follows the code.

// write is system call 1, exit is 60.
const AMD64: Code = Code::Bytes(&[
    &[0xb8, 0x01, 0x00, 0x00, 0x00],             // mov eax, 1
    &[0xbf, 0x01, 0x00, 0x00, 0x00],             // mov edi, 1
    &[0x48, 0x8d, 0x35, 0x10, 0x00, 0x00, 0x00], // lea rsi, [rip+message]
    &[0xba, 0x10, 0x00, 0x00, 0x00],             // mov edx, 16
    &[0x0f, 0x05],                               // syscall
    &[0xb8, 0x3c, 0x00, 0x00, 0x00],             // mov eax, 60
    &[0x31, 0xff],                               // xor edi, edi
    &[0x0f, 0x05],                               // syscall
]);

// write is system call 4, exit is 1. There is no address relative to the program
// counter: the call leaves it on the stack.
const I386: Code = Code::Bytes(&[
    &[0xe8, 0x00, 0x00, 0x00, 0x00], // call 1f
    &[0x59],                         // 1: pop ecx
    &[0x83, 0xc1, 0x1e],             // add ecx, message-1b
    &[0xb8, 0x04, 0x00, 0x00, 0x00], // mov eax, 4
    &[0xbb, 0x01, 0x00, 0x00, 0x00], // mov ebx, 1
    &[0xba, 0x10, 0x00, 0x00, 0x00], // mov edx, 16
    &[0xcd, 0x80],                   // int 0x80
    &[0xb8, 0x01, 0x00, 0x00, 0x00], // mov eax, 1
    &[0x31, 0xdb],                   // xor ebx, ebx
    &[0xcd, 0x80],                   // int 0x80
]);

// write is system call 64, exit is 93.
const ARM64: Code = Code::Words(&[
    0xd280_0020, // mov x0, #1
    0x1000_00e1, // adr x1, message
    0xd280_0202, // mov x2, #16
    0xd280_0808, // mov x8, #64
    0xd400_0001, // svc #0
    0xd280_0000, // mov x0, #0
    0xd280_0ba8, // mov x8, #93
    0xd400_0001, // svc #0
]);

// write is system call 4, exit is 1 (EABI). Runs on ARMv4T and newer.
const ARM: Code = Code::Words(&[
    0xe3a0_0001, // mov r0, #1
    0xe28f_1014, // adr r1, message
    0xe3a0_2010, // mov r2, #16
    0xe3a0_7004, // mov r7, #4
    0xef00_0000, // svc #0
    0xe3a0_0000, // mov r0, #0
    0xe3a0_7001, // mov r7, #1
    0xef00_0000, // svc #0
]);

// write is system call 4, exit is 1.
const PPC64LE: Code = Code::Words(&[
    0x3860_0001, // li 3, 1
    0x4800_0005, // bl 1f
    0x7c88_02a6, // 1: mflr 4
    0x3884_0020, // addi 4, 4, message-1b
    0x38a0_0010, // li 5, 16
    0x3800_0004, // li 0, 4
    0x4400_0002, // sc
    0x3860_0000, // li 3, 0
    0x3800_0001, // li 0, 1
    0x4400_0002, // sc
]);

// write is system call 4, exit is 1.
const S390X: Code = Code::Bytes(&[
    &[0xa7, 0x29, 0x00, 0x01],             // lghi %r2, 1
    &[0xc0, 0x30, 0x00, 0x00, 0x00, 0x09], // larl %r3, message
    &[0xa7, 0x49, 0x00, 0x10],             // lghi %r4, 16
    &[0x0a, 0x04],                         // svc 4
    &[0xa7, 0x29, 0x00, 0x00],             // lghi %r2, 0
    &[0x0a, 0x01],                         // svc 1
]);

// write is system call 64, exit is 93. No compressed instructions.
const RISCV64: Code = Code::Words(&[
    0x0010_0513, // li a0, 1
    0x0000_0597, // auipc a1, 0
    0x0205_8593, // addi a1, a1, message-.+4
    0x0100_0613, // li a2, 16
    0x0400_0893, // li a7, 64
    0x0000_0073, // ecall
    0x0000_0513, // li a0, 0
    0x05d0_0893, // li a7, 93
    0x0000_0073, // ecall
]);

// write is system call 64, exit is 93.
const LOONG64: Code = Code::Words(&[
    0x0280_0404, // addi.w $a0, $zero, 1
    0x1800_00e5, // pcaddi $a1, (message-.)/4
    0x0280_4006, // addi.w $a2, $zero, 16
    0x0281_000b, // addi.w $a7, $zero, 64
    0x002b_0000, // syscall 0
    0x0280_0004, // addi.w $a0, $zero, 0
    0x0281_740b, // addi.w $a7, $zero, 93
    0x002b_0000, // syscall 0
]);

// write is system call 5001, exit is 5058 (n64).
const MIPS64LE: Code = Code::Words(&[
    0x2404_0001, // li $4, 1
    0x0411_0001, // bal 1f
    0x0000_0000, // nop
    0x67e5_001c, // 1: daddiu $5, $31, message-1b
    0x2406_0010, // li $6, 16
    0x2402_1389, // li $2, 5001
    0x0000_000c, // syscall
    0x2404_0000, // li $4, 0
    0x2402_13c2, // li $2, 5058
    0x0000_000c, // syscall
]);
