//! Git hosts: what a pasted link or a clone URL means, now.
//!
//! * [`source`]: text to meaning, without a network: which repository, which ref or request
//! * [`refs`]: what a repository has (`git ls-remote`), and which of it was meant
//! * [`devfile`]: the devfile at a commit, without fetching the rest
//! * [`store`]: the credentials of the person whose machine it is
//! * [`runner`]: runs git so that neither the machine's configuration nor a hostile host decides what it does
//! * [`guard`]: the one way out: what may be reached, and how
//! * [`api`]: what GitLab, GitHub, Gitea, Forgejo and Bitbucket tell of a request
//! * [`git`]: the [`dormer_core::ports::forge::Forge`] made of these, for every host that speaks git
//! * [`hook`]: what hosts tell us by themselves, and whether it is theirs
//!
//! Everything here is an attacker's text: a link is pasted by one person for another, and a repository's content
//! belongs to whoever may push.

pub mod api;
pub mod devfile;
pub mod git;
pub mod guard;
pub mod hook;
pub mod refs;
pub mod runner;
pub mod source;
pub mod store;
