//! Other files that describe a workspace, as the devfile that means the same. Each value of it knows the place in the
//! file that it came from, so whatever is said about the devfile is said about the file.

mod devcontainer;
mod make;
mod shell;
mod workspace;

pub(crate) use shell::label;

use crate::diagnostic::Report;
use crate::kind::FileKind;
use crate::node::Node;
use crate::schema::Dialect;
use crate::yaml::Syntax;

impl FileKind {
    pub(crate) fn syntax(self) -> Syntax {
        match self {
            FileKind::Devfile | FileKind::Workspace => Syntax::Yaml,
            FileKind::Devcontainer => Syntax::Jsonc,
        }
    }

    pub(crate) fn dialect(self) -> Option<Dialect> {
        match self {
            FileKind::Devfile => None,
            FileKind::Workspace => Some(Dialect::WorkspaceFile),
            FileKind::Devcontainer => Some(Dialect::Devcontainer),
        }
    }
}

/// The devfile of a tree that has passed its own check.
pub(crate) fn devfile(kind: FileKind, tree: Node, report: &mut Report) -> Node {
    match kind {
        FileKind::Devfile => tree,
        FileKind::Workspace => workspace::devfile(&tree, report),
        FileKind::Devcontainer => devcontainer::devfile(&tree, report),
    }
}
