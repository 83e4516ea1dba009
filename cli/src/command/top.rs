//! `top`.

use std::time::Duration;

use clap::Args;
use dormer_wire::api::Usage;
use jiff::Timestamp;
use serde_json::Value;

use crate::client::Client;
use crate::context::Context;
use crate::error::CliError;
use crate::globals::Format;
use crate::output::rows::{ago, size};
use crate::output::{clean, read, table};
use crate::value::Name;

/// Over how long the share of the processor is measured.
const SPAN: Duration = Duration::from_secs(1);
/// Up and to the left, and clear what is below.
const AGAIN: &str = "\x1b[H\x1b[J";

/// Show what workspaces use.
#[derive(Debug, Args)]
pub struct Top {
    /// Workspaces; by default all that run
    #[arg(value_name = "NAME")]
    pub names: Vec<Name>,
    /// Show it anew every other second, until Ctrl-C
    #[arg(long, short)]
    pub watch: bool,
}

impl Top {
    /// Shows it.
    pub async fn run(self, context: &mut Context) -> Result<(), CliError> {
        let client = context.client()?;
        let mut before = self.sample(&client).await?;
        if context.output.format != Format::Table && context.output.format != Format::Wide {
            return context.output.list::<Usage>(&before);
        }
        loop {
            tokio::time::sleep(SPAN).await;
            let now = self.sample(&client).await?;
            let rows = rows(&read_all(&before)?, &read_all(&now)?);
            if self.watch {
                context.output.raw(AGAIN)?;
            }
            match rows.is_empty() {
                true => context.output.note("Nothing runs, or nothing is known of what it uses."),
                false => {
                    let columns = ["NAME", "CPU", "MEMORY", "PROCESSES", "SESSIONS", "IDLE"];
                    context.output.raw(&table::render(&columns, &rows))?;
                }
            }
            if !self.watch {
                return Ok(());
            }
            before = now;
            tokio::time::sleep(SPAN).await;
        }
    }

    async fn sample(&self, client: &Client) -> Result<Vec<Value>, CliError> {
        let mut items = client.list(&["usage"], &[]).await?;
        if !self.names.is_empty() {
            for name in &self.names {
                let there = items.iter().any(|item| item.get("name").and_then(Value::as_str) == Some(name.as_str()));
                if !there {
                    // Says why: there is none, or it sleeps.
                    client.get(&["workspaces", name.as_str()], &[]).await?;
                }
            }
            let wanted = |item: &Value| {
                let name = item.get("name").and_then(Value::as_str);
                self.names.iter().any(|one| name == Some(one.as_str()))
            };
            items.retain(wanted);
        }
        Ok(items)
    }
}

fn read_all(items: &[Value]) -> Result<Vec<Usage>, CliError> {
    items.iter().map(read).collect()
}

/// Pure: the rows, of two samples.
fn rows(before: &[Usage], now: &[Usage]) -> Vec<Vec<String>> {
    let row = |usage: &Usage| {
        let cpu = before.iter().find(|one| one.name == usage.name).and_then(|one| share(one, usage));
        vec![
            clean(&usage.name),
            cpu.map_or_else(|| "-".into(), |share| format!("{share:.0}%")),
            size(usage.memory),
            usage.processes.to_string(),
            usage.sessions.to_string(),
            usage.last_activity.as_ref().map_or_else(|| "-".into(), |activity| ago(activity.at, Timestamp::now())),
        ]
    };
    now.iter().map(row).collect()
}

/// The share of one processor, in percent.
fn share(before: &Usage, now: &Usage) -> Option<f64> {
    let span = now.at.duration_since(before.at).as_secs_f64();
    // What ended in between took its time along.
    (span > 0.0).then(|| ((now.cpu_seconds - before.cpu_seconds) / span * 100.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_samples() {
        let usage = |second: i64, cpu_seconds: f64| Usage {
            name: "hello".into(),
            at: Timestamp::from_second(second).unwrap(),
            cpu_seconds,
            memory: 3 << 29,
            processes: 12,
            sessions: 2,
            last_activity: None,
        };
        let row = |before, now| rows(&[before], &[now]).remove(0);
        assert_eq!(row(usage(10, 5.0), usage(12, 6.0)), ["hello", "50%", "1.5 GiB", "12", "2", "-"]);
        assert_eq!(row(usage(10, 5.0), usage(12, 1.0))[1], "0%", "one that took much has ended");
        assert_eq!(row(usage(10, 5.0), usage(10, 5.0))[1], "-");
        assert_eq!(rows(&[], &[usage(10, 5.0)])[0][1], "-", "it was not there before");
    }
}
