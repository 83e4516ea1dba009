//! Statuses and events as kubelets, schedulers and controllers of Kubernetes 1.34 write them.

use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Value, json};

use super::*;
use dormer_core::ports::runtime::RuntimeError;

fn now() -> Timestamp {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn pod(status: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": { "name": "ws-hello", "creationTimestamp": "2026-11-27T11:59:00Z" },
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{ "name": "dormer-tools", "image": "reg/dormer-tools:1" }, { "name": "prepare-first-1", "image": "busybox" }],
            "containers": [
                { "name": "dev", "image": "debian:12", "resources": { "limits": { "memory": "1Gi" }, "requests": { "memory": "64Gi" } } },
                { "name": "db", "image": "postgres:17" }
            ]
        },
        "status": status
    }))
    .unwrap()
}

fn event(kind: &str, reason: &str, message: &str) -> Happened {
    let event: Event = serde_json::from_value(json!({
        "metadata": { "name": "e", "namespace": "n" },
        "involvedObject": { "kind": kind, "name": "ws-hello" },
        "type": if reason == "TriggeredScaleUp" { "Normal" } else { "Warning" },
        "reason": reason, "message": message,
        "lastTimestamp": "2026-11-27T11:59:50Z"
    }))
    .unwrap();
    Happened::of(&event).unwrap()
}

fn told(status: Value, events: &[Happened]) -> Option<Trouble> {
    of(&Sight { pod: &pod(status), main: "dev", events, now: now() })
}

/// The reason, the outlook, and a part of the sentence.
fn expect(status: Value, events: &[Happened], reason: &str, outlook: Outlook, part: &str) {
    let shown = status.to_string();
    let trouble = told(status, events).unwrap_or_else(|| panic!("nothing told of {shown}"));
    assert_eq!((trouble.reason.as_str(), trouble.outlook), (reason, outlook), "{shown}: {}", trouble.message);
    assert!(trouble.message.contains(part), "{shown}: {}", trouble.message);
}

fn waiting(container: &str, reason: &str, message: &str) -> Value {
    json!({ "name": container, "image": "x", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "waiting": { "reason": reason, "message": message } } })
}

fn pending(status: Value) -> Value {
    json!({ "phase": "Pending", "containerStatuses": [status] })
}

fn unscheduled(message: &str, since: &str) -> Value {
    json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": message, "lastTransitionTime": since }] })
}

#[test]
fn nodes_that_do_not_take_it() {
    const LATELY: &str = "2026-11-27T11:59:30Z";
    let none = "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.";
    expect(unscheduled(none, LATELY), &[], "Unschedulable", Outlook::MayPass, "64Gi of memory free");
    expect(unscheduled(none, "2026-11-27T11:50:00Z"), &[], "Unschedulable", Outlook::Final, "taints");
    let growing = [event("Pod", "TriggeredScaleUp", "pod triggered scale-up: [{pool 1->2 (max: 3)}]")];
    expect(unscheduled(none, "2026-11-27T11:50:00Z"), &growing, "Unschedulable", Outlook::MayPass, "being added");
    for (message, reason, part) in [
        ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: x", "Unschedulable", "nvidia.com/gpu"),
        ("0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods.", "Unschedulable", "processor time"),
        (
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: x",
            "Unschedulable",
            "labels",
        ),
        (
            "0/1 nodes are available: persistentvolumeclaim \"ws-hello\" not found. preemption: x",
            "ClaimMissing",
            "ws-hello",
        ),
        (
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: x",
            "StoragePending",
            "storage",
        ),
        ("0/2 nodes are available: 2 node(s) had volume node affinity conflict.", "StorageElsewhere", "room"),
        (
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            "StoragePending",
            "storage",
        ),
        ("no nodes available to schedule pods", "Unschedulable", "no nodes available"),
    ] {
        expect(unscheduled(message, LATELY), &[], reason, Outlook::MayPass, part);
    }
    let unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    assert_eq!(told(unscheduled(unbound, "2026-11-27T11:59:59Z"), &[]), None, "it was made just now");
    // Fifty volumes at once take their time.
    expect(unscheduled(unbound, "2026-11-27T11:55:00Z"), &[], "StoragePending", Outlook::MayPass, "storage");
    expect(unscheduled(unbound, "2026-11-27T11:50:00Z"), &[], "StoragePending", Outlook::Final, "storage");
}

