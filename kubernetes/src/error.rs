//! What can go wrong with the API server, in words that say what to do.

use dormer_core::ports::accounts::AccountError;
use dormer_core::ports::store::StoreError;

/// The API server did not do it.
#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    /// It refuses an object: somebody's mistake, which it names.
    #[error("the API server refuses it: {0}")]
    Refused(String),
    /// We lack a right.
    #[error("the gateway lacks a right in this cluster ({0}): install the chart's roles again")]
    Forbidden(String),
    /// Our resources are not known there.
    #[error("the cluster does not know {0}: apply the CRDs (`dormer crds | kubectl apply --server-side -f -`)")]
    Unknown(&'static str),
    /// It does not answer as it should. Retry later.
    #[error("the API server: {0}")]
    Server(#[source] Box<kube::Error>),
    /// What was read cannot be understood.
    #[error("{0}")]
    Damaged(String),
    /// The gateway ends.
    #[error("the gateway is ending")]
    Closed,
}

/// What an answer of the API server means to who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is none.
    NotFound,
    /// There is one already.
    Exists,
    /// It was changed meanwhile.
    Conflict,
    /// The resource version is too old to watch from.
    Expired,
    /// Anything else.
    Other,
}

/// What an answer means.
pub fn answer(error: &kube::Error) -> Answer {
    let kube::Error::Api(status) = error else { return Answer::Other };
    match (status.code, status.reason.as_str()) {
        (404, _) => Answer::NotFound,
        (409, "AlreadyExists") => Answer::Exists,
        (409, _) => Answer::Conflict,
        (410, _) => Answer::Expired,
        _ => Answer::Other,
    }
}

impl From<kube::Error> for KubeError {
    fn from(error: kube::Error) -> KubeError {
        match &error {
            kube::Error::Api(status) => match status.code {
                403 => KubeError::Forbidden(status.message.clone()),
                400 | 422 => KubeError::Refused(status.message.clone()),
                _ => KubeError::Server(Box::new(error)),
            },
            _ => KubeError::Server(Box::new(error)),
        }
    }
}

impl From<KubeError> for StoreError {
    fn from(error: KubeError) -> StoreError {
        StoreError::Unavailable(Box::new(error))
    }
}

impl From<KubeError> for AccountError {
    fn from(error: KubeError) -> AccountError {
        AccountError::Unavailable(Box::new(error))
    }
}

/// An error with what is behind it.
pub fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
