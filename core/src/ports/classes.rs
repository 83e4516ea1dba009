//! The classes of workspaces.

use std::sync::Arc;

use async_trait::async_trait;

use crate::class::{self, Class};

/// Why a class could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ClassError {
    /// There is one of this name. The caller's mistake: choose another, or change that one.
    #[error("a class named '{0}' exists already")]
    Taken(String),
    /// There is none of this name.
    #[error("there is no class '{0}'")]
    NotFound(String),
    /// The backend takes no such class. The caller's mistake, which the words name.
    #[error("{message}")]
    Refused {
        /// Which field, as a JSON pointer; empty for the whole.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// The records do not answer now. Retry later.
    #[error("the records cannot be reached: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The classes of workspaces. What has been written is in the next answer.
#[async_trait]
pub trait Classes: Send + Sync + 'static {
    /// The class of that name; the default one is there always.
    fn get(&self, name: &str) -> Option<Arc<Class>>;

    /// All of them, by name, the default one included.
    fn all(&self) -> Vec<Arc<Class>>;

    /// Adds one.
    async fn add(&self, class: Class) -> Result<Class, ClassError>;

    /// Changes what one says. The default one is made where nobody has.
    async fn put(&self, class: Class) -> Result<Class, ClassError>;

    /// Removes one. The default one is then what it was before anybody made it.
    async fn remove(&self, name: &str) -> Result<(), ClassError>;

    /// The class of that name, or why there is none.
    fn named(&self, name: &str) -> Result<Arc<Class>, String> {
        self.get(name).ok_or_else(|| class::unknown(name, self.all().iter().map(|class| class.name.as_str())))
    }
}
