"""Makes many workspaces and measures a gateway over them: see bench/cluster/run."""

import concurrent.futures
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

state, dormer, work, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
port = int(re.search(r"server: https://[^:]+:(\d+)", open(f"{state}/admin.kubeconfig").read()).group(1))
terms = ssl.create_default_context(cafile=f"{state}/pki/ca.crt")
terms.load_cert_chain(f"{state}/pki/admin.crt", f"{state}/pki/admin.key")
local = threading.local()


def api(method, path, body=None, kind="application/json"):
    """Asks the API server, on this thread's own connection."""
    if not hasattr(local, "api"):
        local.api = http.client.HTTPSConnection("127.0.0.1", port, context=terms)
    local.api.request(method, path, body and json.dumps(body), {"content-type": kind})
    answer = local.api.getresponse()
    text = answer.read()
    assert answer.status < 300 or answer.status == 409, (method, path, answer.status, text[:300])
    return json.loads(text) if text[:1] == b"{" else text.decode()


DEVFILE = "schemaVersion: 2.3.0\nmetadata: {name: x}\ncomponents:\n" + "".join(
    f"  - name: c{n}\n    container: {{image: 'registry.example.org/team/image-{n}:1.0', memoryLimit: 1Gi, env: [{{name: A, value: b}}]}}\n"
    for n in range(12)
)
WHERE = "/apis/dormer.dev/v1alpha1/namespaces/dormer-scale/workspaces"


def workspace(name):
    spec = {"owner": "admin", "running": False, "devfile": DEVFILE, "description": "One of many. " * 10}
    return {"apiVersion": "dormer.dev/v1alpha1", "kind": "Workspace", "metadata": {"name": name}, "spec": spec}


def create(name):
    return api("POST", WHERE, workspace(name))


def free():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


class Gateway:
    def __init__(self, name):
        self.port, self.metrics = free(), free()
        home = f"{work}/{name}"
        os.makedirs(home)
        self.env = {
            "PATH": os.environ["PATH"], "HOME": home, "DORMER_BACKEND": "kubernetes", "DORMER_DATA": f"{home}/data",
            "DORMER_KUBERNETES_KUBECONFIG": f"{state}/admin.kubeconfig", "DORMER_KUBERNETES_NAMESPACE": "dormer",
            "DORMER_HTTP_LISTEN": f"127.0.0.1:{self.port}", "DORMER_SSH_LISTEN": "127.0.0.1:0",
            "DORMER_HTTP_METRICS_LISTEN": f"127.0.0.1:{self.metrics}", "POD_NAME": name,
        }
        begun = time.time()
        self.log = open(f"{home}/log", "w")
        self.process = subprocess.Popen([dormer, "serve"], env=self.env, stdout=self.log, stderr=self.log)
        while True:
            assert self.process.poll() is None, open(f"{home}/log").read()[-3000:]
            try:
                if self.get("/readyz", "localhost")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.02)
        self.ready_after = time.time() - begun

    def get(self, path, host, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"host": f"{host}:{self.port}"}
        if token:
            headers["dormer-token"] = token
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def memory(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return {name: int(re.search(name + r":\s+(\d+)", text).group(1)) / 1024 for name in ("VmRSS", "VmHWM")}

    def asked(self):
        """Questions to the API server so far, by verb."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics, timeout=30)
        connection.request("GET", "/metrics")
        text, sums = connection.getresponse().read().decode(), {}
        for verb, number in re.findall(r'dormer_kubernetes_requests_total\{[^}]*verb="(\w+)"[^}]*\} (\d+)', text):
            sums[verb] = sums.get(verb, 0) + int(number)
        return sums

    def run(self, *args):
        return subprocess.run([dormer, *args], env=self.env, check=True, capture_output=True, text=True).stdout

    def end(self):
        self.process.terminate()
        self.process.wait()


def settled():
    """How many workspaces have a status."""
    done, rest = 0, ""
    while True:
        page = api("GET", f"{WHERE}?limit=500{rest}")
        done += sum(1 for item in page["items"] if item.get("status", {}).get("phase") == "Stopped")
        if not page["metadata"].get("continue"):
            return done
        rest = "&continue=" + page["metadata"]["continue"]


def told(what, value):
    print(f"{what:<62} {value}", flush=True)


for name in ("dormer", "dormer-scale"):
    api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
begun = time.time()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda n: create(f"w{n}"), range(count)))
told("workspaces", count)
told("made in, s", f"{time.time() - begun:.1f}")

first = Gateway("first")
told("first replica, nothing of them known to anybody: ready, s", f"{first.ready_after:.2f}")
begun = time.time()
while (done := settled()) < count:
    assert time.time() - begun < 900, f"{done} of {count} have a status"
    time.sleep(2)
told("each of them has a status and a finalizer, s", f"{time.time() - begun:.0f}")
told("questions for that, by verb", first.asked())
told("memory after that, MB", first.memory())
token = json.loads(first.run("token", "create", "bench", "-o", "json"))["token"]

second = Gateway("second")
told("second replica: ready, s", f"{second.ready_after:.2f}")
time.sleep(5)
told("its memory, MB", second.memory())

waits = []
for n in range(300):
    create(f"new{n}")
    begun = time.time()
    status, _ = second.get("/", f"new{n}.localhost", token)
    while status == 404:
        status, _ = second.get("/", f"new{n}.localhost", token)
    waits.append((time.time() - begun) * 1000)
waits.sort()
told("a new one is routable after its creation was answered, ms", f"p50 {waits[150]:.1f}, p99 {waits[296]:.1f}, most {waits[-1]:.1f}")

time.sleep(20)
before = [first.asked(), second.asked()]
span = 60
time.sleep(span)
after = [first.asked(), second.asked()]
for name, old, new in zip(("leader", "other replica"), before, after):
    told(f"idle, {name}: questions a second", f"{sum(new.values()) / span - sum(old.values()) / span:.2f}")
    told(f"idle, {name}: by verb in {span} s", {verb: new[verb] - old.get(verb, 0) for verb in new if new[verb] > old.get(verb, 0)})
told("memory at the end, leader and other, MB", [first.memory()["VmRSS"], second.memory()["VmRSS"]])
first.end()
begun = time.time()
third = Gateway("third")
told("a replica started anew: ready, s", f"{third.ready_after:.2f}")
for gateway in (second, third):
    gateway.end()
