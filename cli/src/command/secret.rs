//! `secret`.

use std::io::Read as _;

use clap::Subcommand;
use dormer_wire::api::{CreateSecret, Secret as Shown};

use crate::command::key::remove;
use crate::context::Context;
use crate::error::CliError;
use crate::value;

/// The longest value that is read.
const MAX: u64 = 64 * 1024;

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  dormer secret create npm-token < token.txt               a secret of your own
  dormer secret create db --project shop < password.txt    one that the project shares
  dormer create . --secret npm-token:NPM_TOKEN             as a variable of a workspace
  dormer create . --secret db:DB_PASSWORD@file             as a file whose path is in DB_PASSWORD
  dormer secret create --forge git.example.org --username ann < token.txt";

/// Secrets.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Keep a secret, read from standard input; it is never shown again
    #[command(visible_alias = "add", after_help = EXAMPLES)]
    Create {
        /// Its name; with --forge, the host when it is missing
        #[arg(required_unless_present = "forge")]
        name: Option<String>,
        /// A token that you sign in to this git host with
        #[arg(long, value_name = "HOST")]
        forge: Option<String>,
        /// The name that goes with the token
        #[arg(long, requires = "forge")]
        username: Option<String>,
    },
    /// List secrets; values are not shown
    #[command(visible_alias = "list")]
    Ls,
    /// Remove secrets
    #[command(visible_alias = "delete")]
    Rm {
        /// Their names, or ids
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

impl Secret {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Secret::Create { name, forge, username } => {
                let project = context.globals.project.clone().filter(|_| forge.is_none());
                if context.environment.can_ask {
                    context.output.say("Paste the secret, then press Enter and Ctrl-D:");
                }
                let mut text = String::new();
                std::io::stdin().take(MAX + 2).read_to_string(&mut text)?;
                // The end of the line is the terminal's or the editor's, not the secret's.
                let value = text.strip_suffix('\n').unwrap_or(&text);
                let value = value.strip_suffix('\r').unwrap_or(value).to_string();
                let kind = forge.as_ref().map(|_| "forge-token".to_string());
                let body = CreateSecret { name, value, project, kind, host: forge, username };
                let made = context.client()?.post(&["secrets"], &body).await?;
                context.output.one::<Shown>(&made)
            }
            Secret::Ls => {
                let items = context.client()?.list(&["secrets"], &[]).await?;
                context.output.list::<Shown>(&items)
            }
            Secret::Rm { names } => {
                for name in &names {
                    let good = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
                    if !good {
                        return Err(CliError::Usage(format!("'{}' is no secret's name", crate::output::clean(name))));
                    }
                }
                remove(context, "secrets", &names).await
            }
        }
    }
}

/// `NAME`, `NAME:VARIABLE` or `NAME:VARIABLE@file`.
pub fn reference(text: &str) -> Result<dormer_wire::api::SecretRef, String> {
    use dormer_wire::api::VariableKind;
    let (text, kind) = match text.strip_suffix("@file") {
        Some(text) => (text, VariableKind::File),
        None => (text, VariableKind::Env),
    };
    let (secret, name) = match text.split_once(':') {
        Some((secret, name)) => (secret, name.to_string()),
        None => (text, text.to_ascii_uppercase().replace(['-', '.'], "_")),
    };
    if secret.is_empty() {
        return Err("use a secret's name, as NAME or NAME:VARIABLE".into());
    }
    // The same rules as for variables.
    value::variable(&format!("{name}=x"))?;
    Ok(dormer_wire::api::SecretRef { secret: secret.into(), name, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormer_wire::api::VariableKind;

    #[test]
    fn references() {
        for (text, want) in [
            ("npm-token", Some(("npm-token", "NPM_TOKEN", VariableKind::Env))),
            ("npm:TOKEN", Some(("npm", "TOKEN", VariableKind::Env))),
            ("npm:TOKEN@file", Some(("npm", "TOKEN", VariableKind::File))),
            ("npm@file", Some(("npm", "NPM", VariableKind::File))),
            ("", None),
            (":X", None),
            ("npm:", None),
            ("npm:1X", None),
            ("npm:A B", None),
        ] {
            let got = reference(text).ok();
            assert_eq!(got.as_ref().map(|r| (r.secret.as_str(), r.name.as_str(), r.kind)), want, "{text}");
        }
    }
}
