//! Signing a command line in, through a browser that is signed in.
//!
//! Either the browser is on the same machine, and hands a one-time code to the command line's own port (RFC 8252, with
//! PKCE), or it is on another, and a short code is typed there (RFC 8628). Kept in memory: nobody waits longer than a
//! restart takes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};

use dormer_core::account::Digest;
use dormer_core::name::UserName;
use dormer_core::secret::Secret;

use crate::digest::digest;
use crate::error::{RandomError, SignInError};
use crate::random::secret;

/// How long a code that is typed is good for.
pub const LIFE: Duration = Duration::from_secs(600);
/// How often a command line may ask what came of it.
pub const INTERVAL: Duration = Duration::from_secs(2);
/// How long a code that a browser hands over is good for.
const HANDED_LIFE: Duration = Duration::from_secs(60);
/// How many of each may be under way.
const MAX: usize = 1000;
/// How many of them from one address: nobody is kept out by somebody who begins many.
const MAX_OF_PEER: usize = 30;
/// Wrong codes of all people in one minute, beyond which none is looked at: so many nobody mistypes.
const MAX_MISSES: u32 = 60;
/// Letters of a code: no vowels, so that no word comes out, and none that looks like another (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const CODE: usize = 8;

/// What came of a code that somebody was to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Waiting,
    /// Asked too soon.
    TooSoon,
    /// Somebody said no.
    Denied,
    /// Too late, used up, or made up.
    Over,
    /// Somebody said yes. It is used up by that.
    Granted(UserName, String),
}

struct Typed {
    code: String,
    peer: String,
    machine: String,
    until: Timestamp,
    asked: Option<Timestamp>,
    answer: Option<Option<UserName>>,
}

struct Handed {
    user: UserName,
    machine: String,
    challenge: String,
    until: Timestamp,
}

#[derive(Default)]
struct State {
    typed: HashMap<Digest, Typed>,
    handed: HashMap<Digest, Handed>,
    misses: (i64, u32),
}

/// Command lines that are signing in.
#[derive(Default)]
pub struct Devices(Mutex<State>);

impl Devices {
    fn lock(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.typed.retain(|_, typed| typed.until > now);
        state.handed.retain(|_, handed| handed.until > now);
        state
    }

    /// Begins with a code to type: what the command line keeps, and what it shows. `peer` is where it asks from.
    pub fn begin(&self, machine: &str, peer: &str, now: Timestamp) -> Result<(Secret, String), SignInError> {
        let (device, code) = (secret()?, letters()?);
        let mut state = self.lock(now);
        let theirs = state.typed.values().filter(|typed| typed.peer == peer).count();
        if theirs >= MAX_OF_PEER || state.typed.len() >= MAX || state.typed.values().any(|typed| typed.code == code) {
            return Err(SignInError::Busy);
        }
        let until = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let typed =
            Typed { code: code.clone(), peer: peer.into(), machine: machine.into(), until, asked: None, answer: None };
        state.typed.insert(digest(device.expose()), typed);
        let (front, back) = code.split_at(CODE / 2);
        Ok((device, format!("{front}-{back}")))
    }

    /// Which machine shows that code, while nobody has answered.
    pub fn machine(&self, code: &str, now: Timestamp) -> Option<String> {
        let mut state = self.lock(now);
        let minute = now.as_second() / 60;
        if state.misses.0 != minute {
            state.misses = (minute, 0);
        }
        if state.misses.1 >= MAX_MISSES {
            return None;
        }
        let plain = plain(code);
        let found = state.typed.values().find(|typed| typed.code == plain && typed.answer.is_none());
        let machine = found.map(|typed| typed.machine.clone());
        if machine.is_none() {
            state.misses.1 += 1;
        }
        machine
    }

    /// Answers a code: yes as `user`, or no. False: there is no such code.
    pub fn answer(&self, code: &str, user: Option<&UserName>, now: Timestamp) -> bool {
        if self.machine(code, now).is_none() {
            return false;
        }
        let plain = plain(code);
        let mut state = self.lock(now);
        let found = state.typed.values_mut().find(|typed| typed.code == plain && typed.answer.is_none());
        found.map(|typed| typed.answer = Some(user.cloned())).is_some()
    }

    /// What came of it, for the command line that began.
    pub fn poll(&self, device: &str, now: Timestamp) -> Outcome {
        let mut state = self.lock(now);
        let key = digest(device);
        let Some(typed) = state.typed.get_mut(&key) else { return Outcome::Over };
        let soon = typed.asked.is_some_and(|asked| now.duration_since(asked).unsigned_abs() < INTERVAL / 2);
        typed.asked = Some(now);
        match typed.answer.clone() {
            None if soon => Outcome::TooSoon,
            None => Outcome::Waiting,
            Some(answer) => {
                let machine = typed.machine.clone();
                state.typed.remove(&key);
                answer.map_or(Outcome::Denied, |user| Outcome::Granted(user, machine))
            }
        }
    }

