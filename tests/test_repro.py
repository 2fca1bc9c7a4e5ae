"""DVC run twice at once, as `make quickstart` does."""

from pathlib import Path

import networkx
import pytest
import yaml
from dvc.repo import Repo

from tools import quickstart, repro

# Each of the first two waits for what the other writes, so one after the other would wait in vain.
PIPELINE = """
stages:
  ping: {cmd: python wait.py ping pong, deps: [wait.py], outs: [ping, ping.end]}
  pong: {cmd: python wait.py pong ping, deps: [wait.py], outs: [pong, pong.end]}
  last: {cmd: python wait.py last last, deps: [ping.end, pong.end], outs: [last, last.end]}
  broken: {cmd: python -c "exit(3)"}
"""
WAIT = """
import sys, time
from pathlib import Path

own, other = map(Path, sys.argv[1:])
own.touch()
for _ in range(300):
    if other.exists():
        break
    time.sleep(0.1)
print(f"{own} has seen {other}: {other.exists()}")
Path(f"{own}.end").touch()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))  # a shared cache may know these stages
    Repo.init(str(tmp_path), no_scm=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "wait.py").write_text(WAIT, encoding="utf-8")
    return tmp_path


def test_two_lists_run_at_once_and_the_rest_finds_their_work_done(folder, capfd):
    repro.at_once(folder, ["ping"], ["pong"])
    repro.dvc(folder, "repro", "last")
    printed = capfd.readouterr().out
    seen = [
        printed.index(f"{line}: True") for line in ("ping has seen pong", "pong has seen ping", "last has seen last")
    ]
    assert seen == sorted(seen)
    assert printed.count("Running stage") == 3
    assert yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"].keys() == {
        "ping",
        "pong",
        "last",
    }


@pytest.mark.parametrize("lists", [(["broken"], ["pong"]), (["ping"], ["broken"])])
def test_either_that_fails_makes_the_whole_fail_and_both_are_shown(folder, capfd, lists):
    (folder / "wait.py").write_text(
        "import pathlib, sys; [pathlib.Path(sys.argv[1] + end).touch() for end in ('', '.end')]"
    )
    with pytest.raises(SystemExit) as end:
        repro.at_once(folder, *lists)
    assert end.value.code not in (0, None)
    shown = "".join(capfd.readouterr())
    assert all(f"Running stage '{stage}'" in shown for stage in (*lists[0], *lists[1]))
    assert "failed to run: python -c" in shown


def test_an_empty_list_is_not_taken_for_all_stages(folder):
    repro.at_once(folder, [], ["broken"])
    assert not (folder / "dvc.lock").exists()


def test_no_stage_of_one_half_needs_what_the_other_makes(root, monkeypatch):
    monkeypatch.chdir(root)
    params = quickstart.sample_params()
    graph = Repo().index.graph
    stages = {stage.name: stage for stage in graph}

    def reads(name: str) -> set[str]:
        """The stage and all that it reads, at whatever distance."""
        return {name, *(stage.name for stage in networkx.descendants(graph, stages[name]))}

    needed = [set.union(*map(reads, half)) - reads("class_weights") for half in repro.halves(params)]
    assert not needed[0] & needed[1]
    assert {f"train@{model}" for model in params["models"]} <= needed[0] | needed[1]
    assert "teach" in needed[0]
