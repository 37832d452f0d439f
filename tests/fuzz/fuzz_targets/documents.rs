//! Indexes, manifests, configs and layers, whatever is asked for next, between zero
//! bytes: reading them and judging what was read ends, and never panics.

#![no_main]

use std::sync::Arc;

use everyarch_fuzz::{Sequence, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| judge(Arc::new(Sequence::of(bytes))));
