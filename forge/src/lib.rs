//! Git hosts: what a pasted link or a clone URL means, now.
//!
//! * [`source`]: text to meaning, without a network: which repository, which ref or request
//! * [`refs`]: what a repository has (`git ls-remote`), and which of it was meant
//! * [`devfile`]: the devfile at a commit, without fetching the rest
//! * [`runner`]: runs git so that neither the machine's configuration nor a hostile host decides what it does
//! * [`git`]: the [`dormer_core::ports::forge::Forge`] made of these, for every host that speaks git
//!
//! Everything here is an attacker's text: a link is pasted by one person for another, and a repository's content
//! belongs to whoever may push.

pub mod devfile;
pub mod git;
pub mod refs;
pub mod runner;
pub mod source;
