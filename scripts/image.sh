#!/usr/bin/env bash
# Packs a folder into an image of one layer, as an archive that `ctr images import`, `docker load` and `skopeo` take.
# The same folder gives the same digest: owners, order and times are fixed.
#
#   scripts/image.sh NAME:TAG FOLDER CONFIG-JSON ARCHIVE
set -euo pipefail
name=${1:?usage: scripts/image.sh NAME:TAG FOLDER CONFIG-JSON ARCHIVE}
root=$2
config=$3
archive=$4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blobs/sha256"

# blob FILE: puts it where its digest says, and prints digest and size.
blob() {
    local digest size
    digest=$(sha256sum "$1" | cut -d' ' -f1)
    size=$(stat -c %s "$1")
    mv "$1" "$work/blobs/sha256/$digest"
    printf '%s %s' "$digest" "$size"
}

tar --sort=name --mtime=@0 --numeric-owner ${IMAGE_OWNER:---owner=0 --group=0} -C "$root" -cf "$work/layer" .
read -r layer layer_size < <(blob "$work/layer"; echo)
printf '{"architecture":"amd64","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$config" "$layer" >"$work/config"
read -r configured config_size < <(blob "$work/config"; echo)
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
    "$configured" "$config_size" "$layer" "$layer_size" >"$work/manifest"
read -r manifest manifest_size < <(blob "$work/manifest"; echo)
printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
    "$manifest" "$manifest_size" "$name" "${name##*:}" >"$work/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$work/oci-layout"
tar --sort=name --mtime=@0 -C "$work" -cf "$archive" oci-layout index.json blobs
