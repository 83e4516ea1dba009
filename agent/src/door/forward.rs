//! What is wanted of another container: its own agent does it, and we carry the bytes.

use std::time::Duration;

use dormer_wire::dial::{DialError, Dialer};
use dormer_wire::door::{Exec, Refusal, RefusalCode, Want};

use super::{Caller, accept, join, refusal};
use crate::logs;
use crate::workspace::Workspace;

/// How long the other agent may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The container that something is wanted of, and what, where it is not this one.
pub fn elsewhere(workspace: &Workspace, want: &Want) -> Option<(String, Want)> {
    let assignment = &workspace.assignment;
    match want {
        Want::Exec(exec) => {
            let container = exec.container.as_ref().filter(|container| **container != assignment.container)?;
            Some((container.clone(), Want::Exec(Exec { container: None, ..exec.clone() })))
        }
        Want::Logs { name, tail, follow } => {
            let (container, name) = logs::elsewhere(assignment, name)?;
            Some((container, Want::Logs { name, tail: *tail, follow: *follow }))
        }
        _ => None,
    }
}

/// Has it done.
pub async fn run(stream: &mut Caller, workspace: &Workspace, container: &str, want: Want) -> Result<(), Refusal> {
    let siblings = &workspace.assignment.siblings;
    let Some(sibling) = siblings.iter().find(|sibling| sibling.container == container) else {
        return Err(refusal(RefusalCode::NotFound, format!("this workspace has no container '{container}'")));
    };
    let upstream = match Dialer::local().dial(&sibling.door, want, ANSWER).await {
        Ok(upstream) => upstream,
        Err(DialError::Refused(refusal)) => return Err(refusal),
        Err(error) => {
            let message = format!("the container '{container}' does not answer: {error}");
            return Err(refusal(RefusalCode::NotReady, message));
        }
    };
    if accept(stream).await {
        join(stream, upstream).await;
    }
    Ok(())
}
