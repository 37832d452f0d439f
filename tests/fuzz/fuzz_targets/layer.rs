//! Any bytes as a layer's blob: they end in a layer or an error, nothing leaves the
//! root, and what is found in the root file system is found there again.

#![no_main]

use everyarch_fuzz::walk;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|blob: &[u8]| walk(blob));
