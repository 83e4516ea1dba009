//! `token`.

use clap::Subcommand;
use dormer_wire::api::{self, CreateToken};

use crate::command::key::remove;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::{clean, read};
use crate::value::{self, Name};

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Create a token, and print it: it is shown only this once
    #[command(visible_alias = "add")]
    Create {
        /// What it is for
        name: String,
        /// What it may: all, read, ssh or workspace:NAME
        #[arg(long, value_parser = value::scope)]
        scope: Option<String>,
        /// When it ends: 12h, 90d; by default 30d
        #[arg(long, value_name = "DURATION", value_parser = value::duration)]
        expires: Option<u64>,
        /// Whose it is, for administrators
        #[arg(long, value_name = "USER")]
        user: Option<Name>,
    },
    /// List your tokens
    #[command(visible_alias = "list")]
    Ls,
    /// End tokens at once
    #[command(visible_alias = "rm")]
    Revoke {
        /// Their ids
        #[arg(required = true, value_name = "ID", value_parser = value::id)]
        ids: Vec<String>,
    },
}

impl Token {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Token::Create { name, scope, expires, user } => {
                let user = user.map(|user| user.as_str().to_string());
                let value = context
                    .client()?
                    .post(&["tokens"], &CreateToken { name, scope, expires_in: expires, user })
                    .await?;
                if !matches!(context.output.format, Format::Table | Format::Wide) {
                    return context.output.one::<api::Token>(&value);
                }
                let made: api::Token = read(&value)?;
                let token =
                    made.token.ok_or_else(|| CliError::Failed("the server made a token but did not show it".into()))?;
                context.output.note(&format!(
                    "Token {} ({}). It is shown only this once:",
                    clean(&made.id),
                    clean(&made.scope)
                ));
                context.output.line(&clean(&token))
            }
            Token::Ls => {
                let items = context.client()?.list(&["tokens"], &[]).await?;
                context.output.list::<api::Token>(&items)
            }
            Token::Revoke { ids } => remove(context, "tokens", &ids).await,
        }
    }
}
