//! The containers of a pod.

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, EnvVarSource, ExecAction, Lifecycle, LifecycleHandler, Probe, SecretKeySelector,
    VolumeMount,
};

use dormer_core::plan;
use dormer_core::plan::devfile::DEFAULT_IMAGE;

use crate::render::parts::{Part, Way};
use crate::render::settings::Tools;
use crate::render::storage::{HOME, Shelf, TOOLS_PATH};
use crate::render::{DOOR_PORT, RenderError, Subject, name, overrides, resources, security, task};

/// The init container that brings the tools.
const TOOLS: &str = "dormer-tools";
/// Where the projects are, where a container does not say.
const PROJECTS: &str = "/projects";
/// The volume that stands for the projects.
const PROJECTS_VOLUME: &str = "projects";

/// Where the projects are in a container.
pub fn projects_root(container: &plan::Container) -> &str {
    let mounted = container.mounts.iter().find(|mount| mount.volume == PROJECTS_VOLUME);
    let path = mounted.map_or(container.source_mapping.as_str(), |mount| mount.path.as_str());
    if path.is_empty() { PROJECTS } else { path }
}

/// Whether the home is in it: where people work.
pub fn has_home(part: &Part<'_>) -> bool {
    part.main || (part.way == Way::Agent && part.container.mount_sources)
}

impl Subject<'_> {
    /// When images are pulled.
    pub(super) fn pull_policy(&self) -> Option<String> {
        let class = self.policy.image_pull_policy.as_ref();
        class.or(Some(&self.settings.image_pull_policy)).filter(|policy| !policy.is_empty()).cloned()
    }

    fn image(&self, container: &plan::Container) -> String {
        let default = self.policy.image.as_ref().unwrap_or(&self.settings.default_image);
        match container.image == DEFAULT_IMAGE && !default.is_empty() {
            true => default.clone(),
            false => container.image.clone(),
        }
    }
}

/// A container of the devfile, with its overrides.
pub fn of(
    subject: &Subject<'_>,
    part: &Part<'_>,
    shelf: &mut Shelf<'_>,
    notes: &mut Vec<String>,
) -> Result<Container, RenderError> {
    let planned = part.container;
    let (command, args) = match part.way {
        Way::Agent => (Some(agent(part, "run")), None),
        Way::Beside | Way::Alone | Way::Init => (planned.command.clone(), planned.args.clone()),
    };
    let beside = || {
        let mut command = agent(part, "run");
        command.insert(2, "--detach".into());
        let exec = ExecAction { command: Some(command) };
        Lifecycle {
            post_start: Some(LifecycleHandler { exec: Some(exec), ..LifecycleHandler::default() }),
            ..Lifecycle::default()
        }
    };
    let rendered = Container {
        name: part.name.to_owned(),
        image: Some(subject.image(planned)),
        image_pull_policy: subject.pull_policy(),
        command,
        args,
        env: given(environment(subject, part)),
        ports: given(ports(subject, part)),
        resources: resources::of(subject, planned)?,
        volume_mounts: given(mounts(subject, part, shelf)),
        security_context: Some(security::container(subject, planned, notes)?),
        lifecycle: (part.way == Way::Beside).then(beside),
        readiness_probe: part.main.then(|| readiness(part)),
        // The last words of a container that fails are what its status tells of it.
        termination_message_policy: Some("FallbackToLogsOnError".into()),
        ..Container::default()
    };
    overrides::container(subject, rendered, planned)
}

/// The agent's command line.
fn agent(part: &Part<'_>, action: &str) -> Vec<String> {
    let file = format!("{}/{}", task::PATH, task::file(part.name));
    [format!("{TOOLS_PATH}/bin/dormer-agent"), action.into(), "--assignment".into(), file].to_vec()
}

