#!/bin/sh
# Runs the steps of deploy/Dockerfile where there is no container engine, then the server that they make, as root on Linux:
#   deploy/try_image.sh api [models/emotion.onnx]        or demo
# Debian's own python3.11 in an empty root (debootstrap, once) stands for the image python:3.11-slim-bookworm.
# Needs debootstrap, util-linux, iproute2 and an installed .venv. WORK=/tmp/... names the folder for roots and layers.
set -eu
target=${1:?api or demo}
model=${2:-models/emotion.onnx}
work=${WORK:-/tmp/emotion-image}
cd "$(dirname "$0")/.."
[ -f "$model" ] || { echo "error: $model: there is no such model: \`make ship\` makes one" >&2; exit 1; }
mkdir -p "$work"
if [ ! -e "$work/base/.complete" ]; then
    rm -rf "$work/base"
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    debootstrap --variant=minbase --include=python3.11,python3.11-venv,python3-pip,ca-certificates bookworm "$work/base" \
        ${mirror:+"$mirror"} > "$work/debootstrap.log"
    # As in the image that it stands for, which is made of Debian's slim one.
    rm -rf "$work"/base/var/cache/apt "$work"/base/var/lib/apt/lists
    for folder in doc info lintian locale man; do rm -rf "$work/base/usr/share/$folder"; done
    echo "127.0.0.1 localhost" > "$work/base/etc/hosts"  # which container engines write
    touch "$work/base/.complete"
fi
exec unshare --mount --propagation private "${PYTHON:-.venv/bin/python}" -m tools.try_image "$target" "$model" "$work/base" "$work"