    /// A code for a command line on the browser's own machine, which alone knows what `challenge` is the digest of.
    pub fn hand(&self, user: &UserName, machine: &str, challenge: &str, now: Timestamp) -> Result<Secret, SignInError> {
        let code = secret()?;
        let mut state = self.lock(now);
        if state.handed.len() >= MAX {
            return Err(SignInError::Busy);
        }
        let until = now.checked_add(HANDED_LIFE).unwrap_or(Timestamp::MAX);
        let handed = Handed { user: user.clone(), machine: machine.into(), challenge: challenge.into(), until };
        state.handed.insert(digest(code.expose()), handed);
        Ok(code)
    }

    /// Takes such a code. Whoever shows it, it is used up.
    pub fn take(&self, code: &str, verifier: &str, now: Timestamp) -> Option<(UserName, String)> {
        let handed = self.lock(now).handed.remove(&digest(code))?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        // RFC 7636: shorter ones could be guessed.
        let good = (43..=128).contains(&verifier.len()) && digest(&challenge) == digest(&handed.challenge);
        good.then_some((handed.user, handed.machine))
    }
}

/// A code as it was made, however it was typed.
fn plain(code: &str) -> String {
    code.chars().take(40).filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}

fn letters() -> Result<String, RandomError> {
    let mut text = String::new();
    let mut buffer = [0u8; 32];
    while text.len() < CODE {
        OsRng.try_fill_bytes(&mut buffer).map_err(|error| RandomError(error.to_string()))?;
        // 240 is 12 * 20: each letter is as likely as the other.
        let good = buffer.iter().filter(|octet| **octet < 240);
        let more = good.filter_map(|octet| LETTERS.get(usize::from(octet % 20))).map(|letter| char::from(*letter));
        text.extend(more.take(CODE - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_typed_code_is_good_once_and_for_a_while() {
        let ann: UserName = "ann".parse().unwrap();
        let devices = Devices::default();
        let (device, code) = devices.begin("laptop", "10.0.0.1", at(0)).unwrap();
        let device = device.expose();
        assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'));
        assert_eq!(devices.poll(device, at(1)), Outcome::Waiting);
        assert_eq!(devices.poll(device, at(1)), Outcome::TooSoon);
        assert_eq!(devices.poll("guessed", at(3)), Outcome::Over);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(devices.machine(&typed, at(3)).as_deref(), Some("laptop"));
        assert!(devices.answer(&typed, Some(&ann), at(3)));
        assert!(!devices.answer(&code, None, at(3)), "answered already");
        assert_eq!(devices.poll(device, at(3)), Outcome::Granted(ann.clone(), "laptop".into()));
        assert_eq!(devices.poll(device, at(9)), Outcome::Over);

        let (device, code) = devices.begin("laptop", "10.0.0.1", at(0)).unwrap();
        assert!(devices.answer(&code, None, at(3)));
        assert_eq!(devices.poll(device.expose(), at(5)), Outcome::Denied);
        let (device, code) = devices.begin("laptop", "10.0.0.1", at(0)).unwrap();
        assert!(!devices.answer(&code, Some(&ann), at(600)));
        assert_eq!(devices.poll(device.expose(), at(600)), Outcome::Over);
    }

    #[test]
    fn codes_cannot_be_guessed_by_trying() {
        let devices = Devices::default();
        let (_, code) = devices.begin("laptop", "10.0.0.1", at(0)).unwrap();
        for _ in 0..MAX_MISSES {
            assert_eq!(devices.machine("BBBB-BBBB", at(1)), None);
        }
        assert_eq!(devices.machine(&code, at(1)), None, "too many were wrong");
        assert!(devices.machine(&code, at(61)).is_some());
    }

    #[test]
    fn not_endlessly_many() {
        let devices = Devices::default();
        for number in 0..MAX_OF_PEER {
            devices.begin("laptop", "10.0.0.1", at(0)).unwrap_or_else(|_| panic!("{number}"));
        }
        assert!(matches!(devices.begin("laptop", "10.0.0.1", at(599)), Err(SignInError::Busy)));
        for number in MAX_OF_PEER..MAX {
            devices.begin("laptop", &format!("10.0.1.{}", number / MAX_OF_PEER), at(0)).unwrap();
        }
        assert!(matches!(devices.begin("laptop", "10.0.0.254", at(599)), Err(SignInError::Busy)));
        assert!(devices.begin("laptop", "10.0.0.1", at(600)).is_ok());
    }

    #[test]
    fn a_handed_code_is_worth_nothing_to_who_only_saw_it() {
        let ann: UserName = "ann".parse().unwrap();
        let verifier = "v".repeat(43);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        for (verifier, when, want) in [
            (verifier.as_str(), 59, true),
            (&verifier, 60, false),
            (&"w".repeat(43), 1, false),
            (&challenge, 1, false),
            ("", 1, false),
        ] {
            let devices = Devices::default();
            let code = devices.hand(&ann, "laptop", &challenge, at(0)).unwrap();
            assert_eq!(devices.take("guessed", verifier, at(when)), None);
            assert_eq!(devices.take(code.expose(), verifier, at(when)).is_some(), want, "{when}");
            assert_eq!(devices.take(code.expose(), verifier, at(when)), None, "once");
        }
    }
}
