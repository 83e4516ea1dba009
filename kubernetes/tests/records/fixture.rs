//! A place for one test: namespaces of its own, that are gone after it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dormer_core::name::{ProjectName, UserName, WorkspaceName};
use dormer_core::workspace::Spec;
use dormer_kubernetes::cluster::Cluster;
use dormer_kubernetes::names::Prefix;
use dormer_kubernetes::resource;
use dormer_kubernetes::resource::workspace::Workspace;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

/// One test may take so long.
pub const LIMIT: Duration = Duration::from_secs(120);

/// What has to be in place once.
pub fn start() {
    // The provider of TLS of this process; an error only means that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn connect(kubeconfig: &Path, namespace: &str, prefix: &str) -> Cluster {
    Cluster::connect(Some(kubeconfig), namespace, Prefix::new(prefix)).await.unwrap()
}

/// Applies the definitions, and waits until they are known.
pub async fn install(kubeconfig: &Path) {
    let cluster = connect(kubeconfig, "default", "x-").await;
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    for crd in resource::all() {
        let name = crd.name_any();
        api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&crd)).await.unwrap();
        until("a definition is established", || {
            let (api, name) = (api.clone(), name.clone());
            async move {
                let crd = api.get(&name).await.unwrap();
                let conditions = crd.status.and_then(|status| status.conditions).unwrap_or_default();
                for condition in &conditions {
                    assert!(condition.type_ != "NonStructuralSchema" || condition.status != "True", "{condition:?}");
                }
                conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
            }
        })
        .await;
    }
    until("workspaces are served", || {
        let cluster = cluster.clone();
        async move { cluster.check().await.is_ok() }
    })
    .await;
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is: impl FnMut() -> F) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited for too long until {what}");
}

/// Namespaces of one test.
#[derive(Clone)]
pub struct Place {
    pub cluster: Cluster,
    kubeconfig: PathBuf,
    stem: String,
}

impl Place {
    pub async fn new(kubeconfig: &Path) -> Place {
        let octets: [u8; 4] = rand::random();
        let stem: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let (namespace, prefix) = (format!("t{stem}"), format!("t{stem}-"));
        let cluster = connect(kubeconfig, &namespace, &prefix).await;
        let place = Place { cluster, kubeconfig: kubeconfig.to_path_buf(), stem };
        place.namespace(&namespace, None).await;
        place
    }

    /// As another replica of the gateway: a connection of its own.
    pub async fn again(&self) -> Cluster {
        connect(&self.kubeconfig, &self.cluster.namespace, &format!("t{}-", self.stem)).await
    }

    /// Makes a namespace, that of a project where that is said.
    pub async fn namespace(&self, name: &str, project: Option<&str>) {
        let labels = project.map(|project| [("dormer.dev/project".to_string(), project.to_string())].into());
        let metadata = ObjectMeta { name: Some(name.into()), labels, ..ObjectMeta::default() };
        let api: Api<Namespace> = self.cluster.all();
        api.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await.unwrap();
    }

    /// A name that no other test has.
    pub fn name(&self, text: &str) -> WorkspaceName {
        format!("{text}-t{}", self.stem).parse().unwrap()
    }

    pub fn spec(&self, owner: &str, project: &str) -> Spec {
        let (owner, project): (UserName, ProjectName) = (owner.parse().unwrap(), project.parse().unwrap());
        Spec::new(owner, project)
    }

    /// Creates an object as `kubectl apply` would.
    pub async fn apply(&self, namespace: &str, object: serde_json::Value) -> Result<Workspace, kube::Error> {
        let api: Api<Workspace> = self.cluster.within(namespace);
        let name = object["metadata"]["name"].as_str().unwrap().to_string();
        let mut whole = json!({ "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace" });
        for (key, value) in object.as_object().unwrap() {
            whole[key] = value.clone();
        }
        api.patch(&name, &PatchParams::apply("kubectl"), &Patch::Apply(&whole)).await
    }

    /// What is there, for whoever has to find out why a test failed.
    pub async fn tell(&self) {
        let workspaces: Api<Workspace> = self.cluster.all();
        for workspace in workspaces.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default() {
            if workspace.namespace().is_some_and(|namespace| namespace.contains(&self.stem)) {
                eprintln!("  {}", serde_json::to_string(&workspace).unwrap_or_default());
            }
        }
        let secrets: Api<Secret> = self.cluster.own();
        for secret in secrets.list_metadata(&ListParams::default()).await.map(|list| list.items).unwrap_or_default() {
            eprintln!("  secret {} {:?}", secret.name_any(), secret.labels());
        }
    }

    /// Removes everything. An API server without controllers keeps the namespaces themselves.
    pub async fn remove(&self) {
        let workspaces: Api<Workspace> = self.cluster.all();
        for workspace in workspaces.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default() {
            let Some(namespace) = workspace.namespace().filter(|namespace| namespace.contains(&self.stem)) else {
                continue;
            };
            let (api, name): (Api<Workspace>, _) = (self.cluster.within(&namespace), workspace.name_any());
            let free = json!({ "metadata": { "finalizers": null } });
            let _ = api.patch(&name, &PatchParams::default(), &Patch::Merge(&free)).await;
            let _ = api.delete(&name, &DeleteParams::default()).await;
        }
        let namespaces: Api<Namespace> = self.cluster.all();
        for namespace in
            namespaces.list_metadata(&ListParams::default()).await.map(|list| list.items).unwrap_or_default()
        {
            if namespace.name_any().contains(&self.stem) {
                let _ = namespaces.delete(&namespace.name_any(), &DeleteParams::default()).await;
            }
        }
    }
}
