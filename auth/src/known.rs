//! Somebody who is known by a credential.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use dormer_core::principal::Principal;

/// Somebody who is known by a credential.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub principal: Arc<Principal>,
    /// Cancelled within a second when the credential expires or is taken away, when its user is shut out, or when the
    /// user loses a right that came with it. Long-lived connections end on it.
    pub revoked: CancellationToken,
}
