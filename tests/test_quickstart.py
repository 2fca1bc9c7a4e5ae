"""`make quickstart`, apart from the stages that it runs."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from dvc.repo import Repo

from emotion.core.errors import InputError
from emotion.core.params import read
from emotion.synthetic.drawn import planted
from stages import check_params
from tools import quickstart, quickstart_summary

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


def test_the_summary_shows_test_scores_and_why_one_says_nothing(tmp_path):
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    for model, accuracy in [("cnn", 0.911), ("resnet50v2", 0.5), ("ensemble", 0.92)]:
        scores = {"test": {"accuracy": accuracy, "macro_f1": accuracy - 0.1}, "validation": {"accuracy": 0.1}}
        (metrics / f"{model}.json").write_text(json.dumps(scores))

    models = {"cnn": {"fit": {"epochs": 8}}, "resnet50v2": {"fit": {"epochs": 1}}}
    lines = quickstart_summary.scores(tmp_path, models).splitlines()

    assert "cnn            91.1%     0.811" in lines
    assert "resnet50v2     50.0%     0.400   one epoch shows only that it runs" in lines
    assert "ensemble       92.0%     0.820" in lines


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


@pytest.fixture
def prepared(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which `make quickstart` would run the pipeline."""
    monkeypatch.chdir(root)
    folder = tmp_path / "quickstart"
    quickstart.prepare(quickstart.with_models(quickstart.sample_params(), quickstart.MODELS), folder)
    return folder


def test_fewer_models_are_valid_params_and_leave_out_no_kind_of_stage(root, prepared, monkeypatch):
    monkeypatch.chdir(prepared)
    check_params.check(read("params.yaml"))
    kinds = set(yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    stages = Repo().index.stages
    assert {stage.name.partition("@")[0] for stage in stages} == kinds - {"pretrained", "external"}
    made = {out.fs_path for stage in stages for out in stage.outs}
    missing = {dep.fs_path for stage in stages for dep in stage.deps if not Path(dep.fs_path).exists()} - made
    assert all(Path(path).is_relative_to(prepared / "plots") or Path(path).is_relative_to(prepared / "metrics")
               for path in missing), "folders of outputs"  # fmt: skip


def test_charts_and_robustness_name_the_models_that_are_there(prepared: Path):
    charts = yaml.safe_load((prepared / "stages/dvc.yaml").read_text(encoding="utf-8"))["plots"]
    drawn = [{Path(path).stem for path in chart["y"]} for entry in charts for chart in entry.values()]
    assert drawn and all(names - {"ensemble"} == set(quickstart.MODELS) for names in drawn)
    robustness = yaml.safe_load((prepared / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["robustness"]
    assert set(robustness["foreach"]) == set(quickstart.MODELS)


def test_with_all_models_nothing_is_left_out_of_the_pipeline(root: Path, tmp_path: Path):
    models = read(root / "params.yaml")["models"]
    for name in ("dvc.yaml", "stages/dvc.yaml"):
        before = (root / name).read_text(encoding="utf-8")
        (tmp_path / "dvc.yaml").write_text(before, encoding="utf-8")
        quickstart.leave_out(tmp_path / "dvc.yaml", models)
        assert (tmp_path / "dvc.yaml").read_text(encoding="utf-8") == before


def test_the_page_of_charts_says_that_faces_are_drawn(prepared: Path):
    page = (prepared / ".dvc/plots/offline.html").read_text(encoding="utf-8")
    assert page.count("Facial emotion recognition on synthetic faces: plots") == 2


def test_a_pipeline_that_dvc_cannot_read_is_one_error(prepared: Path, root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(root)
    params = quickstart.with_models(quickstart.sample_params(), quickstart.MODELS)
    del params["data"]
    with pytest.raises(InputError, match="Could not find 'data.input'"):
        quickstart.prepare(params, prepared)
