#!/bin/sh
# dvc 3.67.1: installed today, DVC parses dvc.yaml, params.yaml and dvc.lock in pure Python, several times slower than
# before: from 0.19 on, ruamel.yaml no longer brings its parser in C, and DVC does not ask for it.
# Guessed: what `pip install dvc` installs includes the parser that DVC has always used. Nothing warns.
# Seen, the parser that DVC uses, with ruamel.yaml 0.19.1, before and after `pip install ruamel.yaml.clib`:
#   before: Parser
#   after: CParser
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile dvc==3.67.1 ruamel.yaml==0.19.1
parser() {
    "$folder/bin/python" -c 'from ruamel.yaml import YAML; print(YAML(typ="safe").Parser.__name__)'
}
before=$(parser)
"$folder/bin/pip" install --quiet --no-compile ruamel.yaml.clib==0.2.15
after=$(parser)
echo "before: $before"
echo "after: $after"
test "$before $after" = "Parser CParser"
