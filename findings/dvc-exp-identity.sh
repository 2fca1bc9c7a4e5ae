#!/bin/sh
# dvc 3.67.1: `dvc exp run` needs a name and an email address in git's configuration only if a tracked file was edited
# before. In a clean workspace it works without, though it writes the same kind of commit.
# Guessed: it works without them always, or never.
# Seen, in a fresh clone without an identity:
#   clean: exit 0
#   after an edit: exit 255, Git user name and email must be configured
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
unset EMAIL GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
git init --quiet
dvc init --quiet
echo 'epochs: 1' > params.yaml
echo first > notes.txt
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
git -c user.name=somebody -c user.email=somebody@example.org commit --quiet --message first
dvc exp run --quiet --set-param epochs=2
echo "clean: exit 0"
git checkout --quiet .
echo second >> notes.txt
code=0
text=$(dvc exp run --set-param epochs=3 2>&1) || code=$?
echo "after an edit: exit $code, $(echo "$text" | sed -n 's/.*\(Git user name.*\)/\1/p')"
test "$code" = 255
