//! What a devfile or a `workspace.yaml` says of its workspace as a whole, where the request does not say otherwise.

use dormer_core::name::WorkspaceName;
use dormer_core::plan::settings::{SecretUse, Settings};
use dormer_core::workspace::{SecretRef, Spec};

/// Whose word a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The caller's, who sent it.
    Caller,
    /// That of whoever may write to the repository.
    Repository,
}

/// Writes into a spec what the file says of it. A repository does not choose the project, nor what secrets its code gets
/// to see: those of its secrets that were not given are the answer.
pub fn take(spec: &mut Spec, settings: &Settings, author: Author) -> Vec<String> {
    let shown = |text: &str, longest: usize| {
        let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(longest).collect();
        Some(text.trim().to_string()).filter(|text| !text.is_empty())
    };
    if spec.description.is_none() {
        spec.description = settings.description.as_deref().and_then(|text| shown(text, 500));
    }
    if spec.lifecycle.idle_timeout.is_none() {
        spec.lifecycle.idle_timeout = settings.idle_timeout.map(|seconds| seconds.min(super::check::MAX_SECONDS));
    }
    if spec.resources.accelerator.is_none() {
        spec.resources.accelerator = settings.accelerator.as_deref().and_then(|text| shown(text, 100));
    }
    let mut missing = Vec::new();
    for wanted in &settings.secrets {
        let reference = reference(wanted);
        let there = spec.secrets.iter().any(|given| given.secret == reference.secret)
            || spec.variables.iter().any(|variable| variable.name == reference.name);
        match author {
            _ if there => {}
            Author::Caller => spec.secrets.push(reference),
            Author::Repository => missing.push(reference.secret),
        }
    }
    missing
}

/// A name that the file suggests.
pub fn name(settings: &Settings, taken: impl Fn(&WorkspaceName) -> bool) -> Option<WorkspaceName> {
    WorkspaceName::suggest(&[settings.name.as_deref()?], taken)
}

fn reference(wanted: &SecretUse) -> SecretRef {
    let upper = || wanted.key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    let name = wanted.env.clone().unwrap_or_else(|| upper().collect());
    SecretRef { secret: wanted.key.clone(), name, file: wanted.file.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::workspace::{Variable, fixture};

    fn settings() -> Settings {
        let secret = |key: &str, env: Option<&str>, file: Option<&str>| SecretUse {
            key: key.into(),
            env: env.map(Into::into),
            file: file.map(Into::into),
        };
        Settings {
            description: Some("What it is for\u{7}".into()),
            idle_timeout: Some(u64::MAX),
            secrets: vec![
                secret("npm-token", Some("NPM_TOKEN"), None),
                secret("ca.pem", None, Some("/etc/ca.pem")),
                secret("db", Some("DB"), None),
            ],
            ..Settings::default()
        }
    }

    #[test]
    fn the_requests_word_counts_more() {
        let mut spec = fixture("hello", "ann").spec;
        spec.description = Some("mine".into());
        spec.lifecycle.idle_timeout = Some(5);
        spec.variables = vec![Variable { name: "DB".into(), value: "x".into(), file: false }];
        assert!(take(&mut spec, &settings(), Author::Caller).is_empty());
        assert_eq!((spec.description.as_deref(), spec.lifecycle.idle_timeout), (Some("mine"), Some(5)));
        let got: Vec<(&str, &str, bool)> =
            spec.secrets.iter().map(|one| (one.secret.as_str(), one.name.as_str(), one.file)).collect();
        assert_eq!(got, [("npm-token", "NPM_TOKEN", false), ("ca.pem", "CA_PEM", true)]);
    }

    #[test]
    fn a_repository_gets_no_secrets_by_asking() {
        let mut spec = fixture("hello", "ann").spec;
        spec.secrets = vec![SecretRef { secret: "db".into(), name: "OTHER".into(), file: false }];
        let missing = take(&mut spec, &settings(), Author::Repository);
        assert_eq!(missing, ["npm-token", "ca.pem"]);
        assert_eq!(spec.secrets.len(), 1);
        assert_eq!(spec.description.as_deref(), Some("What it is for"));
        assert_eq!(spec.lifecycle.idle_timeout, Some(super::super::check::MAX_SECONDS));
    }
}
