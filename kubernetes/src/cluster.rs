//! The API server, and where in its cluster we are.

use std::path::Path;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client};

use crate::calls::Calls;
use crate::error::KubeError;
use crate::names::Prefix;

/// The API server, and where in its cluster we are. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// Asks the API server.
    pub client: Client,
    /// The gateway's own namespace.
    pub namespace: String,
    /// How namespaces of projects are called.
    pub prefix: Prefix,
    /// The rights that the gateway gives itself in namespaces of projects; None: it has them already.
    pub rights: Option<Rights>,
}

/// A role that the gateway binds itself to in namespaces of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The ClusterRole.
    pub role: String,
    /// The gateway's ServiceAccount, in its own namespace.
    pub service_account: String,
}

/// Why the API server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no configuration, or it is wrong.
    #[error("cannot tell how to reach the API server: {0}")]
    Config(String),
    /// No client could be made of it.
    #[error("cannot reach the API server: {0}")]
    Client(#[source] Box<kube::Error>),
}

impl Cluster {
    /// With the kubeconfig at a path; without one as a pod of the cluster, or else with the person's own kubeconfig.
    pub async fn connect(
        kubeconfig: Option<&Path>,
        namespace: impl Into<String>,
        prefix: Prefix,
    ) -> Result<Cluster, ConnectError> {
        let config = match kubeconfig {
            Some(path) => {
                let read = Kubeconfig::read_from(path).map_err(|error| ConnectError::Config(error.to_string()))?;
                kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
                    .await
                    .map_err(|error| ConnectError::Config(error.to_string()))?
            }
            None => kube::Config::infer().await.map_err(|error| ConnectError::Config(error.to_string()))?,
        };
        let client = ClientBuilder::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))?;
        let client = client.with_layer(&Calls).build();
        Ok(Cluster { client, namespace: namespace.into(), prefix, rights: None })
    }

    /// Objects of a kind in the gateway's own namespace.
    pub fn own<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Objects of a kind in a namespace.
    pub fn within<K>(&self, namespace: &str) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Objects of a kind in all namespaces.
    pub fn all<K>(&self) -> Api<K>
    where
        K: kube::Resource,
        K::DynamicType: Default,
    {
        Api::all(self.client.clone())
    }

    /// Whether the API server answers, and knows our resources.
    pub async fn check(&self) -> Result<(), KubeError> {
        let api: Api<crate::resource::workspace::Workspace> = self.all();
        match api.list_metadata(&kube::api::ListParams::default().limit(1)).await {
            Ok(_) => Ok(()),
            Err(error) if crate::error::answer(&error) == crate::error::Answer::NotFound => {
                Err(KubeError::Unknown("our resources"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
