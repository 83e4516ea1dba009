//! Ours beside the devfile project's own library: the same verdict, the same flattened devfile and the same warnings,
//! for published devfiles where they are at hand, for samples, and for thousands of variants of both.
//!
//! Needs the library's program (`scripts/devfile-reference.sh` builds it and prints where it is) in
//! `DORMER_TEST_DEVFILE_REFERENCE`. `DIFFERENTIAL_CASES` and `DIFFERENTIAL_SEED` ask for more or for others.

#![allow(missing_docs)]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

#[allow(dead_code, reason = "shared with the tests of what plans make of devfiles")]
#[path = "differential/parts.rs"]
mod parts;

use parts::case;
use parts::known;
use parts::ours::{self, Outcome};
use parts::reference::{Reference, Said};
use std::collections::BTreeMap;

/// What differs, in words; nothing if it is the same.
fn difference(said: &Said, mine: &Outcome) -> Option<String> {
    match (said.stage.as_deref(), mine) {
        // The library fell over: it has no opinion.
        (Some("panic"), _) => None,
        (None, Outcome::Refused { text, .. }) => Some(format!("valid for the library, refused here: {text}")),
        (Some(stage), Outcome::Valid { .. }) => {
            Some(format!("refused by the library ({stage}), valid here: {}", said.error.as_deref().unwrap_or_default()))
        }
        (Some("rules"), Outcome::Refused { rules, text }) => {
            let error = said.error.as_deref().unwrap_or_default();
            // What is wrong with the form of it is told before the rest is looked at.
            let missed = known::rules(error).filter(|rule| !rules.iter().any(|mine| mine == rule));
            let missed: Vec<&str> = missed.collect();
            let form = rules.iter().any(|rule| known::FORM.contains(&rule.as_str()));
            (!missed.is_empty() && !form).then(|| format!("not said: {missed:?} of {error}\nbut {text}"))
        }
        (Some(_), Outcome::Refused { .. }) => None,
        (None, Outcome::Valid { flattened, unknown, .. }) => {
            let theirs = known::comparable(said.flattened.clone().unwrap_or_default());
            let mine = known::comparable(flattened.clone());
            if theirs != mine {
                return Some(format!("flattened otherwise:\n{}", ours::apart(&theirs, &mine, "")));
            }
            (&said.warnings != unknown)
                .then(|| format!("unknown variables: {:?} for the library, {unknown:?} here", said.warnings))
        }
    }
}

#[test]
fn ours_says_what_the_library_says() {
    let Some(reference) = Reference::find() else { return };
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let cases = case::all(number("DIFFERENTIAL_CASES", 3_000) as usize, number("DIFFERENTIAL_SEED", 20_261_127));
    let folder = reference.write(&cases);
    let said = reference.ask(&folder);
    assert_eq!(said.len(), cases.len());
    let (mut valid, mut panics, mut excused, mut wrong) = (0, 0, BTreeMap::<&str, usize>::new(), Vec::new());
    for (case, said) in cases.iter().zip(&said) {
        assert_eq!(case.name, said.name);
        valid += usize::from(said.stage.is_none());
        panics += usize::from(said.stage.as_deref() == Some("panic"));
        let mine = ours::read(&folder.join(&case.name), case);
        let Some(difference) = difference(said, &mine) else { continue };
        match known::excuse(case, said, &mine, &difference) {
            Some(reason) => *excused.entry(reason).or_default() += 1,
            None => wrong.push(format!("--- {} ({})\n{difference}", case.name, case.what)),
        }
    }
    eprintln!("{} devfiles: {valid} valid for the library, {panics} times it fell over, {excused:#?}", cases.len());
    let shown: String = wrong.iter().take(40).map(|text| format!("{text}\n")).collect();
    assert!(wrong.is_empty(), "{} of {} differ; they are in {}\n{shown}", wrong.len(), cases.len(), folder.display());
    // A comparison of what everybody refuses would prove little.
    assert!(valid * 4 > cases.len(), "only {valid} of {} are valid", cases.len());
    std::fs::remove_dir_all(folder).unwrap();
}
