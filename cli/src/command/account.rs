//! `login`, `logout`, `whoami`.

use std::io::Read;

use clap::Args;
use dormer_wire::api::{Me, SignInLink};
use serde_json::{Value, json};

use crate::client::Client;
use crate::context::Context;
use crate::credentials::file::{Credentials, Entry};
use crate::credentials::origin::Origin;
use crate::credentials::{Target, Token, choose};
use crate::error::CliError;
use crate::globals::Format;
use crate::login::by_browser;
use crate::output::{clean, read};

/// Sign in.
#[derive(Debug, Args)]
pub struct Login {
    /// The gateway, such as https://dormer.example.com
    pub url: Option<String>,
    /// Show a code to type in a browser elsewhere, as is done where this machine has none
    #[arg(long, conflicts_with = "token_stdin")]
    pub code: bool,
    /// Read a token from standard input (`dormer token create` makes one)
    #[arg(long)]
    pub token_stdin: bool,
    /// Sign in over plain http:// too, where everybody on the way can read the token
    #[arg(long)]
    pub plain_http: bool,
}

impl Login {
    /// Signs in: a token that works is kept, any other is not.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let url = self.url.as_ref().or(context.globals.server.as_ref());
        let url = url.ok_or_else(|| CliError::Usage("which gateway? dormer login <URL>".into()))?;
        let origin: Origin = url.parse()?;
        if origin.is_in_the_clear() && !self.plain_http {
            return Err(CliError::Usage(format!(
                "{origin} is not encrypted: everybody on the way could read the token. Use https://, or --plain-http if \
                 the network is yours alone"
            )));
        }
        if !self.token_stdin {
            let token = by_browser(context, &origin, self.code).await?;
            return self.keep(context, origin, token).await;
        }
        if context.environment.can_ask {
            context.output.say("Paste the token, then press Enter and Ctrl-D:");
        }
        let mut text = String::new();
        std::io::stdin().take(1 << 16).read_to_string(&mut text)?;
        self.keep(context, origin, Token::parse(&text)?).await
    }

    /// Tries a token, and keeps it if the gateway knows it.
    pub async fn keep(&self, context: &mut Context, origin: Origin, token: Token) -> Result<(), CliError> {
        let mut credentials = Credentials::load(&context.environment)?;
        let target = Target { origin: origin.clone(), token: token.clone(), local: None };
        let me: Me = read(&Client::new(target)?.get(&["me"], &[]).await?)?;
        credentials.put(Entry { url: origin.clone(), user: Some(me.user.clone()), token });
        credentials.save(&context.environment)?;
        context.output.note(&format!("Signed in to {origin} as {}.", clean(&me.user)));
        Ok(())
    }
}

/// Sign out.
#[derive(Debug, Args)]
pub struct Logout {
    /// The gateway; the default one when it is missing
    pub url: Option<String>,
}

impl Logout {
    /// Forgets the token. It stays valid until it is revoked: another machine may use it.
    pub fn run(self, context: &mut Context) -> Result<(), CliError> {
        let mut credentials = Credentials::load(&context.environment)?;
        let url = self.url.or_else(|| context.globals.server.clone());
        let origin = match url {
            Some(url) => Some(url.parse::<Origin>()?),
            None => credentials.default.clone(),
        };
        let removed = origin.as_ref().and_then(|origin| credentials.remove(origin));
        let entry = removed.ok_or_else(|| CliError::NotFound("this machine is not signed in there".into()))?;
        credentials.save(&context.environment)?;
        context.output.note(&format!(
            "Signed out of {}. The token itself stays valid until it expires or 'dormer token revoke' ends it.",
            entry.url
        ));
        Ok(())
    }
}

/// Who is signed in, and where.
pub async fn whoami(context: &mut Context) -> Result<(), CliError> {
    let target = choose(&context.globals, &context.environment)?;
    let client = Client::new(target)?;
    let value = client.get(&["me"], &[]).await?;
    let me: Me = read(&value)?;
    match context.output.format {
        Format::Json | Format::Yaml => {
            let mut value = value;
            if let Some(object) = value.as_object_mut() {
                object.insert("server".into(), json!(client.target().origin.to_string()));
            }
            context.output.value(&value)
        }
        Format::Name => context.output.line(&clean(&me.user)),
        Format::Table | Format::Wide => {
            let role = if me.admin { ", administrator" } else { "" };
            let scope = if me.scope == "all" { String::new() } else { format!(", scope {}", clean(&me.scope)) };
            context.output.line(&format!("{} at {}{role}{scope}", clean(&me.user), client.target().origin))
        }
    }
}

/// Prints a one-time link for a browser.
pub async fn login_link(context: &mut Context) -> Result<(), CliError> {
    let value: Value = context.client()?.post(&["me", "link"], &json!({})).await?;
    let link: SignInLink = read(&value)?;
    match context.output.format {
        Format::Json | Format::Yaml => context.output.value(&value),
        _ => context.output.line(&clean(&link.sign_in_link)),
    }
}
