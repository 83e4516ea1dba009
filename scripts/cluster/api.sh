# etcd and the API server. Sourced, never run.
# shellcheck shell=bash

start_etcd() {
    start etcd "$tools/etcd" --name node --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-cluster "node=http://127.0.0.1:$peer_port"
}

start_api() {
    local flags=()
    # Alone, at loopback: no address to tell others, and nobody who would make accounts for pods.
    [ "$only_api" = 0 ] || flags=(--endpoint-reconciler-type=none --disable-admission-plugins=ServiceAccount)
    start api "$tools/kube-apiserver" "${flags[@]}" --etcd-servers "http://127.0.0.1:$etcd_port" \
        --bind-address "$bind_address" --advertise-address "$api_address" --secure-port "$api_port" \
        --tls-cert-file "$state/pki/server.crt" --tls-private-key-file "$state/pki/server.key" --client-ca-file "$state/pki/ca.crt" \
        --kubelet-client-certificate "$state/pki/admin.crt" --kubelet-client-key "$state/pki/admin.key" \
        --kubelet-preferred-address-types InternalIP \
        --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$state/pki/accounts.key" \
        --service-account-signing-key-file "$state/pki/accounts.key" --service-cluster-ip-range "$services" \
        --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
        --feature-gates ImageVolume=true
}

kubectl() { in_network "$tools/kubectl" --kubeconfig "$state/admin.kubeconfig" "$@"; }

in_network() {
    if [ -e "/run/netns/$id" ]; then nsenter --net="/run/netns/$id" "$@"; else "$@"; fi
}
