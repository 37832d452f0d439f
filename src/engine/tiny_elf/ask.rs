//! One request over TCP, from inside a container.

use super::writer::{Code, Target, program as write};
use crate::image::Architecture;

pub(super) fn program(architecture: &Architecture, port: u16, request: &[u8]) -> Option<Vec<u8>> {
    let code = match architecture {
        Architecture::Amd64 => AMD64,
        Architecture::Arm64 => ARM64,
        _ => return None,
    };
    let target = Target::of(architecture)?;
    let length = u32::try_from(request.len()).ok()?;
    // `address`: struct sockaddr_in of AF_INET, the port big-endian, 127.0.0.1.
    let mut data = vec![2, 0];
    data.extend(port.to_be_bytes());
    data.extend([127, 0, 0, 1]);
    data.extend([0; 8]);
    // `length` and `request`. Both architectures are little-endian.
    data.extend(length.to_le_bytes());
    data.extend_from_slice(request);
    Some(write(target, code, &data))
}

// System calls: socket 41, connect 42, write 1, read 0, exit 60.
const AMD64: Code = Code::Bytes(&[
    // fd = socket(AF_INET, SOCK_STREAM, 0)
    &[0xb8, 0x29, 0x00, 0x00, 0x00],       // mov eax, 41
    &[0xbf, 0x02, 0x00, 0x00, 0x00],       // mov edi, 2
    &[0xbe, 0x01, 0x00, 0x00, 0x00],       // mov esi, 1
    &[0x31, 0xd2],                         // xor edx, edx
    &[0x0f, 0x05],                         // syscall
    &[0x85, 0xc0],                         // test eax, eax
    &[0x0f, 0x88, 0x98, 0x00, 0x00, 0x00], // js other
    &[0x89, 0xc3],                         // mov ebx, eax
    // connect(fd, &address, 16)
    &[0x89, 0xdf],                               // mov edi, ebx
    &[0x48, 0x8d, 0x35, 0x99, 0x00, 0x00, 0x00], // lea rsi, [rip+address]
    &[0xba, 0x10, 0x00, 0x00, 0x00],             // mov edx, 16
    &[0xb8, 0x2a, 0x00, 0x00, 0x00],             // mov eax, 42
    &[0x0f, 0x05],                               // syscall
    &[0x83, 0xf8, 0x91],                         // cmp eax, -111
    &[0x74, 0x75],                               // je refused
    &[0x85, 0xc0],                               // test eax, eax
    &[0x78, 0x78],                               // js other
    // r12, r13d: what is left of the request
    &[0x4c, 0x8d, 0x25, 0x91, 0x00, 0x00, 0x00], // lea r12, [rip+request]
    &[0x44, 0x8b, 0x2d, 0x86, 0x00, 0x00, 0x00], // mov r13d, dword ptr [rip+length]
    // while r13d: write(fd, r12, r13d)
    &[0x45, 0x85, 0xed],             // write: test r13d, r13d
    &[0x74, 0x1b],                   // jz read
    &[0x89, 0xdf],                   // mov edi, ebx
    &[0x4c, 0x89, 0xe6],             // mov rsi, r12
    &[0x44, 0x89, 0xea],             // mov edx, r13d
    &[0xb8, 0x01, 0x00, 0x00, 0x00], // mov eax, 1
    &[0x0f, 0x05],                   // syscall
    &[0x85, 0xc0],                   // test eax, eax
    &[0x7e, 0x52],                   // jle other
    &[0x49, 0x01, 0xc4],             // add r12, rax
    &[0x41, 0x29, 0xc5],             // sub r13d, eax
    &[0xeb, 0xe0],                   // jmp write
    // n = read(fd, buffer below the stack, 4096)
    &[0x4c, 0x8d, 0xb4, 0x24, 0x00, 0xe0, 0xff, 0xff], // read: lea r14, [rsp-8192]
    &[0x89, 0xdf],                                     // mov edi, ebx
    &[0x4c, 0x89, 0xf6],                               // mov rsi, r14
    &[0xba, 0x00, 0x10, 0x00, 0x00],                   // mov edx, 4096
    &[0x31, 0xc0],                                     // xor eax, eax
    &[0x0f, 0x05],                                     // syscall
    &[0x85, 0xc0],                                     // test eax, eax
    &[0x74, 0x25],                                     // jz done
    &[0x78, 0x2e],                                     // js other
    &[0x41, 0x89, 0xc5],                               // mov r13d, eax
    // while r13d: write(1, r14, r13d)
    &[0xbf, 0x01, 0x00, 0x00, 0x00], // print: mov edi, 1
    &[0x4c, 0x89, 0xf6],             // mov rsi, r14
    &[0x44, 0x89, 0xea],             // mov edx, r13d
    &[0xb8, 0x01, 0x00, 0x00, 0x00], // mov eax, 1
    &[0x0f, 0x05],                   // syscall
    &[0x85, 0xc0],                   // test eax, eax
    &[0x7e, 0x15],                   // jle other
    &[0x49, 0x01, 0xc6],             // add r14, rax
    &[0x41, 0x29, 0xc5],             // sub r13d, eax
    &[0x75, 0xe2],                   // jnz print
    &[0xeb, 0xc1],                   // jmp read
    &[0x31, 0xff],                   // done: xor edi, edi
    &[0xeb, 0x0c],                   // jmp exit
    &[0xbf, 0x6f, 0x00, 0x00, 0x00], // refused: mov edi, 111
    &[0xeb, 0x05],                   // jmp exit
    &[0xbf, 0x70, 0x00, 0x00, 0x00], // other: mov edi, 112
    &[0xb8, 0x3c, 0x00, 0x00, 0x00], // exit: mov eax, 60
    &[0x0f, 0x05],                   // syscall
]);

