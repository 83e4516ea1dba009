//! The source of a workspace that nobody has resolved: its record was made by other means than the API.

use std::sync::Arc;

use dormer_core::ports::forge::{Asked, ForgeError, Resolved};
use dormer_core::ports::store::modify;
use dormer_core::workspace::{Source, Spec};

use super::{Driver, Trouble, is_wanted};
use crate::failure::Failure;

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Failure {
        let (reason, transient) = match &error {
            ForgeError::Invalid(_) => ("InvalidSource", false),
            ForgeError::NotAllowed(_) => ("SourceNotAllowed", false),
            ForgeError::NoRepository(_) | ForgeError::NoRef { .. } => ("SourceNotFound", false),
            ForgeError::Unreachable { .. } | ForgeError::RateLimited { .. } | ForgeError::Failed(_) => {
                ("SourceUnreachable", true)
            }
        };
        Failure { reason: reason.into(), message: error.to_string(), log_tail: None, transient }
    }
}

/// Whether a spec names a source that has not been looked at.
fn is_unresolved(spec: &Spec) -> bool {
    spec.devfile.is_none() && spec.source.as_ref().is_some_and(|source| source.commit.is_none())
}

/// Takes what a source means into a spec. False: the spec says more by now.
fn take(spec: &mut Spec, resolved: &Resolved, devfile: Option<&(String, String)>) -> bool {
    if !is_unresolved(spec) {
        return false;
    }
    let cloning = spec.source.take().map(|source| source.cloning).unwrap_or_default();
    spec.source = Some(Source { cloning, ..resolved.source.clone() });
    if let Some((path, text)) = devfile {
        spec.devfile_path = Some(path.clone());
        spec.devfile = Some(text.clone());
    }
    true
}

impl Driver {
    /// Resolves its source in its owner's name, where nobody has. True: the record is another by now.
    pub(super) async fn resolve(&mut self) -> Result<Result<bool, Failure>, Trouble> {
        let Some(forge) = self.context.forge.get().map(Arc::clone) else { return Ok(Ok(false)) };
        let spec = &self.latest.spec;
        let Some(source) = spec.source.as_ref().filter(|_| is_unresolved(spec) && !self.resolved) else {
            return Ok(Ok(false));
        };
        let asked = Asked {
            url: source.url.clone(),
            reference: source.reference.clone(),
            merge_request: source.merge_request,
            devfile_path: spec.devfile_path.clone(),
            // Whoever may write records need not be one who may read this machine's files.
            local: false,
            by: Some(spec.owner.clone()),
            commit: None,
        };
        let resolved = match forge.resolve(&asked).await {
            Ok(resolved) => resolved,
            Err(error) => return Ok(Err(error.into())),
        };
        let devfile = match (&resolved.devfile, &resolved.whole) {
            (Some((path, _)), Some(Ok(whole))) => Some((path.clone(), whole.clone())),
            (Some(_), Some(Err(why))) => {
                let failure =
                    Failure { reason: "InvalidDevfile".into(), message: why.clone(), log_tail: None, transient: false };
                return Ok(Err(failure));
            }
            (devfile, _) => devfile.clone(),
        };
        if let (None, Some(path)) = (&devfile, &asked.devfile_path) {
            let mut message = format!("the repository has no '{path}' at this commit");
            if !resolved.others.is_empty() {
                message.push_str(&format!("; it has {}", resolved.others.join(", ")));
            }
            let failure = Failure { reason: "DevfileNotFound".into(), message, log_tail: None, transient: false };
            return Ok(Err(failure));
        }
        // An empty repository has no commit: asked once for each start, it is started as it is.
        self.resolved = true;
        let (context, name) = (Arc::clone(&self.context), self.latest.name.clone());
        let (record, changed) =
            modify(&*context.store, &name, |latest, spec| is_wanted(latest) && take(spec, &resolved, devfile.as_ref()))
                .await?;
        self.latest = Arc::new(record);
        Ok(Ok(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_core::workspace::fixture;

    #[test]
    fn only_what_nobody_looked_at_is_unresolved() {
        let mut spec = fixture("hello", "ann").spec;
        assert!(!is_unresolved(&spec), "no source");
        spec.source = Some(Source { url: "https://git.example.com/a".into(), ..Source::default() });
        assert!(is_unresolved(&spec));
        let resolved = Resolved {
            source: Source {
                commit: Some("c".into()),
                url: "https://git.example.com/a.git".into(),
                ..Source::default()
            },
            ..Resolved::default()
        };
        let devfile = ("devfile.yaml".to_string(), "schemaVersion: 2.2.0".to_string());
        assert!(take(&mut spec, &resolved, Some(&devfile)));
        assert_eq!(spec.source.as_ref().and_then(|source| source.commit.as_deref()), Some("c"));
        assert_eq!(spec.devfile_path.as_deref(), Some("devfile.yaml"));
        assert!(!take(&mut spec, &resolved, None), "once");
    }
}
