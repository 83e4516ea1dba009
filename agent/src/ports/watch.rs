//! Telling which ports are listened on, for as long as somebody wants to know.

use std::sync::Arc;
use std::time::Duration;

use super::{owner::Owners, table};
use crate::status::Board;

/// How often the kernel is asked: one small question, unless a socket is new.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps the board's list of ports up to date until dropped.
pub async fn run(board: Board, owners: Arc<Owners>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut known = Vec::new();
    let mut confirmed = std::time::Instant::now();
    loop {
        every.tick().await;
        if !board.is_watched() {
            continue;
        }
        let listeners = table::listeners();
        // A socket seldom changes hands, so whose each one is has to be asked again only now and then.
        if listeners != known || confirmed.elapsed() > Duration::from_secs(15) {
            board.listening(owners.ports(&listeners));
            known = listeners;
            confirmed = std::time::Instant::now();
        }
    }
}
