//! What replicas tell each other of terminals that ask to be let in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use dormer_core::name::UserName;
use dormer_core::principal::Via;

use super::{LIFE, Request};
use crate::authenticator::Authenticator;
use crate::brief::Briefs;
use crate::known::Known;

/// What is asked for, and what was answered.
const ASKED: &str = "ssh";
const ANSWERED: &str = "ssh answer";
/// Of how many the others are told in a minute: whoever asks is nobody yet, and must not make us write without end. The
/// rest is answered where it was asked.
const TOLD: u32 = 120;

/// Who let somebody in, by what.
#[derive(Serialize, Deserialize)]
enum Word {
    No,
    BySession(UserName, String),
    ByToken(UserName, String),
}

/// The other replicas. Cheap to clone.
#[derive(Clone)]
pub(super) struct Elsewhere {
    briefs: Briefs,
    authenticator: Arc<Authenticator>,
    /// In which minute, how many.
    told: Arc<Mutex<(i64, u32)>>,
}

impl Elsewhere {
    pub(super) fn new(briefs: Briefs, authenticator: Arc<Authenticator>) -> Elsewhere {
        Elsewhere { briefs, authenticator, told: Arc::default() }
    }

    #[cfg(test)]
    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Whether one more may be told of.
    fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = self.briefs.now().as_second() / 60;
        if told.0 != minute {
            *told = (minute, 0);
        }
        told.1 += 1;
        told.1 <= TOLD
    }

    /// Tells the others what is asked for. A click that comes before it is told finds nothing, and is tried again.
    pub(super) fn tell(&self, code: &str, request: &Request) {
        if !self.may_tell() {
            return;
        }
        let (briefs, code, request) = (self.briefs.clone(), code.to_string(), request.clone());
        spawn(async move {
            if let Err(error) = briefs.keep(ASKED, &code, &request, LIFE).await {
                tracing::warn!(%error, "other replicas were not told who asks to be let in");
            }
        });
    }

    /// Takes back what was asked for.
    pub(super) fn forget(&self, code: &str) {
        let (briefs, code) = (self.briefs.clone(), code.to_string());
        spawn(async move {
            if let Err(error) = briefs.take::<Request>(ASKED, &code).await {
                tracing::debug!(%error, "what was asked for is left until it expires");
            }
        });
    }

    /// What is asked for at another replica.
    pub(super) async fn look(&self, code: &str) -> Option<Request> {
        self.read(ASKED, code).await
    }

    /// Answers what was asked for at another replica. None: nothing was.
    pub(super) async fn answer(&self, code: &str, known: Option<Known>) -> Option<Request> {
        let word = match known.as_ref().map(|known| (&known.principal.user, &known.principal.via)) {
            None => Word::No,
            Some((user, Via::Session(id))) => Word::BySession(user.clone(), id.clone()),
            Some((user, Via::Token(id))) => Word::ByToken(user.clone(), id.clone()),
            Some(_) => return None,
        };
        let taken = self.briefs.take::<Request>(ASKED, code).await;
        let request = taken.inspect_err(|error| tracing::warn!(%error, "a click could not be taken")).ok()??;
        match self.briefs.keep(ANSWERED, code, &word, LIFE).await {
            Ok(true) => Some(request),
            Ok(false) => None,
            Err(error) => {
                tracing::warn!(%error, "a click could not be told to the replica that waits for it");
                None
            }
        }
    }

    /// What was answered at another replica: somebody, or a no.
    pub(super) async fn heard(&self, code: &str) -> Option<Option<Known>> {
        let word = self.read::<Word>(ANSWERED, code).await?;
        let via = match word {
            Word::No => return Some(None),
            Word::BySession(user, id) => (user, Via::Session(id)),
            Word::ByToken(user, id) => (user, Via::Token(id)),
        };
        Some(self.known(&via.0, &via.1).await)
    }

    /// Whoever said yes, by the credential with which they did: what ends with it here ends there, too.
    async fn known(&self, user: &UserName, via: &Via) -> Option<Known> {
        if let Some(known) = self.authenticator.by(user, via) {
            return Some(known);
        }
        // Made a moment ago at another replica, perhaps.
        self.authenticator.refresh().await.ok()?;
        self.authenticator.by(user, via)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, place: &str, code: &str) -> Option<T> {
        let read = tokio::time::timeout(Duration::from_secs(5), self.briefs.read(place, code)).await.ok()?;
        read.inspect_err(|error| tracing::warn!(%error, "what another replica says cannot be read")).ok()?
    }
}

/// Does it beside. Where everything ends already, there is nobody to tell.
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}
