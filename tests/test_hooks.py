"""The hooks of git and DVC: what they refuse to commit, and that neither a remote nor data need be there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.source import ROOT
from tests.staging import KEYS, folder, staged
from tests.tiny import environment

assert folder  # a fixture


@pytest.fixture
def hooked(folder: Path) -> Path:
    """A repository with the project's hooks, whose .venv is this environment."""
    pytest.importorskip("pre_commit")
    tools = [
        f"tools/{name}.py"
        for name in ("check_staged", "staged_secrets", "stale", "check_run", "dry_run", "trained_versions")
    ]
    for name in [*tools, ".pre-commit-config.yaml", "pyproject.toml"]:
        staged(name, (ROOT / name).read_bytes())
    staged(".gitignore", ".venv/\n__pycache__/\nemotion\n")
    (folder / "emotion").symlink_to(ROOT / "emotion")
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "--quiet", "-m", "what the hooks need")
    assert run(folder, sys.executable, "-m", "pre_commit", "install").returncode == 0
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)


def test_git_commits_clean_files_and_refuses_others(hooked):
    staged("good.py", '"""A good file."""\n')
    done = run(hooked, "git", "commit", "-m", "good")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no real face and no credential" in done.stderr + done.stdout
    assert "dvc status" in done.stderr + done.stdout

    for name, content in {"key.txt": next(iter(KEYS)), "bad.py": "import os\n"}.items():
        staged(name, content)
        done = run(hooked, "git", "commit", "-m", "bad")
        assert done.returncode and next(iter(KEYS)) not in done.stdout + done.stderr
        run(hooked, "git", "rm", "--quiet", "--force", name)


def test_pushing_uses_a_dvc_remote_and_needs_none(hooked):
    staged("data.txt", "a table\n")
    run(hooked, "git", "rm", "--quiet", "--cached", "data.txt")
    run(hooked, sys.executable, "-m", "dvc", "add", "data.txt")
    run(hooked, "git", "add", ".")
    assert run(hooked, "git", "commit", "-m", "data").returncode == 0
    run(hooked, "git", "init", "--bare", "--quiet", "../git")
    assert run(hooked, "git", "push", "../git", "HEAD:refs/heads/a").returncode == 0

    run(hooked, sys.executable, "-m", "dvc", "remote", "add", "-d", "storage", "../storage")
    assert run(hooked, "git", "push", "../git", "HEAD:refs/heads/b").returncode == 0
    assert [path for path in (hooked.parent / "storage").rglob("*") if path.is_file()]


def test_switching_brings_data_and_does_not_fail_without_them(hooked):
    for text in ("one\n", "two\n"):
        (hooked / "data.txt").write_text(text)
        run(hooked, sys.executable, "-m", "dvc", "add", "data.txt")
        run(hooked, "git", "add", ".")
        assert run(hooked, "git", "commit", "-m", text).returncode == 0
    run(hooked, "git", "branch", "first", "HEAD~1")
    assert run(hooked, "git", "switch", "first").returncode == 0
    assert (hooked / "data.txt").read_text() == "one\n"
    for file in (hooked / ".dvc/cache").rglob("*"):
        if file.is_file():
            file.unlink()
    done = run(hooked, "git", "switch", "-")
    assert done.returncode == 0
    assert "make pull or make repro brings them" in done.stderr and "data.txt" not in done.stderr


def test_a_commit_without_the_data_names_only_stages_that_changed(hooked):
    stage = {"cmd": "cp raw.txt made.bin", "deps": ["raw.txt"], "outs": ["made.bin"]}
    (hooked / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"copy": stage}}))
    (hooked / "raw.txt").write_text("one\n")
    run(hooked, sys.executable, "-m", "dvc", "repro")
    (hooked / "made.bin").unlink()
    shutil.rmtree(hooked / ".dvc/cache")
    for text, named in (("one\n", False), ("two\n", True)):
        (hooked / "raw.txt").write_text(text)
        run(hooked, "git", "add", ".")
        done = run(hooked, "git", "commit", "-m", text)
        assert done.returncode == 0 and "made.bin" not in done.stderr, done.stderr
        assert ("changed since their last run: copy (" in done.stderr) == named, done.stderr


def test_hooks_run_the_tools_of_the_environment():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    assert repository["repo"] == "local", "nothing that pins a revision elsewhere"
    assert all(".venv/bin/python -m " in hook["entry"] for hook in repository["hooks"])
