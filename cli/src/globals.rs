//! Options that every command has.

use clap::{Args, ValueEnum};

/// Options that every command has.
#[derive(Debug, Clone, Default, Args)]
pub struct Globals {
    /// The gateway, such as https://dormer.example.com; by default the one signed in to, else the one of this machine
    #[arg(long, global = true, value_name = "URL", env = "DORMER_SERVER", help_heading = "Global options")]
    pub server: Option<String>,
    /// The project to list from or to create in
    #[arg(long, global = true, value_name = "PROJECT", env = "DORMER_PROJECT", help_heading = "Global options")]
    pub project: Option<String>,
    /// How to print answers: a table for people, or the API's own objects
    #[arg(long, short, global = true, value_name = "FORMAT", help_heading = "Global options")]
    pub output: Option<Format>,
    /// Print answers only: no progress, no remarks
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// More columns.
    Wide,
    /// The API's own JSON: an array for several, an object for one.
    Json,
    /// The same as YAML.
    Yaml,
    /// Names only, one a line.
    Name,
}
