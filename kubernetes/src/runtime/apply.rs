//! Making the objects of a workspace.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::pinned_kind;
use kube::{Api, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;

use dormer_core::plan::Quantity as Amount;
use dormer_core::ports::runtime::RuntimeError;
use dormer_core::workspace::Workspace;

use super::PodRuntime;
use crate::error::{Answer, answer, because};
use crate::names::{MANAGER, UID};
use crate::render::{Manifest, Rendered};
use crate::truth;

/// A pod of an earlier workspace of this name may be in the way for so long.
const IN_THE_WAY: Duration = Duration::from_secs(60);

/// What went wrong with an object, in words that say what to do.
pub fn failed(what: &str, error: &kube::Error) -> RuntimeError {
    match error {
        kube::Error::Api(status) => truth::refused(what, status.code, &status.message),
        error => RuntimeError::Failed {
            reason: "ApiUnreachable",
            message: format!("the API server did not answer about {what}: {}", because(error)),
        },
    }
}

fn applies() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}

async fn apply<K>(api: &Api<K>, what: &str, object: &K) -> Result<(), RuntimeError>
where
    K: kube::Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + Debug,
{
    let name = object.name_any();
    api.patch(&name, &applies(), &Patch::Apply(object)).await.map(drop).map_err(|error| failed(what, &error))
}

impl PodRuntime {
    /// Makes everything, the pod last of what it needs.
    pub(super) async fn apply(&self, workspace: &Workspace, rendered: Rendered) -> Result<Pod, RuntimeError> {
        let namespace = self.namespace(workspace);
        let secrets: Api<Secret> = self.cluster().within(&namespace);
        let policies: Api<NetworkPolicy> = self.cluster().within(&namespace);
        let services: Api<Service> = self.cluster().within(&namespace);
        let service = async {
            match &rendered.service {
                Some(service) => apply(&services, "the names of its pods", service).await,
                None => Ok(()),
            }
        };
        tokio::try_join!(
            self.claim(workspace, &namespace, rendered.claim.as_ref()),
            apply(&secrets, "its secret", &rendered.secret),
            apply(&policies, "its network policy", &rendered.network),
            service,
        )?;
        let pod = self.create(workspace, &namespace, rendered.pod).await?;
        for dedicated in rendered.dedicated {
            let owned = owned_by(&pod, dedicated);
            self.create(workspace, &namespace, owned).await?;
        }
        for manifest in &rendered.manifests {
            self.manifest(workspace, &namespace, manifest, &pod).await?;
        }
        Ok(pod)
    }

    /// Makes the claim, or makes it larger.
    async fn claim(
        &self,
        workspace: &Workspace,
        namespace: &str,
        wanted: Option<&PersistentVolumeClaim>,
    ) -> Result<(), RuntimeError> {
        const WHAT: &str = "the claim for its files";
        let Some(wanted) = wanted else { return Ok(()) };
        let api: Api<PersistentVolumeClaim> = self.cluster().within(namespace);
        let name = wanted.name_any();
        let there = async { api.get_opt(&name).await.map_err(|error| failed(WHAT, &error)) };
        let (there, marked) = tokio::try_join!(there, self.known_claim(workspace, namespace))?;
        let news = marked.judge(workspace, namespace, &name, there.as_ref())?;
        let Some(known) = there else {
            let made = match api.patch(&name, &applies(), &Patch::Apply(wanted)).await {
                // Another workspace that shares it was faster.
                Err(error) if matches!(answer(&error), Answer::Conflict | Answer::Exists) => api.get(&name).await,
                made => made,
            };
            let made = made.map_err(|error| failed(WHAT, &error))?;
            return self.remember(workspace, namespace, &made).await;
        };
        if news {
            self.remember(workspace, namespace, &known).await?;
        }
        let storage = |claim: &PersistentVolumeClaim| -> Option<Quantity> {
            claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?.get("storage").cloned()
        };
        let (Some(has), Some(asks)) = (storage(&known), storage(wanted)) else { return Ok(()) };
        let grows = matches!((has.0.parse::<Amount>(), asks.0.parse::<Amount>()), (Ok(has), Ok(asks)) if asks > has);
        if grows {
            let patch = json!({ "spec": { "resources": { "requests": { "storage": asks.0 } } } });
            let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
            match api.patch(&name, &params, &Patch::Merge(&patch)).await {
                Ok(_) => tracing::info!(namespace, claim = name, from = has.0, to = asks.0, "its storage grows"),
                // What does not grow is no reason not to start.
                Err(error) => {
                    tracing::warn!(namespace, claim = name, error = because(&error), "its storage does not grow");
                }
            }
        }
        Ok(())
    }

