//! The one place that writes: answers to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::CliError;
use crate::globals::Format;

pub mod rows;
pub mod table;

/// Where answers and remarks go.
pub struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Whether somebody watches stderr on a terminal.
    pub live: bool,
    /// How answers are printed.
    pub format: Format,
    quiet: bool,
}

impl Output {
    /// This process's streams.
    pub fn of_process(format: Format, quiet: bool) -> Output {
        let live = io::stderr().is_terminal() && !quiet;
        Output { out: Box::new(io::stdout()), err: Box::new(io::stderr()), live, format, quiet }
    }

    /// Any two streams.
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, format: Format) -> Output {
        Output { out, err, live: false, format, quiet: false }
    }

    /// Writes a line of an answer.
    pub fn line(&mut self, text: &str) -> Result<(), CliError> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// Writes a part of an answer as it is: a log's text.
    pub fn raw(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }

    /// Says something that is no answer, unless `--quiet`.
    pub fn note(&mut self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something that must be seen.
    pub fn say(&mut self, text: &str) {
        // Nobody can be told that stderr is gone.
        let _ = writeln!(self.err, "{text}");
        let _ = self.err.flush();
    }

    /// Writes to stderr as it is.
    pub(crate) fn draw(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
        let _ = self.err.flush();
    }

    /// Prints several things.
    pub fn list<T: Row>(&mut self, items: &[Value]) -> Result<(), CliError> {
        match self.format {
            Format::Json | Format::Yaml => self.value(&Value::Array(items.to_vec())),
            Format::Name => {
                for item in read_all::<T>(items)? {
                    self.line(&clean(item.handle()))?;
                }
                Ok(())
            }
            Format::Table | Format::Wide => {
                let wide = self.format == Format::Wide;
                let rows = read_all::<T>(items)?.iter().map(|item| item.cells(wide)).collect::<Vec<_>>();
                if rows.is_empty() {
                    self.note(T::NONE);
                    return Ok(());
                }
                let text = table::render(&T::columns(wide), &rows);
                self.raw(&text)
            }
        }
    }

    /// Prints one thing; as a table of one row for people.
    pub fn one<T: Row>(&mut self, item: &Value) -> Result<(), CliError> {
        match self.format {
            Format::Json | Format::Yaml => self.value(item),
            _ => self.list::<T>(std::slice::from_ref(item)),
        }
    }

    /// Prints a JSON value as JSON, or as YAML where that is asked for.
    pub fn value(&mut self, value: &Value) -> Result<(), CliError> {
        let text = if self.format == Format::Yaml {
            serde_saphyr::to_string(value).map_err(|error| CliError::Failed(format!("cannot write YAML: {error}")))?
        } else {
            serde_json::to_string_pretty(value)
                .map_err(|error| CliError::Failed(format!("cannot write JSON: {error}")))?
        };
        self.line(text.trim_end())
    }
}

/// Something that can be a row of a table.
pub trait Row: DeserializeOwned {
    /// What to say when there are none.
    const NONE: &'static str;
    /// The columns' titles.
    fn columns(wide: bool) -> Vec<&'static str>;
    /// The row's cells, as many as there are columns.
    fn cells(&self, wide: bool) -> Vec<String>;
    /// What `-o name` prints.
    fn handle(&self) -> &str;
}

fn read_all<T: DeserializeOwned>(items: &[Value]) -> Result<Vec<T>, CliError> {
    items.iter().map(read).collect()
}

/// Reads an object of the API.
pub fn read<T: DeserializeOwned>(item: &Value) -> Result<T, CliError> {
    serde_json::from_value(item.clone()).map_err(|error| {
        CliError::Failed(format!("the server's answer cannot be understood ({error}); is it of another version?"))
    })
}

/// Text of others, made harmless: what a name, a branch or a message holds must not move the cursor, retitle the
/// window or turn the line around.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The same for a text of several lines: their ends stay, and what follows the first is put below it by `indent`.
pub fn clean_lines(text: &str, indent: &str) -> String {
    text.trim_end().lines().map(clean).collect::<Vec<_>>().join(&format!("\n{indent}"))
}
