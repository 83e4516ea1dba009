//! The runtime over pods of a whole cluster: pods run, agents answer.
//!
//! Wants `DORMER_TEST_KUBECONFIG`, within the cluster's network, and the images that `scripts/cluster/images.sh --tests`
//! puts there: so these are ignored but by `scripts/cluster/test.sh`, and fail where they are run without a cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, Namespace, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

use dormer_core::plan::devfile;
use dormer_core::ports::runtime::{Outlook, Runtime as _, Seen, Trouble};
use dormer_core::workspace::{EditorKind, Workspace, fixture};
use dormer_kubernetes::cluster::Cluster;
use dormer_kubernetes::names::Prefix;
use dormer_kubernetes::render::settings::{Settings, Tools};
use dormer_kubernetes::resource;
use dormer_kubernetes::resource::class::WorkspaceClassSpec;
use dormer_kubernetes::runtime::{Parts, PodRuntime};
use dormer_wire::dial::Dialer;
use dormer_wire::door::{Door, Exec, Want};
use dormer_wire::message;
use dormer_wire::report::{AgentState, AgentStatus};
use dormer_wire::tls::Master;

/// Everything here is done in this time, on a busy machine.
const SOON: Duration = Duration::from_secs(90);

struct House {
    cluster: Cluster,
    namespace: String,
    runtime: PodRuntime,
    dialer: Dialer,
    closed: CancellationToken,
}

/// With a namespace of its own, that is deleted at the end; what is in it is told where a test fails.
async fn house(name: &str, tools: Tools) -> House {
    let path = std::env::var_os("DORMER_TEST_KUBECONFIG").expect("DORMER_TEST_KUBECONFIG: run scripts/cluster/test.sh");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = Cluster::connect(Some(Path::new(&path)), "default", Prefix::new("dormer-")).await.unwrap();
    let api: Api<CustomResourceDefinition> = cluster.all();
    for crd in resource::all() {
        api.patch(&crd.name_any(), &PatchParams::apply("dormer-test").force(), &Patch::Apply(&crd)).await.unwrap();
    }
    let namespace = format!("pods-{name}-{}", std::process::id());
    let namespaces: Api<Namespace> = cluster.all();
    let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
    let object = serde_json::from_value(json!({ "metadata": { "name": namespace, "labels": labels } })).unwrap();
    namespaces.create(&PostParams::default(), &object).await.unwrap();
    let master = Master::generate().unwrap();
    let dialer = Dialer::with(&master).unwrap();
    let closed = CancellationToken::new();
    let settings = Settings {
        tools_image: "dormer.test/dormer-tools:dev".into(),
        tools,
        image_pull_policy: "IfNotPresent".into(),
        storage_size: "64Mi".into(),
        ..Settings::default()
    };
    let within = namespace.clone();
    let parts = Parts {
        cluster: cluster.clone(),
        namespace: Arc::new(move |_| within.clone()),
        class: Arc::new(|_| Some(Arc::new(WorkspaceClassSpec::default()))),
        settings,
        master,
        dialer: dialer.clone(),
    };
    let runtime = PodRuntime::new(parts, closed.clone());
    House { cluster, namespace, runtime, dialer, closed }
}

