//! What a workspace's files are in.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use dormer_core::plan::Quantity as Amount;

use crate::render::storage::Strategy;
use crate::render::{RenderError, Subject, common_claim, name};

/// The claim. A shared one belongs to nobody, and so goes with nobody.
pub fn of(subject: &Subject<'_>, strategy: Strategy) -> Result<Option<PersistentVolumeClaim>, RenderError> {
    let metadata = match strategy {
        Strategy::Ephemeral => return Ok(None),
        Strategy::PerWorkspace => subject.metadata(name(subject.workspace)),
        Strategy::Common => ObjectMeta {
            name: Some(common_claim().into()),
            namespace: Some(subject.namespace.to_owned()),
            labels: Some(BTreeMap::from([
                ("app.kubernetes.io/managed-by".into(), "dormer".into()),
                ("app.kubernetes.io/part-of".into(), "dormer".into()),
            ])),
            ..ObjectMeta::default()
        },
    };
    let (own, class) = (&subject.workspace.spec.storage, &subject.policy.storage);
    let mode = class.access_mode.clone().unwrap_or_else(|| "ReadWriteOnce".into());
    // A claim that exists keeps its class: that of a record counts for a new one.
    let storage_class = [own.class.as_ref(), class.class.as_ref(), Some(&subject.settings.storage_class)]
        .into_iter()
        .flatten()
        .find(|class| !class.is_empty())
        .cloned();
    Ok(Some(PersistentVolumeClaim {
        metadata,
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec![mode]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".into(), Quantity(size(subject)?))])),
                limits: None,
            }),
            storage_class_name: storage_class,
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    }))
}

/// What a person says; else the class or the installation, or more where the devfile's volumes need more.
fn size(subject: &Subject<'_>) -> Result<String, RenderError> {
    const REASON: &str = "StorageInvalid";
    let read = |text: &str| {
        text.parse::<Amount>()
            .map_err(|error| RenderError::new(REASON, format!("storage size '{text}' is not a quantity: {error}")))
    };
    let (own, class) = (&subject.workspace.spec.storage, &subject.policy.storage);
    let asked = own.size.as_ref().filter(|size| !size.is_empty());
    let base = asked.or(class.size.as_ref()).unwrap_or(&subject.settings.storage_size);
    let mut needed = Amount::default();
    for volume in subject.plan.volumes.iter().filter(|volume| !volume.ephemeral) {
        if let Some(size) = volume.size.as_deref().filter(|size| !size.is_empty()) {
            needed = needed.plus(read(size)?);
        }
    }
    let size = if asked.is_none() && needed > read(base)? { needed.to_string() } else { base.clone() };
    if let Some(most) = &class.max_size
        && read(&size)? > read(most)?
    {
        let message = format!("storage of {size} is more than the {most} that its class allows; ask for less");
        return Err(RenderError::new(REASON, message));
    }
    Ok(size)
}
