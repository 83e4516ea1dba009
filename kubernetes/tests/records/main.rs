//! The records of a cluster, at a real API server: the one that `DORMER_TEST_KUBECONFIG` names. Nothing else is tested
//! here, so that without one there is nothing to pass: the suite of the cluster sets it, and an ordinary run says loudly
//! that these did not run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod accounts;
mod fixture;
mod keys;
mod lease;
mod workspaces;

use std::process::ExitCode;

use fixture::Place;

/// What is run, by name.
type Test = (&'static str, fn(Place) -> futures::future::BoxFuture<'static, ()>);

macro_rules! tests {
    ($($module:ident::$name:ident),+ $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), |place| Box::pin($module::$name(place)))),+]
    };
}

const TESTS: &[Test] = tests![
    workspaces::written_watched_and_read,
    workspaces::a_lost_race_is_a_conflict,
    workspaces::what_people_apply_and_delete,
    workspaces::two_of_one_name,
    workspaces::admission_says_why,
    workspaces::activity_goes_forward_beside_other_writes,
    workspaces::what_happened,
    accounts::people_and_their_credentials,
    accounts::nothing_of_a_removed_user_counts,
    accounts::a_link_is_taken_once,
    accounts::another_replica_follows_within_a_second,
    accounts::what_was_done,
    keys::made_once_by_whoever_is_first,
    lease::one_leads_and_another_follows,
    lease::whoever_cannot_renew_stops,
];

fn main() -> ExitCode {
    let filter: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let Some(kubeconfig) = std::env::var_os("DORMER_TEST_KUBECONFIG") else {
        eprintln!(
            "\n*** NOT RUN: {} tests of the records at an API server. Set DORMER_TEST_KUBECONFIG, or run `make test-cluster`.\n",
            TESTS.len()
        );
        return ExitCode::SUCCESS;
    };
    let wanted: Vec<&Test> = TESTS
        .iter()
        .filter(|(name, _)| filter.is_empty() || filter.iter().any(|part| name.contains(part.as_str())))
        .collect();
    let count = wanted.len();
    fixture::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let failed = runtime.block_on(async {
        fixture::install(kubeconfig.as_ref()).await;
        let mut failed = Vec::new();
        for (name, test) in wanted {
            let place = Place::new(kubeconfig.as_ref()).await;
            let kept = place.clone();
            let ended = tokio::spawn(tokio::time::timeout(fixture::LIMIT, test(place))).await;
            match ended {
                Ok(Ok(())) => eprintln!("ok      {name}"),
                Ok(Err(_)) => failed.push((name, "took too long".to_string())),
                Err(error) => failed.push((name, error.to_string())),
            }
            if failed.last().is_some_and(|(last, _)| *last == name) {
                eprintln!("FAILED  {name}");
                kept.tell().await;
            }
            kept.remove().await;
        }
        failed
    });
    for (name, why) in &failed {
        eprintln!("{name}: {why}");
    }
    // In the words of the usual harness, so that these are counted as others are.
    let outcome = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("test result: {outcome}. {} passed; {} failed; 0 ignored", count - failed.len(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
