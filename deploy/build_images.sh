#!/bin/sh
# Builds the images emotion-api and emotion-demo with docker, podman or buildah: deploy/build_images.sh [TARGET ...].
# `make image` calls it. PYTHON_IMAGE and MODEL are the arguments of deploy/Dockerfile.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "error: $*" >&2
    exit 1
}

# Not every installed engine works: docker without its daemon is common.
find_engine() {
    broken=
    for name in docker podman buildah; do
        command -v "$name" > /dev/null || continue
        if reason=$("$name" info 2>&1 > /dev/null); then
            [ -z "$broken" ] || echo "$broken: using $name" >&2
            echo "$name"
            return
        fi
        broken="${broken:+$broken; }$name does not work ($(echo "$reason" | tail -n 1))"
    done
    fail "${broken:-no container engine found}: ${broken:+start it, or }install docker, podman or buildah"
}

# How pip reaches its index here: a variable first, then pip's files. Paths of this machine mean nothing in a build.
pip_settings() {
    echo "[global]"
    python3 -m pip config list 2> /dev/null |
        sed -nE "/file:/d; s/\\\\n/ /g; s/^.*\.(index-url|extra-index-url|proxy|trusted-host|timeout)='(.*)'$/\1 = \2/p" |
        awk '!seen[$1]++'
    [ ! -e "$work/certificates" ] || echo "cert = /run/secrets/certificates"
}

certificates() {
    echo "${PIP_CERT:-${REQUESTS_CA_BUNDLE:-$(python3 -m pip config get global.cert 2> /dev/null || :)}}"
}

# What a build has begun, and leaves in the storage if it fails or is killed; docker removes it by itself.
begun() {
    case $engine in
        podman) podman ps --all --external --quiet; podman images --quiet --filter dangling=true ;;
        buildah) buildah containers --quiet; buildah images --quiet --filter dangling=true ;;
    esac
}

# An older image of that name stays.
give_up() {
    trap '' INT TERM HUP
    { kill "$build" && wait "$build"; } 2> /dev/null || :
    for pause in 0 1 5; do  # what a build has started may end after it, and holds its container until then
        sleep "$pause"
        for left in $(begun | grep -vxF -f "$work/before"); do
            "$engine" rm "$left" > /dev/null 2>&1 || "$engine" rmi --force "$left" > /dev/null 2>&1 || :
        done
        [ -n "$(begun | grep -vxF -f "$work/before")" ] || break
    done
    fail "$*"
}

engine=$(find_engine) || exit 1
[ -f "${MODEL:-models/emotion.onnx}" ] || fail "there is no model $MODEL"
command -v crun > /dev/null || command -v runc > /dev/null || export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
work=$(mktemp -d)
target=
build=
trap 'rm -rf "$work"' EXIT
trap 'give_up "stopped: nothing is left of what was begun for emotion-$target"' INT TERM HUP
bundle=$(certificates)
[ -z "$bundle" ] || cp "$bundle" "$work/certificates"
pip_settings > "$work/pip.conf"
begun > "$work/before"

for target in ${*:-api demo}; do
    set -- -f deploy/Dockerfile --target "$target" -t "emotion-$target" --secret "id=pip,src=$work/pip.conf" \
        --build-arg "REVISION=$(git rev-parse HEAD 2> /dev/null || echo unknown)"
    [ -z "$bundle" ] || set -- "$@" --secret "id=certificates,src=$work/certificates"
    [ -z "${PYTHON_IMAGE:-}" ] || set -- "$@" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE"
    [ -z "${MODEL:-}" ] || set -- "$@" --build-arg "MODEL=$MODEL"
    [ "$engine" = docker ] || set -- "$@" --format docker  # their own format has no HEALTHCHECK
    echo "emotion-$target: building with $engine, which takes some minutes ..."
    "$engine" build "$@" . > "$work/log" 2>&1 &
    build=$!
    if ! wait "$build"; then
        cat "$work/log" >&2
        give_up "emotion-$target could not be built with $engine: see above"
    fi
    echo "emotion-$target: built"
done
