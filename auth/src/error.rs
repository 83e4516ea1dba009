//! What can go wrong.

use dormer_core::ports::accounts::AccountError;

use crate::brief::BriefError;
use crate::vault::Shut;

/// The operating system gave no randomness. Nothing can be made without it; retry later.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct RandomError(pub String);

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The link or ticket is unknown, used, expired, or another browser's or host's. Which of these is not said: the
    /// way out is a new one.
    #[error("this sign-in link is not valid (any more)")]
    Invalid,
    /// The user is shut out.
    #[error("this user may not sign in")]
    Disabled,
    /// Too many are under way. Retry in a minute.
    #[error("too many sign-ins are under way")]
    Busy,
    /// The records could not be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] Shut),
}

impl From<BriefError> for SignInError {
    fn from(error: BriefError) -> Self {
        match error {
            BriefError::Accounts(error) => error.into(),
            BriefError::Vault(error) => error.into(),
        }
    }
}

/// Why a credential or user was not made or removed.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// What was asked for makes no sense. The caller's mistake, in that field.
    #[error("{reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// Why, and what would do.
        reason: String,
    },
    /// There is no such credential, or it is somebody else's: the same words.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The records could not be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}
