"""`make quickstart`, apart from the stages that it runs."""

import json
from pathlib import Path

import networkx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from dvc.repo import Repo

from emotion.core.errors import InputError
from emotion.synthetic.drawn import planted
from tools import quickstart, quickstart_summary, repro

ALONE = {"exact_duplicate": -1, "mirrored_duplicate": -1, "near_duplicate": -1}
PARAMS = {"data": {"source": "zip", "sample": {"faces": 3000}}, "models": {"cnn": {"widths": [64, 128], "epochs": 16}}}


def test_an_override_replaces_its_own_value_and_no_other():
    overrides = {"data": {"source": "sample"}, "models": {"cnn": {"widths": [4]}}}

    merged = quickstart.merge(PARAMS, overrides)

    expected = {
        "data": {"source": "sample", "sample": {"faces": 3000}},
        "models": {"cnn": {"widths": [4], "epochs": 16}},
    }
    assert merged == expected
    assert PARAMS["models"]["cnn"]["widths"] == [64, 128]


def test_a_misspelt_override_is_named_with_the_right_key():
    with pytest.raises(InputError, match=r"params.yaml has no key models\.cnn\.epoch; did you mean 'epochs'"):
        quickstart.merge(PARAMS, {"models": {"cnn": {"epoch": 1}}})


def test_the_sample_params_fit_the_params(root, monkeypatch):
    monkeypatch.chdir(root)
    params = quickstart._read("params.yaml")
    merged = quickstart.sample_params()
    assert merged["data"]["source"] == "sample"
    assert merged["models"].keys() == params["models"].keys(), "quickstart leaves no model out"


def test_files_of_a_removed_model_do_not_linger(tmp_path):
    kept = [tmp_path / name for name in ("plots/predictions/cnn.csv", "plots/tree/a/b.csv", "dvc.lock")]
    gone = tmp_path / "plots/predictions/old.csv"
    for path in [*kept, gone]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    quickstart.remove_leftovers(tmp_path, [tmp_path / "plots/predictions/cnn.csv", tmp_path / "plots/tree"])

    assert not gone.exists()
    assert all(path.exists() for path in kept)


def test_a_stage_whose_outputs_are_in_git_is_taken_over_and_not_run(tmp_path: Path, root: Path):
    quickstart.take_over("detector", tmp_path, root)
    assert (tmp_path / "models/mtcnn/pnet.onnx").read_bytes() == (root / "models/mtcnn/pnet.onnx").read_bytes()
    lock = {"schema": "2.0", "stages": {"detector": "other", "train": "kept"}}
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump(lock))
    quickstart.take_over("detector", tmp_path, root)
    taken = yaml.safe_load((tmp_path / "dvc.lock").read_text())["stages"]
    assert taken["train"] == "kept" and [out["path"] for out in taken["detector"]["outs"]] == ["models/mtcnn"]


def test_the_summary_shows_test_scores_and_the_best_model(tmp_path):
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    for model, accuracy in [("cnn", 0.911), ("resnet50v2", 0.5), ("ensemble", 0.92)]:
        scores = {"test": {"accuracy": accuracy, "macro_f1": accuracy - 0.1}, "validation": {"accuracy": 0.1}}
        (metrics / f"{model}.json").write_text(json.dumps(scores))
    (metrics / "best.json").write_text('{"model": "cnn"}')

    lines = quickstart_summary.scores(tmp_path, ["cnn", "resnet50v2"]).splitlines()

    assert "cnn            91.1%     0.811" in lines
    assert "resnet50v2     50.0%     0.400" in lines
    assert "ensemble       92.0%     0.820" in lines
    assert any(line.endswith("models/cnn.onnx") for line in lines)
    assert any(line.endswith("architecture/cnn.png") for line in lines)
    assert not any("confusion/resnet50v2" in line for line in lines)


def test_the_table_of_defects_compares_planted_with_found(tmp_path):
    defects = planted(333, 7)
    rows = {}
    for number, (kind, name, original) in enumerate(defects):
        for face in (name, original):
            rows[face] = {"name": face, **ALONE, "blank": False, "label_conflict": False}
            rows[face]["near_duplicate"] = number
            rows[face]["mirrored_duplicate"] = -1 if kind == "near_duplicate" else number
            rows[face]["exact_duplicate"] = -1 if kind in ("near_duplicate", "mirrored_duplicate") else number
            rows[face]["label_conflict"] = kind == "label_conflict"
        rows[name]["blank"] = kind == "blank"
    (tmp_path / "data").mkdir()

    def table() -> list[list[str]]:
        pq.write_table(pa.Table.from_pylist(list(rows.values())), tmp_path / "data/audit.parquet")
        return [line.split()[:3] for line in quickstart_summary.defects(tmp_path, 333, 7).splitlines()[2:]]

    kinds = ["exact_duplicate", "mirrored_duplicate", "near_duplicate", "label_conflict", "blank"]
    assert table() == [*([kind, "1", "1"] for kind in kinds), ["all", "5", "5"]]
    for kind, name, original in defects:
        rows[name] |= ALONE | {"blank": False}
        assert [kind, "1", "0"] in table()
        rows[original] |= ALONE
        assert [kind, "1", "0"] in table(), "two faces without a group are no copies"
    assert table()[-1] == ["all", "5", "0"]


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


def test_stages_that_both_need_are_not_checked(folder, capfd):
    repro.at_once(folder, ["ping"], ["pong"])
    assert "Stage 'base'" not in capfd.readouterr().out, "who looks stands in the other's way"


@pytest.mark.parametrize("lists", [(["broken"], ["pong"]), (["ping"], ["broken"])])
def test_a_failure_of_either_fails_the_whole_and_both_are_shown(folder, capfd, lists):
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


def test_each_half_has_all_that_it_needs_and_nothing_of_the_other(root, monkeypatch):
    monkeypatch.chdir(root)
    params = quickstart.sample_params()
    graph = Repo().index.graph
    stages = {stage.name: stage for stage in graph}
    done = set(quickstart.DATA)
    done |= {stage.name for name in quickstart.DATA for stage in networkx.descendants(graph, stages[name])}

    first, second = repro.halves(root, done=quickstart.DATA)

    for half in (first, second):
        for place, name in enumerate(half):
            assert {stage.name for stage in graph.successors(stages[name])} <= {*done, *half[:place]}
    assert not {*first, *second} & done and not {*first} & {*second}
    kinds = ("train", "predict", "calibrate", "evaluate", "describe")
    wanted = {f"{kind}@{model}" for kind in kinds for model in params["models"]} | {
        "distill@resnet_fer",
        "distill@distilled",
        "pretrained@vggface2",
        "vote_targets@votes_and_labels",
    }
    exported = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))["export"]["models"]
    assert {*first, *second} == wanted | {f"export@{model}" for model in exported}
    assert "distill@resnet_fer" in first and "train@cnn" in second


def test_a_single_model_is_one_half(root, tmp_path):
    Repo.init(str(tmp_path), no_scm=True)
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    kept = {
        name: stages[name]
        for name in ("check_params", "download", "clean", "audit", "split", "class_weights", "train", "evaluate")
    }
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": kept}), encoding="utf-8")
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    params["models"] = {"cnn": params["models"]["cnn"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")

    first, second = repro.halves(tmp_path, done=["class_weights"])

    assert {*first} >= {"train@cnn", "evaluate@cnn"} and not second
