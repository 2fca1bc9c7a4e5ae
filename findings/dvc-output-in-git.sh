#!/bin/sh
# dvc 3.67.1: where a stage's output is a file that git tracks, `dvc repro` removes the file, runs the stage, which writes
# another one, and only then fails, because the output is tracked by git.
# Guessed: it fails before it removes anything, as it does where two stages write one file.
# Seen:
#   before: shipped
#   dvc repro fails: output 'model.txt' is already tracked by SCM (e.g. Git)
#   after: trained
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
echo shipped > model.txt
git add .
git -c user.name=a -c user.email=a@example.org commit --quiet -m "a model"
cat > dvc.yaml <<'END'
stages:
  model:
    cmd: test ! -e model.txt && echo trained > model.txt
    outs: [model.txt]
END
echo "before: $(cat model.txt)"
if dvc repro > log.txt 2>&1; then echo "dvc repro passed"; exit 1; fi
reason=$(grep -o "output 'model.txt' is already tracked by SCM (e.g. Git)" log.txt) || { cat log.txt; exit 1; }
echo "dvc repro fails: $reason"
echo "after: $(cat model.txt)"
test "$(cat model.txt)" = trained
