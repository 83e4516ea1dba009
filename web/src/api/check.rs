//! What may be in the body of a creation or a change. Every field that is wrong is told, not the first only.

use dormer_core::name::ProjectName;
use dormer_core::workspace::{EditorKind, Lifecycle, Port, Resources, SecretRef, Share, Storage, Variable};
use dormer_wire::api::{self, FieldProblem, VariableKind};

use crate::problem::Refused;

const MAX_VARIABLES: usize = 256;
const MAX_VALUE: usize = 64 * 1024;
const MAX_PORTS: usize = 64;
/// `<name>--<workspace>` is one label of at most 63 octets, and a workspace's name may have 46 of them.
const MAX_PORT_NAME: usize = 15;
/// Ten years: more is a mistake in the unit.
pub(crate) const MAX_SECONDS: u64 = 10 * 365 * 24 * 3600;

const VARIABLE: &str = "a variable's name has letters, digits and '_', at most 128, and no digit at its start";

fn is_variable(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    !name.is_empty() && name.len() <= 128 && letters && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Collects what is wrong.
#[derive(Default)]
pub struct Check(Vec<FieldProblem>);

impl Check {
    /// Something is wrong with a field, named by its JSON pointer.
    pub fn wrong(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.push(FieldProblem { field: field.into(), reason: reason.into() });
    }

    /// The end: a refusal with everything that was wrong.
    pub fn done(self) -> Result<(), Refused> {
        if self.0.is_empty() { Ok(()) } else { Err(Refused::fields(self.0)) }
    }

    /// A text of at most `longest` octets, on one line where `one_line`. Empty is as good as missing.
    pub fn text(&mut self, field: &str, text: Option<String>, longest: usize, one_line: bool) -> Option<String> {
        let text = text.map(|text| text.trim().to_string()).filter(|text| !text.is_empty())?;
        let bad = |c: char| c.is_control() && (one_line || !matches!(c, '\n' | '\t'));
        if text.len() > longest {
            self.wrong(field, format!("at most {longest} octets"));
        } else if text.chars().any(bad) {
            self.wrong(field, "no control characters");
        }
        Some(text)
    }

    /// A parsed value.
    pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.wrong(field, error.to_string())).ok()
    }

    /// Variables: names of the shell, each once, values without NUL.
    pub fn variables(&mut self, variables: Vec<api::Variable>) -> Vec<Variable> {
        if variables.len() > MAX_VARIABLES {
            self.wrong("/variables", format!("at most {MAX_VARIABLES} variables"));
            return Vec::new();
        }
        let mut names = std::collections::HashSet::new();
        let mut good = Vec::with_capacity(variables.len());
        for (index, variable) in variables.into_iter().enumerate() {
            let name = &variable.name;
            if !is_variable(name) {
                self.wrong(format!("/variables/{index}/name"), VARIABLE);
            } else if !names.insert(name.clone()) {
                self.wrong(format!("/variables/{index}/name"), "this variable is there twice");
            }
            if variable.value.len() > MAX_VALUE || variable.value.contains('\0') {
                let reason = format!("a value has at most {MAX_VALUE} octets, none of them NUL");
                self.wrong(format!("/variables/{index}/value"), reason);
            }
            let file = variable.kind == VariableKind::File;
            good.push(Variable { name: variable.name, value: variable.value, file });
        }
        good
    }

    /// Secrets as variables: by names of the shell, each once and none that is a plain variable, too.
    pub fn secrets(&mut self, secrets: Vec<api::SecretRef>, variables: &[Variable]) -> Vec<SecretRef> {
        let mut good: Vec<SecretRef> = Vec::new();
        for (index, wanted) in secrets.into_iter().enumerate() {
            let twice = good.iter().any(|one| one.name == wanted.name)
                || variables.iter().any(|variable| variable.name == wanted.name);
            if twice {
                self.wrong(format!("/secrets/{index}/name"), "this variable is there twice");
            }
            if !is_variable(&wanted.name) {
                self.wrong(format!("/secrets/{index}/name"), VARIABLE);
            }
            let file = wanted.kind == VariableKind::File;
            good.push(SecretRef { secret: wanted.secret, name: wanted.name, file });
        }
        if good.len() > MAX_VARIABLES {
            self.wrong("/secrets", format!("at most {MAX_VARIABLES} secrets"));
        }
        good
    }

    /// Ports: each number and each name once.
    pub fn ports(&mut self, ports: Vec<api::Port>) -> Vec<Port> {
        if ports.len() > MAX_PORTS {
            self.wrong("/ports", format!("at most {MAX_PORTS} ports"));
            return Vec::new();
        }
        let (mut numbers, mut names) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        let mut good = Vec::with_capacity(ports.len());
        for (index, port) in ports.into_iter().enumerate() {
            if port.port == 0 || !numbers.insert(port.port) {
                self.wrong(format!("/ports/{index}/port"), "a port is from 1 to 65535, and there once");
            }
            let name = port.name.filter(|name| !name.is_empty());
            if let Some(name) = &name {
                if !is_port_name(name) {
                    let reason = "a port's name has lower-case letters, digits and single '-' between them, at least \
                                  one letter, at most 15 in all";
                    self.wrong(format!("/ports/{index}/name"), reason);
                } else if !names.insert(name.clone()) {
                    self.wrong(format!("/ports/{index}/name"), "this name is there twice");
                }
            }
            let share = share(&port.share).unwrap_or_else(|| {
                self.wrong(format!("/ports/{index}/share"), "one of owner, project, signed-in, public");
                Share::Owner
            });
            good.push(Port { port: port.port, name, share });
        }
        good
    }

    /// Limits, as quantities of Kubernetes.
    pub fn resources(&mut self, given: api::Resources) -> Resources {
        Resources {
            cpu: self.quantity("/resources/cpu", given.cpu),
            memory: self.quantity("/resources/memory", given.memory),
            gpu: self.quantity("/resources/gpu", given.gpu),
            accelerator: self.text("/resources/accelerator", given.accelerator, 100, true),
        }
    }

    /// Storage.
    pub fn storage(&mut self, given: api::Storage) -> Storage {
        let strategy = given.strategy.filter(|strategy| !strategy.is_empty());
        if strategy.as_deref().is_some_and(|s| !matches!(s, "per-workspace" | "common" | "ephemeral")) {
            self.wrong("/storage/strategy", "one of per-workspace, common, ephemeral");
        }
        Storage {
            size: self.quantity("/storage/size", given.size),
            class: self.text("/storage/class", given.class, 253, true),
            strategy,
        }
    }

    fn quantity(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        if !is_quantity(&text) {
            self.wrong(field, "a quantity: 2, 500m, 1.5, 4Gi, 10G");
        }
        Some(text)
    }

    /// Lifecycle.
    pub fn lifecycle(&mut self, given: api::Lifecycle) -> Lifecycle {
        for (field, value) in [
            ("/lifecycle/idleTimeout", given.idle_timeout),
            ("/lifecycle/maxLifetime", given.max_lifetime),
            ("/lifecycle/deleteAfterStopped", given.delete_after_stopped),
        ] {
            if value.is_some_and(|seconds| seconds > MAX_SECONDS) {
                self.wrong(field, "seconds, at most ten years; 0 is never");
            }
        }
        Lifecycle {
            idle_timeout: given.idle_timeout,
            max_lifetime: given.max_lifetime,
            delete_after_stopped: given.delete_after_stopped,
            keep_alive_when_busy: given.keep_alive_when_busy,
        }
    }

    /// What is merged over its pods. What of it a class lets through is seen when it starts.
    pub fn pod(&mut self, patch: serde_json::Value) -> Option<serde_json::Value> {
        const LONGEST: usize = 64 * 1024;
        let map = patch.as_object();
        if map.is_none_or(|map| map.keys().any(|key| !matches!(key.as_str(), "metadata" | "spec"))) {
            self.wrong("/pod", "an object with 'metadata' and 'spec' of a pod");
        } else if patch.to_string().len() > LONGEST {
            self.wrong("/pod", format!("at most {LONGEST} octets"));
        }
        map.is_some_and(|map| !map.is_empty()).then_some(patch)
    }

    /// An editor.
    pub fn editor(&mut self, text: Option<&str>) -> EditorKind {
        match text {
            None | Some("vscode") => EditorKind::Vscode,
            Some("none") => EditorKind::None,
            Some(_) => {
                self.wrong("/editor", "one of vscode, none");
                EditorKind::Vscode
            }
        }
    }

    /// A class's name. Whether there is such a class is asked when all is read.
    pub fn class(&mut self, class: String) -> String {
        if class.parse::<ProjectName>().is_err() {
            self.wrong("/class", "a class's name is a label: lower-case letters, digits and '-'");
        }
        class
    }

    /// A path inside a repository.
    pub fn devfile_path(&mut self, path: Option<String>) -> Option<String> {
        let path = self.text("/devfilePath", path, 1024, true)?;
        let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part == ".git";
        if path.contains('\\') || path.split('/').any(odd) {
            self.wrong(
                "/devfilePath",
                "a path inside the repository, such as .devfile.yaml, without '.' or '..' parts",
            );
        }
        Some(path)
    }

    /// What a workspace is to be made from. Whether it exists is the forge's to say.
    pub fn source(&mut self, source: &api::Source) {
        let plain = |text: &str| !text.chars().any(|c| c.is_control() || c == ' ');
        if source.url.is_empty() || source.url.len() > 2048 || !plain(&source.url) || source.url.starts_with('-') {
            self.wrong(
                "/source/url",
                "a repository's URL of at most 2048 octets, without spaces or control characters",
            );
        }
        if let Some(reference) = &source.reference {
            if reference.is_empty() || reference.len() > 255 || !plain(reference) || reference.starts_with('-') {
                self.wrong("/source/ref", "a branch, tag or commit: at most 255 octets, not beginning with '-'");
            }
            if source.merge_request.is_some() {
                self.wrong("/source/ref", "give a ref or a merge request, not both");
            }
        }
        let odd = |path: &String| {
            path.is_empty()
                || path.len() > 1024
                || path.starts_with(['-', '/', '!', '#'])
                || path.contains(['\\', '*', '?', '['])
                || path.chars().any(char::is_control)
                || path.split('/').any(|part| part == "..")
        };
        if source.sparse.len() > 100 || source.sparse.iter().any(odd) {
            self.wrong("/source/sparse", "at most 100 folders inside the repository, by their names alone");
        }
        if source
            .commit
            .as_ref()
            .is_some_and(|commit| !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            self.wrong("/source/commit", "all 40 (or 64) digits of a commit");
        }
        if source.merge_request == Some(0) {
            self.wrong("/source/mergeRequest", "merge requests are counted from 1");
        }
    }
}

