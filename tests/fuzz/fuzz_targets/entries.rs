//! The same of an archive whose headers have the right checksums: what lies behind
//! them – long names, pax records, sparse maps, whiteouts – is reached sooner.

#![no_main]

use everyarch_fuzz::{walk, with_right_checksums};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|archive: &[u8]| walk(&with_right_checksums(archive)));
