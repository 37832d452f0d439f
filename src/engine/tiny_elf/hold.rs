//! Ignores `SIGCHLD`, then waits for ever.

use super::writer::{Code, Target, program as write};
use crate::image::Architecture;

/// `SIG_IGN` as a handler.
const SIG_IGN: u32 = 1;

pub(super) fn program(architecture: &Architecture) -> Option<Vec<u8>> {
    let code = match architecture {
        Architecture::Amd64 => AMD64,
        Architecture::I386 => I386,
        Architecture::Arm64 => ARM64,
        Architecture::Arm => ARM,
        Architecture::Ppc64le => PPC64LE,
        Architecture::S390x => S390X,
        Architecture::Riscv64 => RISCV64,
        Architecture::Loong64 | Architecture::Mips64le | Architecture::Other(_) => return None,
    };
    let target = Target::of(architecture)?;
    Some(write(target, code, &action(target)))
}

/// The kernel's `struct sigaction`: the handler comes first everywhere; flags,
/// restorer and mask are zero, in whichever order.
fn action(target: Target) -> Vec<u8> {
    let zeros = if target.is_64 { 3 } else { 4 };
    let mut action = target.word(SIG_IGN);
    for _ in 0..zeros {
        action.extend(target.word(0));
    }
    action
}

// Each is rt_sigaction(SIGCHLD = 17, action, NULL, 8), then pause() for ever, or
// ppoll(NULL, 0, NULL, NULL) where there is no pause; `action` follows the code.

// rt_sigaction is system call 13, pause is 34.
const AMD64: Code = Code::Bytes(&[
    &[0xb8, 0x0d, 0x00, 0x00, 0x00],             // mov eax, 13
    &[0xbf, 0x11, 0x00, 0x00, 0x00],             // mov edi, 17
    &[0x48, 0x8d, 0x35, 0x14, 0x00, 0x00, 0x00], // lea rsi, [rip+action]
    &[0x31, 0xd2],                               // xor edx, edx
    &[0x41, 0xba, 0x08, 0x00, 0x00, 0x00],       // mov r10d, 8
    &[0x0f, 0x05],                               // syscall
    &[0xb8, 0x22, 0x00, 0x00, 0x00],             // 1: mov eax, 34
    &[0x0f, 0x05],                               // syscall
    &[0xeb, 0xf7],                               // jmp 1b
    &[0x90],                                     // nop
]);

// rt_sigaction is system call 174, pause is 29.
const I386: Code = Code::Bytes(&[
    &[0xe8, 0x00, 0x00, 0x00, 0x00], // call 1f
    &[0x59],                         // 1: pop ecx
    &[0x83, 0xc1, 0x20],             // add ecx, action-1b
    &[0xb8, 0xae, 0x00, 0x00, 0x00], // mov eax, 174
    &[0xbb, 0x11, 0x00, 0x00, 0x00], // mov ebx, 17
    &[0x31, 0xd2],                   // xor edx, edx
    &[0xbe, 0x08, 0x00, 0x00, 0x00], // mov esi, 8
    &[0xcd, 0x80],                   // int 0x80
    &[0xb8, 0x1d, 0x00, 0x00, 0x00], // 2: mov eax, 29
    &[0xcd, 0x80],                   // int 0x80
    &[0xeb, 0xf7],                   // jmp 2b
]);

// rt_sigaction is system call 134, ppoll is 73.
const ARM64: Code = Code::Words(&[
    0xd280_0220, // mov x0, #17
    0x1000_01a1, // adr x1, action
    0xd280_0002, // mov x2, #0
    0xd280_0103, // mov x3, #8
    0xd280_10c8, // mov x8, #134
    0xd400_0001, // svc #0
    0xd280_0000, // 1: mov x0, #0
    0xd280_0001, // mov x1, #0
    0xd280_0002, // mov x2, #0
    0xd280_0003, // mov x3, #0
    0xd280_0928, // mov x8, #73
    0xd400_0001, // svc #0
    0x17ff_fffa, // b 1b
    0xd503_201f, // nop
]);

// rt_sigaction is system call 174, pause is 29 (EABI).
const ARM: Code = Code::Words(&[
    0xe3a0_0011, // mov r0, #17
    0xe28f_1018, // adr r1, action
    0xe3a0_2000, // mov r2, #0
    0xe3a0_3008, // mov r3, #8
    0xe3a0_70ae, // mov r7, #174
    0xef00_0000, // svc #0
    0xe3a0_701d, // 1: mov r7, #29
    0xef00_0000, // svc #0
    0xeaff_fffc, // b 1b
]);

// rt_sigaction is system call 173, pause is 29.
const PPC64LE: Code = Code::Words(&[
    0x3860_0011, // li 3, 17
    0x4800_0005, // bl 1f
    0x7c88_02a6, // 1: mflr 4
    0x3884_0028, // addi 4, 4, action-1b
    0x38a0_0000, // li 5, 0
    0x38c0_0008, // li 6, 8
    0x3800_00ad, // li 0, 173
    0x4400_0002, // sc
    0x3800_001d, // 2: li 0, 29
    0x4400_0002, // sc
    0x4bff_fff8, // b 2b
    0x6000_0000, // nop
]);

// rt_sigaction is system call 174, pause is 29.
const S390X: Code = Code::Bytes(&[
    &[0xa7, 0x29, 0x00, 0x11],             // lghi %r2, 17
    &[0xc0, 0x30, 0x00, 0x00, 0x00, 0x0c], // larl %r3, action
    &[0xa7, 0x49, 0x00, 0x00],             // lghi %r4, 0
    &[0xa7, 0x59, 0x00, 0x08],             // lghi %r5, 8
    &[0x0a, 0xae],                         // svc 174
    &[0x0a, 0x1d],                         // 1: svc 29
    &[0xa7, 0xf4, 0xff, 0xff],             // j 1b
    &[0x07, 0x07],                         // nopr %r7
]);

// rt_sigaction is system call 134, ppoll is 73.
const RISCV64: Code = Code::Words(&[
    0x0110_0513, // li a0, 17
    0x0000_0597, // auipc a1, 0
    0x03c5_8593, // addi a1, a1, action-.+4
    0x0000_0613, // li a2, 0
    0x0080_0693, // li a3, 8
    0x0860_0893, // li a7, 134
    0x0000_0073, // ecall
    0x0000_0513, // 1: li a0, 0
    0x0000_0593, // li a1, 0
    0x0000_0613, // li a2, 0
    0x0000_0693, // li a3, 0
    0x0490_0893, // li a7, 73
    0x0000_0073, // ecall
    0xfe9f_f06f, // j 1b
    0x0000_0013, // nop
    0x0000_0013, // nop
]);
