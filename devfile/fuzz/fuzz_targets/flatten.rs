//! A devfile and its parent, separated by a line of `=`: no panic, and flattening again changes nothing.
#![no_main]

use dormer_devfile::limits::Limits;
use dormer_devfile::resolve::{Fetched, NoResolver, ResolveError, Resolver};
use dormer_devfile::stage::Raw;
use libfuzzer_sys::fuzz_target;

struct One(Vec<u8>);

impl Resolver for One {
    fn uri(&self, uri: &str) -> Result<Fetched, ResolveError> {
        Ok(Fetched { location: uri.to_owned(), bytes: self.0.clone() })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let middle = bytes.windows(3).position(|window| window == b"\n=\n");
    let (main, parent) = middle.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + 3..]));
    let Ok(parsed) = Raw::new("devfile.yaml", main).parse(&limits) else { return };
    if let Ok(flat) = parsed.flatten(&One(parent.to_vec()), &limits) {
        // Elements of an older parent may be of a form that the child's version does not have; then it is refused.
        let yaml = flat.to_yaml().expect("what was read can be written");
        if let Ok(parsed) = Raw::new("devfile.yaml", yaml.as_bytes()).parse(&limits) {
            let twice = parsed.flatten(&NoResolver, &limits).expect("nothing is left to fetch");
            assert!(twice.tree() == flat.tree(), "{yaml}");
        }
    }
});
