#!/bin/sh
# Installs a lock into an environment of its own, and tells DVC if there is no git: tools/setup.sh requirements.txt .venv
# Done already: takes no time. Killed in the middle: the next run starts again.
# The variable PYTHON names the Python to use; without it the first of 3.11 to 3.13 on the PATH.
set -eu
lock=$1
venv=$2
installed=$venv/.installed    # a copy of the lock, written last
unfinished=$venv/.unfinished  # there while packages are being installed
no_git='[core]
    no_scm = true'

fail() {
    echo "error: $*" >&2
    exit 1
}

version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

supported() {
    case $(version "$1") in 3.11 | 3.12 | 3.13) ;; *) return 1 ;; esac
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        supported "$PYTHON" && echo "$PYTHON" && return
        fail "$PYTHON is Python $(version "$PYTHON" || echo '?'): 3.11, 3.12 or 3.13 is needed, for example 'make PYTHON=python3.11'"
    fi
    for name in python3 python3.13 python3.12 python3.11 python; do
        if supported "$name"; then echo "$name"; return; fi
    done
    fail "found Python $(version python3 || echo 'nowhere'): install 3.11, 3.12 or 3.13, or name one with 'make PYTHON=/path/to/python3.11'"
}

usable() {
    [ ! -e "$unfinished" ] && supported "$venv/bin/python" && "$venv/bin/python" -c 'import pip' 2>/dev/null &&
        { [ -z "${PYTHON:-}" ] || [ "$(version "$PYTHON")" = "$(version "$venv/bin/python")" ]; }
}

current() {
    cmp -s "$lock" "$installed" && [ -x "$venv/bin/python" ] && { [ -z "${PYTHON:-}" ] || usable; }
}

create() {
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make environments: run 'sudo apt-get install python$(version "$python")-venv' and the same command again"
    rm -rf "$venv"
    mkdir -p "$venv"
    : > "$unfinished"
    "$python" -m venv "$venv" || fail "$python could not make $venv: see above"
}

# uv is much faster than pip, but does not read pip's settings (a mirror, a proxy's certificate): pip is the second try.
install() {
    awk '/^uv==/ { found = 1 } found { print; if (!/\\$/) exit }' "$lock" > "$unfinished"
    if "$venv/bin/python" -m pip install --quiet --require-hashes -r "$unfinished"; then
        [ -t 2 ] && quiet='' || quiet=--quiet
        "$venv/bin/python" -m uv pip sync $quiet --python "$venv/bin/python" --compile-bytecode --require-hashes "$lock" &&
            return
    fi
    echo "uv did not manage it: trying pip, which takes some minutes ..."
    "$venv/bin/python" -m pip install --require-hashes -r "$lock" ||
        fail "the packages of $lock could not be installed, see above: the same command tries again"
}

# DVC must be told where there is no git: in a folder from a zip file, or one that the git around it ignores.
tell_dvc() {
    settings=.dvc/config.local
    if [ -e .git ] || { git rev-parse && ! git check-ignore --quiet dvc.yaml; } >/dev/null 2>&1; then
        [ ! -e "$settings" ] || [ "$(cat "$settings")" != "$no_git" ] || rm "$settings"  # `git init` came later
    elif ! grep -qs no_scm "$settings"; then
        { cat "$settings" 2>/dev/null || :; } |
            awk '{ print } /^\[core\]/ { print "    no_scm = true"; core = 1 }
                END { if (!core) print "[core]\n    no_scm = true" }' > "$settings.new"
        mv "$settings.new" "$settings"
    fi
}

tell_dvc
current && exit 0
if command -v flock >/dev/null; then  # a second terminal waits for the first
    exec 9>>"$venv.lock"
    flock 9
    current && exit 0
fi
usable || create
echo "Installing $lock into $venv: once, about a minute (some minutes more if it must be downloaded) ..."
: > "$unfinished"
rm -f "$installed"
install
cp "$lock" "$unfinished"
mv "$unfinished" "$installed"
