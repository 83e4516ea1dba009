//! A workspace is up before the servers that its commands start: those who woke it to reach one wait for it.
//!
//! Of all who wait for the same server, one at a time looks whether it is there; when it is, the others find it at once.
//! So it is looked for often without the waiting of many costing more than the waiting of one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use dormer_core::directory::Entry;
use dormer_wire::dial::{DialError, DoorStream};
use dormer_wire::door::{RefusalCode, Want};

use super::Gate;

/// For so long after it came up.
const SETTLE: Duration = Duration::from_secs(15);
/// Between two looks: the first, and the longest. In between they grow with the time that was waited already.
const LOOKS: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(50)];

type Turn = tokio::sync::Mutex<()>;
/// A workspace, by its uid, and a port of it (None: its editor).
type Place = (String, Option<u16>);

/// Whose turn it is to look.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Place, Weak<Turn>>>);

impl Turns {
    fn of(&self, entry: &Entry, want: &Want) -> Arc<Turn> {
        let port = match want {
            Want::Port { port } => Some(*port),
            _ => None,
        };
        let key = (entry.peek().uid.clone(), port);
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::<Turn>::default();
        turns.insert(key, Arc::downgrade(&turn));
        turn
    }
}

impl Gate {
    /// Opens a stream through the door of the newest record; where what it leads to may be about to come, waits for it.
    pub async fn reach(&self, entry: &Entry, want: Want) -> Result<DoorStream, DialError> {
        match self.dial(entry, want.clone()).await {
            Err(error) if self.may_come(entry, &error) => {}
            done => return done,
        }
        let turn = self.turns.of(entry, &want);
        let _turn = turn.lock().await;
        let began = Instant::now();
        loop {
            match self.dial(entry, want.clone()).await {
                Err(error) if self.may_come(entry, &error) => {
                    let [first, longest] = LOOKS;
                    tokio::time::sleep((began.elapsed() / 8).clamp(first, longest)).await;
                }
                done => return done,
            }
        }
    }

    fn may_come(&self, entry: &Entry, error: &DialError) -> bool {
        let early = matches!(error, DialError::Refused(refusal)
            if matches!(refusal.code, RefusalCode::NoListener | RefusalCode::NotReady));
        early && self.up_for(entry) < SETTLE
    }
}
