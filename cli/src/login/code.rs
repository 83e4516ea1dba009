//! With a code that is typed in a browser anywhere (after RFC 8628).

use std::time::Duration;

use dormer_wire::api::{BeginDevice, DeviceBegun, RedeemCode};
use serde_json::Value;

use super::machine;
use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{clean, read};

/// Shows a code and waits until somebody has typed it.
pub async fn run(context: &mut Context, client: &Client) -> Result<Value, CliError> {
    let begun: DeviceBegun = read(&client.post(&["login", "device"], &BeginDevice { machine: machine() }).await?)?;
    context.output.say(&format!(
        "Open {} in a browser where you are signed in, and type this code:\n\n    {}\n",
        clean(&begun.verification_uri),
        clean(&begun.user_code)
    ));
    // What a server says is only a wish: it must not make us ask without pause, or for ever.
    let mut interval = Duration::from_secs(begun.interval.clamp(1, 30));
    let limit = Duration::from_secs(begun.expires_in.clamp(10, 1800));
    let body = RedeemCode { device_code: Some(begun.device_code), ..RedeemCode::default() };
    let asking = async {
        loop {
            tokio::time::sleep(interval).await;
            match client.post(&["login", "token"], &body).await {
                Err(CliError::Problem(problem)) => match problem.kind.as_str() {
                    "/problems/authorization-pending" => {}
                    "/problems/slow-down" => interval += Duration::from_secs(5),
                    _ => return Err(CliError::Problem(problem)),
                },
                other => return other,
            }
        }
    };
    let late = || CliError::TimedOut("nobody typed the code in time; run 'dormer login' again".into());
    tokio::time::timeout(limit, asking).await.map_err(|_| late())?
}
