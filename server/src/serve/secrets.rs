//! Secrets of a workspace, opened for the moment of its start: they are in no record, and in no plan that is shown.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use dormer_auth::secrets::Secrets;
use dormer_core::plan::Plan;
use dormer_core::ports::runtime::{Runtime, RuntimeError, Seen, Trouble};
use dormer_core::workspace::Workspace;
use dormer_wire::door::Door;

/// A runtime that is told the values of secrets.
pub struct WithSecrets {
    inner: Arc<dyn Runtime>,
    secrets: Secrets,
}

impl WithSecrets {
    /// Over this runtime.
    pub fn new(inner: Arc<dyn Runtime>, secrets: Secrets) -> Self {
        WithSecrets { inner, secrets }
    }

    /// The workspace as its runtime is told of it.
    fn told(&self, workspace: &Workspace) -> Result<Workspace, RuntimeError> {
        let mut told = workspace.clone();
        if !workspace.spec.secrets.is_empty() {
            let opened = self.secrets.variables(workspace).map_err(|missing| RuntimeError::Impossible {
                reason: "SecretMissing",
                message: missing.to_string(),
            })?;
            told.spec.variables.extend(opened);
        }
        Ok(told)
    }
}

#[async_trait]
impl Runtime for WithSecrets {
    async fn start(&self, workspace: &Workspace, instance: &str, plan: &Plan) -> Result<Option<Door>, RuntimeError> {
        let told = self.told(workspace)?;
        self.inner.start(&told, instance, plan).await
    }

    async fn look(&self, workspace: &Workspace) -> Result<Seen, RuntimeError> {
        self.inner.look(workspace).await
    }

    async fn stop(&self, workspace: &Workspace, grace: Duration) -> Result<(), RuntimeError> {
        self.inner.stop(workspace, grace).await
    }

    async fn erase(&self, workspace: &Workspace) -> Result<(), RuntimeError> {
        self.inner.erase(workspace).await
    }

    async fn trouble(&self, workspace: &Workspace) -> Option<Trouble> {
        self.inner.trouble(workspace).await
    }

    async fn changed(&self, workspace: &Workspace) {
        self.inner.changed(workspace).await;
    }

    async fn is_outdated(&self, workspace: &Workspace, plan: &Plan) -> bool {
        match self.told(workspace) {
            Ok(told) => self.inner.is_outdated(&told, plan).await,
            // A start would say what is missing.
            Err(_) => false,
        }
    }

    async fn notes(&self, workspace: &Workspace, plan: &Plan) -> Vec<String> {
        // Names of variables and secrets change nothing in what is told.
        self.inner.notes(workspace, plan).await
    }

    async fn log_tail(&self, workspace: &Workspace) -> Option<String> {
        self.inner.log_tail(workspace).await
    }

    fn projects_root(&self, workspace: &Workspace) -> PathBuf {
        self.inner.projects_root(workspace)
    }
}
