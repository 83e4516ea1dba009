//! A `workspace.yaml` (or a devfile) that `create -f` is given: what of it the request itself has to say. The rest is
//! read by the server, which is sent the text.

use std::path::Path;

use dormer_wire::api::{self, Lifecycle, Resources, SecretRef, VariableKind};
use serde::Deserialize;
use serde_json::Value;

use crate::error::CliError;
use crate::source;

/// Seconds without activity, where the file says nothing.
const IDLE: u64 = 1200;

/// What a file asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// A name.
    pub name: Option<String>,
    /// Where it is to be.
    pub project: Option<String>,
    /// What it is made from, as a person would type it.
    pub source: Option<Made>,
    /// The file itself, for the server to read.
    pub text: Option<String>,
    /// A devfile of the repository in place of the file's own container, and what the file says beside it.
    pub devfile: Option<Beside>,
}

/// What a workspace is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// An address, a page, a folder.
    Word(String),
    /// Its parts.
    Parts(Box<api::Source>),
}

/// What a file says beside the devfile that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Where in the repository it is.
    pub path: String,
    /// What the workspace is for.
    pub description: Option<String>,
    /// Limits.
    pub resources: Resources,
    /// When it sleeps.
    pub lifecycle: Lifecycle,
    /// Secrets.
    pub secrets: Vec<SecretRef>,
}

/// The fields that are looked at. Whether the others are right is the server's to say.
#[derive(Debug, Deserialize)]
struct Fields {
    #[serde(rename = "schemaVersion")]
    schema_version: Option<Value>,
    name: Option<String>,
    description: Option<String>,
    project: Option<String>,
    source: Option<Value>,
    devfile: Option<String>,
    container_image: Option<Value>,
    on_startup: Option<Value>,
    resources: Option<Amounts>,
    accelerator: Option<String>,
    ttl_seconds: Option<u64>,
    #[serde(default)]
    secrets: Option<Vec<Secret>>,
}

#[derive(Debug, Deserialize)]
struct Amounts {
    cpu: Option<Value>,
    #[serde(alias = "memory")]
    mem: Option<Value>,
    gpu: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Secret {
    key: String,
    env_var: Option<String>,
    mount_file: Option<String>,
}

/// Reads a file.
pub fn read(path: &Path) -> Result<File, CliError> {
    let text = source::text_of(path)?;
    let wrong = |why: String| CliError::Usage(format!("{}: {why}", path.display()));
    let fields: Fields = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if fields.schema_version.is_some() {
        return Ok(File { text: Some(text), ..File::default() });
    }
    let source = match fields.source {
        None | Some(Value::Null) => None,
        Some(Value::String(word)) => Some(Made::Word(word)),
        Some(Value::Object(mut parts)) => {
            // As everything else in this file is spelt; the API has its own way.
            if let Some(number) = parts.shift_remove("merge_request") {
                parts.insert("mergeRequest".into(), number);
            }
            let parts = serde_json::from_value(Value::Object(parts));
            Some(Made::Parts(Box::new(parts.map_err(|error| wrong(format!("source: {error}")))?)))
        }
        Some(_) => return Err(wrong("source: an address, or 'url' with 'ref' or 'merge_request'".into())),
    };
    let (name, project) = (fields.name, fields.project);
    let Some(devfile) = fields.devfile else {
        return Ok(File { name, project, source, text: Some(text), devfile: None });
    };
    if source.is_none() {
        return Err(wrong("'devfile' is a path in a repository: give 'source', too".into()));
    }
    if fields.container_image.is_some() || fields.on_startup.is_some() {
        return Err(wrong("'devfile' says what runs: give it, or 'container_image' and 'on_startup', not both".into()));
    }
    let amount = |value: Option<Value>| match value? {
        Value::String(text) => Some(text),
        Value::Null => None,
        number => Some(number.to_string()),
    };
    let amounts = fields.resources.unwrap_or(Amounts { cpu: None, mem: None, gpu: None });
    let beside = Beside {
        path: devfile,
        description: fields.description,
        resources: Resources {
            cpu: amount(amounts.cpu),
            memory: amount(amounts.mem),
            gpu: amount(amounts.gpu),
            accelerator: fields.accelerator,
        },
        lifecycle: Lifecycle { idle_timeout: Some(fields.ttl_seconds.unwrap_or(IDLE)), ..Lifecycle::default() },
        secrets: fields.secrets.unwrap_or_default().into_iter().map(reference).collect(),
    };
    Ok(File { name, project, source, text: None, devfile: Some(beside) })
}

fn reference(secret: Secret) -> SecretRef {
    let upper = |key: &str| {
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect::<String>()
    };
    let kind = if secret.mount_file.is_some() { VariableKind::File } else { VariableKind::Env };
    SecretRef { name: secret.env_var.unwrap_or_else(|| upper(&secret.key)), secret: secret.key, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<File, CliError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("workspace.yaml");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn the_file_goes_to_the_server_as_it_is() {
        let text = "name: try\nproject: shop\ncontainer_image: ubuntu\nresources: {cpu: 2, mem: 4Gi}\n";
        let file = of(text).unwrap();
        assert_eq!((file.name.as_deref(), file.project.as_deref(), file.source), (Some("try"), Some("shop"), None));
        assert_eq!(file.text.as_deref(), Some(text));
        let devfile = "schemaVersion: 2.3.0\nmetadata: {name: x}\n";
        assert_eq!(of(devfile).unwrap(), File { text: Some(devfile.into()), ..File::default() });
    }

    #[test]
    fn a_source_is_a_word_or_its_parts() {
        let file = of("name: a\nsource: https://git.test/a\n").unwrap();
        assert_eq!(file.source, Some(Made::Word("https://git.test/a".into())));
        let file = of("source: {url: https://git.test/a, ref: v1, mergeRequest: 3}\n").unwrap();
        let Some(Made::Parts(parts)) = file.source else { panic!() };
        assert_eq!(
            (parts.url.as_str(), parts.reference.as_deref(), parts.merge_request),
            ("https://git.test/a", Some("v1"), Some(3))
        );
    }

    #[test]
    fn a_devfile_of_the_repository_keeps_what_is_said_beside_it() {
        let file = of("source: https://git.test/a\ndevfile: .devfile/test.yaml\nresources: {cpu: 2, mem: 4Gi}\n\
            ttl_seconds: 60\nsecrets: [{key: ca.pem, mount_file: /etc/ca.pem}, {key: db, env_var: DB_URL}]\n")
        .unwrap();
        assert_eq!(file.text, None);
        let beside = file.devfile.unwrap();
        assert_eq!((beside.path.as_str(), beside.lifecycle.idle_timeout), (".devfile/test.yaml", Some(60)));
        assert_eq!((beside.resources.cpu.as_deref(), beside.resources.memory.as_deref()), (Some("2"), Some("4Gi")));
        let secrets: Vec<_> =
            beside.secrets.iter().map(|one| (one.secret.as_str(), one.name.as_str(), one.kind)).collect();
        assert_eq!(secrets, [("ca.pem", "CA_PEM", VariableKind::File), ("db", "DB_URL", VariableKind::Env)]);
    }

    #[test]
    fn what_cannot_be_meant() {
        for (text, words) in [
            ("devfile: a.yaml\n", "give 'source'"),
            ("source: a\ndevfile: a.yaml\ncontainer_image: b\n", "not both"),
            ("source: [a]\n", "source"),
            ("ttl_seconds: soon\n", "workspace.yaml"),
            ("- a\n", "workspace.yaml"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
