//! Asking an agent to stop.

use std::time::Duration;

use dormer_wire::dial::{DialError, Dialer};
use dormer_wire::door::{Door, Want};
use dormer_wire::message;
use dormer_wire::report::AgentStatus;

/// An agent that does not answer in this time will not.
const ANSWER: Duration = Duration::from_secs(2);

/// Asks the agent behind `door` to stop, and listens until it hangs up.
pub async fn stop(door: &Door, grace: Duration) -> Result<(), DialError> {
    let grace_seconds = u32::try_from(grace.as_secs()).unwrap_or(u32::MAX);
    let mut stream = Dialer::local().dial(door, Want::Stop { grace_seconds }, ANSWER).await?;
    // What it says of itself meanwhile is heard by whoever follows its status; a broken stream is an end as well.
    while let Ok(Some(_)) = message::read::<AgentStatus>(&mut stream).await {}
    Ok(())
}
