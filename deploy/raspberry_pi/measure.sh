#!/usr/bin/env bash
# Measures disk, memory and CPU of label_faces.py on this machine: measure.sh MODEL.int8.tflite PICTURE_OR_VIDEO
# EMOTION names the wheel of this project; without it, this clone is installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place"
before=$(du -sk "$place" | cut -f 1)
"$place/bin/python" -m pip install --quiet --no-compile "${EMOTION:-$here/../..}" ai-edge-litert
echo "packages: $((($(du -sk "$place" | cut -f 1) - before) / 1024)) MiB on disk"
"$place/bin/python" - "$here/label_faces.py" "$@" <<'PYTHON'
import resource, runpy, sys, time

sys.argv = sys.argv[1:]
start = time.process_time()
runpy.run_path(sys.argv[0], run_name="__main__")
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"memory: {used:.0f} MiB resident at most; {time.process_time() - start:.1f} s of CPU with loading")
PYTHON
