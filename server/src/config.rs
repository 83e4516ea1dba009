//! The configuration of `dormer serve`: what the parts of the house are told. The one place that reads files and the
//! environment for it.

pub mod duration;
pub mod kubernetes;
mod layer;
pub mod ssh;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use dormer_auth::provider::config::Configs;

use crate::config::duration::Span;
use crate::config::kubernetes::Kubernetes;
use crate::config::ssh::Ssh;

/// Everything that can be configured. A missing key has the default that serves one person on one machine; an empty
/// text means "not set".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where records, keys and workspaces are.
    pub data: PathBuf,
    /// Where records are and workspaces run: `local` or `kubernetes`.
    pub backend: String,
    pub http: Http,
    pub ssh: Ssh,
    pub local: Local,
    pub kubernetes: Kubernetes,
    pub classes: Classes,
    pub lifecycle: Lifecycle,
    pub forge: Forge,
    pub auth: Auth,
    pub log: Log,
}

/// Who may sign in, how, and for how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How long a browser's session lives, whatever is done in it.
    pub session_life: Span,
    /// How long it may lie unused. `0s` is for ever.
    pub session_idle: Span,
    /// How often providers are asked whether people are still welcome there.
    pub recheck: Span,
    /// The providers, by name: `[auth.providers.NAME]`.
    pub providers: Configs,
}

/// The browsers' side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The domain below which workspaces have their hosts.
    pub domain: String,
    /// The address that people type, where it differs from what is listened on (a proxy in front): `https://dev.example.org`.
    pub public_url: String,
    /// A PEM file with the certificate chain for the domain and its wildcard.
    pub tls_cert: PathBuf,
    /// A PEM file with its key.
    pub tls_key: PathBuf,
    /// Threads; 0 is one for each processor.
    pub workers: usize,
    /// How long open requests and connections may go on after the gateway was told to end.
    pub drain: Span,
    /// Where to listen for those who collect metrics (`0.0.0.0:9090`); empty: nowhere.
    pub metrics_listen: String,
}

/// Workspaces as processes of this machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// The agent's binary; empty: beside this one.
    pub agent: PathBuf,
    /// A folder with `node` and `vscode/`; empty: the newest below the user's cache.
    pub editor: PathBuf,
    /// A folder with the editor extension that reports activity; empty: beside this binary.
    pub extensions: PathBuf,
}

/// What administrators decide for workspaces: `dormer class`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// The class of workspaces that name none.
    pub default: String,
}

/// When workspaces sleep, unless they say otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// Without activity for so long: stopped. `0s` is never.
    pub idle_timeout: Span,
    /// Running for so long: stopped, whatever happens in it. `0s` is never.
    pub max_lifetime: Span,
    /// Stopped or failed for so long: deleted, files and all. `0s` is never.
    pub delete_after_stopped: Span,
    /// Whether a process at work counts as activity.
    pub keep_alive_when_busy: bool,
    /// How long a start may take.
    pub start_timeout: Span,
    /// How long a stop may take before it is forced.
    pub stop_grace: Span,
}

/// Git hosts. Lists are written with commas.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// The only hosts that may be a source (`git.example.com, *.example.com`); empty: all.
    pub hosts: String,
    /// Hosts that may be inside the gateway's own network (`git.corp, 10.0.0.5:3000`).
    pub private_hosts: String,
    /// Hosts that run GitLab, where their name does not say so.
    pub gitlab: String,
    /// Hosts that run GitHub Enterprise.
    pub github: String,
    /// Hosts that run Gitea or Forgejo.
    pub gitea: String,
    /// Sources that need no warning: hosts, or hosts with the beginning of a path (`git.example.com/team`).
    pub trusted_sources: String,
    /// The file of `git credential-store` whose lines sign the person who runs the gateway in to git hosts; empty: none.
    pub credentials: PathBuf,
    /// Where devfiles without an address come from.
    pub registry: String,
    /// How many sources are resolved at once.
    pub at_once: usize,
    /// What becomes of a workspace once its merge or pull request is merged or closed: `keep`, `stop` or `archive`.
    pub on_request_end: String,
    /// How often hosts without a webhook are asked for that. `0s` is never.
    pub poll: Span,
}

