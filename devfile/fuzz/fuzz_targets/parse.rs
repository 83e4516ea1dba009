//! Bytes into a devfile, and out again: no panic, and what is written reads back the same.
#![no_main]

use dormer_devfile::limits::Limits;
use dormer_devfile::stage::Raw;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(parsed) = Raw::new("devfile.yaml", bytes).parse(&limits) {
        let yaml = parsed.to_yaml().expect("what was read can be written");
        let again = Raw::new("devfile.yaml", yaml.as_bytes()).parse(&limits).expect("what was written can be read");
        assert!(parsed.tree() == again.tree(), "{yaml}");
    }
});
