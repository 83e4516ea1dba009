//! Objects that a devfile brings.

use serde_json::Value;

use super::Scene;

/// A devfile with objects, as text of one indentation.
fn bringing(objects: &str) -> Scene {
    let indented: String = objects.lines().map(|line| format!("        {line}\n")).collect();
    Scene::components(&format!(
        "  - name: dev\n    container: {{image: a}}\n  - name: more\n    kubernetes:\n      deployByDefault: true\n      inlined: |\n{indented}"
    ))
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: kube-system, labels: {app: web, dormer.dev/uid: other}, finalizers: [a/b]}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx, envFrom: [{configMapRef: {name: settings}}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
";

#[test]
fn they_are_the_workspace_s_and_as_tame_as_it() {
    let rendered = bringing(DEPLOYMENT).render();
    let [deployment, settings] = rendered.manifests.as_slice() else { panic!("{:?}", rendered.manifests) };
    assert_eq!((deployment.name.as_str(), settings.kind.as_str()), ("web", "ConfigMap"));
    let metadata = &deployment.object["metadata"];
    assert_eq!(metadata["namespace"], "dormer-default");
    assert_eq!(metadata["labels"]["dormer.dev/uid"], "6f1c1f0e-5a77-4b8d-9a43-0d8b5a3c1f00");
    assert!(metadata.get("finalizers").is_none());
    let template = &deployment.object["spec"]["template"];
    assert_eq!(template["metadata"]["labels"]["app"], "web");
    assert_eq!(template["spec"]["automountServiceAccountToken"], false);
    assert_eq!(template["spec"]["securityContext"]["runAsNonRoot"], true);
    assert_eq!(template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"], false);
}

#[test]
fn what_reaches_further_is_refused() {
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}");
    let contained = |container: &str| pod(&format!("{{containers: [{{name: a, image: b, {container}}}]}}"));
    for object in [
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}".to_owned(),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}".to_owned(),
        "apiVersion: dormer.dev/v1alpha1\nkind: Workspace\nmetadata: {name: a}".to_owned(),
        "apiVersion: evil.example/v1\nkind: Secret\nmetadata: {name: a}".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ws-other}".to_owned(),
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata: {name: a}".to_owned(),
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: LoadBalancer}".to_owned(),
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {externalIPs: [8.8.8.8]}".to_owned(),
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {dataSource: {kind: PersistentVolumeClaim, name: ws-other}}".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}".to_owned(),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}".to_owned(),
        pod("{containers: [], hostNetwork: true}"),
        pod("{containers: [], hostPID: true}"),
        pod("{containers: [], serviceAccountName: admin}"),
        pod("{containers: [], nodeName: n}"),
        pod("{containers: [], securityContext: {runAsUser: 0}}"),
        pod("{containers: [], imagePullSecrets: [{name: theirs}]}"),
        pod("{containers: [], volumes: [{name: v, hostPath: {path: /}}]}"),
        pod("{containers: [], volumes: [{name: v, secret: {secretName: ws-other}}]}"),
        pod("{containers: [], volumes: [{name: v, persistentVolumeClaim: {claimName: ws-other}}]}"),
        pod("{containers: [], volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}]}}]}"),
        pod("{containers: [], volumes: [{name: v, ephemeral: {volumeClaimTemplate: {}}}]}"),
        contained("securityContext: {privileged: true}"),
        contained("securityContext: {allowPrivilegeEscalation: true}"),
        contained("envFrom: [{secretRef: {name: ws-other}}]"),
        contained("env: [{name: A, valueFrom: {secretKeyRef: {name: ws-other, key: dev.json}}}]"),
        contained("ports: [{containerPort: 1, hostPort: 1}]"),
    ] {
        let refusal = bringing(&object).refusal();
        assert_eq!(refusal.reason, "ManifestRefused", "{object}: {refusal}");
    }
    for object in ["a: b", "apiVersion: v1\nkind: ConfigMap", "[1"] {
        assert_eq!(bringing(object).refusal().reason, "ManifestInvalid", "{object}");
    }
}

#[test]
fn a_class_may_allow_other_kinds() {
    let route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: a}";
    let mut scene = bringing(route);
    assert_eq!(scene.refusal().reason, "ManifestRefused");
    scene.policy.manifest_kinds = Some(vec!["route.openshift.io/Route".into()]);
    assert_eq!(scene.render().manifests.len(), 1);
    let mut scene = bringing(DEPLOYMENT);
    scene.policy.manifest_kinds = Some(vec!["ConfigMap".into()]);
    assert_eq!(scene.refusal().reason, "ManifestRefused", "a list is the whole list");
}

#[test]
fn lists_and_empty_documents_are_read() {
    let list = "---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {on: \"yes\"}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}";
    let rendered = bringing(list).render();
    let names: Vec<&Value> = rendered.manifests.iter().map(|each| &each.object["metadata"]["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(rendered.manifests[0].object["data"]["on"], "yes");
}
