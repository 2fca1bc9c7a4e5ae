"""The Makefile before anything is installed."""

import os
import re
import shutil
import subprocess

import pytest

PYTHONS = ("python", "python3", "python3.11", "python3.12", "python3.13")


@pytest.fixture
def project(root, tmp_path):
    """A folder with what `make setup` reads, in a path with a space."""
    folder = tmp_path / "a project"
    (folder / "tools").mkdir(parents=True)
    (folder / ".dvc").mkdir()
    shutil.copy(root / "Makefile", folder)
    shutil.copy(root / "tools/setup.sh", folder / "tools")
    shutil.copy(root / "requirements.txt", folder)
    return folder


def make(folder, target, pythons="", **variables):
    # Not as a part of the `make test` that runs this.
    theirs = ("PYTHON", "USE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in theirs}
    path = f"{pythons}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", target], cwd=folder, env=environment | {"PATH": path} | variables, capture_output=True, text=True
    )


def fake_pythons(folder, script):
    folder.mkdir()
    for name in PYTHONS:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_help_lists_every_target(root):
    done = make(root, "help")
    makefile = (root / "Makefile").read_text().replace("\\\n", "")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split()
    rules = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert [line.split()[1] for line in done.stdout.splitlines()] == rules
    assert sorted(targets) == sorted(rules)
    assert make(root, "--no-print-directory").stdout == done.stdout, "help is the default"


def test_a_wrong_python_is_one_clear_line(project, tmp_path):
    done = make(project, "setup", fake_pythons(tmp_path / "bin", "echo 3.9"))
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert len(errors) == 1
    assert errors[0].startswith("error: found Python 3.9: install 3.11, 3.12 or 3.13")
    assert not (project / ".venv").exists()


def test_a_chosen_python_that_is_too_new_is_named(project, tmp_path):
    chosen = fake_pythons(tmp_path / "new", "echo 3.14") / "python3"
    done = make(project, "setup", PYTHON=str(chosen))
    assert f"error: {chosen} is Python 3.14: 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert done.returncode != 0


def test_a_missing_venv_module_names_the_package(project, tmp_path):
    script = "case $2 in *version_info*) echo 3.11 ;; *ensurepip*) exit 1 ;; esac"
    done = make(project, "setup", fake_pythons(tmp_path / "bin", script))
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert len(errors) == 1
    assert "apt-get install python3.11-venv" in errors[0]


def test_what_is_installed_is_not_installed_again(project, tmp_path):
    (project / ".venv/bin").mkdir(parents=True)
    shutil.copy(shutil.which("true"), project / ".venv/bin/python")
    shutil.copy(project / "requirements.txt", project / ".venv/.installed")
    pythons = fake_pythons(tmp_path / "bin", "echo 3.9")
    assert make(project, "setup", pythons).returncode == 0
    assert "no_scm = true" in (project / ".dvc/config.local").read_text(), "DVC is told that there is no .git"

    with (project / "requirements.txt").open("a") as lock:
        lock.write("# another lock\n")
    assert make(project, "setup", pythons).returncode != 0, "it tries, and finds no Python"


def test_clean_cache_removes_what_frozen_layers_made_and_nothing_else(project):
    for name in (".features/a.bfloat16", ".features/b.part", ".checkpoints/c.npz", "data/faces.zip"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
    assert make(project, "clean-cache").returncode == 0
    assert not (project / ".features").exists()
    assert (project / ".checkpoints/c.npz").exists() and (project / "data/faces.zip").exists()
