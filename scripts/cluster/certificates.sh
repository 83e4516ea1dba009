# Who is who in a cluster: an authority, the API server's certificate, and a kubeconfig each for those who ask it.
# Sourced, never run.
# shellcheck shell=bash

# certificate NAME SUBJECT [ALTERNATIVE NAMES]
certificate() {
    local name=$1 subject=$2 names=${3:-}
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
        -keyout "$state/pki/$name.key" -out "$state/pki/$name.csr" 2>/dev/null
    openssl x509 -req -in "$state/pki/$name.csr" -CA "$state/pki/ca.crt" -CAkey "$state/pki/ca.key" -CAcreateserial \
        -days 30 -out "$state/pki/$name.crt" -extfile <(
            printf 'extendedKeyUsage=clientAuth,serverAuth\n'
            [ -z "$names" ] || printf 'subjectAltName=%s\n' "$names"
        ) 2>/dev/null
    rm -f "$state/pki/$name.csr"
}

# kubeconfig NAME SUBJECT SERVER
kubeconfig() {
    local name=$1 server=$3
    certificate "$name" "$2"
    (
        umask 077
        cat >"$state/$name.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
  - name: $id
    cluster:
      server: $server
      certificate-authority-data: $(base64 -w0 "$state/pki/ca.crt")
users:
  - name: $name
    user:
      client-certificate-data: $(base64 -w0 "$state/pki/$name.crt")
      client-key-data: $(base64 -w0 "$state/pki/$name.key")
contexts:
  - name: $id
    context: {cluster: $id, user: $name}
current-context: $id
END
    )
}

# Everybody, for an API server at an address and port.
certificates() {
    local address=$1 port=$2
    mkdir -m 700 "$state/pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$id" \
        -keyout "$state/pki/ca.key" -out "$state/pki/ca.crt" 2>/dev/null
    openssl ecparam -genkey -name prime256v1 -noout -out "$state/pki/accounts.key" 2>/dev/null
    certificate server "/CN=kube-apiserver" \
        "IP:$address,IP:127.0.0.1,IP:$first_service,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    kubeconfig admin "/O=system:masters/CN=admin" "https://$address:$port"
    [ "$only_api" = 1 ] || {
        kubeconfig controllers "/CN=system:kube-controller-manager" "https://$address:$port"
        kubeconfig scheduler "/CN=system:kube-scheduler" "https://$address:$port"
        kubeconfig node "/O=system:nodes/CN=system:node:node" "https://$address:$port"
        kubeconfig proxy "/CN=system:kube-proxy" "https://$address:$port"
        kubeconfig dns "/O=system:masters/CN=dns" "https://$address:$port"
    }
}
