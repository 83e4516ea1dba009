//! A key of this machine that the gateway knows. Where there is none, one is made and registered.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use dormer_wire::api::{CreateKey, Key};

use crate::client::Client;
use crate::context::Context;
use crate::credentials::private;
use crate::error::CliError;
use crate::output::read;

/// Makes sure that this machine has a key that the gateway knows. The path of our own, where it is that one; None where
/// OpenSSH finds it by itself.
pub async fn usable(context: &mut Context, client: &Client) -> Result<Option<PathBuf>, CliError> {
    let keys = client.list(&["keys"], &[]).await?;
    let keys = keys.iter().map(read::<Key>).collect::<Result<Vec<_>, _>>()?;
    let known = keys.iter().filter_map(|key| body(&key.key)).collect::<HashSet<_>>();
    let ours = context.environment.config_file("id_ed25519");
    let our_public = public_key(&ours).ok();
    if our_public.as_deref().and_then(body).is_some_and(|key| known.contains(&key)) {
        return Ok(Some(ours));
    }
    if found_by_ssh(&context.environment.dot_ssh()).iter().any(|key| known.contains(key)) {
        return Ok(None);
    }
    let public = match our_public {
        Some(public) => public,
        None => make(&ours)?,
    };
    let name = machine_name();
    client.post(&["keys"], &CreateKey { key: public, name: Some(name.clone()) }).await?;
    context.output.note(&format!("This machine's SSH key was registered as '{name}' ({}).", ours.display()));
    Ok(Some(ours))
}

/// The keys that OpenSSH would offer: those in the person's folder and those of their agent.
fn found_by_ssh(folder: &Path) -> HashSet<String> {
    let mut texts = Vec::new();
    for name in ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"] {
        if folder.join(name).is_file() {
            texts.extend(public_key(&folder.join(name)).ok());
        }
    }
    if let Ok(output) = Command::new("ssh-add").arg("-L").output() {
        texts.push(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    texts.iter().flat_map(|text| text.lines()).filter_map(body).collect()
}

fn public_key(private: &Path) -> std::io::Result<String> {
    let mut path = private.as_os_str().to_owned();
    path.push(".pub");
    std::fs::read_to_string(path).map(|text| text.trim().to_string())
}

/// The key itself: algorithm and base64, without options or comment.
pub fn body(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let (algorithm, key) = (words.next()?, words.next()?);
    Some(format!("{algorithm} {key}"))
}

/// Makes a key without a passphrase: like a token, it is as safe as the person's folder.
fn make(path: &Path) -> Result<String, CliError> {
    let failed = |why: &dyn std::fmt::Display| CliError::Failed(format!("cannot make an SSH key: {why}"));
    if let Some(folder) = path.parent() {
        private::make_folder(folder).map_err(|error| failed(&error))?;
    }
    let comment = format!("dormer {}", machine_name());
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", &comment, "-f"])
        .arg(path)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr).trim()));
    }
    public_key(path).map_err(|error| failed(&error))
}

fn machine_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let name = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).take(63).collect::<String>();
    if name.is_empty() { "this-machine".into() } else { name }
}
