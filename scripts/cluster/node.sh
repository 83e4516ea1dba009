# The one node: its network, containerd, kubelet, kube-proxy, and CoreDNS beside them. Sourced, never run.
# shellcheck shell=bash

# A network namespace in which everything of the cluster lives, its pods' own apart.
make_network() {
    ip netns add "$id"
    in_network sh -euc "
        ip link set lo up
        ip link add node0 type bridge
        ip address add $node_network dev node0
        ip link set node0 up
        # So that processes of the node reach services, which are an address of nobody's.
        ip route add $services dev node0
        echo 1 >/proc/sys/net/ipv4/ip_forward
        [ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
    "
}

# A view of the files in which the fixed places of some programs are the cluster's own, and from which no mount comes out:
# all of them are gone with the last process that sees them.
make_mounts() {
    mkdir -p "$state"/{tmp,run-containerd,run-netns} /run/containerd
    chmod 1777 "$state/tmp"
    setsid unshare --mount --propagation private sh -euc '
        mount --make-rshared /
        mount --bind "$1/tmp" /tmp
        mount --bind "$1/run-netns" /run/netns
        mount --bind "$1/run-containerd" /run/containerd
        # Its name is how it is found.
        exec tail -f "$1/owner"
    ' mounts "$state" >>"$state/log/mounts.log" 2>&1 </dev/null 9>&- &
    local holder=$!
    disown
    until grep -q " /run/containerd " "/proc/$holder/mountinfo" 2>/dev/null && [ "$(cat "/proc/$holder/comm")" = tail ]; do
        kill -0 "$holder" 2>/dev/null || die "no view of the files: $(cat "$state/log/mounts.log")"
        sleep 0.02
    done
    printf '%s\n' "$holder" >"$state/pid/mounts"
}

# A way out, to the internet, through a process of the host: no rule of the host's own is touched.
open_network() {
    have slirp4netns || die "slirp4netns is missing: run scripts/setup.sh cluster first"
    start way-out --outside slirp4netns --configure --mtu=1400 --disable-host-loopback --netns-type=path \
        --api-socket "$state/way-out.sock" "/run/netns/$id" tap0
    await "a way out" way-out 10 in_network ip link show tap0
    in_network iptables -w -t nat -A POSTROUTING -s "$pods" -o tap0 -j MASQUERADE
}

# Makes a port of this machine's loopback lead to one of the node.
#   forward HOST:PORT NODE-PORT
forward() {
    local host=${1%:*} port=${1##*:}
    printf '{"execute":"add_hostfwd","arguments":{"proto":"tcp","host_addr":"%s","host_port":%s,"guest_port":%s}}' "$host" "$port" "$2" |
        socat - "UNIX-CONNECT:$state/way-out.sock" | grep -q '"return"' || die "$1 is taken: set HTTP or SSH"
}

# The folder that kubelet hangs its cgroups in; cpuset wants to be told what it may use.
make_cgroup() {
    local controller
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        mkdir -p "/sys/fs/cgroup/$id"
        return
    fi
    for controller in /sys/fs/cgroup/*/; do
        [ -L "${controller%/}" ] || mkdir -p "$controller$id"
    done
    for file in cpuset.cpus cpuset.mems; do
        [ ! -e "/sys/fs/cgroup/cpuset/$file" ] || cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$id/$file"
    done
}

start_containerd() {
    mkdir -p "$state"/{cni,containerd,containerd-run}
    cat >"$state/cni/10-bridge.conflist" <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/addresses", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
END
    cat >"$state/containerd.toml" <<END
version = 3
root = "$state/containerd"
state = "$state/containerd-run"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "$state/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "dormer.test/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
disable_apparmor = true
tolerate_missing_hugetlb_controller = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]
conf_dir = "$state/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "$tools/runc"
END
    PATH="$tools:$PATH" start containerd "$tools/containerd" --config "$state/containerd.toml"
    await containerd containerd 30 ctr version
}

ctr() { "$tools/ctr" --address "$state/containerd.sock" --namespace k8s.io "$@" 2> >(grep -v DEPRECATION >&2); }

# The image that every pod stands on; made here, since nothing is fetched.
make_pause() {
    mkdir -p "$state/pause/root"
    gcc -static -Os -o "$state/pause/root/pause" "$here/pause.c"
    "$here/../image.sh" dormer.test/pause:1 "$state/pause/root" '{"Entrypoint":["/pause"],"User":"65535"}' "$state/pause/image.tar"
    ctr images import "$state/pause/image.tar" >/dev/null
    rm -rf "$state/pause"
}

start_kubelet() {
    mkdir -p "$state"/{kubelet,pod-logs}
    # What pods are told to ask for names: the cluster's own server.
    cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $state/pki/ca.crt}}
containerRuntimeEndpoint: unix://$state/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$id
cgroupsPerQOS: true
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
featureGates: {ImageVolume: true}
podLogsDir: $state/pod-logs
resolvConf: ""
clusterDNS: [$dns_service]
clusterDomain: cluster.local
maxPods: 250
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi}
evictionPressureTransitionPeriod: 5s
syncFrequency: 10s
shutdownGracePeriod: 0s
END
    start kubelet "$tools/kubelet" --config "$state/kubelet.yaml" --kubeconfig "$state/node.kubeconfig" \
        --root-dir "$state/kubelet" --cert-dir "$state/kubelet-pki" --hostname-override node --node-ip "$node_address"
}

start_proxy() {
    cat >"$state/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $state/proxy.kubeconfig}
clusterCIDR: $pods
detectLocalMode: ClusterCIDR
hostnameOverride: node
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms}
END
    start proxy "$tools/kube-proxy" --config "$state/proxy.yaml"
}

# A plain process behind a service without a selector: no image is needed for it.
start_dns() {
    cat >"$state/Corefile" <<END
.:53 {
    bind $node_address
    kubernetes cluster.local in-addr.arpa {
        kubeconfig $state/dns.kubeconfig
    }
    $([ ! -e "$state/pid/way-out" ] || echo "forward . 10.0.2.3")
    cache 5
}
END
    start dns "$tools/coredns" -conf "$state/Corefile"
    await "a server of names" dns 20 in_network bash -c "exec 3<>/dev/tcp/$node_address/53"
}

# Folders for claims.
start_volumes() { start volumes "$here/volumes.sh" "$state"; }

start_controllers() {
    start controllers "$tools/kube-controller-manager" --kubeconfig "$state/controllers.kubeconfig" \
        --service-account-private-key-file "$state/pki/accounts.key" --root-ca-file "$state/pki/ca.crt" \
        --use-service-account-credentials --leader-elect=false \
        --bind-address 127.0.0.1
    start scheduler "$tools/kube-scheduler" --kubeconfig "$state/scheduler.kubeconfig" --leader-elect=false --bind-address 127.0.0.1
}
