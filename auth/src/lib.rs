//! Who is asking: credentials to principals.
//!
//! * [`authenticator`]: every credential as a snapshot in memory, looked up without a lock on the way of a request;
//!   [`known`] is the answer, with a signal that fires when the credential is taken away
//! * credentials: [`token`] (programs), [`key`] (SSH), [`session`] (browsers), [`link`] (the first sign-in),
//!   [`ticket`] (from the apex's session to one on a workspace's host)
//! * SSH besides keys: [`certificate`] (the word of an authority), [`approval`] (the click of somebody in a browser)
//! * [`provider`]: OpenID Connect and OAuth2; [`login`]: signing in by them; [`grant`]: what acts for people there
//! * [`credentials`]: what people sign in to git hosts with
//! * [`device`]: how a command line is signed in, through a browser
//! * [`vault`]: what has to be read again, sealed; [`secrets`]: people's and projects' own; [`projects`]: tenants
//! * [`brief`]: what replicas tell each other of sign-ins under way
//! * [`cookie`], [`header`]: their names on the wire, so that they can be removed before a request goes upstream
//! * [`network`]: networks as people write them
//! * [`user`]: people; [`owner`]: the person who started a gateway on their own machine
//!
//! A stored credential is the SHA-256 of at least 160 random bits. It is found by that digest, so the time that a
//! look-up takes tells nothing about the secret.

pub mod approval;
pub mod authenticator;
pub mod brief;
pub mod certificate;
pub mod cookie;
pub mod credentials;
pub mod device;
pub mod digest;
pub mod error;
pub mod grant;
pub mod header;
pub mod key;
pub mod known;
pub mod link;
pub mod login;
pub mod network;
pub mod owner;
pub mod projects;
pub mod provider;
pub mod random;
pub mod secrets;
pub mod session;
mod snapshot;
pub mod ticket;
pub mod token;
pub mod user;
pub mod vault;
