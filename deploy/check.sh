#!/bin/sh
# Validates the files of this folder without running them: deploy/check.sh FOLDER, where FOLDER holds the tools of
# requirements/deploy.txt. `make check-deploy` calls it. Manifests must fit the oldest and the newest supported Kubernetes.
set -eu
tools=$(cd "$1" && pwd)
oldest=1.29
cd "$(dirname "$0")"
"$tools/hadolint" Dockerfile
echo "Dockerfile: ok"
"$tools/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml  # prints ok itself
command -v kubectl > /dev/null || { echo "error: kubectl is needed for the manifests: https://kubernetes.io/docs/tasks/tools" >&2; exit 1; }
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
for folder in kubernetes/base kubernetes/overlays/*; do
    kubectl kustomize "$folder" > "$rendered"
    "$tools/kubernetes-validate" --strict --quiet -k "$oldest" "$rendered"
    "$tools/kubernetes-validate" --strict --quiet "$rendered"
    echo "$folder: ok"
done
