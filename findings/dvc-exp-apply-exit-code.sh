#!/bin/sh
# dvc 3.67.1: `dvc exp apply` fails with exit code 255 if the cache lacks an output that the experiment did not touch,
# and yet it has applied the experiment: params, metrics and all outputs that the cache holds.
# Guessed: a command that fails leaves the workspace as it was, or fails for what the experiment made alone.
# Seen, for an experiment with epochs 2 where another stage's output is in no cache:
#   exit 255
#   params epochs: 2, output epochs: 2
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
git config --global user.name somebody
git config --global user.email somebody@example.org
git init --quiet
dvc init --quiet
echo 'epochs: 1' > params.yaml
cat > dvc.yaml <<'END'
stages:
  train:
    cmd: cp params.yaml model.txt
    params: [epochs]
    outs: [model.txt]
  other:
    cmd: echo other > other.txt
    outs: [other.txt]
END
dvc repro --quiet
git add .
git commit --quiet --message first
dvc exp run --quiet --name longer --set-param epochs=2
git checkout --quiet .
dvc checkout --quiet
md5=$(sed -n '/path: other.txt/,/size/s/ *md5: //p' dvc.lock)
rm -rf other.txt ".dvc/cache/files/md5/$(echo "$md5" | cut -c 1-2)" .dvc/cache/runs
code=0
dvc exp apply longer > /dev/null 2>&1 || code=$?
echo "exit $code"
echo "params $(cat params.yaml), output $(cat model.txt)"
test "$code" = 255
test "$(cat params.yaml model.txt)" = "epochs: 2
epochs: 2"
