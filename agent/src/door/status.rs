//! Status streams: the whole status at once, and again after changes.

use std::time::Duration;

use dormer_wire::message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::accept;
use crate::status::Board;

/// Changes that come faster than this are told together; but a turn of the state, for which somebody waits, at once.
const PACE: Duration = Duration::from_millis(100);

/// Tells the status until the other side closes.
pub async fn serve(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), board: &Board) {
    let mut view = board.subscribe();
    if !accept(stream).await {
        return;
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let tell = async {
        loop {
            let status = view.borrow_and_update().clone();
            if message::write(&mut writer, &status).await.is_err() {
                return;
            }
            let mut turns = view.clone();
            let _ = tokio::time::timeout(PACE, turns.wait_for(|now| now.state != status.state)).await;
            if view.changed().await.is_err() {
                return;
            }
        }
    };
    let mut nothing = [0u8; 64];
    let gone = async { while reader.read(&mut nothing).await.is_ok_and(|n| n > 0) {} };
    tokio::select! {
        () = tell => {}
        () = gone => {}
    }
}

#[cfg(test)]
mod tests {
    use dormer_wire::door::Reply;
    use dormer_wire::report::{AgentState, AgentStatus, StepState};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn that_it_is_ready_is_told_at_once_and_details_are_told_together() {
        let board = Board::new("i");
        let (mut here, mut there) = tokio::io::duplex(1 << 16);
        let told = board.clone();
        tokio::spawn(async move { serve(&mut there, &told).await });
        let _: Reply = message::read(&mut here).await.unwrap().unwrap();
        let mut next = async || -> AgentStatus { message::read(&mut here).await.unwrap().unwrap() };
        assert_eq!(next().await.state, AgentState::Starting);
        let begun = Instant::now();
        for percent in 0..3 {
            board.step("clone", StepState::Running, Some(percent.to_string()));
            tokio::task::yield_now().await;
        }
        let status = next().await;
        assert_eq!(status.steps[0].detail.as_deref(), Some("2"));
        assert!(begun.elapsed() >= PACE);
        let begun = Instant::now();
        board.step("clone", StepState::Done, None);
        tokio::task::yield_now().await;
        board.ready();
        assert_eq!(next().await.state, AgentState::Ready);
        assert!(begun.elapsed() < PACE, "{:?}", begun.elapsed());
    }
}
