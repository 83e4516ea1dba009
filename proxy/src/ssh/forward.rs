//! A forwarded connection: to a port or a Unix socket inside the workspace. It is accepted only once whoever listens
//! there has answered, so that a client hears at once that nobody does.

use std::sync::Arc;

use russh::ChannelOpenFailure;
use russh::server::ChannelOpenHandle;
use tokio_util::sync::CancellationToken;

use dormer_wire::dial::DialError;
use dormer_wire::door::{RefusalCode, Want};

use super::inbox::Inbox;
use super::notices;
use super::output::Output;
use super::reach::{ReachError, reach};
use super::splice::{self, Until};
use super::start::Context;

/// RFC 4254, section 5.1.
const PROHIBITED: u32 = 1;
const CONNECT_FAILED: u32 = 2;

/// A forwarded connection.
pub(super) struct Forward {
    pub(super) context: Context,
    pub(super) want: Want,
    pub(super) reply: ChannelOpenHandle,
    pub(super) inbox: Arc<Inbox>,
    pub(super) gone: CancellationToken,
    pub(super) output: Output,
}

impl Forward {
    /// Begins it.
    pub(super) fn spawn(self) {
        self.context.note(&self.want);
        let tasks = self.context.tasks.clone();
        tasks.spawn(self.run());
    }

    async fn run(self) {
        let inbox = Arc::clone(&self.inbox);
        let context = self.context.clone();
        // What is dropped here is closed or, before it was accepted, refused.
        tokio::select! {
            () = self.carry() => {}
            _ = context.farewell() => {}
        }
        inbox.finish();
    }

    async fn carry(self) {
        let Forward { context, want, reply, inbox, gone, mut output } = self;
        let principal = &context.login.known.principal;
        let reaching = reach(&context.gate, &context.login.entry, principal, want, context.patience, |_| {});
        let stream = tokio::select! {
            reached = reaching => reached,
            () = gone.cancelled() => return,
        };
        match stream {
            Ok(stream) => {
                reply.accept().await;
                // Why it ended is the application's business, which sees its connection end.
                let _ = splice::run(Until::Both, stream, &inbox, &mut output, &gone).await;
                let _ = output.close().await;
            }
            Err(error) => reply.reject(failure(context.name(), &error)).await,
        }
    }
}

/// A refusal with a reason of ours.
pub(super) fn prohibited(reason: impl Into<String>) -> ChannelOpenFailure {
    ChannelOpenFailure::Other { code: PROHIBITED, reason: reason.into() }
}

fn failure(name: &str, error: &ReachError) -> ChannelOpenFailure {
    let code = match error {
        ReachError::Dial(DialError::Refused(refusal)) if refusal.code == RefusalCode::Foreign => PROHIBITED,
        _ => CONNECT_FAILED,
    };
    ChannelOpenFailure::Other { code, reason: notices::summary(name, error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_wire::door::Refusal;

    #[test]
    fn reasons() {
        for (code, want) in [(RefusalCode::NoListener, CONNECT_FAILED), (RefusalCode::Foreign, PROHIBITED)] {
            let refusal = Refusal { code, message: "no\r\n".into() };
            let failure = failure("hello", &ReachError::Dial(DialError::Refused(refusal)));
            assert_eq!((failure.code(), failure.description()), (want, "no"));
        }
    }
}
