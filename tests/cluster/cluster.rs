//! The cluster, and the gateway that was installed in it once for all tests.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use dormer_tests::person::{Person, Site};
use dormer_tests::ssh::{Key, Login};
use dormer_tests::wait;
use serde_json::{Value, json};

/// The node, which is where pods reach what a test serves.
pub const NODE: &str = "10.77.0.1";
/// Where the gateway is installed.
pub const NAMESPACE: &str = "dormer";
const HTTP: u16 = 30080;
const SSH: u16 = 30022;

/// Most tests share the gateway; one that kills it has it alone.
static USE: RwLock<()> = RwLock::new(());
static CLUSTER: OnceLock<Cluster> = OnceLock::new();
/// Set when it could not be installed: then nobody waits for that once more.
static BROKEN: AtomicBool = AtomicBool::new(false);

/// A cluster with Dormer in it.
pub struct Cluster {
    state: PathBuf,
    tools: PathBuf,
    /// Who installed it.
    pub owner: Person,
    key: Key,
    host_keys: Vec<String>,
}

/// The right to use the cluster while a test runs.
pub enum Turn {
    /// Beside others.
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'static, ()>),
    /// Alone.
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'static, ()>),
}

impl Turn {
    /// Beside others. A test that failed while it was alone is no reason for others to fail.
    pub fn shared() -> Self {
        Turn::Shared(USE.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// Alone.
    pub fn alone() -> Self {
        Turn::Alone(USE.write().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Cluster {
    /// The one that this run has, with the chart installed.
    pub fn get() -> &'static Cluster {
        CLUSTER.get_or_init(|| {
            assert!(!BROKEN.swap(true, Ordering::SeqCst), "the chart could not be installed: another test says why");
            let cluster = Cluster::install();
            BROKEN.store(false, Ordering::SeqCst);
            cluster
        })
    }

    fn install() -> Cluster {
        let folder = |name: &str| {
            let path =
                std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run scripts/cluster/test.sh"));
            PathBuf::from(path)
        };
        let (state, tools) = (folder("DORMER_TEST_CLUSTER"), folder("DORMER_TEST_CLUSTER_TOOLS"));
        let home = state.join("home");
        let _ = fs::create_dir_all(&home);
        let key = Key::generate(&home, &format!("owner-{}", std::process::id()));
        let nobody = Person { name: String::new(), token: String::new() };
        let mut cluster = Cluster { state, tools, owner: nobody, key, host_keys: Vec::new() };
        cluster.helm(
            &["upgrade", "--install", "dormer", &chart(), "--namespace", NAMESPACE, "--create-namespace"],
            &values(),
        );
        cluster.ready();
        // Whoever may run a program in the gateway's pod is its administrator.
        let made = cluster.dormer(&["token", "create", "tests", "-o", "json"]);
        let made: Value = serde_json::from_str(&made).unwrap_or_else(|error| panic!("no token ({error}): {made}"));
        cluster.owner.token = made["token"].as_str().unwrap_or_else(|| panic!("no token: {made}")).to_string();
        // The other replica hears of the token a moment later.
        for _ in 0..10 {
            wait::until("the token is known", Duration::from_secs(5), || {
                (cluster.apex().api("GET", "/me", None).status == 200).then_some(())
            });
        }
        let me = cluster.apex().api("GET", "/me", None).expect(200).value();
        cluster.owner.name = me["user"].as_str().expect("a user").to_string();
        cluster.host_keys =
            me["sshHostKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
        let key = json!({"key": cluster.key.public(), "name": "owner"});
        cluster.apex().api("POST", "/keys", Some(key)).expect(201);
        cluster
    }

    /// Waits until every replica is ready and the Service leads to one.
    pub fn ready(&self) {
        let status = self.kubectl(&["-n", NAMESPACE, "rollout", "status", "deploy/dormer", "--timeout=180s"]);
        if !status.status.success() {
            self.dump(NAMESPACE);
            panic!("the gateway is not ready: {}", said(&status));
        }
        wait::until("the gateway answers", wait::LONG, || {
            self.apex().request("GET", "/readyz").try_send().ok().filter(|answer| answer.status == 200)
        });
    }

    /// `helm …`, with values.
    #[track_caller]
    pub fn helm(&self, args: &[&str], values: &Value) -> String {
        let mut command = self.program("helm");
        command.args(args).args(["--values", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = fed(command, &values.to_string());
        assert!(output.status.success(), "helm {args:?}: {}", said(&output));
        said(&output)
    }

    /// `helm …` as it is.
    #[track_caller]
    pub fn plain_helm(&self, args: &[&str]) -> Output {
        self.program("helm").args(args).stdin(Stdio::null()).output().expect("helm runs")
    }

    /// `kubectl …`, whatever comes of it.
    pub fn kubectl(&self, args: &[&str]) -> Output {
        self.program("kubectl").args(args).stdin(Stdio::null()).output().expect("kubectl runs")
    }

    /// `kubectl …`, which has to succeed; what it printed.
    #[track_caller]
    pub fn told(&self, args: &[&str]) -> String {
        let output = self.kubectl(args);
        assert!(output.status.success(), "kubectl {args:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).trim_end().to_string()
    }

    /// `kubectl get … -o json`; none where there is no such thing.
    #[track_caller]
    pub fn object(&self, args: &[&str]) -> Option<Value> {
        let output = self.kubectl(&[&["get", "-o", "json", "--ignore-not-found"], args].concat());
        assert!(output.status.success(), "kubectl get {args:?}: {}", said(&output));
        if output.stdout.is_empty() { None } else { serde_json::from_slice(&output.stdout).ok() }
    }

    /// `kubectl apply -f -`.
    pub fn apply(&self, object: &Value) -> Output {
        self.applied(&[], object)
    }

    /// `kubectl apply -f -`, with flags.
    pub fn applied(&self, flags: &[&str], object: &Value) -> Output {
        let mut command = self.program("kubectl");
        command
            .args(["apply", "-f", "-"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        fed(command, &object.to_string())
    }

    /// `dormer …`, in a pod of the gateway.
    #[track_caller]
    pub fn dormer(&self, args: &[&str]) -> String {
        self.told(&[&["-n", NAMESPACE, "exec", "deploy/dormer", "--", "dormer"], args].concat())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["-k", "5", "300"]).arg(self.tools.join(name));
        command.env("KUBECONFIG", self.state.join("admin.kubeconfig")).env("HOME", self.state.join("home"));
        command
    }

    /// Does to the cluster's own programs what its scripts can: `kill api`, `start api`.
    #[track_caller]
    pub fn part(&self, what: &str, name: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/cluster/part.sh");
        let status = Command::new(script).arg(&self.state).args([what, name]).stdin(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{what} {name}");
    }

    /// `ctr …`, of the node's containers and images.
    #[track_caller]
    pub fn containers(&self, args: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.args(["-k", "5", "60"]).arg(self.tools.join("ctr"));
        command.arg("--address").arg(self.state.join("containerd.sock")).args(["--namespace", "k8s.io"]).args(args);
        let output = command.stdin(Stdio::null()).output().expect("ctr runs");
        assert!(output.status.success(), "ctr {args:?}: {}", said(&output));
        said(&output)
    }

    /// Kubernetes' own credentials for somebody: a certificate of the cluster's authority, as a flag of kubectl.
    pub fn certified(&self, user: &str) -> String {
        let (pki, home) = (self.state.join("pki"), self.state.join("home"));
        let path = |name: String| home.join(name).display().to_string();
        let (key, request, certificate) =
            (path(format!("{user}.key")), path(format!("{user}.csr")), path(format!("{user}.crt")));
        let authority = |name: &str| pki.join(name).display().to_string();
        let openssl = |args: &[&str]| {
            let output = Command::new("openssl").args(args).output().expect("openssl runs");
            assert!(output.status.success(), "openssl {args:?}: {}", said(&output));
        };
        let subject = format!("/CN={user}");
        openssl(&[
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request,
        ]);
        let (ca, ca_key) = (authority("ca.crt"), authority("ca.key"));
        openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            "1",
            "-out",
            &certificate,
        ]);
        let config = path(format!("{user}.kubeconfig"));
        fs::copy(self.state.join("admin.kubeconfig"), &config).expect("a kubeconfig");
        let config = format!("--kubeconfig={config}");
        let (certificate, key) = (format!("--client-certificate={certificate}"), format!("--client-key={key}"));
        self.told(&["config", "set-credentials", "admin", &config, &certificate, &key, "--embed-certs=true"]);
        config
    }

    /// Where each replica is reached by itself, as the owner sees it.
    pub fn replicas(&self) -> Vec<Site> {
        let pods = self.object(&["-n", NAMESPACE, "pods", "-l", "app.kubernetes.io/name=dormer"]).expect("pods");
        let ready = |pod: &&Value| {
            pod["metadata"]["deletionTimestamp"].is_null() && pod["status"]["containerStatuses"][0]["ready"] == true
        };
        let pods = pods["items"].as_array().cloned().unwrap_or_default();
        let address = |pod: &Value| pod["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
        pods.iter()
            .filter(ready)
            .filter_map(address)
            .map(|ip: std::net::IpAddr| Site { address: SocketAddr::new(ip, 8080), ..self.apex() })
            .collect()
    }

    /// The installation's own host, as the owner sees it.
    pub fn apex(&self) -> Site {
        let address = SocketAddr::from(([127, 0, 0, 1], HTTP));
        Site { address, host: format!("localhost:{HTTP}"), tls: None, token: Some(self.owner.token.clone()) }
    }

    /// A host below the domain, as the owner sees it.
    pub fn site(&self, label: &str) -> Site {
        let apex = self.apex();
        Site { host: format!("{label}.{}", apex.host), ..apex }
    }

    /// A login over SSH with the owner's key.
    pub fn login(&self, user: &str) -> Login {
        let home = self.state.join("home");
        let known = home.join("known_hosts");
        let keys: String = self.host_keys.iter().map(|key| format!("[127.0.0.1]:{SSH} {key}\n")).collect();
        // Not over the one that another test's ssh reads at this moment.
        let made = home.join(format!("known_hosts-{:?}", std::thread::current().id()));
        fs::write(&made, keys).expect("known_hosts");
        fs::rename(&made, &known).expect("known_hosts");
        Login::to(user, "127.0.0.1", SSH, &home, &self.key)
            .option("StrictHostKeyChecking=yes")
            .option(format!("UserKnownHostsFile={}", known.display()))
    }

    /// A login of somebody else, by a key that is made and registered for them.
    pub fn login_of(&self, person: &Person, user: &str) -> Login {
        let home = self.state.join("home").join(&person.name);
        let _ = fs::create_dir_all(&home);
        let key = Key::generate(&home, &person.name);
        let body = json!({"key": key.public(), "name": "tests"});
        self.apex().seen_by(person).api("POST", "/keys", Some(body)).expect(201);
        Login::to(user, "127.0.0.1", SSH, &home, &key)
    }

    /// Another user, with a token.
    pub fn person(&self, name: &str) -> Person {
        self.apex().api("POST", "/users", Some(json!({"name": name}))).expect(201);
        let body = json!({"name": "tests", "user": name});
        let token = self.apex().api("POST", "/tokens", Some(body)).expect(201).value();
        Person { name: name.to_string(), token: token["token"].as_str().expect("a token").to_string() }
    }

    /// A one-time link that signs the owner in.
    #[track_caller]
    pub fn sign_in_link(&self) -> String {
        let said = self.dormer(&["login-link"]);
        let link = said.split_whitespace().find(|word| word.contains("/login#"));
        link.unwrap_or_else(|| panic!("no link: {said}")).to_string()
    }

    /// Prints and keeps what a namespace holds and what happened in it.
    pub fn dump(&self, namespace: &str) {
        let keep = dormer_tests::keep::place();
        let list = "workspaces.dormer.dev,pods,pvc,secrets,networkpolicies,jobs";
        let mut asks: Vec<(String, Vec<String>)> = Vec::new();
        let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
        asks.push(("list".into(), words(&format!("-n {namespace} get {list} -o wide"))));
        asks.push(("workspaces".into(), words(&format!("-n {namespace} get workspaces.dormer.dev -o yaml"))));
        asks.push(("pods".into(), words(&format!("-n {namespace} describe pods"))));
        asks.push(("events".into(), words(&format!("-n {namespace} get events --sort-by=.lastTimestamp"))));
        for pod in self.pods(namespace) {
            asks.push((format!("log-{pod}"), words(&format!("-n {namespace} logs {pod} --all-containers --tail=200"))));
        }
        if namespace != NAMESPACE {
            for pod in self.pods(NAMESPACE) {
                asks.push((format!("gateway-{pod}"), words(&format!("-n {NAMESPACE} logs {pod} --tail=300"))));
            }
        }
        for (name, args) in asks {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let text = said(&self.kubectl(&args));
            let _ = fs::write(keep.join(format!("{namespace}-{name}.txt")), &text);
            let start = text.len().saturating_sub(6000);
            let start = (start..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            eprintln!("----- {namespace} {name}\n{}", &text[start..]);
        }
        eprintln!("----- kept in {}", keep.display());
    }

    /// Names of the pods of a namespace.
    pub fn pods(&self, namespace: &str) -> Vec<String> {
        let output = self.kubectl(&["-n", namespace, "get", "pods", "-o", "name"]);
        String::from_utf8_lossy(&output.stdout).lines().map(String::from).collect()
    }
}

/// The chart of this repository.
pub fn chart() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/dormer").display().to_string()
}

/// What the chart is told: the images that were built here, one replica more than needed, nothing in front.
pub fn values() -> Value {
    json!({
        "domain": "localhost",
        "publicUrl": format!("http://localhost:{HTTP}"),
        "image": {"repository": "dormer.test/dormer", "tag": "dev", "pullPolicy": "Never"},
        "workspaces": {
            "toolsImage": "dormer.test/dormer-tools:dev", "defaultImage": "dormer.test/workspace-base:dev",
            "imagePullPolicy": "IfNotPresent", "storageSize": "1Gi",
        },
        "replicas": 2,
        "rbac": {"scope": "project"},
        "drainSeconds": 5,
        "service": {"type": "NodePort", "nodePort": HTTP},
        "ssh": {"nodePort": SSH, "publicPort": SSH},
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
        // Repositories are served by the test, on the node.
        "config": format!("[forge]\nprivate_hosts = \"{NODE}\"\n[log]\nlevel = \"info\"\n"),
    })
}

/// Everything that a program printed.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn fed(mut command: Command, text: &str) -> Output {
    use std::io::Write;
    let mut child = command.spawn().expect("it runs");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads what it is told");
    child.wait_with_output().expect("it ends")
}

/// Longer than anything that goes well takes.
pub const STARTED: Duration = Duration::from_secs(180);
