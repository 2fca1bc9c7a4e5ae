"""`make overfitting`: a run of cnn apart from the pipeline, its figure and its numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tests import tiny
from tests.source import ROOT
from tools import overfitting
from tools.overfitting_figure import figure, turning_epoch


def _history(epochs: int, turn: int) -> list[dict[str, float]]:
    """Return a history with the lowest validation loss in epoch `turn` and the best validation accuracy in the 80th."""
    return [
        {
            "epoch": float(epoch),
            "loss": 2 / epoch,
            "accuracy": 1 - 0.5 / epoch,
            "val_loss": 1 + 0.01 * abs(epoch - turn),
            "val_accuracy": 0.6 + 0.0001 * min(epoch, 160 - epoch),
        }
        for epoch in range(1, epochs + 1)
    ]


def _texts(rows: list[dict[str, float]]) -> set[str]:
    drawing = figure(rows)
    legend = [text.get_text() for text in drawing.legends[0].get_texts()]
    return {text.get_text() for axes in drawing.axes for text in axes.texts} | set(legend)


def test_the_validation_loss_turns_at_its_first_lowest_epoch():
    assert turning_epoch(_history(100, turn=17))["epoch"] == 17
    rows = _history(4, turn=2)
    rows[3]["val_loss"] = rows[1]["val_loss"]
    assert turning_epoch(rows)["epoch"] == 2


def test_the_figure_marks_the_turn_in_both_panels_and_numbers_at_50_and_100():
    rows = _history(100, turn=17)
    assert _texts(rows) == {
        "training faces", "validation faces", "lowest validation loss: epoch 17",
        "0.04", "0.02", "1.33", "1.83", "99.0", "99.5", "60.5", "60.6",
    }  # fmt: skip
    for axes in figure(rows).axes:
        (turn,) = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert list(turn.get_xdata()) == [17, 17]


def test_the_figure_of_a_short_run_has_no_milestones():
    assert _texts(_history(3, turn=1)) == {"training faces", "validation faces", "lowest validation loss: epoch 1"}


def test_the_figure_has_the_same_bytes_again(tmp_path: Path):
    for name in ("first.png", "second.png"):
        figure(_history(100, turn=17)).savefig(tmp_path / name, metadata={"Software": None})
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_the_summary_tells_turn_best_and_milestones():
    turn, best, fifty, _ = (line.split() for line in overfitting.summary(_history(100, turn=17)).splitlines()[1:])
    assert turn == ["lowest", "validation", "loss", "17", "0.118", "97.1%", "1.000", "60.2%"]
    assert best == ["best", "validation", "accuracy", "80", "0.025", "99.4%", "1.630", "60.8%"]
    assert fifty == ["after", "50", "epochs", "50", "0.040", "99.0%", "1.330", "60.5%"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a tiny cnn and 70 noisy faces, as it stands after the stage class_weights."""
    monkeypatch.chdir(tmp_path)
    tiny.write_params(tmp_path, tiny.params())
    Path("params").mkdir()
    Path("params/none.csv").write_text((ROOT / "params/none.csv").read_text("utf-8"), encoding="utf-8")
    Path("data").mkdir()
    rng = np.random.default_rng(1)
    pixels = [rng.integers(0, 256, 2304, np.uint8).tobytes() for _ in range(70)]
    columns = {
        "name": [f"{number:02}" for number in range(70)],
        "label": [EMOTIONS[number % 7] for number in range(70)],
        "pixels": pa.array(pixels, pa.binary(2304)),
        "part": ["train" if number < 49 else "validation" for number in range(70)],
        "leaked": ["no"] * 70,
    }
    pq.write_table(pa.table(columns), "data/learn.parquet")
    Path("data/class_weights.json").write_text(json.dumps(dict.fromkeys(EMOTIONS, 1.0)), encoding="utf-8")
    return tmp_path