#[test]
fn images_that_do_not_come() {
    let pull = |why: &str| format!("failed to pull and unpack image \"docker.io/library/debian:12\": {why}");
    for (message, reason, outlook) in [
        (
            pull("failed to resolve reference \"docker.io/library/debian:12\": docker.io/library/debian:12: not found"),
            "ImageNotFound",
            Outlook::Final,
        ),
        (
            pull(
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
            ),
            "ImageForbidden",
            Outlook::Final,
        ),
        (
            pull("failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized"),
            "ImageForbidden",
            Outlook::Final,
        ),
        (
            pull(
                "failed to do request: Head \"https://registry.example/v2/a/manifests/1\": dial tcp: lookup registry.example on 10.96.0.10:53: no such host",
            ),
            "RegistryUnreachable",
            Outlook::MayPass,
        ),
        (
            pull(
                "failed to do request: Head \"https://r/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
            "RegistryUnreachable",
            Outlook::MayPass,
        ),
        (
            pull(
                "unexpected status from HEAD request: 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
            ),
            "RegistryLimit",
            Outlook::MayPass,
        ),
        (pull("no match for platform in manifest: not found"), "ImageArchitecture", Outlook::Final),
        (pull("write /var/lib/containerd/x: no space left on device"), "NodeDiskFull", Outlook::Retry),
    ] {
        expect(pending(waiting("dev", "ErrImagePull", &message)), &[], reason, outlook, "debian:12");
    }
    let back_off = "Back-off pulling image \"debian:12\": ErrImagePull: failed to resolve: not found";
    expect(pending(waiting("dev", "ImagePullBackOff", back_off)), &[], "ImageNotFound", Outlook::Final, "debian:12");
    let silent = pending(waiting("dev", "ImagePullBackOff", "Back-off pulling image \"debian:12\""));
    let said = [event("Pod", "Failed", "Failed to pull image \"debian:12\": pull access denied")];
    expect(silent, &said, "ImageForbidden", Outlook::Final, "sign-in");
    let invalid =
        "Failed to apply default image tag \"A B\": couldn't parse image name \"A B\": invalid reference format";
    expect(pending(waiting("dev", "InvalidImageName", invalid)), &[], "ImageNameInvalid", Outlook::Final, "no name");
    let tools =
        json!({ "phase": "Pending", "initContainerStatuses": [waiting("dormer-tools", "ErrImagePull", "not found")] });
    expect(tools, &[], "ImageNotFound", Outlook::Final, "administrator");
    // The others' too, as long as the workspace is not up.
    expect(pending(waiting("db", "ErrImagePull", "not found")), &[], "ImageNotFound", Outlook::Final, "postgres:17");
}

#[test]
fn containers_that_cannot_be_made() {
    for (reason, message, word, outlook, part) in [
        (
            "CreateContainerConfigError",
            "secret \"db-password\" not found",
            "SecretMissing",
            Outlook::Final,
            "'db-password'",
        ),
        (
            "CreateContainerConfigError",
            "configmap \"settings\" not found",
            "ConfigMapMissing",
            Outlook::Final,
            "'settings'",
        ),
        (
            "CreateContainerConfigError",
            "couldn't find key token in Secret n/db",
            "SecretKeyMissing",
            Outlook::Final,
            "token",
        ),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root (pod: \"ws-hello_n(1)\", container: dev)",
            "RootRefused",
            Outlook::Final,
            "root",
        ),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root",
            "RootRefused",
            Outlook::Final,
            "number",
        ),
        (
            "RunContainerError",
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"/bin/bash\": stat /bin/bash: no such file or directory: unknown",
            "CommandMissing",
            Outlook::Final,
            "/bin/bash",
        ),
        ("CreateContainerError", "context deadline exceeded", "ContainerStartFailed", Outlook::MayPass, "deadline"),
        (
            "RunContainerError",
            "exec /.dormer/bin/dormer-agent: exec format error",
            "ImageArchitecture",
            Outlook::Final,
            "processor",
        ),
        (
            "PostStartHookError",
            "Exec lifecycle hook ([/.dormer/bin/dormer-agent]) for Container \"dev\" failed",
            "AgentFailed",
            Outlook::Final,
            "dev",
        ),
    ] {
        expect(pending(waiting("dev", reason, message)), &[], word, outlook, part);
    }
    assert_eq!(told(pending(waiting("dev", "ContainerCreating", "")), &[]), None);
    assert_eq!(told(pending(waiting("dev", "PodInitializing", "")), &[]), None);
}

