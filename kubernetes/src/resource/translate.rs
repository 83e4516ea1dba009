//! Between a `Workspace` object and the domain's record. What the schema lets through and the domain does not know is an
//! error with the field's name, never a guess.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use dormer_core::name::{ProjectName, UserName, WorkspaceName};
use dormer_core::workspace as core;

use super::status::WorkspaceStatus;
use super::workspace as kube;
use crate::error::KubeError;

fn damaged(field: &str, error: impl std::fmt::Display) -> KubeError {
    KubeError::Damaged(format!("{field}: {error}"))
}

/// The same value in the other's type: both have the same names for the same things.
fn same<T: DeserializeOwned>(field: &str, value: &impl Serialize) -> Result<T, KubeError> {
    serde_json::to_value(value).and_then(serde_json::from_value).map_err(|error| damaged(field, error))
}

fn same_list<T: DeserializeOwned>(field: &str, values: &[impl Serialize]) -> Result<Vec<T>, KubeError> {
    values.iter().map(|value| same(field, value)).collect()
}

fn text(quantity: Option<&IntOrString>) -> Option<String> {
    quantity.map(|quantity| match quantity {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    })
}

fn quantity(text: Option<&String>) -> Option<IntOrString> {
    text.map(|text| IntOrString::String(text.clone()))
}

/// The record of an object in a namespace of `project`.
pub fn record(object: &kube::Workspace, project: &ProjectName) -> Result<core::Workspace, KubeError> {
    let meta = &object.metadata;
    let name: WorkspaceName =
        meta.name.as_deref().unwrap_or_default().parse().map_err(|error| damaged("metadata.name", error))?;
    let status = object.status.as_ref().map(status).transpose()?.unwrap_or_default();
    Ok(core::Workspace {
        uid: meta.uid.clone().ok_or_else(|| damaged("metadata.uid", "is missing"))?,
        name,
        created_at: meta.creation_timestamp.as_ref().map(|at| at.0).unwrap_or_default(),
        version: version(meta.resource_version.as_deref())?,
        deleted: meta.deletion_timestamp.is_some(),
        spec: spec(&object.spec, project)?,
        status,
    })
}

/// A resource version as a number. The API server's own are: it compares them itself.
pub fn version(text: Option<&str>) -> Result<u64, KubeError> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| damaged("metadata.resourceVersion", format!("'{text}' is no number")))
}

fn spec(spec: &kube::WorkspaceSpec, project: &ProjectName) -> Result<core::Spec, KubeError> {
    if let Some(said) = spec.project.as_deref()
        && said != project.as_str()
    {
        return Err(damaged("spec.project", format!("it says '{said}', but its namespace is that of '{project}'")));
    }
    let (mut variables, mut secrets) = (Vec::new(), Vec::new());
    for variable in &spec.variables {
        let file = variable.kind == kube::VariableKind::File;
        let name = variable.name.clone();
        match &variable.secret_ref {
            Some(secret) => secrets.push(core::SecretRef { secret: secret.name.clone(), name, file }),
            None => {
                let value = variable.value.clone().unwrap_or_default();
                variables.push(core::Variable { name, value, file });
            }
        }
    }
    let owner: UserName = spec.owner.parse().map_err(|error| damaged("spec.owner", error))?;
    Ok(core::Spec {
        owner,
        project: project.clone(),
        display_name: spec.display_name.clone(),
        description: spec.description.clone(),
        running: spec.running,
        restart: spec.restart.clone(),
        archived: spec.archived,
        source: spec.source.as_ref().map(source).transpose()?,
        devfile: spec.devfile.clone(),
        devfile_path: spec.devfile_path.clone(),
        class: spec.class.clone(),
        editor: same("spec.editor", &spec.editor)?,
        variables,
        secrets,
        resources: core::Resources {
            cpu: text(spec.resources.cpu.as_ref()),
            memory: text(spec.resources.memory.as_ref()),
            gpu: text(spec.resources.gpu.as_ref()),
            accelerator: spec.resources.accelerator.clone(),
        },
        storage: core::Storage {
            size: text(spec.storage.size.as_ref()),
            class: spec.storage.class.clone(),
            strategy: spec.storage.strategy.as_ref().map(|strategy| same("spec.storage", strategy)).transpose()?,
        },
        lifecycle: same("spec.lifecycle", &spec.lifecycle)?,
        ports: same_list("spec.ports", &spec.ports)?,
        members: same_list("spec.members", &spec.members)?,
        pod: spec.pod.clone(),
    })
}