/// For `kubectl`, and who else looks at pods: the gateway asks the agent itself, and sooner.
fn readiness(part: &Part<'_>) -> Probe {
    Probe {
        exec: Some(ExecAction { command: Some(agent(part, "health")) }),
        initial_delay_seconds: Some(1),
        period_seconds: Some(10),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

/// The container that brings agent, editor and tools. None where they are mounted.
pub fn tools(subject: &Subject<'_>, shelf: &mut Shelf<'_>) -> Option<Container> {
    let copy = ["/dormer-tools/bin/busybox", "cp", "-dR", "/dormer-tools/.", TOOLS_PATH].map(str::to_owned).to_vec();
    (subject.settings.tools != Tools::Mount).then(|| Container {
        name: TOOLS.into(),
        image: Some(subject.settings.tools_image.clone()),
        image_pull_policy: subject.pull_policy(),
        command: Some(copy),
        volume_mounts: Some(vec![shelf.tools_to_fill()]),
        security_context: Some(security::least()),
        termination_message_policy: Some("FallbackToLogsOnError".into()),
        ..Container::default()
    })
}

fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// The variables that the devfile says. Those of a person are the agent's to give, and are in no pod, except where no
/// agent starts what runs.
fn environment(subject: &Subject<'_>, part: &Part<'_>) -> Vec<EnvVar> {
    let planned = part.container;
    let own = subject.plan.environment(planned, projects_root(planned));
    let mut env: Vec<EnvVar> =
        own.into_iter().map(|each| EnvVar { name: each.name, value: Some(each.value), value_from: None }).collect();
    if matches!(part.way, Way::Beside | Way::Alone | Way::Init) {
        for variable in subject.workspace.spec.variables.iter().filter(|variable| !variable.file) {
            let selector = SecretKeySelector {
                name: name(subject.workspace),
                key: task::variable(&variable.name),
                optional: None,
            };
            let source = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
            env.push(EnvVar { name: variable.name.clone(), value: None, value_from: Some(source) });
        }
    }
    // The last of two of one name is the one that counts.
    let last = |index: usize, name: &str| !env.iter().skip(index + 1).any(|later| later.name == name);
    let kept: Vec<bool> = env.iter().enumerate().map(|(index, each)| last(index, &each.name)).collect();
    env.into_iter().zip(kept).filter_map(|(each, kept)| kept.then_some(each)).collect()
}

/// The devfile's endpoints, named as the reference names them, and the door.
fn ports(subject: &Subject<'_>, part: &Part<'_>) -> Vec<ContainerPort> {
    let mut ports: Vec<ContainerPort> = Vec::new();
    for port in subject.plan.ports.iter().filter(|port| port.container == part.container.name) {
        let protocol = if port.protocol == "udp" { "UDP" } else { "TCP" };
        let name = format!("{}-{}", port.port, protocol.to_lowercase());
        if ports.iter().all(|known| known.name.as_ref() != Some(&name)) {
            ports.push(ContainerPort {
                name: Some(name),
                container_port: i32::from(port.port),
                protocol: Some(protocol.into()),
                ..ContainerPort::default()
            });
        }
    }
    let door = i32::from(DOOR_PORT);
    if part.main && ports.iter().all(|port| port.container_port != door) {
        ports.push(ContainerPort {
            name: Some("dormer-door".into()),
            container_port: door,
            protocol: Some("TCP".into()),
            ..ContainerPort::default()
        });
    }
    ports
}

fn mounts(subject: &Subject<'_>, part: &Part<'_>, shelf: &mut Shelf<'_>) -> Vec<VolumeMount> {
    let planned = part.container;
    let mut mounts: Vec<VolumeMount> = Vec::new();
    let mut add = |mount: VolumeMount| {
        let taken =
            mounts.iter().any(|known| known.mount_path.trim_end_matches('/') == mount.mount_path.trim_end_matches('/'));
        if !taken {
            mounts.push(mount);
        }
    };
    // Ours first: an image's or a devfile's mount never hides the agent.
    if part.has_agent() {
        add(shelf.tools());
        add(shelf.task(part.name));
        add(shelf.run());
    }
    for mount in &planned.mounts {
        add(shelf.volume(&mount.volume, &mount.path));
    }
    if planned.mount_sources || part.main {
        add(shelf.projects(projects_root(planned)));
    }
    if has_home(part) {
        let home = shelf.home();
        debug_assert_eq!(home.mount_path, HOME);
        add(home);
    }
    if subject.policy.security.read_only_root_filesystem {
        add(shelf.tmp(part.name));
    }
    mounts
}
