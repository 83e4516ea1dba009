//! `audit`, for administrators.

use clap::Args;
use dormer_wire::api::Audited;

use crate::context::Context;
use crate::error::CliError;

/// Show what was done with rights, newest first.
#[derive(Debug, Args)]
pub struct Audit {
    /// So many lines
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
}

impl Audit {
    /// Does it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let items = context.client()?.list(&["audit"], &[("limit", &self.limit.to_string())]).await?;
        context.output.list::<Audited>(&items)
    }
}
