//! How much of a machine a workspace's processes may take, where one group of processes stands for all its containers.

use dormer_devfile::quantity::Quantity;

use crate::plan::{Container, Plan, Role};
use crate::workspace::Workspace;

/// What an editor takes beside the tools that a devfile's limits are meant for: in a pod it has a container's limit of
/// its own.
const EDITOR_MEMORY: i64 = 1 << 30;

/// Limits. None: as much as there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Processor time, in thousandths of a processor.
    pub cpu: Option<u64>,
    /// Memory, in octets.
    pub memory: Option<u64>,
}

impl Limits {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Limits::default()
    }

    /// Of a workspace: what its record says, as it is; else what the devfile gives its containers, where it limits the
    /// main one. What is no quantity limits nothing: records are checked before they are written, devfiles when they are
    /// read.
    pub fn of(workspace: &Workspace, plan: &Plan) -> Limits {
        let resources = &workspace.spec.resources;
        let own = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Quantity>().ok());
        let cpu = own(&resources.cpu).or_else(|| sum(plan, |container| own(&container.cpu_limit)));
        let editor = if plan.editor { EDITOR_MEMORY } else { 0 };
        let planned =
            || sum(plan, |container| own(&container.memory_limit)).map(|sum| sum.whole().saturating_add(editor));
        let memory = own(&resources.memory).map(Quantity::whole).or_else(planned);
        let positive = |amount: i64| u64::try_from(amount).ok().filter(|amount| *amount > 0);
        Limits { cpu: cpu.map(Quantity::thousandths).and_then(positive), memory: memory.and_then(positive) }
    }
}

/// What the containers get that run as long as the workspace, where the main one is limited.
fn sum(plan: &Plan, limit: impl Fn(&Container) -> Option<Quantity>) -> Option<Quantity> {
    let limited = |amount: &Quantity| !amount.is_zero();
    let main = plan.containers.iter().find(|container| container.name == plan.main)?;
    let first = limit(main).filter(limited)?;
    let others = plan.containers.iter().filter(|other| other.name != plan.main && other.role == Role::Main);
    Some(others.filter_map(limit).fold(first, Quantity::plus))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixture;

    #[test]
    fn whose_word_counts() {
        const GIB: u64 = 1 << 30;
        let container = |name: &str, memory: &str, cpu: &str| Container {
            name: name.into(),
            memory_limit: Some(memory.into()).filter(|text: &String| !text.is_empty()),
            cpu_limit: Some(cpu.into()).filter(|text: &String| !text.is_empty()),
            ..Container::default()
        };
        let both = || vec![container("main", "2Gi", "1500m"), container("db", "1Gi", "")];
        let init = || Container { role: Role::Init, ..container("init", "8Gi", "8") };
        for (name, containers, editor, own, want) in [
            ("nothing said", vec![container("main", "", "")], true, (None, None), (None, None)),
            ("the devfile's", both(), false, (None, None), (Some(1500), Some(3 * GIB))),
            ("the devfile's and an editor", both(), true, (None, None), (Some(1500), Some(4 * GIB))),
            ("a person's, as it is", both(), true, (Some("500m"), Some("1G")), (Some(500), Some(1_000_000_000))),
            ("a person's for one of both", both(), false, (Some("2"), None), (Some(2000), Some(3 * GIB))),
            (
                "what has ended",
                vec![container("main", "1Gi", "1"), init()],
                false,
                (None, None),
                (Some(1000), Some(GIB)),
            ),
            (
                "main is free",
                vec![container("main", "", ""), container("db", "1Gi", "1")],
                true,
                (None, None),
                (None, None),
            ),
            ("no quantity", vec![container("main", "much", "0")], true, (Some("x"), None), (None, None)),
        ] {
            let mut workspace = fixture("hello", "ann");
            workspace.spec.resources.cpu = own.0.map(String::from);
            workspace.spec.resources.memory = own.1.map(String::from);
            let plan = Plan { main: "main".into(), containers, editor, ..Plan::default() };
            assert_eq!(Limits::of(&workspace, &plan), Limits { cpu: want.0, memory: want.1 }, "{name}");
        }
    }
}
