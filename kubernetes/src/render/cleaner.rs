//! The pod that deletes the folder of a workspace on a claim that it shares.

use k8s_openapi::api::core::v1::{
    Container, LocalObjectReference, PersistentVolumeClaimVolumeSource, Pod, PodSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use dormer_core::workspace::Workspace;

use crate::names::UID;
use crate::policy::PodPolicy;
use crate::render::identity::joined;
use crate::render::settings::Settings;
use crate::render::{common_claim, name, security};

/// The pod.
pub fn cleaner(workspace: &Workspace, namespace: &str, policy: &PodPolicy, settings: &Settings) -> Pod {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let folder = format!("/claim/{}", workspace.uid);
    let container = Container {
        name: "cleaner".into(),
        image: Some(settings.tools_image.clone()),
        image_pull_policy: policy.image_pull_policy.clone().or_else(|| given(&settings.image_pull_policy)),
        command: Some(["/dormer-tools/bin/busybox", "rm", "-rf", &folder].map(str::to_owned).to_vec()),
        volume_mounts: Some(vec![VolumeMount {
            name: "claim".into(),
            mount_path: "/claim".into(),
            ..VolumeMount::default()
        }]),
        security_context: Some(security::least()),
        ..Container::default()
    };
    let claim = PersistentVolumeClaimVolumeSource { claim_name: common_claim().into(), read_only: None };
    let pull: Vec<_> =
        policy.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() }).collect();
    Pod {
        metadata: ObjectMeta {
            name: Some(joined(&name(workspace), "cleaner")),
            namespace: Some(namespace.to_owned()),
            // Not one of the workspace's own pods: nobody takes it for one.
            labels: Some([(UID.to_owned(), workspace.uid.clone())].into()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![container],
            volumes: Some(vec![Volume {
                name: "claim".into(),
                persistent_volume_claim: Some(claim),
                ..Volume::default()
            }]),
            image_pull_secrets: (!pull.is_empty()).then_some(pull),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            host_users: policy.security.host_users,
            node_selector: Some(policy.scheduling.node_selector.clone()).filter(|map| !map.is_empty()),
            tolerations: Some(policy.scheduling.tolerations.clone()).filter(|list| !list.is_empty()),
            security_context: Some(security::pod(&policy.security)),
            restart_policy: Some("Never".into()),
            active_deadline_seconds: Some(110),
            ..PodSpec::default()
        }),
        status: None,
    }
}
