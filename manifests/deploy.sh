#!/usr/bin/env bash
# deploy.sh OPERATOR_IMAGE RUNTIME_IMAGE SERVING_IMAGE ENVOY_IMAGE [OVERLAY]: install Mooring into the current cluster.
# OVERLAY: a folder below manifests/ (overlays/local unless given). KUBECTL: the kubectl to use. Safe to run again.
set -euo pipefail

operator_image=${1:?image of the operator}
runtime_image=${2:?image of training pods}
serving_image=${3:?image of serving pods}
manifests=$(cd "$(dirname "$0")" && pwd -P)
envoy_image=${4:?image of the pods that divide traffic}
overlay=$manifests/${5:-overlays/local}
kubectl=${KUBECTL:-kubectl}

# Images are known only now, so the last layer is written outside the tree. Kustomize wants relative paths in it.
layer=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$layer"' EXIT
[ -d "$overlay" ] || { echo "deploy.sh: there is no $overlay; the images are four: OPERATOR RUNTIME SERVING ENVOY" >&2; exit 2; }
sed -e "s|^runtimeImage:.*|runtimeImage: $runtime_image|" -e "s|^servingImage:.*|servingImage: $serving_image|" \
    -e "s|^envoyImage:.*|envoyImage: $envoy_image|" "$overlay/config.yaml" >"$layer/config.yaml"
cat >"$layer/kustomization.yaml" <<EOF
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- $(realpath --relative-to="$layer" "$overlay")
configMapGenerator:
- {name: mooring-config, namespace: mooring-system, behavior: merge, files: [config.yaml]}
patches:
- target: {kind: Deployment, name: mooring-operator}
  patch: '[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "$operator_image"}]'
EOF

apply() { "$kubectl" apply --server-side --force-conflicts --field-manager=mooring-deploy "$@"; }
apply -f "$manifests/../crds"
"$kubectl" wait --for=condition=Established --timeout=30s -f "$manifests/../crds" >/dev/null
"$kubectl" kustomize "$layer" | apply -f -
"$kubectl" -n mooring-system rollout status deployment/mooring-operator --timeout="${TIMEOUT:-120s}"