fn ended(container: &str, restarts: i32, end: Value, state: Value) -> Value {
    json!({ "name": container, "image": "x", "imageID": "", "ready": false, "restartCount": restarts,
        "lastState": { "terminated": end }, "state": state })
}

#[test]
fn containers_that_ended() {
    let running = json!({ "running": { "startedAt": "2026-11-27T11:59:59Z" } });
    let status = |container: Value| json!({ "phase": "Running", "containerStatuses": [container] });
    let memory = json!({ "exitCode": 137, "reason": "OOMKilled" });
    expect(status(ended("dev", 1, memory.clone(), running.clone())), &[], "OutOfMemory", Outlook::Final, "1Gi");
    let killed = json!({ "exitCode": 137, "reason": "Error" });
    expect(status(ended("dev", 1, killed, running.clone())), &[], "ContainerEnded", Outlook::Retry, "killed");
    let crash = json!({ "exitCode": 3, "reason": "Error", "message": "no such option\n" });
    let back_off = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container=dev" } });
    expect(
        status(ended("dev", 2, crash.clone(), back_off.clone())),
        &[],
        "ContainerEnded",
        Outlook::Retry,
        "exit 3: no such option",
    );
    let now_ended = json!({ "name": "dev", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } });
    expect(status(now_ended), &[], "ContainerEnded", Outlook::Retry, "exit 0");
    // A database that needs more memory is no end of the workspace, once that runs.
    let beside = json!({ "phase": "Running", "containerStatuses": [
        { "name": "dev", "image": "x", "imageID": "", "ready": true, "restartCount": 0, "state": running },
        ended("db", 4, memory, back_off)
    ] });
    assert_eq!(told(beside.clone(), &[]), None);
    assert!(!has_ended(&pod(beside), "dev"));
    let init = json!({ "phase": "Pending", "initContainerStatuses": [
        ended("prepare-first-1", 1, crash, json!({ "waiting": { "reason": "CrashLoopBackOff" } })) ] });
    expect(init, &[], "InitFailed", Outlook::Final, "prepare-first-1");
}

#[test]
fn pods_that_were_ended() {
    for (status, reason, part) in [
        (
            json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi." }),
            "Evicted",
            "low on resource",
        ),
        (
            json!({ "phase": "Failed", "reason": "OutOfcpu", "message": "Pod was rejected: Node didn't have enough resource: cpu" }),
            "NodeRefused",
            "OutOfcpu",
        ),
        (
            json!({ "phase": "Failed", "reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown." }),
            "NodeShutdown",
            "node-1",
        ),
        (
            json!({ "phase": "Running", "conditions": [{ "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint" }] }),
            "NodeLost",
            "node-1",
        ),
        (
            json!({ "phase": "Running", "conditions": [{ "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler" }] }),
            "Preempted",
            "priority",
        ),
        (
            json!({ "phase": "Running", "conditions": [{ "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI" }] }),
            "Evicted",
            "emptied",
        ),
        (
            json!({ "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "False" }, { "type": "ContainersReady", "status": "True" }],
            "containerStatuses": [{ "name": "dev", "image": "x", "imageID": "", "ready": true, "restartCount": 0, "state": { "running": {} } }] }),
            "NodeLost",
            "does not answer",
        ),
    ] {
        expect(status, &[], reason, Outlook::Retry, part);
    }
    let mut going = pod(json!({ "phase": "Running" }));
    assert!(!has_ended(&going, "dev"));
    going.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-27T11:59:59Z")).unwrap();
    assert!(has_ended(&going, "dev"));
    let trouble = of(&Sight { pod: &going, main: "dev", events: &[], now: now() }).unwrap();
    assert_eq!(trouble.reason, "PodDeleted");
    assert!(has_ended(&pod(json!({ "phase": "Failed" })), "dev"));
}

