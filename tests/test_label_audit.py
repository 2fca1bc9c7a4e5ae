"""The label audit on drawn faces of which some got a wrong label: what it finds, and how it resumes; its benchmark."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from benchmarks import planted_labels, results
from emotion.core.labels import EMOTIONS
from emotion.synthetic.drawn import SHARES, draw_face
from tests.source import ROOT
from tools.quickstart import merge

TRAINING, VALIDATION = 1200, 70
LISTED = round(TRAINING * 2400 / 28709)  # the share of FER-2013's training faces that is listed
OUTPUTS = ("metrics/label_issues.csv", "metrics/label_audit.json", "plots/faces/label_issues.png")

# The stage, as if killed just before it removes its checkpoints.
KILLED = """
from emotion.core import errors
from emotion.training.checkpoint import Checkpoint
from stages import label_audit
Checkpoint.remove = lambda self: None
errors.run(label_audit.main)
"""


def _draw(file: Path) -> None:
    """Write drawn faces as the split stage would."""
    rng = np.random.default_rng(3)
    shares = np.array([SHARES[emotion] for emotion in EMOTIONS])
    labels = [str(label) for label in rng.choice(EMOTIONS, TRAINING, p=shares / shares.sum())]
    labels += [EMOTIONS[number % len(EMOTIONS)] for number in range(VALIDATION)]
    faces = [draw_face(label, np.random.default_rng([3, number])) for number, label in enumerate(labels)]
    table = {
        "name": [f"{number:04}.png" for number in range(len(labels))],
        "label": labels,
        "pixels": pa.array([face.tobytes() for face in faces], pa.binary(48 * 48)),
        "subset": ["train"] * TRAINING + ["validation"] * VALIDATION,
        "leakage": ["no"] * len(labels),
    }
    pq.write_table(pa.table(table), file)


def _run(folder: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *command]
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _outputs(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OUTPUTS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with faces of which 5 % got a wrong label, in planted.json, and the outputs of the stage."""
    folder = tmp_path_factory.mktemp("label_audit")
    _draw(folder / "drawn.parquet")
    planted = planted_labels.prepare(folder, folder / "drawn.parquet", share=0.05, seed=11)
    (folder / "planted.json").write_text(json.dumps(planted))
    full, sample = (yaml.safe_load((ROOT / name).read_text("utf-8")) for name in ("params.yaml", "params/sample.yaml"))
    params = merge(full, sample)
    params["label_audit"]["max_listed"] = LISTED
    (folder / "params.yaml").write_text(yaml.safe_dump({name: params[name] for name in ("hardware", "label_audit")}))
    _run(folder, "-c", KILLED)
    return folder


def test_at_least_half_of_the_planted_label_errors_are_listed(folder: Path):
    planted = json.loads((folder / "planted.json").read_text())
    assert len(planted) == 60
    found = planted_labels.found(folder, planted)
    assert found["recall"] >= 0.5
    assert found["restored"] > 0.6 * found["found"], "mostly the true label is predicted"


def test_the_list_is_ranked_worst_first_and_as_long_as_params_say(folder: Path):
    with (folder / "metrics/label_issues.csv").open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == LISTED
    qualities = [float(row["label_quality"]) for row in listed]
    assert qualities == sorted(qualities) and qualities[0] >= 0 and qualities[-1] < 0.5
    faces = {row["name"]: row for row in pq.read_table(folder / "data/learn.parquet").to_pylist()}
    assert all(row["label"] == faces[row["name"]]["label"] != row["predicted_label"] for row in listed)
    assert {faces[row["name"]]["subset"] for row in listed} == {"train"}


def test_counts_and_contact_sheet_belong_to_the_list(folder: Path):
    counts = json.loads((folder / "metrics/label_audit.json").read_text())
    assert counts["faces"] == TRAINING and counts["listed"] == LISTED
    assert counts["out_of_fold_accuracy"] > 0.5
    assert sum(sum(row.values()) for row in counts["by_label"].values()) == counts["label_issues"] > 0
    with Image.open(folder / "plots/faces/label_issues.png") as picture:
        assert picture.width > 7 * 96 and picture.height > 7 * 96


