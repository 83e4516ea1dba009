//! What is rendered: by hand-written devfiles, and by the published ones.

mod check;
mod corpus;
mod devfiles;
mod manifests;
mod snapshot;

use dormer_core::plan::Plan;
use dormer_core::plan::devfile;
use dormer_core::workspace::{Variable, Workspace, fixture};
use dormer_wire::tls::{AgentKeys, Master};

use crate::policy::PodPolicy;
use crate::render::settings::{Gateway, Settings};
use crate::render::{RenderError, Rendered, Subject, render};

/// A workspace, and everything that it is rendered from.
pub struct Scene {
    pub workspace: Workspace,
    pub plan: Plan,
    pub policy: PodPolicy,
    pub settings: Settings,
    keys: AgentKeys,
}

impl Scene {
    pub fn of(text: &str) -> Scene {
        let mut workspace = fixture("hello", "ann");
        workspace.uid = "6f1c1f0e-5a77-4b8d-9a43-0d8b5a3c1f00".into();
        workspace.spec.devfile = Some(text.to_owned());
        workspace.spec.variables.push(Variable { name: "TOKEN".into(), value: "hidden".into(), file: false });
        let plan = devfile::plan(&workspace).unwrap();
        let gateway = Gateway {
            namespace: "dormer".into(),
            labels: [("app.kubernetes.io/name".to_owned(), "dormer".to_owned())].into(),
        };
        let settings = Settings { gateway: Some(gateway), ..Settings::default() };
        let keys = Master::from_octets([7; 32]).agent_keys("a.b").unwrap();
        Scene { workspace, plan, policy: PodPolicy::default(), settings, keys }
    }

    /// With a word of the record on its pod.
    pub fn set_pod(&mut self, patch: serde_json::Value) {
        self.workspace.spec.pod = Some(patch);
        self.plan = devfile::plan(&self.workspace).unwrap();
    }

    /// With components below `components:`, in the usual indentation.
    pub fn components(text: &str) -> Scene {
        Scene::of(&format!("schemaVersion: 2.3.0\ncomponents:\n{text}"))
    }

    pub fn try_render(&self) -> Result<Rendered, RenderError> {
        let rendered = render(&Subject {
            workspace: &self.workspace,
            instance: "00112233",
            plan: &self.plan,
            policy: &self.policy,
            settings: &self.settings,
            namespace: "dormer-default",
            keys: &self.keys,
        })?;
        check::objects(&rendered);
        Ok(rendered)
    }

    pub fn render(&self) -> Rendered {
        self.try_render().unwrap()
    }

    pub fn refusal(&self) -> RenderError {
        self.try_render().expect_err("it is refused")
    }
}
