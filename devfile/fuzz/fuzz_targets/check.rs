//! The whole way from bytes to a valid devfile: no panic, and problems that can be printed.
#![no_main]

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::NoResolver;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(problems) = dormer_devfile::load("devfile.yaml", bytes, &NoResolver, &Limits::default()) {
        assert!(problems.has_errors() && !problems.to_string().is_empty());
    }
    for name in ["workspace.yaml", "devcontainer.json"] {
        if let Err(problems) = dormer_devfile::load_any(name, bytes, &NoResolver, &Limits::default()) {
            assert!(problems.has_errors() && !problems.to_string().is_empty());
        }
    }
});
