//! What can go wrong with a provider.

/// Why somebody was not signed in by a provider. What is said is for the person; what only an administrator can mend is
/// in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// There is no such provider.
    #[error("there is no such way to sign in")]
    Unknown,
    /// It does not answer, or not in time. Retry later.
    #[error("{name} does not answer now: {why}. Try again in a moment")]
    Away {
        /// Which.
        name: String,
        /// What happened.
        why: String,
    },
    /// Its answer cannot be right. An administrator's affair.
    #[error("{name} gave an answer that cannot be right: {why}")]
    Wrong {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The person said no, or the provider did.
    #[error("{name} did not sign you in: {why}")]
    Refused {
        /// Which.
        name: String,
        /// Its word for it.
        why: String,
    },
    /// The answer belongs to no sign-in that this browser began, or to one that is over. Begin again.
    #[error("this sign-in was not begun in this browser, or it is over: begin again")]
    Foreign,
    /// The provider knows them, and they are not among those who are let in.
    #[error("you are known to {name}, but not among those who may sign in here: ask an administrator")]
    NotAllowed {
        /// Which.
        name: String,
    },
    /// What was kept to act for somebody is no good any more: they are gone, or have taken it back.
    #[error("{name} does not know this sign-in any more")]
    Gone {
        /// Which.
        name: String,
    },
}
