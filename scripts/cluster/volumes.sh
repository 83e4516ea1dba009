#!/usr/bin/env bash
# Makes a folder for each claim of the class `standard`, and removes it with its claim. Kubernetes' own provisioner of
# folders is for root alone; this kind of volume knows groups, as those of real clusters do.
#
#   scripts/cluster/volumes.sh STATE-FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
# shellcheck source=/dev/null
. "$1/cluster.env"
kubectl() { "$tools/kubectl" --kubeconfig "$state/admin.kubeconfig" "$@"; }
mkdir -p "$state/volumes"

make_volume() {
    local namespace=$1 name=$2 uid=$3 size=$4
    mkdir -p "$state/volumes/pvc-$uid"
    kubectl apply -f - <<END
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-$uid
  annotations: {pv.kubernetes.io/provisioned-by: dormer.test/folders}
spec:
  capacity: {storage: $size}
  accessModes: [ReadWriteOnce, ReadWriteMany]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: standard
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: $namespace, name: $name, uid: $uid}
  local: {path: $state/volumes/pvc-$uid}
  nodeAffinity:
    required:
      nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node]}]}]
END
}

remove_volume() {
    kubectl delete pv "$1" --wait=false --ignore-not-found
    rm -rf "${state:?}/volumes/${1:?}"
}

# Both watches end with the API server, and are begun again.
claims() {
    while sleep 0.2; do
        kubectl get pvc -A --watch -o go-template='{{.metadata.namespace}} {{.metadata.name}} {{.metadata.uid}} {{.spec.resources.requests.storage}} {{.spec.storageClassName}} {{.status.phase}}{{"\n"}}' |
            while read -r namespace name uid size class phase; do
                [ "$class $phase" != "standard Pending" ] || make_volume "$namespace" "$name" "$uid" "$size" || true
            done || true
    done
}
volumes() {
    while sleep 0.2; do
        kubectl get pv --watch -o go-template='{{.metadata.name}} {{.spec.storageClassName}} {{.status.phase}}{{"\n"}}' |
            while read -r name class phase; do
                case "$class $phase" in
                "standard Released" | "standard Failed") remove_volume "$name" || true ;;
                esac
            done || true
    done
}
volumes &
claims
