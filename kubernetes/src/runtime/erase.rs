//! Deleting what a workspace leaves behind.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde::de::DeserializeOwned;

use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;

use super::PodRuntime;
use super::apply::failed;
use crate::error::{Answer, answer};
use crate::names::UID;

impl PodRuntime {
    /// Deletes everything of it, its files too. What is forgotten here goes with its record, which owns it.
    pub(super) async fn erase_all(&self, workspace: &Workspace) -> Result<(), RuntimeError> {
        let namespace = self.namespace(workspace);
        self.clean_common(workspace, &namespace).await?;
        let all = ListParams::default().labels(&format!("{UID}={}", workspace.uid));
        let within = self.cluster();
        tokio::try_join!(
            every(within.within::<PersistentVolumeClaim>(&namespace), &all, "the claim with its files"),
            every(within.within::<Secret>(&namespace), &all, "its secret"),
            every(within.within::<NetworkPolicy>(&namespace), &all, "its network policy"),
            every_one(within.within::<Service>(&namespace), &all),
        )?;
        Ok(())
    }
}

async fn every<K>(api: Api<K>, all: &ListParams, what: &str) -> Result<(), RuntimeError>
where
    K: Clone + DeserializeOwned + Debug,
{
    match api.delete_collection(&DeleteParams::background(), all).await {
        Ok(_) => Ok(()),
        // With its namespace everything in it is gone.
        Err(error) if answer(&error) == Answer::NotFound => Ok(()),
        Err(error) => Err(failed(what, &error)),
    }
}

/// Services are deleted one by one: in many clusters nobody may delete several at once.
async fn every_one(api: Api<Service>, all: &ListParams) -> Result<(), RuntimeError> {
    const WHAT: &str = "the names of its pods";
    let list = match api.list_metadata(all).await {
        Ok(list) => list,
        Err(error) if answer(&error) == Answer::NotFound => return Ok(()),
        Err(error) => return Err(failed(WHAT, &error)),
    };
    for service in list.items {
        match api.delete(&service.metadata.name.unwrap_or_default(), &DeleteParams::background()).await {
            Err(error) if answer(&error) != Answer::NotFound => return Err(failed(WHAT, &error)),
            _ => {}
        }
    }
    Ok(())
}
