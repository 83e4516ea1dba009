//! `${…}` in a `devcontainer.json`.

use crate::diagnostic::Report;
use crate::diagnostic::rule::Rule;
use crate::source::Span;

/// Where the text is read in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// By a shell.
    Shell,
    /// As the value of a variable, where `$(NAME)` refers to one that was set before.
    Environment,
}

impl Style {
    fn refer(self, name: &str) -> String {
        match self {
            Style::Shell => format!("${{{name}}}"),
            Style::Environment => format!("$({name})"),
        }
    }
}

/// The text with what the specification lets it refer to.
pub(super) fn substituted(text: &str, style: Style, span: Span, report: &mut Report) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        out.push_str(before);
        match reference(from, style, span, report) {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push_str("${");
                rest = from;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What `${…}` stands for, by the text after `${`, and what follows it. None: it means nothing and stays.
pub(super) fn reference<'t>(from: &'t str, style: Style, span: Span, report: &mut Report) -> Option<(String, &'t str)> {
    // It ends before the next one begins.
    let own = from.find("${").map_or(from, |end| from.get(..end).unwrap_or(from));
    let (name, _) = own.split_once('}')?;
    Some((value(name, style, span, report)?, from.get(name.len() + 1..)?))
}

fn value(name: &str, style: Style, span: Span, report: &mut Report) -> Option<String> {
    let (kind, argument) = name.split_once(':').map_or((name, None), |(kind, argument)| (kind, Some(argument)));
    match (kind, argument) {
        ("containerWorkspaceFolder" | "localWorkspaceFolder", None) => Some(style.refer("PROJECT_SOURCE")),
        ("containerWorkspaceFolderBasename" | "localWorkspaceFolderBasename", None) => match style {
            Style::Shell => Some("${PROJECT_SOURCE##*/}".to_owned()),
            Style::Environment => Some("workspace".to_owned()),
        },
        ("devcontainerId", None) => Some(style.refer("DORMER_WORKSPACE")),
        ("containerEnv", Some(variable)) => {
            // A default would need a shell; the variable itself is what nearly everybody means.
            Some(style.refer(variable.split(':').next().unwrap_or(variable)))
        }
        ("localEnv" | "env", Some(variable)) => {
            let (variable, default) = variable.split_once(':').map_or((variable, None), |(v, d)| (v, Some(d)));
            if default.is_none() {
                let message =
                    format!("'${{{kind}:{variable}}}' is empty: it is of the machine of whoever opens the workspace");
                report.warning(Rule::UnknownVariable, span, message).fix("set the variable of the workspace itself");
            }
            Some(default.unwrap_or_default().to_owned())
        }
        _ => None,
    }
}