fn share(text: &str) -> Option<Share> {
    [Share::Owner, Share::Project, Share::SignedIn, Share::Public]
        .into_iter()
        .find(|share| super::record::share(*share) == text)
}

fn is_port_name(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    letters
        && name.len() <= MAX_PORT_NAME
        && name.bytes().any(|b| b.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn is_quantity(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let Some((number, suffix)) = text.split_at_checked(end) else { return false };
    let suffixes = ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"];
    text.len() <= 20 && number.parse::<f64>().is_ok() && suffixes.contains(&suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(check: impl FnOnce(&mut Check)) -> Vec<String> {
        let mut collected = Check::default();
        check(&mut collected);
        collected.0.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn sources() {
        let source = |url: &str, reference: Option<&str>, merge_request| api::Source {
            url: url.into(),
            reference: reference.map(Into::into),
            merge_request,
            ..api::Source::default()
        };
        for (given, want) in [
            (source("https://git.test/a.git", None, None), &[][..]),
            (source("https://git.test/a.git", Some("feature/x"), None), &[]),
            (source("https://git.test/a.git", None, Some(7)), &[]),
            (source("", None, None), &["/source/url"]),
            (source("--upload-pack=touch x", None, None), &["/source/url"]),
            (source("https://git.test/a\n", None, None), &["/source/url"]),
            (source(&"x".repeat(3000), None, None), &["/source/url"]),
            (source("https://git.test/a", Some("-x"), None), &["/source/ref"]),
            (source("https://git.test/a", Some(""), None), &["/source/ref"]),
            (source("https://git.test/a", Some("a"), Some(1)), &["/source/ref"]),
            (source("https://git.test/a", None, Some(0)), &["/source/mergeRequest"]),
        ] {
            assert_eq!(fields(|check| check.source(&given)), want, "{given:?}");
        }
    }

    #[test]
    fn quantities_and_names() {
        for good in ["1", "500m", "1.5", "4Gi", "10G"] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", "Gi", "-1", "1e9", "4 Gi", "4GiB", "1.2.3", "٣", &"9".repeat(30)] {
            assert!(!is_quantity(bad), "{bad}");
        }
        for (name, want) in
            [("web", true), ("web-ui", true), ("3d", true), ("80", false), ("a--b", false), ("-a", false)]
        {
            assert_eq!(is_port_name(name), want, "{name}");
        }
    }

    #[test]
    fn variables_and_paths() {
        let variable =
            |name: &str, value: &str| api::Variable { name: name.into(), value: value.into(), kind: VariableKind::Env };
        let given =
            vec![variable("A", "1"), variable("A", "2"), variable("1A", ""), variable("a=b", ""), variable("B", "\0")];
        let want = ["/variables/1/name", "/variables/2/name", "/variables/3/name", "/variables/4/value"];
        assert_eq!(fields(|check| drop(check.variables(given))), want);
        for bad in ["../x", "/etc/passwd", "a/../b", ".git/config", "a\\b", "a//b"] {
            assert_eq!(fields(|check| drop(check.devfile_path(Some(bad.into())))), ["/devfilePath"], "{bad}");
        }
        assert!(fields(|check| drop(check.devfile_path(Some(".devfile/go.yaml".into())))).is_empty());
    }
}