#[test]
fn what_only_events_tell() {
    let creating = || pending(waiting("dev", "ContainerCreating", ""));
    for (kind, reason, message, word, outlook, part) in [
        (
            "Pod",
            "FailedMount",
            "MountVolume.SetUp failed for volume \"keys\" : secret \"deploy-key\" not found",
            "SecretMissing",
            Outlook::Final,
            "'deploy-key'",
        ),
        (
            "Pod",
            "FailedMount",
            "MountVolume.SetUp failed for volume \"c\" : configmap \"settings\" not found",
            "ConfigMapMissing",
            Outlook::Final,
            "'settings'",
        ),
        (
            "Pod",
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node and can't be attached to another",
            "StorageInUse",
            Outlook::MayPass,
            "held",
        ),
        (
            "Pod",
            "FailedMount",
            "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = Internal desc = mount failed",
            "MountFailed",
            Outlook::MayPass,
            "rpc error",
        ),
        (
            "Pod",
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for \"kata\" is configured",
            "RuntimeClassMissing",
            Outlook::Final,
            "kata",
        ),
        (
            "Pod",
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: plugin type=\"bridge\" failed (add): no IP addresses available in range set",
            "SandboxFailed",
            Outlook::MayPass,
            "no IP addresses",
        ),
        (
            "PersistentVolumeClaim",
            "ProvisioningFailed",
            "storageclass.storage.k8s.io \"fast\" not found",
            "StorageClassMissing",
            Outlook::Final,
            "fast",
        ),
        (
            "PersistentVolumeClaim",
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            "StorageClassMissing",
            Outlook::Final,
            "no storage class",
        ),
        (
            "PersistentVolumeClaim",
            "ProvisioningFailed",
            "failed to provision volume with StorageClass \"fast\": rpc error: code = ResourceExhausted",
            "StorageFailed",
            Outlook::MayPass,
            "ResourceExhausted",
        ),
    ] {
        expect(creating(), &[event(kind, reason, message)], word, outlook, part);
    }
    let mut old = event("Pod", "FailedMount", "MountVolume.SetUp failed for volume \"k\" : secret \"a\" not found");
    old.at = "2026-11-27T11:00:00Z".parse().unwrap();
    assert_eq!(told(creating(), &[old]), None);
    assert_eq!(told(creating(), &[event("Pod", "Unhealthy", "Readiness probe failed")]), None);
}

#[test]
fn what_the_api_server_refuses() {
    for (code, message, reason, lasting, part) in [
        (
            403,
            "pods \"ws-hello\" is forbidden: exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=15Gi, limited: limits.memory=16Gi",
            "QuotaExceeded",
            true,
            "limits.memory=2Gi",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: failed quota: compute: must specify limits.cpu for: dev",
            "QuotaExceeded",
            true,
            "must specify",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"dev\" must set securityContext.allowPrivilegeEscalation=false)",
            "PodSecurityRefused",
            true,
            "allowPrivilegeEscalation",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi",
            "LimitExceeded",
            true,
            "1Gi",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: error looking up service account n/builder: serviceaccount \"builder\" not found",
            "ServiceAccountMissing",
            true,
            "builder",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: no PriorityClass with name high was found",
            "PriorityClassMissing",
            true,
            "high",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: pod rejected: RuntimeClass \"kata\" not found",
            "RuntimeClassMissing",
            true,
            "kata",
        ),
        (
            403,
            "pods is forbidden: User \"system:serviceaccount:dormer:dormer\" cannot create resource \"pods\" in API group \"\" in the namespace \"x\"",
            "Forbidden",
            true,
            "administrator",
        ),
        (
            403,
            "pods \"ws-hello\" is forbidden: unable to create new content in namespace dormer-a because it is being terminated",
            "ProjectGoing",
            true,
            "deleted",
        ),
        (404, "namespaces \"dormer-a\" not found", "ProjectMissing", true, "dormer-a"),
        (
            400,
            "admission webhook \"policy.example\" denied the request: no latest tags",
            "AdmissionRefused",
            true,
            "no latest tags",
        ),
        (
            422,
            "Pod \"ws-hello\" is invalid: spec.containers[0].image: Required value",
            "ObjectInvalid",
            true,
            "Required value",
        ),
        (
            500,
            "Internal error occurred: failed calling webhook \"policy.example\": connection refused",
            "AdmissionUnreachable",
            false,
            "policy.example",
        ),
        (503, "the server is currently unable to handle the request", "ApiFailed", false, "503"),
    ] {
        let (word, text, final_) = match refused("its pod", code, message) {
            RuntimeError::Impossible { reason, message } => (reason, message, true),
            RuntimeError::Failed { reason, message } => (reason, message, false),
        };
        assert_eq!((word, final_), (reason, lasting), "{message}: {text}");
        assert!(text.contains(part), "{message}: {text}");
    }
}

#[test]
fn long_words_of_a_cluster_are_cut() {
    let trouble = told(pending(waiting("dev", "CreateContainerError", &"é\n".repeat(9_000))), &[]).unwrap();
    assert!(trouble.message.len() < 2_000 && !trouble.message.contains('\n'));
}
