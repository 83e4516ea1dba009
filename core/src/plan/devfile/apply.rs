//! Components that a backend applies or builds.

use dormer_devfile::model::component::{self, Component, ComponentKind, Manifests};

use crate::plan::Plan;
use crate::plan::apply::{Content, Dockerfile, Image, Manifest};
use crate::plan::devfile::event::Schedule;

/// Adds the cluster objects and images of a devfile, and joins images to the containers that run them.
pub fn add_all(plan: &mut Plan, components: &[Component], schedule: &Schedule) {
    for component in components {
        let before = schedule.before.contains(&component.name);
        match &component.kind {
            ComponentKind::Kubernetes(of) => manifest(plan, component, of, false, before),
            ComponentKind::Openshift(of) => manifest(plan, component, of, true, before),
            ComponentKind::Image(of) => plan.images.extend(image(&component.name, of, before)),
            _ => {}
        }
    }
    for container in &mut plan.containers {
        let built = plan.images.iter().find(|image| image.image == container.image);
        container.built_by = built.map(|image| image.name.clone());
    }
}

fn manifest(plan: &mut Plan, component: &Component, of: &Manifests, openshift: bool, before: bool) {
    let content = match (&of.inlined, &of.uri) {
        (Some(text), _) => Content::Inlined(text.clone()),
        (None, Some(uri)) => Content::Uri(uri.clone()),
        (None, None) => return,
    };
    let at_start = of.is_deployed_by_default() || before;
    plan.manifests.push(Manifest { name: component.name.clone(), openshift, content, at_start });
}

fn image(name: &str, of: &component::Image, before: bool) -> Option<Image> {
    let dockerfile = of.dockerfile.as_ref()?;
    let from = if let Some(uri) = &dockerfile.uri {
        Dockerfile::Uri(uri.clone())
    } else if let Some(registry) = &dockerfile.devfile_registry {
        Dockerfile::Registry { id: registry.id.clone(), registry: registry.registry_url.clone() }
    } else {
        let git = dockerfile.git.as_ref()?;
        Dockerfile::Git {
            remotes: git.source.remotes.iter().map(|(name, url)| (name.clone(), url.clone())).collect(),
            remote: git.source.checkout_from.as_ref().and_then(|from| from.remote.clone()),
            revision: git.source.checkout_from.as_ref().and_then(|from| from.revision.clone()),
            path: git.file_location.clone(),
        }
    };
    Some(Image {
        name: name.to_string(),
        image: of.image_name.clone(),
        dockerfile: from,
        context: dockerfile.build_context.clone(),
        args: dockerfile.args.clone(),
        root_required: dockerfile.root_required.unwrap_or(false),
        at_start: of.is_auto_built() || before,
    })
}
