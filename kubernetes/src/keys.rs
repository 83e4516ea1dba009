//! What every replica of a gateway has to have the same, and what must outlive all of them: one Secret, each key of it
//! made by whichever replica needs it first, and never changed by us.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use zeroize::Zeroizing;

use crate::cluster::Cluster;
use crate::error::{Answer, KubeError, answer};
use crate::names::{GATEWAY_SECRET, MANAGER};

/// How often a write is tried again that another replica was faster than.
const TRIES: usize = 10;

/// The keys, by name. Prints nothing of them.
pub struct Keys(BTreeMap<String, Zeroizing<Vec<u8>>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Makes a key that is missing.
pub type Make<'a> = Box<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync + 'a>;

impl Keys {
    /// Reads them, making what is missing. Of two replicas that make one at the same time both get the same.
    pub async fn open(cluster: &Cluster, wanted: Vec<(&str, Make<'_>)>) -> Result<Keys, KubeError> {
        let api: Api<Secret> = cluster.own();
        // A key may take seconds to make: once, whatever others write meanwhile.
        let mut made: BTreeMap<String, ByteString> = BTreeMap::new();
        for _ in 0..TRIES {
            let there = api.get_opt(GATEWAY_SECRET).await?;
            let is_new = there.is_none();
            let mut secret = there.unwrap_or_else(|| Secret {
                metadata: ObjectMeta {
                    name: Some(GATEWAY_SECRET.into()),
                    labels: Some(BTreeMap::from([
                        ("app.kubernetes.io/managed-by".to_string(), MANAGER.to_string()),
                        ("app.kubernetes.io/part-of".to_string(), "dormer".to_string()),
                    ])),
                    ..ObjectMeta::default()
                },
                type_: Some("Opaque".into()),
                ..Secret::default()
            });
            let data = secret.data.get_or_insert_default();
            let mut missing = false;
            for (name, make) in &wanted {
                if data.get(*name).is_some_and(|octets| !octets.0.is_empty()) {
                    continue;
                }
                missing = true;
                let octets = match made.get(*name) {
                    Some(octets) => octets.clone(),
                    None => {
                        tracing::info!(secret = GATEWAY_SECRET, key = name, "making a key of this gateway");
                        let octets = ByteString(make().map_err(KubeError::Damaged)?);
                        made.insert(name.to_string(), octets.clone());
                        octets
                    }
                };
                data.insert(name.to_string(), octets);
            }
            if !missing {
                let keys = secret.data.unwrap_or_default().into_iter();
                return Ok(Keys(keys.map(|(name, octets)| (name, Zeroizing::new(octets.0))).collect()));
            }
            let params = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
            let written = match is_new {
                true => api.create(&params, &secret).await,
                // Bears the version that was read: a key that another replica made meanwhile is never overwritten.
                false => api.replace(GATEWAY_SECRET, &params, &secret).await,
            };
            match written {
                Ok(_) => {}
                Err(error) if matches!(answer(&error), Answer::Exists | Answer::Conflict | Answer::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(KubeError::Damaged(format!("the Secret {GATEWAY_SECRET} is changed by others all the time")))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Result<&[u8], KubeError> {
        let missing = || KubeError::Damaged(format!("the Secret {GATEWAY_SECRET} has no key '{name}'"));
        self.0.get(name).map(|octets| octets.as_slice()).ok_or_else(missing)
    }
}
