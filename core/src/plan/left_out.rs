//! What of a plan a backend leaves out, in words: a person should not have to find out what is missing.

use std::collections::HashSet;

use serde::Serialize;

use crate::plan::apply::Content;
use crate::plan::settings::StorageKind;
use crate::plan::{Container, Plan, Role, Run};

/// What each backend leaves out of one plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Where processes of one machine stand for containers.
    pub processes: Vec<String>,
    /// Where containers are those of pods.
    pub pods: Vec<String>,
}

impl LeftOut {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self { processes: processes(plan), pods: pods(plan) }
    }
}

/// The most names in one sentence.
const NAMED: usize = 10;

/// A sentence about some elements, if there are any.
fn say<'a>(into: &mut Vec<String>, names: impl IntoIterator<Item = &'a str>, what: impl Fn(&str) -> String) {
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("'{name}'")).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    if !shown.is_empty() {
        into.push(what(&shown.join(", ")));
    }
}

fn names<'a>(
    containers: &'a [Container],
    wanted: impl Fn(&Container) -> bool + 'a,
) -> impl Iterator<Item = &'a str> + 'a {
    containers.iter().filter(move |container| wanted(container)).map(|container| container.name.as_str())
}

/// What is left out where processes of one machine stand for containers.
pub fn processes(plan: &Plan) -> Vec<String> {
    let mut said = Vec::new();
    let all = &plan.containers;
    let used: HashSet<&str> = plan
        .commands
        .iter()
        .filter_map(|command| match &command.run {
            Run::Exec { component, .. } => Some(component.as_str()),
            _ => None,
        })
        .collect();
    say(&mut said, names(all, |c| c.role == Role::Init), |who| format!("no init containers are run: {who}"));
    say(&mut said, names(all, |c| c.role == Role::AfterStop), after_stop);
    // What keeps a container up is not needed where there is none.
    let idle = |c: &Container| c.name != plan.main && !used.contains(c.name.as_str()) && c.role == Role::Main;
    say(&mut said, names(all, idle), |who| format!("containers that no command runs in are not started: {who}"));
    let dedicated = |c: &Container| c.dedicated && used.contains(c.name.as_str());
    say(&mut said, names(all, dedicated), |who| format!("commands of pods of their own run beside the others: {who}"));
    say(&mut said, names(all, |c| c.overrides.is_some()), |who| format!("'container-overrides' change nothing: {who}"));
    say(&mut said, names(all, |c| c.gpu.is_some()), |who| format!("accelerators are those of the machine: {who}"));
    say(&mut said, names(all, |c| c.user.is_some()), |who| {
        format!("processes are of the user who serves, not of the one that is named: {who}")
    });
    say(&mut said, names(all, |c| !c.mounts.is_empty()), |who| format!("no volumes are mounted: {who}"));
    let patches = plan.pod_overrides.iter().map(|patch| patch.component.as_deref().unwrap_or("the devfile"));
    say(&mut said, patches, |who| format!("'pod-overrides' change nothing: {who}"));
    say(&mut said, plan.manifests.iter().map(|each| each.name.as_str()), |who| format!("nothing is applied: {who}"));
    images(&mut said, plan);
    if plan.storage.is_some() {
        said.push("files stay in a folder of the machine, whatever the storage type".to_owned());
    }
    if plan.runtime_class.is_some() {
        said.push("there is no runtime class".to_owned());
    }
    common(&mut said, plan);
    said
}

/// What is left out where containers are those of pods.
pub fn pods(plan: &Plan) -> Vec<String> {
    let mut said = Vec::new();
    say(&mut said, names(&plan.containers, |c| c.role == Role::AfterStop), after_stop);
    let waiting = plan.manifests.iter().filter(|each| !each.at_start).map(|each| each.name.as_str());
    say(&mut said, waiting, |who| format!("what only commands apply is not applied: {who}"));
    let far = plan.manifests.iter().filter(|each| each.at_start && matches!(each.content, Content::Uri(_)));
    say(&mut said, far.map(|each| each.name.as_str()), |who| {
        format!("manifests are applied where they are 'inlined', not by uri: {who}")
    });
    images(&mut said, plan);
    if plan.storage == Some(StorageKind::Async) {
        said.push("the storage type 'async' is kept as 'per-workspace'".to_owned());
    }
    common(&mut said, plan);
    said
}

