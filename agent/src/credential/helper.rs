//! `dormer-agent credential`: the program that git runs to sign in (gitcredentials(7)).

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use dormer_wire::credential::Told;
use dormer_wire::message::{MAX_MESSAGE, encode};

use super::Question;

/// Longer than the agent waits for the gateway.
const LIMIT: Duration = Duration::from_secs(40);
/// The most that git says.
const MAX_INPUT: u64 = 64 * 1024;

/// Answers git. `store` and `erase` are heard and mean nothing: there is nothing kept.
pub fn run(socket: &Path, operation: &str) -> anyhow::Result<()> {
    if operation != "get" {
        return Ok(());
    }
    let mut text = String::new();
    io::stdin().take(MAX_INPUT).read_to_string(&mut text).context("git says nothing")?;
    let value = |key: &str| text.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| *name == key);
    let (Some((_, protocol)), Some((_, host))) = (value("protocol"), value("host")) else { return Ok(()) };
    match ask(socket, protocol, host) {
        Ok(Told::Credential { username, password, .. }) if is_plain(&username) && is_plain(&password) => {
            writeln!(io::stdout(), "username={username}\npassword={password}").context("git does not listen")
        }
        Ok(Told::Nothing { why, .. }) => {
            // Git asks elsewhere then; the person sees why not here.
            let shown: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
            let _ = writeln!(io::stderr(), "dormer: no credentials for {host}: {shown}");
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => {
            let _ = writeln!(io::stderr(), "dormer: no credentials for {host}: {error:#}");
            Ok(())
        }
    }
}

/// A line end in a value would be another line to git.
fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Asks the agent.
pub fn ask(socket: &Path, protocol: &str, host: &str) -> anyhow::Result<Told> {
    let mut stream = UnixStream::connect(socket).context("the agent does not listen")?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(&encode(&Question { protocol: protocol.into(), host: host.into() })?)?;
    let mut prefix = [0u8; 4];
    stream.read_exact(&mut prefix).context("the agent does not answer")?;
    let length = u32::from_be_bytes(prefix) as usize;
    anyhow::ensure!(length <= MAX_MESSAGE, "the agent's answer is too long");
    let mut body = vec![0u8; length];
    stream.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
