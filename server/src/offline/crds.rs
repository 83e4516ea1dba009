//! `dormer crds`.

use anyhow::{Context, Result};

use crate::say;

/// Prints them, as documents of YAML.
pub fn run() -> Result<()> {
    say::text(&text()?)
}

fn text() -> Result<String> {
    let mut text = String::new();
    for crd in dormer_kubernetes::resource::all() {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&crd).context("a definition cannot be written as YAML")?);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_what_is_meant() {
        let text = text().unwrap();
        let documents: Vec<&str> = text.split("---\n").filter(|document| !document.is_empty()).collect();
        let meant = dormer_kubernetes::resource::all();
        assert_eq!(documents.len(), meant.len());
        for (document, crd) in documents.iter().zip(&meant) {
            let read: serde_json::Value = serde_saphyr::from_str(document).unwrap();
            assert_eq!(read, serde_json::to_value(crd).unwrap());
        }
    }
}
