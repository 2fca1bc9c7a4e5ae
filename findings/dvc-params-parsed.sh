#!/bin/sh
# dvc 3.67.1: `dvc repro` parses params.yaml anew for each stage that has params, even where nothing has changed, so that
# the time with nothing to do grows with stages times lines.
# Guessed: once a command.
# Seen, for 40 stages with one param each and a params.yaml of 500 lines:
#   dvc repro, nothing to do: params.yaml was parsed 42 times
# and, which varies with the machine: it takes more than twice as long as with the 40 lines that are used.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile dvc==3.67.1 ruamel.yaml.clib==0.2.15
export DVC_NO_ANALYTICS=1 DVC_GLOBAL_CONFIG_DIR="$folder" DVC_SYSTEM_CONFIG_DIR="$folder" DVC_SITE_CACHE_DIR="$folder/site"
mkdir "$folder/project"
cd "$folder/project"
cat > ../count.py <<'END'
import sys
import time

from dvc.cli import main
from dvc.utils.serialize import _yaml

parsed = 0
parse = _yaml.parse_yaml


def counted(text, path, *rest, **options):
    global parsed
    parsed += path.endswith("params.yaml")
    return parse(text, path, *rest, **options)


_yaml.parse_yaml = counted
start = time.perf_counter()
assert main(["repro", "--quiet"]) == 0
print(f"{sys.argv[1]}: params.yaml was parsed {parsed} times, {time.perf_counter() - start:.1f} s")
assert sys.argv[1] == "first" or 40 <= parsed <= 45, "once for each stage"
END
../venv/bin/dvc init --quiet --no-scm
../venv/bin/python - <<'END'
with open("dvc.yaml", "w") as file:
    print("stages:", file=file)
    for number in range(40):
        command = f"cmd: echo {number} > out{number}"
        print(f"  stage{number}: {{{command}, params: [key{number}], outs: [out{number}]}}", file=file)
END
for lines in 40 500; do
    seq 0 $((lines - 1)) | sed 's/.*/key&: {value: &, text: "some text", list: [1, 2.5, true]}/' > params.yaml
    ../venv/bin/python ../count.py first
    ../venv/bin/python ../count.py "nothing to do, $lines lines"
done
