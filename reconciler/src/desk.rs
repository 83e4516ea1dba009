//! Answering an agent that asks what git signs in with, for as long as its workspace is driven.

use std::sync::Arc;
use std::time::Duration;

use dormer_core::directory::Entry;
use dormer_core::git_access::{credential_host, host_of};
use dormer_core::ports::forge::ForgeCredentials;
use dormer_wire::credential::{Ask, Told};
use dormer_wire::dial::{DialError, Dialer, DoorStream};
use dormer_wire::door::{Door, Want};
use dormer_wire::message;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// An agent that accepted a connection answers in this time.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two tries to reach one that is about to listen.
const EAGER: Duration = Duration::from_millis(20);
/// Between two tries where it went away, or is too old to ask.
const PATIENT: Duration = Duration::from_secs(2);
/// The longest that a question's protocol or host may be.
const LONGEST: usize = 300;

/// The answering of one agent; ends when dropped.
#[derive(Debug)]
pub(crate) struct Desk(AbortHandle);

impl Drop for Desk {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Desk {
    /// Begins to answer the agent behind `door`.
    pub fn open(dialer: Dialer, door: Door, entry: Arc<Entry>, credentials: Arc<dyn ForgeCredentials>) -> Desk {
        Desk(tokio::spawn(stay(dialer, door, entry, credentials)).abort_handle())
    }
}

async fn stay(dialer: Dialer, door: Door, entry: Arc<Entry>, credentials: Arc<dyn ForgeCredentials>) {
    let mut eager = 250u32;
    loop {
        match dialer.dial(&door, Want::Credentials, ANSWER).await {
            Ok(stream) => answer(stream, &entry, &*credentials).await,
            Err(DialError::Absent(_)) if eager > 0 => {
                eager -= 1;
                sleep(EAGER).await;
                continue;
            }
            Err(error) => tracing::debug!(%door, %error, "the agent does not ask for credentials"),
        }
        sleep(PATIENT).await;
    }
}

async fn answer(mut stream: DoorStream, entry: &Arc<Entry>, credentials: &dyn ForgeCredentials) {
    let record = entry.record();
    let host = record.spec.source.as_ref().and_then(|source| credential_host(&source.url));
    if let Some(identity) = credentials.identity(&record.spec.owner, host.as_deref()).await {
        let told = Told::Identity { name: identity.name, email: identity.email };
        if message::write(&mut stream, &told).await.is_err() {
            return;
        }
    }
    while let Ok(Some(ask)) = message::read::<Ask>(&mut stream).await {
        let told = one(ask, entry, credentials).await;
        if message::write(&mut stream, &told).await.is_err() {
            return;
        }
    }
}

/// One question. The record as it is now decides, and what its owner may at this moment.
async fn one(ask: Ask, entry: &Arc<Entry>, credentials: &dyn ForgeCredentials) -> Told {
    let Ask { id, protocol, host } = ask;
    if protocol.len() > LONGEST || host.len() > LONGEST {
        return Told::Nothing { id, why: "this is no host".into() };
    }
    let record = entry.record();
    let Some(host) = host_of(&record, &protocol, &host) else {
        tracing::info!(workspace = %record.name, "git asked for a host that is not its source's");
        return Told::Nothing { id, why: "it is not the host of this workspace's source".into() };
    };
    match credentials.for_host(&record.spec.owner, &host).await {
        Some(credential) => {
            Told::Credential { id, username: credential.username, password: credential.password.expose().clone() }
        }
        None => Told::Nothing { id, why: "its owner has nothing for this host, or may not any more".into() },
    }
}