def test_a_run_killed_before_the_last_fold_resumes_to_the_same_bytes(folder: Path):
    before = _outputs(folder)
    for name in OUTPUTS:
        (folder / name).unlink()
    (last,) = (folder / ".checkpoints").glob("label_audit-3-*.npz")
    last.unlink()
    printed = _run(folder, "-m", "stages.label_audit")
    _, first, second, third = re.split(r"^fold ", printed, flags=re.MULTILINE)
    assert "epoch   1 " not in first + second and "epoch   1 " in third
    assert [name for name in OUTPUTS if _outputs(folder)[name] != before[name]] == []
    assert not (folder / ".checkpoints").exists(), "nothing is left to resume from"


# The benchmark


def test_planting_replaces_a_share_of_the_training_labels_only(tmp_path: Path):
    names = [f"{number:03}" for number in range(300)]
    labels = [EMOTIONS[number % len(EMOTIONS)] for number in range(300)]
    subsets = ["train" if number % 3 else "validation" for number in range(300)]
    table = pa.table({"name": names, "label": labels, "subset": subsets})
    pq.write_table(table, tmp_path / "drawn.parquet")
    planted = planted_labels.prepare(tmp_path, tmp_path / "drawn.parquet", share=0.1, seed=1)
    changed = pq.read_table(tmp_path / "data/learn.parquet")
    assert changed.drop_columns("label").equals(table.drop_columns("label"))
    new = dict(zip(names, changed["label"].to_pylist(), strict=True))
    assert planted == {name: label for name, label in zip(names, labels, strict=True) if new[name] != label}
    assert len(planted) == 20 and all(subsets[names.index(name)] == "train" for name in planted)
    assert planted == planted_labels.prepare(tmp_path, tmp_path / "drawn.parquet", share=0.1, seed=1)
    assert planted != planted_labels.prepare(tmp_path, tmp_path / "drawn.parquet", share=0.1, seed=2)


@pytest.fixture
def benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose label audit lists the first 80 of 100 training faces, and predicts happy for all."""

    def audit(folder: Path) -> None:
        (folder / "metrics").mkdir()
        lines = [f"{number:03},sad,happy,0.1\n" for number in range(80)]
        header = "name,label,predicted_label,label_quality\n"
        (folder / "metrics/label_issues.csv").write_text(header + "".join(lines))
        (folder / "metrics/label_audit.json").write_text('{"faces": 100, "out_of_fold_accuracy": 0.6}')

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planted_labels, "run", audit)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    (tmp_path / "params.yaml").write_text("label_audit: {}\n")
    (tmp_path / "data").mkdir()
    columns = {"name": [f"{number:03}" for number in range(100)], "label": ["happy"] * 100, "subset": ["train"] * 100}
    pq.write_table(pa.table(columns), tmp_path / "data/learn.parquet")
    return tmp_path


def test_the_benchmark_keeps_the_recall_and_leaves_the_project_unchanged(benchmark: Path):
    before = (benchmark / "data/learn.parquet").read_bytes()
    planted_labels.main()
    kept = json.loads((benchmark / "results.json").read_text())["planted_labels"]
    assert kept["planted"] == 5 and kept["listed"] == 80 and kept["faces"] == 100
    assert 1 <= kept["found"] <= 5 and kept["restored"] == kept["found"] and kept["recall"] == kept["found"] / 5
    assert kept["minutes"] == 0.0
    assert (benchmark / "data/learn.parquet").read_bytes() == before
    assert sorted(path.name for path in benchmark.iterdir()) == ["data", "params.yaml", "results.json"]


def test_the_benchmark_keeps_no_time_of_a_resumed_run(benchmark: Path):
    (benchmark / planted_labels.FOLDER / ".checkpoints").mkdir(parents=True)
    planted_labels.main()
    assert json.loads((benchmark / "results.json").read_text())["planted_labels"]["minutes"] is None
