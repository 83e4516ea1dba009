//! Objects that a devfile brings: `kubernetes` and `openshift` components.

use std::collections::HashSet;

use serde::de::Deserialize as _;
use serde_json::{Value, json};

use dormer_core::plan::apply::Content;

use crate::render::guard::{self, Own};
use crate::render::identity::labels;
use crate::render::overrides::is_ours;
use crate::render::{RenderError, Subject};

/// An object of a devfile, ready to be applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The component that it is of.
    pub component: String,
    /// Its API version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The whole.
    pub object: Value,
}

impl Manifest {
    /// Whether it stays when the workspace stops, and goes with it only.
    pub fn keeps_data(&self) -> bool {
        self.kind == "PersistentVolumeClaim"
    }

    /// Whether it is one of Kubernetes' own, that need no look at what kinds there are.
    pub fn is_usual(&self) -> bool {
        USUAL.contains(&(self.kind.as_str(), self.group()))
    }

    fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

/// Kinds that can do no harm to others, with their API groups: everything that they refer to is looked at.
const USUAL: [(&str, &str); 8] = [
    ("ConfigMap", ""),
    ("Deployment", "apps"),
    ("Job", "batch"),
    ("PersistentVolumeClaim", ""),
    ("Pod", ""),
    ("Secret", ""),
    ("Service", ""),
    ("StatefulSet", "apps"),
];

/// The most objects of one devfile.
const MOST: usize = 50;

const REFUSED: &str = "ManifestRefused";

/// The objects that are applied with the start.
pub fn all(subject: &Subject<'_>) -> Result<Vec<Manifest>, RenderError> {
    let mut found: Vec<Manifest> = Vec::new();
    for planned in &subject.plan.manifests {
        let name = &planned.name;
        let text = match &planned.content {
            Content::Inlined(text) if planned.at_start => text,
            // `left_out` says so.
            Content::Inlined(_) | Content::Uri(_) => continue,
        };
        for document in documents(name, text)? {
            found.push(read(name, document)?);
        }
    }
    if found.len() > MOST {
        let message = format!("the devfile brings {} objects; {MOST} is the most", found.len());
        return Err(RenderError::new(REFUSED, message));
    }
    let own = Own::of(&found);
    let mut seen = HashSet::new();
    for manifest in &mut found {
        let place = (manifest.kind.clone(), manifest.name.clone());
        if !seen.insert(place) {
            let message = format!("the devfile brings {} '{}' twice", manifest.kind, manifest.name);
            return Err(RenderError::new(REFUSED, message));
        }
        allowed(subject, manifest)?;
        guard::look(manifest, &own)?;
        finish(subject, manifest);
    }
    Ok(found)
}

/// The documents of a YAML text; those of a `List` one by one.
fn documents(component: &str, text: &str) -> Result<Vec<Value>, RenderError> {
    let wrong = |error: String| {
        RenderError::new("ManifestInvalid", format!("component '{component}' is no YAML of objects: {error}"))
    };
    let options = serde_saphyr::options! { strict_booleans: true };
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    for mut document in documents {
        let is_list = document.get("kind").and_then(Value::as_str) == Some("List");
        match document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if is_list => found.extend(items),
            Some(items) => {
                if let Some(map) = document.as_object_mut() {
                    map.insert("items".into(), items);
                }
                found.push(document);
            }
            None if document.is_null() => {}
            None => found.push(document),
        }
    }
    Ok(found)
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    metadata: HeadMetadata,
}

#[derive(serde::Deserialize)]
struct HeadMetadata {
    name: String,
}

fn read(component: &str, object: Value) -> Result<Manifest, RenderError> {
    let Head { api_version, kind, metadata: HeadMetadata { name } } = Head::deserialize(&object).map_err(|error| {
        RenderError::new(
            "ManifestInvalid",
            format!("an object of component '{component}' is not one of Kubernetes: {error}"),
        )
    })?;
    Ok(Manifest { component: component.to_owned(), api_version, kind, name, object })
}

fn allowed(subject: &Subject<'_>, manifest: &Manifest) -> Result<(), RenderError> {
    let (kind, group) = (manifest.kind.as_str(), manifest.group());
    let usual = manifest.is_usual();
    // A class names a usual kind by its name, any other with its group: `apps/Deployment`.
    let long = format!("{group}/{kind}");
    let ok = match &subject.policy.manifest_kinds {
        None => usual,
        Some(list) => list.iter().any(|known| (known == kind && (usual || group.is_empty())) || *known == long),
    };
    if ["ws-", "dormer-", "dormer."].iter().any(|ours| manifest.name.starts_with(ours)) || manifest.name == "dormer" {
        let message = format!("{kind} '{}' of the devfile has a name of Dormer's own; give it another", manifest.name);
        return Err(RenderError::new(REFUSED, message));
    }
    if ok {
        return Ok(());
    }
    let (component, class) = (&manifest.component, &subject.workspace.spec.class);
    Err(RenderError::new(
        REFUSED,
        format!(
            "component '{component}' brings a {kind} ({}), which class '{class}' does not allow; take it away, or ask an \
             administrator to allow it",
            manifest.api_version
        ),
    ))
}

/// Puts it into the workspace's namespace, and makes it the workspace's.
fn finish(subject: &Subject<'_>, manifest: &mut Manifest) {
    let Some(object) = manifest.object.as_object_mut() else { return };
    object.remove("status");
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return };
    metadata.retain(|field, _| matches!(field.as_str(), "name" | "labels" | "annotations"));
    metadata.insert("namespace".into(), json!(subject.namespace));
    metadata.insert("ownerReferences".into(), json!([subject.owner()]));
    for field in ["labels", "annotations"] {
        let map = metadata.entry(field).or_insert_with(|| json!({}));
        if !map.is_object() {
            *map = json!({});
        }
        let Some(map) = map.as_object_mut() else { continue };
        map.retain(|key, _| !is_ours(key));
        if field == "labels" {
            map.extend(labels(subject.workspace).into_iter().map(|(key, value)| (key, json!(value))));
        }
    }
    guard::mark_template(&manifest.kind, &mut manifest.object, &labels(subject.workspace));
}