    /// Makes a pod. One of an earlier workspace of this name, or of an earlier start, goes first.
    async fn create(&self, workspace: &Workspace, namespace: &str, pod: Pod) -> Result<Pod, RuntimeError> {
        const WHAT: &str = "its pod";
        let api: Api<Pod> = self.cluster().within(namespace);
        let params = kube::api::PostParams { field_manager: Some(MANAGER.into()), ..kube::api::PostParams::default() };
        let (begun, name) = (Instant::now(), pod.name_any());
        loop {
            let error = match api.create(&params, &pod).await {
                Ok(made) => return Ok(made),
                Err(error) if answer(&error) == Answer::Exists && begun.elapsed() < IN_THE_WAY => error,
                Err(error) => return Err(failed(WHAT, &error)),
            };
            let Some(known) = api.get_opt(&name).await.map_err(|error| failed(WHAT, &error))? else { continue };
            let ours = known.labels().get(UID) == Some(&workspace.uid);
            let same = |pod: &Pod| super::slot::instance(pod).map(str::to_owned);
            if ours && same(&known) == same(&pod) && known.metadata.deletion_timestamp.is_none() {
                return Ok(known);
            }
            if !known.labels().contains_key(UID) {
                let message =
                    format!("a pod '{name}' that is none of Dormer's is in the way in namespace '{namespace}'");
                return Err(RuntimeError::Impossible { reason: "NameTaken", message });
            }
            tracing::debug!(pod = name, error = because(&error), "an earlier pod is in the way");
            let uid = known.metadata.uid.clone();
            let params = DeleteParams {
                preconditions: Some(Preconditions { uid, resource_version: None }),
                ..DeleteParams::default().grace_period(2)
            };
            if let Err(error) = api.delete(&name, &params).await {
                tracing::debug!(pod = name, error = because(&error), "it may be gone already");
            }
            // Seldom, and not known by a watch of ours: the earlier workspace was another.
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Applies an object of the devfile; it goes with the pod, unless it holds data.
    async fn manifest(
        &self,
        workspace: &Workspace,
        namespace: &str,
        manifest: &Manifest,
        pod: &Pod,
    ) -> Result<(), RuntimeError> {
        let what = format!("the {} '{}' of its devfile", manifest.kind, manifest.name);
        let kind = self.resource(manifest).await?;
        let mut object = manifest.object.clone();
        if !manifest.keeps_data()
            && let Some(metadata) = object.get_mut("metadata").and_then(serde_json::Value::as_object_mut)
        {
            metadata.insert("ownerReferences".into(), json!([reference(pod)]));
        }
        let api: Api<DynamicObject> = Api::namespaced_with(self.cluster().client.clone(), namespace, &kind);
        let known = api.get_metadata_opt(&manifest.name).await.map_err(|error| failed(&what, &error))?;
        if known.is_some_and(|known| known.labels().get(UID) != Some(&workspace.uid)) {
            return Err(RuntimeError::Impossible {
                reason: "NameTaken",
                message: format!("{what} is there already, and not this workspace's; give it another name"),
            });
        }
        let params = PatchParams { force: true, ..PatchParams::apply(MANAGER) };
        api.patch(&manifest.name, &params, &Patch::Apply(&object))
            .await
            .map(drop)
            .map_err(|error| failed(&what, &error))
    }

    async fn resource(&self, manifest: &Manifest) -> Result<ApiResource, RuntimeError> {
        let (group, version) = manifest.api_version.rsplit_once('/').unwrap_or(("", &manifest.api_version));
        let kind = GroupVersionKind::gvk(group, version, &manifest.kind);
        if manifest.is_usual() {
            return Ok(ApiResource::from_gvk(&kind));
        }
        let found = pinned_kind(&self.cluster().client, &kind).await.map_err(|error| failed(&manifest.kind, &error))?;
        let (resource, capabilities) = found;
        if capabilities.scope == kube::discovery::Scope::Cluster {
            return Err(RuntimeError::Impossible {
                reason: "ManifestRefused",
                message: format!("a {} is in no namespace; a devfile cannot bring it", manifest.kind),
            });
        }
        Ok(resource)
    }
}

fn reference(pod: &Pod) -> serde_json::Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "name": pod.name_any(), "uid": pod.metadata.uid })
}

fn owned_by(pod: &Pod, mut dedicated: Pod) -> Pod {
    if let Ok(reference) = serde_json::from_value(reference(pod)) {
        dedicated.metadata.owner_references = Some(vec![reference]);
    }
    dedicated
}