/// What is written to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,dormer_proxy=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Config {
    fn defaults(home: &Path) -> Config {
        Config {
            data: home.join(".local/share/dormer"),
            backend: "local".into(),
            http: Http {
                listen: SocketAddr::from(([127, 0, 0, 1], 7080)),
                domain: "localhost".into(),
                public_url: String::new(),
                tls_cert: PathBuf::new(),
                tls_key: PathBuf::new(),
                workers: 0,
                drain: Span::from_secs(10),
                metrics_listen: String::new(),
            },
            ssh: Ssh::default(),
            local: Local { agent: PathBuf::new(), editor: PathBuf::new(), extensions: PathBuf::new() },
            kubernetes: Kubernetes::default(),
            classes: Classes { default: dormer_core::class::DEFAULT.into() },
            lifecycle: Lifecycle {
                idle_timeout: Span::from_secs(30 * 60),
                max_lifetime: Span::from_secs(0),
                delete_after_stopped: Span::from_secs(0),
                keep_alive_when_busy: true,
                start_timeout: Span::from_secs(10 * 60),
                stop_grace: Span::from_secs(10),
            },
            forge: Forge {
                hosts: String::new(),
                private_hosts: String::new(),
                gitlab: String::new(),
                github: String::new(),
                gitea: String::new(),
                trusted_sources: String::new(),
                credentials: PathBuf::new(),
                registry: "https://registry.devfile.io".into(),
                at_once: 16,
                on_request_end: "keep".into(),
                poll: Span::from_secs(10 * 60),
            },
            auth: Auth {
                session_life: Span::from_secs(30 * 24 * 3600),
                session_idle: Span::from_secs(7 * 24 * 3600),
                recheck: Span::from_secs(15 * 60),
                providers: Configs::new(),
            },
            log: Log { level: "info".into(), format: "text".into() },
        }
    }

    /// Reads the configuration: defaults, then the files, then the environment, each over the one before.
    pub fn read(file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>, names: &[String]) -> Result<Config> {
        let home = env("HOME").map(PathBuf::from).context("HOME is not set")?;
        let mut value = toml::Table::try_from(Config::defaults(&home)).context("the defaults")?;
        let config_home = env("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        let usual = [PathBuf::from("/etc/dormer/config.toml"), config_home.join("dormer/config.toml")];
        let files = match file {
            Some(file) => vec![file.to_path_buf()],
            None => usual.into_iter().filter(|path| path.exists()).collect(),
        };
        for file in files {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            layer::file(&mut value, &file, &text)?;
        }
        layer::environment(&mut value, names, env)?;
        let mut config: Config = value.try_into().context("the configuration")?;
        config.data = expand(&config.data, &home);
        if !config.forge.credentials.as_os_str().is_empty() {
            config.forge.credentials = expand(&config.forge.credentials, &home);
        }
        config.check()?;
        Ok(config)
    }

    /// Refuses what cannot be right, by the key's name.
    pub fn check(&self) -> Result<()> {
        match self.backend.as_str() {
            "local" => {}
            "kubernetes" => self.kubernetes.check()?,
            other => bail!("backend = \"{other}\": 'local' or 'kubernetes'"),
        }
        let metrics = &self.http.metrics_listen;
        if !metrics.is_empty() && metrics.parse::<SocketAddr>().is_err() {
            bail!("http.metrics_listen = \"{metrics}\": an address and a port, such as 127.0.0.1:9090");
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            bail!("log.format = \"{}\": 'text' or 'json'", self.log.format);
        }
        let domain = &self.http.domain;
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if domain.len() > 180 || !domain.split('.').all(label) {
            bail!("http.domain = \"{domain}\": a domain name in lower case, such as dev.example.org");
        }
        self.ssh.check()?;
        let forge = &self.forge;
        for (key, list) in [("hosts", &forge.hosts), ("private_hosts", &forge.private_hosts)] {
            if let Err(why) = dormer_forge::guard::policy::Pattern::list(list) {
                bail!("forge.{key}: {why}");
            }
        }
        if let Err(why) = forge.on_request_end.parse::<dormer_core::request_end::Policy>() {
            bail!("forge.on_request_end = {why}");
        }
        if url::Url::parse(&forge.registry).map(|url| !matches!(url.scheme(), "https" | "http")).unwrap_or(true) {
            bail!("forge.registry = \"{}\": an address such as https://registry.devfile.io", forge.registry);
        }
        for (name, provider) in &self.auth.providers {
            provider.check(name).map_err(anyhow::Error::msg)?;
        }
        if let Err(why) = self.classes.default.parse::<dormer_core::name::ProjectName>() {
            bail!("classes.default: {why}");
        }
        let minute = std::time::Duration::from_secs(60);
        if self.auth.session_life.get() < minute {
            bail!("auth.session_life: at least 1m, or nobody stays signed in");
        }
        if self.auth.recheck.get() < std::time::Duration::from_secs(1) {
            bail!("auth.recheck: at least 1s");
        }
        if self.http.tls_cert.as_os_str().is_empty() != self.http.tls_key.as_os_str().is_empty() {
            bail!("http.tls_cert and http.tls_key: both or neither");
        }
        Ok(())
    }

    /// What is in force, as a file that could be read again. Secrets in it are masked.
    pub fn show(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Whether this gateway ends TLS itself.
    pub fn tls(&self) -> bool {
        !self.http.tls_cert.as_os_str().is_empty()
    }
}

fn expand(path: &Path, home: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) => home.join(rest),
        Err(_) => std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, vars: &[(&str, &str)]) -> Result<Config> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("config.toml");
        std::fs::write(&file, text)?;
        let mut vars: Vec<(String, String)> = vars.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        vars.push(("HOME".into(), "/home/ann".into()));
        let names: Vec<String> = vars.iter().map(|(name, _)| name.clone()).collect();
        let env = move |name: &str| vars.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        Config::read(Some(&file), &env, &names)
    }

    #[test]
    fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
        let text = "[http]\nlisten = \"127.0.0.1:1\"\n[lifecycle]\nidle_timeout = \"90s\"\n";
        let config =
            read(text, &[("DORMER_HTTP_LISTEN", "127.0.0.1:2"), ("DORMER_LIFECYCLE_KEEP_ALIVE_WHEN_BUSY", "false")])
                .unwrap();
        assert_eq!(config.http.listen.port(), 2);
        assert_eq!(config.lifecycle.idle_timeout, Span::from_secs(90));
        assert!(!config.lifecycle.keep_alive_when_busy);
        assert_eq!(config.data, Path::new("/home/ann/.local/share/dormer"));
        let again = read(&config.show().unwrap(), &[]).unwrap();
        assert_eq!(again.show().unwrap(), config.show().unwrap());
    }

    #[test]
    fn providers_are_read_and_their_secrets_masked() {
        let text = "[auth]\nrecheck = \"1m\"\n[auth.providers.acme]\nkind = \"gitea\"\nurl = \"https://git.example.org\"\n\
                    client_id = \"us\"\nclient_secret = \"hunter2\"\nallow_groups = [\"acme\"]\n";
        let config = read(text, &[]).unwrap();
        let acme = config.auth.providers.get("acme").unwrap();
        assert_eq!(
            (acme.allow_groups.as_slice(), acme.host().as_deref()),
            (&["acme".to_string()][..], Some("git.example.org"))
        );
        assert_eq!(acme.client_secret.get().unwrap().expose(), "hunter2");
        let shown = config.show().unwrap();
        assert!(!shown.contains("hunter2") && shown.contains("[auth.providers.acme]"), "{shown}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, vars, want) in [
            ("[http]\nlisen = \"x\"\n", &[][..], "did you mean 'http.listen'"),
            ("\n\n[htp]\n", &[], "config.toml:3"),
            ("[http]\nlisten = 7\n", &[], "http.listen"),
            ("[http]\nlisten = \"localhost\"\n", &[], "http.listen"),
            ("x = [", &[], "config.toml:1"),
            ("backend = \"nomad\"", &[], "'local'"),
            ("[lifecycle]\nidle_timeout = \"soon\"", &[], "idle_timeout"),
            ("", &[("DORMER_HTTP_LISEN", "x")], "DORMER_HTTP_LISTEN"),
            ("[http]\ndomain = \"Dev.example\"", &[], "http.domain"),
            ("[http]\ntls_cert = \"x\"", &[], "both or neither"),
            ("[http]\nmetrics_listen = \"9090\"", &[], "http.metrics_listen"),
            ("backend = \"kubernetes\"\n[kubernetes]\nnamespace = \"A\"", &[], "kubernetes.namespace"),
            ("backend = \"kubernetes\"\n[kubernetes]\nimage_pull_policy = \"Often\"", &[], "IfNotPresent"),
            ("[forge]\nhosts = \"https://x\"", &[], "forge.hosts"),
            ("[forge]\non_request_end = \"burn\"", &[], "keep, stop, archive"),
            ("", &[("DORMER_FORGE_REGISTRY", "file:///x")], "forge.registry"),
            ("[auth]\nproviders = 7", &[], "[auth.providers.NAME]"),
            ("[auth.providers.gitea]\nkin = \"gitea\"", &[], "did you mean 'kind'"),
            ("\n[auth.providers.gitea]\nclient_idd = \"x\"", &[], "config.toml:3"),
            ("[auth.providers.gitea]\nkind = \"gitae\"", &[], "auth.providers.gitea"),
            ("[auth.providers.gitea]\nkind = \"gitea\"", &[], "auth.providers.gitea.url"),
            ("[auth]\nsession_life = \"1s\"", &[], "session_life"),
        ] {
            let error = format!("{:#}", read(text, vars).unwrap_err());
            assert!(error.contains(want), "{text:?}: {error}");
        }
    }
}