impl House {
    /// A workspace of a devfile, with an object that owns what is made for it.
    async fn workspace(&self, name: &str, components: &str) -> Workspace {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("dormer.dev", "v1alpha1", "Workspace"));
        let api: Api<DynamicObject> = Api::namespaced_with(self.cluster.client.clone(), &self.namespace, &kind);
        let object = json!({ "apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace", "metadata": { "name": name }, "spec": { "owner": "ann" } });
        let deadline = Instant::now() + SOON;
        let made = loop {
            // The kind may have come just now.
            match api.create(&PostParams::default(), &serde_json::from_value(object.clone()).unwrap()).await {
                Ok(made) => break made,
                Err(error) if Instant::now() > deadline => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        let mut workspace = fixture(name, "ann");
        workspace.uid = made.uid().unwrap();
        workspace.spec.editor = EditorKind::None;
        workspace.spec.devfile = Some(format!("schemaVersion: 2.3.0\ncomponents:\n{components}"));
        workspace
    }

    async fn start(&self, workspace: &Workspace, instance: &str) {
        let plan = devfile::plan(workspace).unwrap();
        self.runtime.start(workspace, instance, &plan).await.unwrap();
    }

    /// The door, once its agent is ready; or what keeps it from coming.
    async fn door(&self, workspace: &Workspace) -> Result<Door, Trouble> {
        let deadline = Instant::now() + SOON;
        loop {
            let seen = self.runtime.look(workspace).await.unwrap();
            if let Seen::Alive { door, .. } = &seen
                && self.status(door).await.is_some_and(|status| status.state == AgentState::Ready)
            {
                return Ok(door.clone());
            }
            if let Some(trouble) = self.runtime.trouble(workspace).await
                && (trouble.outlook != Outlook::MayPass || Instant::now() > deadline)
            {
                return Err(trouble);
            }
            assert!(Instant::now() < deadline, "{seen:?}\n{}", self.dump().await);
            let _ = tokio::time::timeout(Duration::from_millis(100), self.runtime.changed(workspace)).await;
        }
    }

    async fn status(&self, door: &Door) -> Option<AgentStatus> {
        let mut stream = self.dialer.dial(door, Want::Status, Duration::from_secs(2)).await.ok()?;
        message::read(&mut stream).await.ok().flatten()
    }

    /// What a command line writes, and more around it: frames are not read apart here.
    async fn run(&self, door: &Door, line: &str) -> String {
        let exec = Exec { command: Some(line.to_owned()), ..Exec::default() };
        let mut stream = self.dialer.dial(door, Want::Exec(exec), Duration::from_secs(5)).await.unwrap();
        let mut all = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await;
        String::from_utf8_lossy(&all).into_owned()
    }

    async fn names<K>(&self, select: &ListParams) -> Vec<String>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug,
    {
        let api: Api<K> = self.cluster.within(&self.namespace);
        let list = api.list(select).await.unwrap();
        list.items.iter().map(|object| format!("{} {}", K::kind(&()), object.name_any())).collect()
    }

    /// Everything of a workspace, by kind and name.
    async fn left(&self, workspace: &Workspace) -> Vec<String> {
        let select = ListParams::default().labels(&format!("dormer.dev/uid={}", workspace.uid));
        let mut all = self.names::<Pod>(&select).await;
        all.extend(self.names::<PersistentVolumeClaim>(&select).await);
        all.extend(self.names::<Secret>(&select).await);
        all.extend(self.names::<NetworkPolicy>(&select).await);
        all
    }

    async fn dump(&self) -> String {
        let pods: Api<Pod> = self.cluster.within(&self.namespace);
        let events: Api<Event> = self.cluster.within(&self.namespace);
        let mut text = String::new();
        for pod in pods.list(&ListParams::default()).await.unwrap().items {
            text += &format!("{}: {}\n", pod.name_any(), serde_json::to_string_pretty(&pod.status).unwrap());
        }
        for event in events.list(&ListParams::default()).await.unwrap().items {
            text += &format!("{:?} {:?}\n", event.reason, event.message);
        }
        text
    }

    async fn close(self) {
        self.closed.cancel();
        let namespaces: Api<Namespace> = self.cluster.all();
        namespaces.delete(&self.namespace, &DeleteParams::background()).await.unwrap();
    }
}

fn container(image: &str) -> String {
    format!("  - name: dev\n    container: {{image: {image}, memoryLimit: 128Mi}}\n")
}

#[ignore = "wants a cluster: scripts/cluster/test.sh"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life() {
    let house = house("life", Tools::Copy).await;
    let workspace = house.workspace("hello", &container("dormer.test/busybox:dev")).await;
    assert_eq!(house.runtime.look(&workspace).await.unwrap(), Seen::Absent);
    house.start(&workspace, "one").await;
    house.start(&workspace, "one").await;
    let door = house.door(&workspace).await.unwrap();
    let said = house.run(&door, "echo kept > /projects/file; id -u; echo $HOME").await;
    assert!(said.contains("1000") && said.contains("/home/user"), "{said}");
    // Whoever has other keys is nobody, although the address is right.
    let stranger = Dialer::with(&Master::generate().unwrap()).unwrap();
    assert!(stranger.dial(&door, Want::Status, Duration::from_secs(2)).await.is_err());

