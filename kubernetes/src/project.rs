//! Projects as namespaces: made by the gateway, or made by others and labelled. What is in them of ours: rights for the
//! gateway, quota and limits, and a network that is shut until something opens it.

mod objects;

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use dormer_core::name::ProjectName;

use crate::accounts::Accounts;
use crate::class::Classes;
use crate::cluster::Cluster;
use crate::error::{Answer, KubeError, answer};
use crate::names::MANAGER;
use crate::records::Records;
use crate::resource::people::ProjectSpec;
use objects::{NAME, Security};

/// Changes come in crowds.
const CROWD: Duration = Duration::from_millis(300);
/// All of them are looked at again after this, whatever others did to them.
const AGAIN: Duration = Duration::from_secs(600);
/// How long our rights in a new namespace may take to be known to the API server that we gave them at.
const RIGHTS: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// After one that did not go well.
const RETRY: Duration = Duration::from_secs(10);

fn applies() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}

async fn apply<K>(api: &Api<K>, object: &K) -> Result<(), KubeError>
where
    K: kube::Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
{
    api.patch(&object.name_any(), &applies(), &Patch::Apply(object)).await?;
    Ok(())
}

async fn absent<K>(api: &Api<K>) -> Result<(), KubeError>
where
    K: kube::Resource<DynamicType = ()> + DeserializeOwned + Clone + std::fmt::Debug,
{
    match api.delete(NAME, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error) == Answer::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sees to it that a project has a namespace, with our rights in it and its network shut. Of any replica, for the
/// first workspace of a project.
pub async fn ensure(cluster: &Cluster, project: &ProjectName, namespace: &str) -> Result<(), KubeError> {
    let namespaces: Api<Namespace> = cluster.all();
    // One that others made and labelled stays as they made it.
    if namespaces.get_metadata_opt(namespace).await?.is_none() {
        tracing::info!(%project, namespace, "making the namespace of a project");
        apply(&namespaces, &objects::namespace(project, namespace, Security::Restricted)).await?;
    }
    if let Some(rights) = &cluster.rights {
        let api: Api<RoleBinding> = cluster.within(namespace);
        apply(&api, &objects::binding(rights, &cluster.namespace)).await?;
    }
    let api: Api<NetworkPolicy> = cluster.within(namespace);
    let begun = Instant::now();
    loop {
        match apply(&api, &objects::shut()).await {
            // The API server hears of the rights that it was just told of a moment later.
            Err(KubeError::Forbidden(_)) if cluster.rights.is_some() && begun.elapsed() < RIGHTS => sleep(PAUSE).await,
            done => return done,
        }
    }
}

/// Sees to it that a project's namespace is as its project says.
async fn settle(
    cluster: &Cluster,
    project: &ProjectName,
    spec: &ProjectSpec,
    namespace: &str,
    security: Security,
) -> Result<(), KubeError> {
    ensure(cluster, project, namespace).await?;
    let namespaces: Api<Namespace> = cluster.all();
    let there = namespaces.get_metadata(namespace).await?;
    if objects::is_ours(&there.metadata) {
        apply(&namespaces, &objects::namespace(project, namespace, security)).await?;
    }
    let quotas: Api<ResourceQuota> = cluster.within(namespace);
    match objects::quota(spec) {
        Some(quota) => apply(&quotas, &quota).await?,
        None => absent(&quotas).await?,
    }
    let ranges: Api<LimitRange> = cluster.within(namespace);
    match objects::range(spec) {
        Some(range) => apply(&ranges, &range).await,
        None => absent(&ranges).await,
    }
}

/// Keeps the namespaces of all projects as they should be, until `stop`. The leader's business.
pub async fn keep(cluster: Cluster, records: Records, accounts: Accounts, classes: Classes, stop: CancellationToken) {
    let (mut changes, mut of_classes) = (accounts.projects().changes(), classes.changes());
    let keeping = async {
        // What was said once is not said every few seconds.
        let mut broken = BTreeSet::new();
        loop {
            changes.mark_unchanged();
            of_classes.mark_unchanged();
            // A workspace may be of any class: its pod is looked at by the API server as its namespace says.
            let security = classes.objects().iter().map(|class| Security::of(&class.spec)).max().unwrap_or_default();
            let mut projects: Vec<(ProjectName, ProjectSpec)> = accounts
                .projects()
                .all()
                .iter()
                .filter_map(|project| Some((project.name_any().parse().ok()?, project.spec.clone())))
                .collect();
            // It needs no record of its own.
            if let Ok(default) = "default".parse::<ProjectName>()
                && !projects.iter().any(|(name, _)| *name == default)
            {
                projects.push((default, ProjectSpec::default()));
            }
            let mut failed = false;
            for (project, spec) in &projects {
                let namespace = records.namespace(project);
                match settle(&cluster, project, spec, &namespace, security).await {
                    Ok(()) => drop(broken.remove(project)),
                    Err(error) => {
                        failed = true;
                        if broken.insert(project.clone()) {
                            tracing::error!(%project, namespace, %error, "cannot keep the namespace of a project");
                        }
                    }
                }
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                changed = of_classes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(if failed { RETRY } else { AGAIN }) => {}
            }
            tokio::time::sleep(CROWD).await;
        }
    };
    stop.run_until_cancelled(keeping).await;
}
