//! Diagnostics as text.

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::Place;
use std::fmt;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        write!(f, "{} [{}]", self.message, self.rule)?;
        let gutter = self.place.iter().chain(self.related.iter().map(|r| &r.place)).map(|p| p.line).max();
        let gutter = gutter.unwrap_or(0).to_string().len();
        if let Some(place) = &self.place {
            snippet(f, place, gutter)?;
        }
        for related in &self.related {
            write!(f, "\n{:gutter$} = {}: {}", "", related.place, related.what)?;
            snippet(f, &related.place, gutter)?;
        }
        for via in self.place.iter().flat_map(|p| &p.via) {
            write!(f, "\n{:gutter$} = in {via}", "")?;
        }
        if let Some(fix) = &self.fix {
            write!(f, "\n{:gutter$} = {fix}", "")?;
        }
        Ok(())
    }
}

fn snippet(f: &mut fmt::Formatter<'_>, place: &Place, gutter: usize) -> fmt::Result {
    let text = place.snippet.text.trim_end();
    if text.trim().is_empty() {
        return Ok(());
    }
    let from = place.column.saturating_sub(place.snippet.skipped + 1);
    let until = if place.end_line > place.line { usize::MAX } else { place.end_column };
    let width = until.saturating_sub(place.column).clamp(1, text.chars().count().saturating_sub(from).max(1));
    write!(f, "\n{:gutter$} | {text}", place.line)?;
    write!(f, "\n{:gutter$} | {:from$}{}", "", "", "^".repeat(width))
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, diagnostic) in self.items.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        if self.hidden > 0 {
            write!(f, "\n… and {} more", self.hidden)?;
        }
        Ok(())
    }
}
