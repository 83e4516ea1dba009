//! Whether a cluster can mount an image as a volume: then no pod has to copy agent and editor at each start.

use k8s_openapi::api::core::v1::{Container, ImageVolumeSource, Pod, PodSpec, Volume};
use kube::Api;
use kube::api::PostParams;

use super::PodRuntime;
use crate::error::because;
use crate::policy::Security;
use crate::render::settings::{Settings, Tools};
use crate::render::{least_security, pod_security};

const NAME: &str = "dormer-probe";

/// A pod that is never made. An API server that does not know image volumes drops them without a word.
fn probe(image: &str) -> Pod {
    let container = Container {
        name: NAME.into(),
        image: Some(image.to_owned()),
        security_context: Some(least_security()),
        ..Container::default()
    };
    let volume = Volume {
        name: NAME.into(),
        image: Some(ImageVolumeSource { reference: Some(image.to_owned()), pull_policy: None }),
        ..Volume::default()
    };
    let mut pod = Pod {
        spec: Some(PodSpec {
            containers: vec![container],
            volumes: Some(vec![volume]),
            automount_service_account_token: Some(false),
            security_context: Some(pod_security(&Security::default())),
            ..PodSpec::default()
        }),
        ..Pod::default()
    };
    pod.metadata.name = Some(NAME.into());
    pod
}

impl PodRuntime {
    /// The settings, with the way of the tools decided. It is asked for once.
    pub(super) async fn settled(&self, namespace: &str) -> Settings {
        let settings = self.parts.settings.clone();
        if settings.tools != Tools::Auto {
            return settings;
        }
        let asked = self.tools.get_or_try_init(|| async {
            let api: Api<Pod> = self.cluster().within(namespace);
            let params = PostParams { dry_run: true, ..PostParams::default() };
            let kept = api.create(&params, &probe(&settings.tools_image)).await?;
            let volumes = kept.spec.and_then(|spec| spec.volumes).unwrap_or_default();
            let mounts = volumes.iter().any(|volume| volume.image.is_some());
            tracing::info!(mounts, "whether this cluster mounts images as volumes");
            Ok::<Tools, kube::Error>(if mounts { Tools::Mount } else { Tools::Copy })
        });
        let tools = match asked.await {
            Ok(tools) => *tools,
            Err(error) => {
                tracing::debug!(error = because(&error), "cannot tell whether images can be mounted");
                Tools::Copy
            }
        };
        Settings { tools, ..settings }
    }
}