fn after_stop(who: &str) -> String {
    format!("nothing is run after the workspace has stopped: {who}")
}

fn images(said: &mut Vec<String>, plan: &Plan) {
    say(said, plan.images.iter().map(|each| each.name.as_str()), |who| {
        format!("images are not built, so they must be there already: {who}")
    });
}

/// What no backend does.
fn common(said: &mut Vec<String>, plan: &Plan) {
    let udp = plan.ports.iter().filter(|port| port.protocol == "udp").map(|port| port.name.as_str());
    say(said, udp, |who| format!("endpoints of protocol udp have no address: {who}"));
    if plan.settings.domain.is_some() {
        said.push("'domain' is kept and changes nothing".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::devfile::alone;

    const EVERYTHING: &str = r#"
schemaVersion: 2.3.0
attributes:
  controller.devfile.io/storage-type: async
  controller.devfile.io/runtime-class: kata
  pod-overrides: {spec: {hostname: x}}
  dormer.dev/domain: development
components:
  - {name: first, container: {image: x}}
  - {name: last, container: {image: x}}
  - {name: tools, attributes: {dormer.dev/gpu: 1, dormer.dev/user: node}, container: {image: x, volumeMounts: [{name: v}]}}
  - {name: db, attributes: {container-overrides: {tty: true}}, container: {image: x}}
  - {name: web, container: {image: x, dedicatedPod: true, endpoints: [{name: dns, targetPort: 53, protocol: udp}]}}
  - {name: v, volume: {}}
  - {name: near, kubernetes: {inlined: "kind: X", deployByDefault: true}}
  - {name: far, kubernetes: {uri: x.yaml, deployByDefault: true}}
  - {name: later, kubernetes: {inlined: "kind: X", deployByDefault: false}}
  - {name: built, image: {imageName: x, dockerfile: {uri: Dockerfile}}}
commands:
  - {id: a, apply: {component: first}}
  - {id: b, apply: {component: last}}
  - {id: c, apply: {component: later}}
  - {id: d, exec: {component: web, commandLine: x}}
events: {preStart: [a], postStop: [b]}
"#;

    #[test]
    fn everything_that_is_left_out_is_said() {
        let left = LeftOut::of(&alone("devfile.yaml", EVERYTHING).unwrap());
        let processes = [
            "no init containers are run: 'first'",
            "nothing is run after the workspace has stopped: 'last'",
            "containers that no command runs in are not started: 'db'",
            "commands of pods of their own run beside the others: 'web'",
            "'container-overrides' change nothing: 'db'",
            "accelerators are those of the machine: 'tools'",
            "processes are of the user who serves, not of the one that is named: 'tools'",
            "no volumes are mounted: 'tools'",
            "'pod-overrides' change nothing: 'the devfile'",
            "nothing is applied: 'near', 'far', 'later'",
            "images are not built, so they must be there already: 'built'",
            "files stay in a folder of the machine, whatever the storage type",
            "there is no runtime class",
            "endpoints of protocol udp have no address: 'dns'",
            "'domain' is kept and changes nothing",
        ];
        assert_eq!(left.processes, processes);
        let pods = [
            "nothing is run after the workspace has stopped: 'last'",
            "what only commands apply is not applied: 'later'",
            "manifests are applied where they are 'inlined', not by uri: 'far'",
            "images are not built, so they must be there already: 'built'",
            "the storage type 'async' is kept as 'per-workspace'",
            "endpoints of protocol udp have no address: 'dns'",
            "'domain' is kept and changes nothing",
        ];
        assert_eq!(left.pods, pods);
    }

    #[test]
    fn nothing_is_said_of_what_is_done() {
        let plain = "schemaVersion: 2.3.0\ncomponents: [{name: tools, container: {image: x, command: [sleep, inf]}}]\n";
        assert_eq!(LeftOut::of(&alone("devfile.yaml", plain).unwrap()), LeftOut::default());
        let many: String = (0..12).map(|n| format!("- {{name: c{n}, container: {{image: x}}}}\n")).collect();
        let left = LeftOut::of(&alone("devfile.yaml", &format!("schemaVersion: 2.3.0\ncomponents:\n{many}")).unwrap());
        assert!(left.processes[0].ends_with("'c9', 'c10', 1 more"), "{:?}", left.processes);
    }
}
