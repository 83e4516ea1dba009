//! `key`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use dormer_wire::api::{self, CreateKey};

use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::value;

/// SSH keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Add a public key
    #[command(visible_alias = "create")]
    Add {
        /// Its file; '-' is standard input. By default ~/.ssh/id_ed25519.pub, id_ecdsa.pub or id_rsa.pub
        file: Option<PathBuf>,
        /// A name; by default the key's comment
        #[arg(long)]
        name: Option<String>,
    },
    /// List your keys
    #[command(visible_alias = "list")]
    Ls,
    /// Remove keys
    #[command(visible_alias = "revoke")]
    Rm {
        /// Their ids
        #[arg(required = true, value_name = "ID", value_parser = value::id)]
        ids: Vec<String>,
    },
}

impl Key {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Key::Add { file, name } => {
                let key = public_key(&read(context, file)?)?;
                let value = context.client()?.post(&["keys"], &CreateKey { key, name }).await?;
                context.output.one::<api::Key>(&value)
            }
            Key::Ls => {
                let items = context.client()?.list(&["keys"], &[]).await?;
                context.output.list::<api::Key>(&items)
            }
            Key::Rm { ids } => remove(context, "keys", &ids).await,
        }
    }
}

fn read(context: &Context, file: Option<PathBuf>) -> Result<String, CliError> {
    let path = match file {
        Some(path) if path.as_os_str() == "-" => return Ok(std::io::read_to_string(std::io::stdin())?),
        Some(path) => path,
        None => of_home(context).ok_or_else(|| {
            CliError::Usage("no public key in ~/.ssh: name a file, or make one with ssh-keygen".into())
        })?,
    };
    read_file(&path)
}

/// The public key that this person's `ssh` offers by itself.
fn of_home(context: &Context) -> Option<PathBuf> {
    let names = ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"];
    let mut found = names.iter().map(|name| context.environment.dot_ssh().join(name));
    found.find(|path| path.is_file())
}

/// Lets this person's own key in, where they have one, and says which. What stands in the way is said, and no error:
/// there are other ways to sign in.
pub async fn add_own(client: &Client, context: &mut Context) {
    let Some(path) = of_home(context) else {
        return context.output.note("ssh will ask for your word in the browser; 'dormer key add FILE' lets a key in.");
    };
    let added = async {
        let key = public_key(&read_file(&path)?)?;
        client.post(&["keys"], &CreateKey { key, name: None }).await
    };
    match added.await {
        Ok(_) => context.output.note(&format!("ssh: your key {} lets you in.", path.display())),
        Err(error) => context.output.note(&format!("ssh: {} was not let in: {error}", path.display())),
    }
}

fn read_file(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::Usage(format!("cannot read {}: {error}", path.display())))
}

/// One public key. A private one, given by mistake, never leaves the machine.
fn public_key(text: &str) -> Result<String, CliError> {
    let text = text.trim();
    if text.contains("PRIVATE KEY") {
        return Err(CliError::Usage("that is a private key; give the public one, the file that ends with .pub".into()));
    }
    let algorithm = text.split_whitespace().next().unwrap_or_default();
    let known = ["ssh-", "ecdsa-", "sk-"].iter().any(|start| algorithm.starts_with(start));
    if !known || text.lines().count() != 1 || text.len() > 16_384 || crate::ssh::key::body(text).is_none() {
        return Err(CliError::Usage("that is not one public key as in authorized_keys ('ssh-ed25519 AAAA…')".into()));
    }
    Ok(text.into())
}

/// Removes things by their ids.
pub async fn remove(context: &mut Context, what: &str, ids: &[String]) -> Result<(), CliError> {
    let client = context.client()?;
    let mut failures = Vec::new();
    for id in ids {
        match client.delete(&[what, id]).await {
            Ok(_) => context.output.note(&format!("Removed {id}.")),
            Err(error) => failures.push(error),
        }
    }
    context.each_failed(ids.len(), failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert!(public_key("ssh-ed25519 AAAA me@here\n").is_ok());
        for bad in [
            "",
            "ssh-ed25519",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nx",
            "ssh-rsa A\nssh-rsa B",
            "command=\"x\" ssh-rsa A",
            "hello world",
        ] {
            assert!(public_key(bad).is_err(), "{bad}");
        }
    }
}