// System calls: socket 198, connect 203, write 64, read 63, exit 93.
const ARM64: Code = Code::Words(&[
    // fd = socket(AF_INET, SOCK_STREAM, 0)
    0xd280_0040, // mov x0, #2
    0xd280_0021, // mov x1, #1
    0xd280_0002, // mov x2, #0
    0xd280_18c8, // mov x8, #198
    0xd400_0001, // svc #0
    0xb7f8_05a0, // tbnz x0, #63, other
    0xaa00_03f3, // mov x19, x0
    // connect(fd, &address, 16)
    0x1000_05c1, // adr x1, address
    0xd280_0202, // mov x2, #16
    0xd280_1968, // mov x8, #203
    0xd400_0001, // svc #0
    0xb101_bc1f, // cmn x0, #111
    0x5400_0480, // b.eq refused
    0xb7f8_04a0, // tbnz x0, #63, other
    // x20, x21: what is left of the request
    0x1000_0594, // adr x20, request
    0x1000_0541, // adr x1, length
    0xb940_0035, // ldr w21, [x1]
    // while x21: write(fd, x20, x21)
    0xb400_0175, // write: cbz x21, read
    0xaa13_03e0, // mov x0, x19
    0xaa14_03e1, // mov x1, x20
    0xaa15_03e2, // mov x2, x21
    0xd280_0808, // mov x8, #64
    0xd400_0001, // svc #0
    0xf100_001f, // cmp x0, #0
    0x5400_034d, // b.le other
    0x8b00_0294, // add x20, x20, x0
    0xcb00_02b5, // sub x21, x21, x0
    0x17ff_fff6, // b write
    // n = read(fd, buffer below the stack, 4096)
    0xd140_0bf6, // read: sub x22, sp, #2, lsl #12
    0xaa13_03e0, // mov x0, x19
    0xaa16_03e1, // mov x1, x22
    0xd282_0002, // mov x2, #4096
    0xd280_07e8, // mov x8, #63
    0xd400_0001, // svc #0
    0xb400_0220, // cbz x0, exit
    0xb7f8_01e0, // tbnz x0, #63, other
    0xaa00_03f5, // mov x21, x0
    // while x21: write(1, x22, x21)
    0xd280_0020, // print: mov x0, #1
    0xaa16_03e1, // mov x1, x22
    0xaa15_03e2, // mov x2, x21
    0xd280_0808, // mov x8, #64
    0xd400_0001, // svc #0
    0xf100_001f, // cmp x0, #0
    0x5400_00ed, // b.le other
    0x8b00_02d6, // add x22, x22, x0
    0xeb00_02b5, // subs x21, x21, x0
    0x54ff_fee1, // b.ne print
    0x17ff_ffed, // b read
    0xd280_0de0, // refused: mov x0, #111
    0x1400_0002, // b exit
    0xd280_0e00, // other: mov x0, #112
    0xd280_0ba8, // exit: mov x8, #93
    0xd400_0001, // svc #0
]);
