#!/bin/sh
# dvc 3.67.1: in a clone made with --depth 1, `dvc exp run --temp` runs the stages, exits with 0 and drops the result.
# Guessed: an experiment as in any other clone, or an error. (Without --temp it is kept.)
# Seen, with the same two commits and the same command:
#   full clone: exit 0, 1 experiment
#   shallow clone: exit 0, 0 experiments
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
    cmd: cp params.yaml metrics.yaml
    params: [epochs]
    metrics:
      - metrics.yaml:
          cache: false
END
dvc repro --quiet
git add .
git commit --quiet --message first
git commit --quiet --message second --allow-empty

experiments() {
    cd "$1"
    dvc exp run --quiet --temp --set-param epochs=2
    dvc exp list --name-only --all-commits | grep -c . || true
}
git clone --quiet "file://$PWD" "$folder/full"
git clone --quiet --depth 1 "file://$PWD" "$folder/shallow"
full=$(experiments "$folder/full")
shallow=$(experiments "$folder/shallow")
echo "full clone: exit 0, $full experiment"
echo "shallow clone: exit 0, $shallow experiments"
test "$full" = 1
test "$shallow" = 0
