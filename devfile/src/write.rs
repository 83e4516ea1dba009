//! Writing a devfile down: YAML or JSON, in the order in which it was written, without what is empty.

use serde::Serialize;

/// Why a devfile could not be written. Out of memory aside, nothing known leads here.
#[derive(Debug, thiserror::Error)]
#[error("the devfile could not be written: {0}")]
pub struct WriteError(String);

/// As YAML that readers of YAML 1.1 and 1.2 understand alike: a [tree](crate::node::Node), which keeps the order in
/// which it was written, or a [model](crate::model::Devfile) that was made in code.
pub fn yaml(value: &impl Serialize) -> Result<String, WriteError> {
    // Long lines stay whole: a folded command line is hard to read and easy to break.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: 1 << 24 };
    serde_saphyr::to_string_with_options(value, options).map_err(|error| WriteError(error.to_string()))
}

/// As JSON; a tree or a model, as for [`yaml`].
pub fn json(value: &impl Serialize) -> Result<String, WriteError> {
    serde_json::to_string_pretty(value).map_err(|error| WriteError(error.to_string()))
}
