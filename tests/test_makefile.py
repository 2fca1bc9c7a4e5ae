"""The Makefile: its targets, and what it does before anything is installed."""

import os
import re
import shutil
import subprocess

import pytest

NO_GIT = "[core]\n    no_scm = true\n"
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


def make(folder, *targets, pythons="", **variables):
    # Not as a part of the `make test` that runs this.
    theirs = ("PYTHON", "USE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in theirs}
    path = f"{pythons}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", *targets], cwd=folder, env=environment | {"PATH": path} | variables, capture_output=True, text=True
    )


def fake_pythons(folder, script):
    folder.mkdir()
    for name in PYTHONS:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_help_is_the_default_and_lists_at_most_20_targets(root):
    listed = make(root, "help").stdout
    assert 10 < listed.count("\n") <= 20
    assert make(root, "--no-print-directory").stdout == listed


def test_every_target_is_phony(root):
    makefile = (root / "Makefile").read_text().replace("\\\n", "")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split()
    assert sorted(targets) == sorted(" ".join(re.findall(r"^([a-z -]+):", makefile, re.MULTILINE)).split())


@pytest.mark.parametrize(("use", "lock"), [("", "requirements.txt"), ("gpu", "requirements/gpu.txt")])
def test_use_selects_a_lock_and_an_environment_of_its_own(root, use, lock):
    printed = make(root, "--dry-run", "setup", **({"USE": use} if use else {})).stdout
    assert f"tools/setup.sh {lock} .venv{'-' * bool(use)}{use}\n" in printed


@pytest.mark.parametrize(("versions", "resolution"), [("newest", "highest"), ("oldest", "lowest-direct")])
def test_other_versions_are_tested_in_an_environment_of_their_own(root, versions, resolution):
    printed = make(root, "--dry-run", f"test-{versions}").stdout
    assert f"--resolution {resolution} " in printed and f" -o .venv-{versions}.txt\n" in printed
    assert f"tools/setup.sh .venv-{versions}.txt .venv-{versions}\n.venv-{versions}/bin/python -m pytest" in printed


@pytest.mark.parametrize(
    ("bench", "module"), [("", "training_speed"), ("noop", "noop_repro"), ("kills", "kills"), ("kill", "kills")]
)
def test_benchmark_takes_the_beginning_of_a_name(root, bench, module):
    assert f"benchmarks.{module} \n" in make(root, "--dry-run", "benchmark", BENCH=bench).stdout


@pytest.mark.parametrize("bench", ["no_such", "clients"])
def test_what_is_no_benchmark_is_named_with_those_there_are(root, bench):
    error = make(root, "--dry-run", "benchmark", BENCH=bench).stderr
    assert f"there is no benchmark '{bench}'; known are api_load bulk_scoring face_detection" in error


@pytest.mark.parametrize("app", ["demo", "api"])
def test_a_server_listens_where_make_is_told_but_not_at_an_exported_host(root, app):
    printed = make(root, "--dry-run", app, "HOST=::1", "PORT=9", "ROOT_PATH=/faces").stdout
    assert f"python -m emotion {app} --port '9' --host '::1' --root-path '/faces'" in printed
    assert "--host" not in make(root, "--dry-run", app, HOST="0.0.0.0").stdout


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 3.9", "error: found Python 3.9: install 3.11, 3.12 or 3.13"),
        ("case $2 in *version_info*) echo 3.11 ;; *) exit 1 ;; esac", "apt-get install python3.11-venv"),
    ],
    ids=["too old", "no module venv"],
)
def test_an_unusable_python_is_one_clear_line(project, tmp_path, script, message):
    done = make(project, "setup", pythons=fake_pythons(tmp_path / "bin", script))
    assert done.returncode != 0
    (error,) = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert error.startswith("error: ") and message in error
    assert not (project / ".venv").exists()


def test_a_chosen_python_that_is_too_new_is_named(project, tmp_path):
    chosen = fake_pythons(tmp_path / "new", "echo 3.14") / "python3"
    done = make(project, "setup", PYTHON=str(chosen))
    assert f"error: {chosen} is Python 3.14: 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert done.returncode != 0


@pytest.fixture
def installed(project):
    """The folder, in which `make setup` finds its lock installed."""
    (project / ".venv/bin").mkdir(parents=True)
    shutil.copy(shutil.which("true"), project / ".venv/bin/python")
    shutil.copy(project / "requirements.txt", project / ".venv/.installed")
    return project


def test_an_installed_lock_is_not_installed_again(installed, tmp_path):
    pythons = fake_pythons(tmp_path / "bin", "echo 3.9")
    assert make(installed, "setup", pythons=pythons).returncode == 0

    with (installed / "requirements.txt").open("a") as lock:
        lock.write("# another lock\n")
    assert make(installed, "setup", pythons=pythons).returncode != 0, "it tries, and finds no Python"


@pytest.mark.parametrize(
    ("around", "ignored", "before", "after"),
    [
        (False, "", None, NO_GIT),
        (False, "", "[core]\n    remote = mine\n", "[core]\n    no_scm = true\n    remote = mine\n"),
        (True, "", None, None),
        (True, "", NO_GIT, None),
        (True, "", "[core]\n    remote = mine\n", "[core]\n    remote = mine\n"),
        (True, "/a project", None, NO_GIT),
    ],
)
def test_setup_tells_dvc_only_where_there_is_no_git(installed, tmp_path, around, ignored, before, after):
    if around:
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
        (tmp_path / ".gitignore").write_text(ignored)
    settings = installed / ".dvc/config.local"
    if before:
        settings.write_text(before)
    for _ in range(2):
        assert make(installed, "setup").returncode == 0
        assert (settings.read_text() if settings.exists() else None) == after


def test_clean_removes_working_folders_alone(project):
    for name in (".quickstart/a", ".verify/b", ".tune/journal.log", ".checkpoints/c.npz", "data/faces.zip"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
    assert make(project, "clean").returncode == 0
    assert sorted(path.name for path in project.iterdir()) == [
        ".checkpoints", ".dvc", "Makefile", "data", "requirements.txt", "tools",
    ]  # fmt: skip
