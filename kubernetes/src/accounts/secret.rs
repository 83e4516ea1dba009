//! A record as a Secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt as _;
use kube::api::ObjectMeta;

use dormer_core::ports::accounts::AccountError;

use super::stored::Record;
use crate::error::KubeError;
use crate::hex;
use crate::names::{GROUP, HOLDER, MANAGER, RECORD, VERSION};

/// The key of a Secret that holds the record.
const DATA: &str = "record";
/// The annotation with the last use.
pub const LAST_USED: &str = "dormer.dev/last-used";

/// The user or project that a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `User` or `Project`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its uid: another one of that name is another one.
    pub uid: String,
}

/// What the Secret of a record is called.
pub fn name<R: Record>(identity: &str) -> String {
    format!("{}-{}", R::KIND, hex::name(identity))
}

/// The Secret of a record.
pub fn of<R: Record>(record: &R, owner: &Owner) -> Result<Secret, AccountError> {
    let mut secret = unowned(record)?;
    secret.labels_mut().insert(HOLDER.into(), owner.uid.clone());
    secret.metadata.owner_references = Some(vec![OwnerReference {
        api_version: format!("{GROUP}/{VERSION}"),
        kind: owner.kind.into(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        ..OwnerReference::default()
    }]);
    Ok(secret)
}

/// The Secret of a record that is nobody's.
pub fn unowned<R: Record>(record: &R) -> Result<Secret, AccountError> {
    let json = serde_json::to_vec(record).map_err(|error| KubeError::Damaged(error.to_string()))?;
    let labels =
        [("app.kubernetes.io/managed-by", MANAGER), ("app.kubernetes.io/part-of", "dormer"), (RECORD, R::KIND)];
    Ok(Secret {
        metadata: ObjectMeta {
            name: Some(name::<R>(&record.identity())),
            labels: Some(labels.map(|(key, value)| (key.to_string(), value.to_string())).into()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(DATA.to_string(), ByteString(json))])),
        type_: Some(format!("{GROUP}/{}", R::KIND)),
        ..Secret::default()
    })
}

/// What kind of record a Secret holds.
pub fn kind(secret: &Secret) -> &str {
    secret.labels().get(RECORD).map_or("", String::as_str)
}

/// The uid of the user or project that it belongs to.
pub fn holder(secret: &Secret) -> &str {
    secret.labels().get(HOLDER).map_or("", String::as_str)
}

/// The record in a Secret; None where it cannot be understood. Somebody may less then, never more.
pub fn read<R: Record>(secret: &Secret) -> Option<R> {
    let data = secret.data.as_ref()?.get(DATA)?;
    match serde_json::from_slice(&data.0) {
        Ok(record) => Some(record),
        Err(error) => {
            // Where it is, never what is in it.
            tracing::error!(secret = secret.name_any(), kind = R::KIND, line = error.line(), "a record is damaged");
            None
        }
    }
}

/// When what is in it was last used.
pub fn last_used(secret: &Secret) -> Option<Timestamp> {
    secret.annotations().get(LAST_USED)?.parse().ok()
}