    house.runtime.stop(&workspace, Duration::from_secs(10)).await.unwrap();
    house.runtime.stop(&workspace, Duration::from_secs(10)).await.unwrap();
    assert_eq!(house.runtime.look(&workspace).await.unwrap(), Seen::Absent);
    let left = house.left(&workspace).await;
    assert!(left.iter().any(|name| name.starts_with("PersistentVolumeClaim")), "{left:?}");
    assert!(!left.iter().any(|name| name.starts_with("Pod")), "{left:?}");

    house.start(&workspace, "two").await;
    let door = house.door(&workspace).await.unwrap();
    let said = house.run(&door, "cat /projects/file").await;
    assert!(said.contains("kept"), "{said}");

    // Somebody deletes its pod: that is an end, and told within seconds.
    let pods: Api<Pod> = house.cluster.within(&house.namespace);
    pods.delete("ws-hello", &DeleteParams::default().grace_period(1)).await.unwrap();
    let deadline = Instant::now() + SOON;
    while !matches!(house.runtime.look(&workspace).await.unwrap(), Seen::Absent | Seen::Lost) {
        assert!(Instant::now() < deadline);
        let _ = tokio::time::timeout(Duration::from_secs(1), house.runtime.changed(&workspace)).await;
    }
    house.runtime.stop(&workspace, Duration::from_secs(2)).await.unwrap();
    house.runtime.erase(&workspace).await.unwrap();
    house.runtime.erase(&workspace).await.unwrap();
    let deadline = Instant::now() + SOON;
    while !house.left(&workspace).await.is_empty() {
        assert!(Instant::now() < deadline, "{:?}", house.left(&workspace).await);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    house.close().await;
}

#[ignore = "wants a cluster: scripts/cluster/test.sh"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_image() {
    let house = house("any", Tools::Auto).await;
    let numbered = container("dormer.test/number:dev")
        .replace("    container", "    attributes: {dormer.dev/user: \"1000650000\"}\n    container");
    // The image's own program runs, and an agent beside it.
    let beside = container("dormer.test/busybox:dev")
        + "  - name: side\n    container: {image: dormer.test/busybox:dev, args: [sleep, \"1000\"], mountSources: false}\n";
    for (name, components, user) in [
        ("busybox", container("dormer.test/busybox:dev"), "1000"),
        ("nothing", container("dormer.test/nothing:dev"), "1000"),
        ("number", numbered, "1000650000"),
        ("beside", beside, "1000"),
    ] {
        let workspace = house.workspace(name, &components).await;
        house.start(&workspace, "one").await;
        let door = match house.door(&workspace).await {
            Ok(door) => door,
            Err(trouble) => panic!("{name}: {trouble:?}\n{}", house.dump().await),
        };
        let said = house.run(&door, "id -u").await;
        assert!(said.contains(user), "{name}: {said}");
        house.runtime.stop(&workspace, Duration::from_secs(5)).await.unwrap();
        house.runtime.erase(&workspace).await.unwrap();
    }
    house.close().await;
}

#[ignore = "wants a cluster: scripts/cluster/test.sh"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told() {
    let house = house("wrong", Tools::Copy).await;
    let large = "  - name: dev\n    container: {image: dormer.test/busybox:dev, memoryRequest: 900Gi}\n";
    let missing = container("dormer.test/not-there:1");
    for (name, components, reasons) in [
        ("large", large.to_owned(), &["Unschedulable"][..]),
        ("image", missing, &["ImageNotFound", "ImageForbidden", "RegistryUnreachable"]),
    ] {
        let workspace = house.workspace(name, &components).await;
        house.start(&workspace, "one").await;
        let begun = Instant::now();
        let trouble = loop {
            let trouble = house.runtime.trouble(&workspace).await;
            if let Some(trouble) = trouble.filter(|trouble| reasons.contains(&trouble.reason.as_str())) {
                break trouble;
            }
            assert!(begun.elapsed() < SOON, "{name}: {}", house.dump().await);
            let _ = tokio::time::timeout(Duration::from_millis(500), house.runtime.changed(&workspace)).await;
        };
        eprintln!("{name}: told after {:?}: {trouble:?}", begun.elapsed());
        house.runtime.stop(&workspace, Duration::from_secs(1)).await.unwrap();
        house.runtime.erase(&workspace).await.unwrap();
    }
    house.close().await;
}
