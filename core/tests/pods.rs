//! What plans make of devfiles beside what the devfile project's own generator makes of them: containers in their
//! order, init containers, variables, ports, resources, mounts, volumes, annotations and overrides.
//!
//! Needs the library's program, as the comparison in `devfile/tests/differential.rs` does.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

#[allow(dead_code, reason = "shared with the tests of the devfile crate")]
#[path = "../../devfile/tests/differential/parts.rs"]
mod parts;
#[path = "pods/rendered.rs"]
mod rendered;

use parts::case::{self, Case};
use parts::ours::{self, Outcome};
use parts::reference::{Reference, Said};
use std::collections::BTreeMap;

/// Why a difference is meant.
const EXCUSES: [(&str, &str); 2] = [
    ("a workspace needs a container to work in", "has no container component to work in"),
    // The generator leaves it out, and the commands have nothing to run in.
    ("a container that commands run in stays", "is applied before the start and commands run in it"),
];

/// What the generator knows nothing of: these belong to workspaces, not to the library.
fn beyond(case: &Case) -> bool {
    let words = ["container-contribution", "workspaceEnv", "use-starter-project"];
    case.files.iter().any(|(_, text)| words.iter().any(|word| text.contains(word)))
}

#[test]
fn plans_are_what_the_generator_makes() {
    let Some(reference) = Reference::find() else { return };
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let cases = case::all(number("DIFFERENTIAL_CASES", 1_500) as usize, number("DIFFERENTIAL_SEED", 20_261_127) + 1);
    let folder = reference.write(&cases);
    let said = reference.ask(&folder);
    let (mut compared, mut excused, mut wrong) = (0, BTreeMap::<&str, usize>::new(), Vec::new());
    for (case, said) in cases.iter().zip(&said) {
        let Outcome::Valid { valid, .. } = ours::read(&folder.join(&case.name), case) else { continue };
        let Some(theirs) = said.pod.clone().filter(|_| !beyond(case)) else { continue };
        compared += 1;
        let mine = rendered::pod(&valid);
        let Some(difference) = rendered::difference(theirs, &mine) else { continue };
        match EXCUSES.iter().find(|(_, part)| difference.contains(part)) {
            Some((reason, _)) => *excused.entry(reason).or_default() += 1,
            None => wrong.push(told(case, said, &difference)),
        }
    }
    eprintln!("{compared} pods compared, {excused:#?}");
    let shown: String = wrong.iter().take(30).map(|text| format!("{text}\n")).collect();
    assert!(wrong.is_empty(), "{} of {compared} differ; they are in {}\n{shown}", wrong.len(), folder.display());
    assert!(compared * 4 > cases.len(), "only {compared} of {} were compared", cases.len());
    std::fs::remove_dir_all(folder).unwrap();
}

fn told(case: &Case, said: &Said, difference: &str) -> String {
    format!("--- {} ({})\n{difference}", said.name, case.what)
}