fn source(source: &kube::Source) -> Result<core::Source, KubeError> {
    let git = source.git.clone();
    Ok(core::Source {
        url: git.url,
        reference: git.reference,
        merge_request: git.merge_request,
        fetch: git.fetch,
        commit: git.commit,
        branch: git.branch,
        fork: git.fork,
        page: git.page,
        title: git.title,
        ended: git.ended,
        document: git.document,
        cloning: git
            .cloning
            .as_ref()
            .map(|cloning| same("spec.source.git.cloning", cloning))
            .transpose()?
            .unwrap_or_default(),
    })
}

/// The spec of a record, as an object has it.
pub fn spec_of(spec: &core::Spec) -> Result<kube::WorkspaceSpec, KubeError> {
    let kind = |file: bool| if file { kube::VariableKind::File } else { kube::VariableKind::Env };
    let variables = spec.variables.iter().map(|variable| kube::Variable {
        name: variable.name.clone(),
        value: Some(variable.value.clone()),
        secret_ref: None,
        kind: kind(variable.file),
    });
    let secrets = spec.secrets.iter().map(|secret| kube::Variable {
        name: secret.name.clone(),
        value: None,
        secret_ref: Some(kube::SecretRef { name: secret.secret.clone() }),
        kind: kind(secret.file),
    });
    Ok(kube::WorkspaceSpec {
        owner: spec.owner.to_string(),
        project: Some(spec.project.to_string()),
        display_name: spec.display_name.clone(),
        description: spec.description.clone(),
        running: spec.running,
        restart: spec.restart.clone(),
        archived: spec.archived,
        source: spec.source.as_ref().map(source_of).transpose()?,
        devfile: spec.devfile.clone(),
        devfile_path: spec.devfile_path.clone(),
        class: spec.class.clone(),
        editor: same("editor", &spec.editor)?,
        variables: variables.chain(secrets).collect(),
        resources: kube::Resources {
            cpu: quantity(spec.resources.cpu.as_ref()),
            memory: quantity(spec.resources.memory.as_ref()),
            gpu: quantity(spec.resources.gpu.as_ref()),
            accelerator: spec.resources.accelerator.clone(),
        },
        storage: kube::Storage {
            size: quantity(spec.storage.size.as_ref()),
            class: spec.storage.class.clone(),
            strategy: spec.storage.strategy.as_ref().map(|strategy| same("storage.strategy", strategy)).transpose()?,
        },
        lifecycle: same("lifecycle", &spec.lifecycle)?,
        ports: same_list("ports", &spec.ports)?,
        members: same_list("members", &spec.members)?,
        pod: spec.pod.clone(),
    })
}

fn source_of(source: &core::Source) -> Result<kube::Source, KubeError> {
    let source = source.clone();
    let cloning = match source.cloning.is_default() {
        true => None,
        false => Some(same("source.cloning", &source.cloning)?),
    };
    Ok(kube::Source {
        git: kube::Git {
            url: source.url,
            reference: source.reference,
            merge_request: source.merge_request,
            commit: source.commit,
            fetch: source.fetch,
            branch: source.branch,
            fork: source.fork,
            page: source.page,
            title: source.title,
            ended: source.ended,
            document: source.document,
            cloning,
        },
    })
}

/// The status of a record.
pub fn status(status: &WorkspaceStatus) -> Result<core::Status, KubeError> {
    same("status", status)
}

/// The status of a record as an object has it, without what only objects have.
pub fn status_of(status: &core::Status) -> Result<WorkspaceStatus, KubeError> {
    same("status", status)
}

#[cfg(test)]
mod tests;
