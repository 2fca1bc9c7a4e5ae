"""`make quickstart`, apart from the stages that it runs."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.data.drawn import planted
from emotion.errors import InputError
from tools import quickstart, quickstart_summary

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


def test_the_summary_shows_test_scores_and_the_files_of_the_best_model(tmp_path):
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


def test_the_table_of_defects_compares_what_was_planted_with_what_the_audit_found(tmp_path):
    defects, rows = planted(333, 7), {}
    for number, (kind, name, original) in enumerate(defects):
        for face in (name, original):
            rows[face] = {"name": face, "identical": -1, "mirrored": -1, "near": -1, "blank": False, "conflict": False}
            rows[face]["near"] = number
            rows[face]["mirrored"] = -1 if kind == "near" else number
            rows[face]["identical"] = -1 if kind in ("near", "mirrored") else number
            rows[face]["conflict"] = kind == "conflict"
        rows[name]["blank"] = kind == "blank"
    (tmp_path / "data").mkdir()

    def table() -> list[list[str]]:
        pq.write_table(pa.Table.from_pylist(list(rows.values())), tmp_path / "data/audit.parquet")
        return [line.split()[:3] for line in quickstart_summary.defects(tmp_path, 333, 7).splitlines()[2:]]

    kinds = ["identical", "mirrored", "near", "conflict", "blank"]
    assert table() == [*([kind, "1", "1"] for kind in kinds), ["all", "5", "5"]]
    for kind, name, original in defects:
        rows[name] |= {"near": -1, "mirrored": -1, "identical": -1, "blank": False}
        assert [kind, "1", "0"] in table()
        rows[original] |= {"near": -1, "mirrored": -1, "identical": -1}
        assert [kind, "1", "0"] in table(), "two faces without a group are no copies"
    assert table()[-1] == ["all", "5", "0"]
