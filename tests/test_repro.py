"""Stages that `make quickstart` runs at once: each after all that it needs, and none is lost by an error or a kill."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo

from emotion.core.errors import InputError
from tests.tiny import wait
from tools import repro

# Each of ping and pong waits for what the other writes, so one after the other would wait in vain.
PIPELINE = """
stages:
  base: {cmd: python wait.py base base, deps: [wait.py], outs: [base, base.end]}
  ping: {cmd: python wait.py ping pong, deps: [wait.py, base], outs: [ping, ping.end]}
  pong: {cmd: python wait.py pong ping, deps: [wait.py, base], outs: [pong, pong.end]}
  last: {cmd: python wait.py last last, deps: [ping.end, pong.end], outs: [last, last.end]}
  broken: {cmd: python -c "print('out of luck'); exit(3)"}
"""
WAIT = """
import sys, time
from pathlib import Path

own, other = map(Path, sys.argv[1:])
own.write_text("begun")
for _ in range(600):
    if other.exists():
        break
    time.sleep(0.1)
print("I0000 00:00:1795983679.339488    3997 port.cc:153] oneDNN custom operations are on.", file=sys.stderr)
print(f"{own} has seen {other}: {other.exists()}", flush=True)
Path(f"{own}.end").write_text("done")
"""
NAMES = ["base", "ping", "pong", "last"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))  # a shared cache may know these stages
    Repo.init(str(tmp_path), no_scm=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "wait.py").write_text(WAIT, encoding="utf-8")
    return tmp_path


def _run(folder: Path, names: list[str]) -> list[repro.Done]:
    return list(repro.at_once(folder, repro.needs(Repo(str(folder)), names)))


def test_stages_run_at_once_after_all_that_they_need(folder: Path):
    first, *both, last = _run(folder, NAMES)
    assert (first.name, {one.name for one in both}, last.name) == ("base", {"ping", "pong"}, "last")
    assert all(one.ran for one in (first, *both, last))
    said = {one.name: one.lines for one in both}
    assert said == {"ping": ["ping has seen pong: True"], "pong": ["pong has seen ping: True"]}


def test_what_is_up_to_date_does_not_run_again(folder: Path):
    _run(folder, NAMES)
    assert not any(one.ran for one in _run(folder, NAMES))


def test_a_failed_stage_shows_what_it_printed_and_keeps_the_others(folder: Path, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match="^broken: failed to run: python -c .*, exited with 3$"):
        _run(folder, ["base", "broken"])
    assert "out of luck" in capfd.readouterr().err
    assert set(_recorded(folder)) == {"base"}


RUN = """
from pathlib import Path
from tools import repro

if __name__ == "__main__":
    list(repro.at_once(Path("."), {"ping": set()}))
"""


def test_a_kill_lets_the_running_stage_finish_and_leaves_no_process(folder: Path, root: Path):
    (folder / "dvc.yaml").write_text(PIPELINE.replace(", base]", "]"), encoding="utf-8")
    (folder / "run.py").write_text(RUN, encoding="utf-8")
    command = [sys.executable, "run.py"]
    run = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(root)}, start_new_session=True)
    wait((folder / "ping").exists)
    run.kill()
    run.wait()
    (folder / "pong").touch()  # ping waits for it
    wait(lambda: not _has_processes(run.pid))
    assert "ping" in _recorded(folder)


def _recorded(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def _has_processes(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_stage_needs_what_its_needs_need(folder: Path):
    needed = repro.needs(Repo(str(folder)), ["base", "last"])
    assert needed == {"base": set(), "last": {"base"}}
