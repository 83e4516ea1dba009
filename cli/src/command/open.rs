//! `open`.

use std::process::{Command, Stdio};

use clap::Args;
use dormer_wire::api::Workspace;
use url::Url;

use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::{clean, read};
use crate::value::{self, Name};

/// Open a workspace.
#[derive(Debug, Args)]
pub struct Open {
    /// The workspace
    pub name: Name,
    /// A port of it, in place of its editor
    #[arg(long, value_parser = value::port)]
    pub port: Option<u16>,
    /// Only print the URL
    #[arg(long)]
    pub print: bool,
}

impl Open {
    /// Prints the URL, and opens it where there is a display.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let value = context.client()?.get(&["workspaces", self.name.as_str()], &[]).await?;
        let workspace: Workspace = read(&value)?;
        let url = match self.port {
            None => workspace.url.clone(),
            Some(port) => match workspace.ports.iter().find(|known| known.port == port && !known.url.is_empty()) {
                Some(known) => known.url.clone(),
                None => port_url(&workspace.url, port)?,
            },
        };
        // What a browser is given comes from the server: a page, and nothing else that it would open.
        let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| CliError::Failed("the server gave no URL that a browser could open".into()))?;
        match context.output.format {
            Format::Json | Format::Yaml => context.output.value(&value)?,
            _ => context.output.line(&clean(url.as_str()))?,
        }
        if !self.print && context.environment.display {
            browse(context, &url);
        }
        Ok(())
    }
}

/// `<port>--<ws>.<domain>`, for a port that nothing listens on yet.
fn port_url(url: &str, port: u16) -> Result<String, CliError> {
    let wrong = || CliError::Failed("the server gave no URL for that port".into());
    let mut url = Url::parse(url).map_err(|_| wrong())?;
    let host = format!("{port}--{}", url.host_str().ok_or_else(wrong)?);
    url.set_host(Some(&host)).map_err(|_| wrong())?;
    url.set_path("/");
    url.set_query(None);
    Ok(url.into())
}

/// Opens a page in the browser of this machine, if it has one.
pub(crate) fn browse(context: &mut Context, url: &Url) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(program)
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        context.output.note(&format!("No browser could be opened ({program}: {error})."));
    }
}
