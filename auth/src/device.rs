//! Signing a command line in, through a browser that is signed in.
//!
//! Either the browser is on the same machine, and hands a one-time code to the command line's own port (RFC 8252, with
//! PKCE), or it is on another, and a short code is typed there (RFC 8628).
//!
//! Any replica may be the one that the command line asks, or that the browser talks to: what a command line keeps is
//! sealed, and what was said of its code is told to all. Only limits are each replica's own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use dormer_core::account::Digest;
use dormer_core::name::UserName;
use dormer_core::secret::Secret;

use crate::brief::Briefs;
use crate::digest::digest;
use crate::error::{RandomError, SignInError};
use crate::random::id;

/// How long a code that is typed is good for.
pub const LIFE: Duration = Duration::from_secs(600);
/// How often a command line may ask what came of it.
pub const INTERVAL: Duration = Duration::from_secs(2);
/// How long a code that a browser hands over is good for.
const HANDED_LIFE: Duration = Duration::from_secs(60);
/// How many may be under way that began here.
const MAX: usize = 1000;
/// How many of them from one address: nobody is kept out by somebody who begins many.
const MAX_OF_PEER: usize = 30;
/// Wrong codes of all people in one minute, beyond which none is looked at: so many nobody mistypes.
const MAX_MISSES: u32 = 60;
/// Letters of a code: no vowels, so that no word comes out, and none that looks like another (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const CODE: usize = 8;
/// What a command line keeps, and what a browser hands to one, are sealed for these.
const DEVICE: &str = "device";
const HANDED: &str = "handed";
/// What is known of a code by all replicas: who shows it, and what was answered.
const SHOWN: &str = "device code";
const ANSWERED: &str = "device answer";
/// The longest sealed text that is opened.
const LONGEST: usize = 4096;

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

/// What a command line keeps.
#[derive(Serialize, Deserialize)]
struct Device {
    code: String,
    until: Timestamp,
}

/// What a browser hands over.
#[derive(Serialize, Deserialize)]
struct Handed {
    id: String,
    user: UserName,
    machine: String,
    challenge: String,
    until: Timestamp,
}

/// Who began, and who asks how often: each replica's own, since it is for the limits only.
#[derive(Default)]
struct Limits {
    begun: Vec<(String, Timestamp)>,
    asked: HashMap<Digest, Timestamp>,
    misses: (i64, u32),
}

/// Command lines that are signing in.
pub struct Devices {
    briefs: Briefs,
    limits: Mutex<Limits>,
}

impl Devices {
    /// With what all replicas know.
    pub fn new(briefs: Briefs) -> Devices {
        Devices { briefs, limits: Mutex::default() }
    }

    fn limits(&self, now: Timestamp) -> MutexGuard<'_, Limits> {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.begun.retain(|(_, until)| *until > now);
        limits.asked.retain(|_, asked| now.duration_since(*asked).unsigned_abs() < LIFE);
        limits
    }

    /// Begins with a code to type: what the command line keeps, and what it shows. `peer` is where it asks from.
    pub async fn begin(&self, machine: &str, peer: &str) -> Result<(Secret, String), SignInError> {
        let now = self.briefs.now();
        let until = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        {
            let mut limits = self.limits(now);
            let theirs = limits.begun.iter().filter(|(other, _)| other == peer).count();
            if theirs >= MAX_OF_PEER || limits.begun.len() >= MAX {
                return Err(SignInError::Busy);
            }
            limits.begun.push((peer.to_string(), until));
        }
        let code = letters()?;
        // One of 2^34 that is shown already: whoever asks again gets another.
        if !self.briefs.keep(SHOWN, &code, &machine, LIFE).await? {
            return Err(SignInError::Busy);
        }
        let device = self.briefs.vault().seal_value(DEVICE, &Device { code: code.clone(), until })?;
        let (front, back) = code.split_at(CODE / 2);
        Ok((device, format!("{front}-{back}")))
    }

    /// Which machine shows that code, while nobody has answered.
    pub async fn machine(&self, code: &str) -> Result<Option<String>, SignInError> {
        let minute = self.briefs.now().as_second() / 60;
        {
            let mut limits = self.limits(self.briefs.now());
            if limits.misses.0 != minute {
                limits.misses = (minute, 0);
            }
            if limits.misses.1 >= MAX_MISSES {
                return Ok(None);
            }
        }
        let plain = plain(code);
        let machine = match plain.len() == CODE {
            true => self.briefs.read::<String>(SHOWN, &plain).await?,
            false => None,
        };
        let answered = machine.is_some() && self.briefs.read::<Option<UserName>>(ANSWERED, &plain).await?.is_some();
        let machine = machine.filter(|_| !answered);
        if machine.is_none() {
            self.limits(self.briefs.now()).misses.1 += 1;
        }
        Ok(machine)
    }

    /// Answers a code: yes as `user`, or no. False: there is no such code, or somebody has answered it.
    pub async fn answer(&self, code: &str, user: Option<&UserName>) -> Result<bool, SignInError> {
        if self.machine(code).await?.is_none() {
            return Ok(false);
        }
        Ok(self.briefs.keep(ANSWERED, &plain(code), &user, LIFE).await?)
    }

    /// What came of it, for the command line that began.
    pub async fn poll(&self, device: &str) -> Result<Outcome, SignInError> {
        let now = self.briefs.now();
        let device: Option<Device> = self.briefs.vault().unseal_value(DEVICE, device, LONGEST);
        let Some(Device { code, .. }) = device.filter(|device| device.until > now) else { return Ok(Outcome::Over) };
        let asked = self.limits(now).asked.insert(digest(&code), now);
        if asked.is_some_and(|asked| now.duration_since(asked).unsigned_abs() < INTERVAL / 2) {
            return Ok(Outcome::TooSoon);
        }
        let Some(answer) = self.briefs.read::<Option<UserName>>(ANSWERED, &code).await? else {
            return Ok(Outcome::Waiting);
        };
        // With the code the answer is used up, by exactly one.
        let Some(machine) = self.briefs.take::<String>(SHOWN, &code).await? else { return Ok(Outcome::Over) };
        Ok(answer.map_or(Outcome::Denied, |user| Outcome::Granted(user, machine)))
    }

    /// A code for a command line on the browser's own machine, which alone knows what `challenge` is the digest of.
    pub fn hand(&self, user: &UserName, machine: &str, challenge: &str) -> Result<Secret, SignInError> {
        let until = self.briefs.now().checked_add(HANDED_LIFE).unwrap_or(Timestamp::MAX);
        let (user, machine, challenge) = (user.clone(), machine.into(), challenge.into());
        let handed = Handed { id: id()?, user, machine, challenge, until };
        Ok(self.briefs.vault().seal_value(HANDED, &handed)?)
    }

    /// Takes such a code. Whoever shows it, it is used up.
    pub async fn take(&self, code: &str, verifier: &str) -> Result<Option<(UserName, String)>, SignInError> {
        let handed: Option<Handed> = self.briefs.vault().unseal_value(HANDED, code, LONGEST);
        let Some(handed) = handed.filter(|handed| handed.until > self.briefs.now()) else { return Ok(None) };
        if !self.briefs.spend(HANDED, &handed.id, handed.until).await? {
            return Ok(None);
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        // RFC 7636: shorter ones could be guessed.
        let good = (43..=128).contains(&verifier.len()) && digest(&challenge) == digest(&handed.challenge);
        Ok(good.then_some((handed.user, handed.machine)))
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
mod tests;
