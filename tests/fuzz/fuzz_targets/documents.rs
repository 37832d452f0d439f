//! Any bytes as index, manifest and config: reading them and judging what was read
//! ends, and never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| everyarch::audit::fuzz::documents(bytes));
