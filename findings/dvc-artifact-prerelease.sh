#!/bin/sh
# dvc 3.67.1 (gto 1.10.1): `dvc artifacts get` without --rev takes the pre-release of a version that is still to come,
# rather than the newest version that was released, even if that was registered later.
# Guessed: the newest release, as package managers take it.
# Seen, after registering v1.0.0, v2.0.0-rc.1 and v1.0.1, in this order:
#   without --rev: v2.0.0-rc.1
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
printf 'artifacts:\n  emotion:\n    path: model.txt\n    type: model\n' > dvc.yaml
for version in v1.0.0 v2.0.0-rc.1 v1.0.1; do
    echo "$version" > model.txt
    git add .
    git commit --quiet --message "$version"
    gto register emotion --version "$version" > /dev/null
done
dvc artifacts get --quiet "$PWD" emotion --out "$folder/got.txt"
echo "without --rev: $(cat "$folder/got.txt")"
test "$(cat "$folder/got.txt")" = v2.0.0-rc.1
