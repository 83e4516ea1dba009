//! Signing a terminal in from a browser: a program that has nothing to show asks, a person who is signed in looks at
//! who asks and from where, and lets them in or not.
//!
//! What is asked for lives for minutes, in the memory of the replica that the terminal is connected to. Where there are
//! others, they are told of it: the browser may have come to another one. The code names it and opens nothing: only the
//! click of somebody who is signed in does.

mod elsewhere;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use dormer_core::ports::clock::Clock;

use crate::authenticator::Authenticator;
use crate::brief::Briefs;
use crate::error::RandomError;
use crate::known::Known;
use elsewhere::Elsewhere;

/// How long a person has.
pub const LIFE: Duration = Duration::from_secs(180);
/// Those that wait, in all and of one address.
const MOST: usize = 1000;
const MOST_OF_ADDRESS: usize = 20;
/// What each one that waits adds to the time between two looks at what other replicas say, so that the looks of all
/// together stay few.
const EACH: Duration = Duration::from_millis(20);
/// No vowels, so that no word comes up, and nothing that is taken for something else.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// From where.
    pub address: IpAddr,
    /// To what: the name that was typed.
    pub target: String,
    /// With which program, as it says itself.
    pub program: String,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
}

/// Why nothing can be asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Too many wait already. Retry in minutes, or sign in another way.
    #[error("too many sign-ins wait for an approval")]
    Busy,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// There is no such request, or not any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this request is not there (any more): it was answered, it expired, or whoever asked has left")]
pub struct Gone;

/// Requests that wait for an answer.
#[derive(Clone)]
pub struct Approvals {
    clock: Arc<dyn Clock>,
    waiting: Arc<Mutex<HashMap<String, Waiting>>>,
    elsewhere: Option<Elsewhere>,
}

struct Waiting {
    request: Request,
    answer: oneshot::Sender<Option<Known>>,
}

/// A request that was made. Dropped, it is taken back.
pub struct Asked {
    /// As it is shown: `BCDF-GHJK`.
    pub code: String,
    approvals: Approvals,
    answer: oneshot::Receiver<Option<Known>>,
}

impl Approvals {
    /// None yet, at the only replica.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Approvals { clock, waiting: Arc::default(), elsewhere: None }
    }

    /// With what other replicas are told, who may be asked by a browser.
    pub fn shared(self, briefs: Briefs, authenticator: Arc<Authenticator>) -> Self {
        Approvals { elsewhere: Some(Elsewhere::new(briefs, authenticator)), ..self }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        // Nothing that holds it can leave it half-changed.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // The sender goes with it: whoever waits hears at once.
        waiting.retain(|_, one| one.request.expires_at > now);
        waiting
    }

    /// Asks.
    pub fn ask(&self, address: IpAddr, target: &str, program: &str) -> Result<Asked, AskError> {
        let code = code(&mut OsRng)?;
        let (sender, answer) = oneshot::channel();
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
        let expires_at = self.clock.now().checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let request = Request { address, target: short(target), program: short(program), expires_at };
        let mut waiting = self.lock();
        let same = waiting.values().filter(|one| one.request.address == address).count();
        if waiting.len() >= MOST || same >= MOST_OF_ADDRESS {
            return Err(AskError::Busy);
        }
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.tell(&code, &request);
        }
        waiting.insert(code.clone(), Waiting { request, answer: sender });
        Ok(Asked { code, approvals: self.clone(), answer })
    }

    /// What is asked for.
    pub async fn look(&self, code: &str) -> Option<Request> {
        let code = tidy(code)?;
        let here = self.lock().get(&code).map(|one| one.request.clone());
        match (here, &self.elsewhere) {
            (Some(request), _) => Some(request),
            (None, Some(elsewhere)) => elsewhere.look(&code).await,
            (None, None) => None,
        }
    }

    /// Lets whoever asks in as `known`; None: sends them away. Once.
    pub async fn answer(&self, code: &str, known: Option<Known>) -> Result<Request, Gone> {
        let code = tidy(code).ok_or(Gone)?;
        let here = self.lock().remove(&code);
        match (here, &self.elsewhere) {
            (Some(one), _) => {
                one.answer.send(known).map_err(|_| Gone)?;
                Ok(one.request)
            }
            (None, Some(elsewhere)) => elsewhere.answer(&code, known).await.ok_or(Gone),
            (None, None) => Err(Gone),
        }
    }
}

impl Asked {
    /// Waits for the answer: somebody, or a no. An error: it expired.
    pub async fn answer(&mut self) -> Result<Option<Known>, Gone> {
        loop {
            // Looked at, so that it expires also when nobody else comes by.
            let many = self.approvals.lock().len();
            let every = Duration::from_secs(1) + EACH * u32::try_from(many).unwrap_or(u32::MAX);
            match tokio::time::timeout(every, &mut self.answer).await {
                Ok(answer) => return answer.map_err(|_| Gone),
                Err(_) => {
                    let Some(elsewhere) = &self.approvals.elsewhere else { continue };
                    if let Some(answer) = elsewhere.heard(&self.code).await {
                        return Ok(answer);
                    }
                }
            }
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.approvals.lock().remove(&self.code);
        if let Some(elsewhere) = &self.approvals.elsewhere {
            elsewhere.forget(&self.code);
        }
    }
}

/// As it was made, however it was typed. None: that is none.
fn tidy(text: &str) -> Option<String> {
    let letters: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    let good = letters.len() == LENGTH && letters.bytes().all(|b| LETTERS.contains(&b));
    let (head, tail) = letters.split_at_checked(LENGTH / 2).filter(|_| good)?;
    Some(format!("{head}-{tail}"))
}

fn code<R: TryRngCore + ?Sized>(rng: &mut R) -> Result<String, RandomError> {
    let mut letters = String::with_capacity(LENGTH);
    let mut buffer = [0u8; 32];
    while letters.len() < LENGTH {
        rng.try_fill_bytes(&mut buffer).map_err(|error| RandomError(error.to_string()))?;
        // 240 is 12 * 20: the rest of the octets would make some letters more likely.
        let good = buffer.iter().filter(|octet| **octet < 240);
        letters.extend(good.filter_map(|octet| LETTERS.get(usize::from(octet % 20))).map(|letter| char::from(*letter)));
    }
    letters.truncate(LENGTH);
    letters.insert(LENGTH / 2, '-');
    Ok(letters)
}

#[cfg(test)]
mod tests;
