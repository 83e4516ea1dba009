//! Signing a terminal in from a browser: a program that has nothing to show asks, a person who is signed in looks at
//! who asks and from where, and lets them in or not.
//!
//! What is asked for lives in memory and for minutes. The code names it and opens nothing: only the click of somebody
//! who is signed in does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::sync::oneshot;

use dormer_core::ports::clock::Clock;

use crate::error::RandomError;
use crate::known::Known;

/// How long a person has.
pub const LIFE: Duration = Duration::from_secs(180);
/// Those that wait, in all and of one address.
const MOST: usize = 1000;
const MOST_OF_ADDRESS: usize = 20;
/// No vowels, so that no word comes up, and nothing that is taken for something else.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// None yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Approvals { clock, waiting: Arc::default() }
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
        waiting.insert(code.clone(), Waiting { request, answer: sender });
        Ok(Asked { code, approvals: self.clone(), answer })
    }

    /// What is asked for.
    pub fn look(&self, code: &str) -> Option<Request> {
        self.lock().get(&tidy(code)?).map(|one| one.request.clone())
    }

    /// Lets whoever asks in as `known`; None: sends them away. Once.
    pub fn answer(&self, code: &str, known: Option<Known>) -> Result<Request, Gone> {
        let one = tidy(code).and_then(|code| self.lock().remove(&code)).ok_or(Gone)?;
        one.answer.send(known).map_err(|_| Gone)?;
        Ok(one.request)
    }
}

impl Asked {
    /// Waits for the answer: somebody, or a no. An error: it expired.
    pub async fn answer(&mut self) -> Result<Option<Known>, Gone> {
        loop {
            match tokio::time::timeout(Duration::from_secs(1), &mut self.answer).await {
                Ok(answer) => return answer.map_err(|_| Gone),
                // Looked at, so that it expires also when nobody else comes by.
                Err(_) => drop(self.approvals.lock()),
            }
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.approvals.lock().remove(&self.code);
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
mod tests {
    use super::*;
    use dormer_core::fixture::clock::{clock, pass};
    use dormer_core::principal::{Principal, Scope, Via};
    use tokio_util::sync::CancellationToken;

    fn ann() -> Known {
        let principal = Principal {
            user: "ann".parse().unwrap(),
            groups: vec![],
            projects: vec![],
            admin: false,
            scope: Scope::All,
            via: Via::Session("s".into()),
        };
        Known { principal: Arc::new(principal), revoked: CancellationToken::new() }
    }

    #[tokio::test]
    async fn answered_once_by_whoever_looks() {
        let (clock, hand) = clock();
        let approvals = Approvals::new(clock);
        let here: IpAddr = "10.0.0.1".parse().unwrap();
        let mut asked = approvals.ask(here, "hello\x1b[2J", "OpenSSH").unwrap();
        let code = asked.code.clone();
        assert_eq!((code.len(), tidy(&code).as_deref()), (9, Some(code.as_str())));
        assert_eq!(approvals.look(&code.to_lowercase().replace('-', " ")).unwrap().target, "hello[2J");
        assert!(approvals.look("BBBB-BBBB").is_none() && approvals.look("").is_none() && approvals.look("ü").is_none());
        approvals.answer(&code, Some(ann())).unwrap();
        assert_eq!(asked.answer().await.unwrap().unwrap().principal.user.as_str(), "ann");
        assert_eq!(approvals.answer(&code, Some(ann())), Err(Gone));

        let mut asked = approvals.ask(here, "hello", "").unwrap();
        approvals.answer(&asked.code, None).unwrap();
        assert!(asked.answer().await.unwrap().is_none());

        let mut asked = approvals.ask(here, "hello", "").unwrap();
        pass(&hand, LIFE);
        assert!(approvals.look(&asked.code).is_none());
        assert_eq!(approvals.answer(&asked.code, Some(ann())), Err(Gone));
        assert!(asked.answer().await.is_err(), "it expired");

        let asked = approvals.ask(here, "hello", "").unwrap();
        let code = asked.code.clone();
        drop(asked);
        assert_eq!(approvals.answer(&code, Some(ann())), Err(Gone), "whoever asked has left");
    }

    #[test]
    fn few_at_a_time() {
        let approvals = Approvals::new(clock().0);
        let ask = |n: u32| approvals.ask(IpAddr::from(n.to_be_bytes()), "x", "");
        let all: Vec<_> = (0..MOST_OF_ADDRESS).map(|_| ask(1).unwrap()).collect();
        assert!(matches!(ask(1), Err(AskError::Busy)));
        assert!(ask(2).is_ok());
        drop(all);
        assert!(ask(1).is_ok());
    }
}
