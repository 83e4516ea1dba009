//! Status streams: the whole status at once, and again after changes.

use std::time::Duration;

use dormer_wire::message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::accept;
use crate::status::Board;

/// Changes that come faster than this are told together.
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
            tokio::time::sleep(PACE).await;
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