def _main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["overfitting", *arguments])
    overfitting.main()


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.overfitting", *arguments],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_study_leaves_the_pipeline_alone_and_its_first_epochs_are_those_of_a_shorter_run(project: Path):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    done = _run(project, "--epochs", "2")
    assert done.returncode == 0, done.stderr
    rows = overfitting.read(overfitting.HISTORY)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert [row["learning_rate"] for row in rows] == [0.01, 0.01]
    assert f"lowest validation loss        {turning_epoch(rows)['epoch']:.0f} " in done.stdout
    assert Image.open(overfitting.PICTURE).size == (1500, 675)

    assert _run(project, "--epochs", "1").returncode == 0
    assert overfitting.read(overfitting.HISTORY) == rows[:1]
    assert {path: path.read_bytes() for path in before} == before
    made = {path.relative_to(project).parts[0] for path in project.rglob("*") if path.is_file() and path not in before}
    assert made == {".overfitting", "docs"}


def test_params_differ_from_the_pipelines_in_what_the_study_names_alone(project: Path):
    overfitting.prepare(100)
    params, study = (yaml.safe_load(Path(folder, "params.yaml").read_text("utf-8")) for folder in (".", ".overfitting"))
    fit = params["models"]["cnn"]["fit"]
    changed = {key for key, value in study["models"]["cnn"]["fit"].items() if fit[key] != value}
    assert changed <= set(overfitting.FIT) and {"epochs", "schedule"} <= changed
    assert study["models"]["cnn"]["fit"]["epochs"] == 100
    targets = Path(".overfitting", study["models"]["cnn"].pop("targets"))
    assert targets.samefile(params["models"]["cnn"].pop("targets"))
    study["models"]["cnn"]["fit"] = fit
    assert study == params


def test_data_that_changed_since_are_used(project: Path):
    overfitting.prepare(100)
    Path("data/learn.parquet").unlink()
    Path("data/learn.parquet").write_text("other faces")
    overfitting.prepare(100)
    assert Path(".overfitting/data/learn.parquet").read_text() == "other faces"


@pytest.mark.parametrize("name", ["learn.parquet", "class_weights.json"])
def test_missing_data_are_named_with_what_makes_them(project: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    Path("data", name).unlink()
    with pytest.raises(InputError, match=f"^data/{name} missing: run `make repro`, at least up to class_weights$"):
        _main(monkeypatch)


def test_a_project_without_cnn_is_told_so(project: Path):
    params: dict[str, Any] = tiny.params()
    del params["models"]["cnn"]
    tiny.write_params(project, params)
    with pytest.raises(InputError, match="params.yaml: there is no models.cnn"):
        overfitting.prepare(100)


def test_a_failed_training_leaves_the_committed_history(project: Path):
    for path in (overfitting.HISTORY, Path(".overfitting/plots/history/cnn.csv")):
        path.parent.mkdir(parents=True)
        path.write_text(f"earlier {path}")
    done = _run(project, "--epochs", "0")
    assert done.returncode == 1 and "models.cnn.fit.epochs is 0" in done.stderr and "Traceback" not in done.stderr
    assert overfitting.HISTORY.read_text() == "earlier docs/overfitting.csv"


def test_draw_needs_the_history_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="docs/overfitting.csv is not here: run `make overfitting`"):
        _main(monkeypatch, "--draw")
    rows = _history(100, turn=17)
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    overfitting.HISTORY.parent.mkdir()
    overfitting.HISTORY.write_text("\n".join(lines), encoding="utf-8")
    _main(monkeypatch, "--draw")
    assert "after 100 epochs" in capsys.readouterr().out
    assert overfitting.PICTURE.exists() and not Path(".overfitting").exists()
    overfitting.HISTORY.write_text(lines[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no epoch"):
        _main(monkeypatch, "--draw")


def test_git_and_dvc_ignore_the_folder():
    for name in (".gitignore", ".dvcignore"):
        assert f"/{overfitting.FOLDER}/" in (ROOT / name).read_text("utf-8").splitlines()
