#!/bin/sh
# dvc 3.67.1: the outputs of a finished stage are not added to .gitignore if a later stage of the same run fails, nor by
# any later run that succeeds. `git add .` then commits the data.
# Guessed: each output is ignored once its stage is done, or at the latest after a run without errors.
# Seen, after a run in which the first stage, with output faces.txt, passed and the second failed:
#   after the failure: no .gitignore
#   after a run without errors: /model.txt
#   git add . takes faces.txt
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile dvc==3.67.1
export HOME="$folder" DVC_SITE_CACHE_DIR="$folder/site" DVC_NO_ANALYTICS=1 PATH="$folder/venv/bin:$PATH"
unset XDG_CONFIG_HOME XDG_CACHE_HOME
mkdir "$folder/project"
cd "$folder/project"
git init --quiet
dvc init --quiet
cat > dvc.yaml <<'END'
stages:
  faces:
    cmd: echo faces > faces.txt
    outs: [faces.txt]
  model:
    cmd: test -e settings.txt && echo model > model.txt
    deps: [faces.txt]
    outs: [model.txt]
END
if dvc repro --quiet 2> /dev/null; then echo "the second stage passed"; exit 1; fi
test -e faces.txt
if test -e .gitignore; then echo "after the failure: $(cat .gitignore)"; exit 1; fi
echo "after the failure: no .gitignore"
touch settings.txt
dvc repro --quiet
echo "after a run without errors: $(cat .gitignore)"
test "$(cat .gitignore)" = /model.txt
git add .
git ls-files | grep -qx faces.txt
echo "git add . takes faces.txt"
