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
  base: {cmd: python wait.py base base, deps: [wait.py], outs: [base, base.end]}
  ping: {cmd: python wait.py ping pong, deps: [wait.py, base], outs: [ping, ping.end]}
  pong: {cmd: python wait.py pong ping, deps: [wait.py, base], outs: [pong, pong.end]}
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
ORDER = [("ping", "pong"), ("pong", "ping"), ("last", "last")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))  # a shared cache may know these stages
    Repo.init(str(tmp_path), no_scm=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "wait.py").write_text(WAIT, encoding="utf-8")
    repro.dvc(tmp_path, "repro", "base")
    return tmp_path


def test_two_lists_run_at_once_and_the_rest_finds_their_work_done(folder, capfd):
    capfd.readouterr()
    repro.at_once(folder, ["ping"], ["pong"])
    repro.dvc(folder, "repro", "last")
    printed = capfd.readouterr().out
    seen = [printed.index(f"{own} has seen {other}: True") for own, other in ORDER]
    assert seen == sorted(seen), "what the second prints comes after the first"
    assert printed.count("Running stage") == 3


def test_stages_that_both_need_are_not_looked_at(folder, capfd):
    repro.at_once(folder, ["ping"], ["pong"])
    assert "Stage 'base'" not in capfd.readouterr().out, "who looks stands in the other's way"


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
    repro.at_once(folder, [], ["ping"])
    assert not (folder / "ping").exists()


def test_each_half_has_all_that_it_needs_in_order_and_nothing_of_the_other(root, monkeypatch):
    monkeypatch.chdir(root)
    params = quickstart.sample_params()
    graph = Repo().index.graph
    stages = {stage.name: stage for stage in graph}
    done = {"class_weights", *(stage.name for stage in networkx.descendants(graph, stages["class_weights"]))}

    first, second = repro.halves(root, done="class_weights")

    for half in (first, second):
        for place, name in enumerate(half):
            assert {stage.name for stage in graph.successors(stages[name])} <= {*done, *half[:place]}
    assert not {*first, *second} & done and not {*first} & {*second}
    kinds = ("train", "predict", "calibrate", "evaluate", "describe")
    wanted = {f"{kind}@{model}" for kind in kinds for model in params["models"]} | {"teach", "teach_again"}
    exported = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))["export"]["models"]
    assert {*first, *second} == wanted | {f"export@{model}" for model in exported}
    assert "teach" in first and "train@cnn" in second


def test_a_single_model_is_one_half(root, tmp_path):
    Repo.init(str(tmp_path), no_scm=True)
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    kept = {
        name: stages[name] for name in ("download", "clean", "audit", "split", "class_weights", "train", "evaluate")
    }
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": kept}), encoding="utf-8")
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    params["models"] = {"cnn": params["models"]["cnn"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")

    first, second = repro.halves(tmp_path, done="class_weights")

    assert {*first} >= {"train@cnn", "evaluate@cnn"} and not second
