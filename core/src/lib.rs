//! The domain of Dormer: what a workspace is, who may do what with it, when it wakes and when it sleeps.
//!
//! No HTTP, SSH, Kubernetes, SQL or clock in here: time, I/O and randomness come in as arguments or through the
//! [`ports`]. What can be decided without them is a pure function with a table of tests.
//!
//! * records: [`workspace`], [`class`] (what an administrator decides for it), [`phase`], [`name`], [`principal`],
//!   [`account`]
//! * decisions: [`route`] (which workspace does this host mean), [`may`] (may this principal do that), [`intent`]
//!   (does this request want to wake it), [`idle`] (may it sleep), [`step`] (what is to be done next), [`git_access`]
//!   (which git host may it sign in to), [`request_end`] (what becomes of it once its request is merged)
//! * [`plan`]: what to run, made from a devfile in one place; [`assign`] gives each agent its part of it
//! * [`directory`]: every workspace as readers see it, without a lock; [`wake`]: waking one and waiting for it
//! * [`secret`]: a value that cannot print itself
//! * `fixture` (feature `fixtures`): the ports in memory, for the tests of all parts

pub mod account;
pub mod assign;
pub mod class;
pub mod directory;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixture;
pub mod git_access;
pub mod idle;
pub mod intent;
pub mod limits;
pub mod may;
pub mod name;
pub mod phase;
pub mod plan;
pub mod ports;
pub mod principal;
pub mod request_end;
pub mod route;
pub mod secret;
pub mod step;
pub mod wake;
pub mod workspace;
