"""The label audit on synthetic faces of which some got a wrong label: what it finds, and how it resumes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from emotion.core.labels import EMOTIONS
from emotion.report import facts
from emotion.synthetic.drawn import SHARES, draw_face
from tests import tiny as dag
from tests.source import ROOT, quickstart_params

TRAINING, VALIDATION = 1000, 70
LISTED = round(TRAINING * 2400 / 28709)  # the share of FER-2013's training faces that is listed
STAGE = [sys.executable, "-m", "stages.label_audit"]
OUTPUTS = ("metrics/label_issues.csv", "metrics/label_audit.json", "plots/faces/label_issues.png")


def _draw(file: Path) -> dict[str, str]:
    """Write synthetic faces as the split stage would, 5 % with a wrong label, and return their true labels by name."""
    rng = np.random.default_rng(3)
    shares = np.array([SHARES[emotion] for emotion in EMOTIONS])
    labels = [str(label) for label in rng.choice(EMOTIONS, TRAINING, p=shares / shares.sum())]
    labels += [EMOTIONS[number % len(EMOTIONS)] for number in range(VALIDATION)]
    faces = [draw_face(label, np.random.default_rng([3, number])) for number, label in enumerate(labels)]
    names = [f"{number:04}.png" for number in range(len(labels))]
    planted = {}
    for number in rng.choice(TRAINING, TRAINING // 20, replace=False):
        planted[names[number]] = labels[number]
        labels[number] = str(rng.choice([emotion for emotion in EMOTIONS if emotion != labels[number]]))
    table = {
        "name": names,
        "label": labels,
        "pixels": pa.array([face.tobytes() for face in faces], pa.binary(48 * 48)),
        "subset": ["train"] * TRAINING + ["validation"] * VALIDATION,
        "leakage": ["no"] * len(labels),
    }
    file.parent.mkdir()
    pq.write_table(pa.table(table), file)
    return planted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with faces of which 5 % got a wrong label, in planted.json, and the outputs of the stage."""
    folder = tmp_path_factory.mktemp("label_audit")
    planted = _draw(folder / "data/learn.parquet")
    (folder / "planted.json").write_text(json.dumps(planted))
    params = quickstart_params()
    # Two smaller networks in place of three, with more steps an epoch, learn from fewer faces in less time.
    params["label_audit"] |= {"max_listed": LISTED, "folds": 2}
    params["label_audit"]["build"]["widths"] = [12, 24, 48]
    params["label_audit"]["fit"]["batch_size"] = 16
    (folder / "params.yaml").write_text(yaml.safe_dump({name: params[name] for name in ("hardware", "label_audit")}))
    subprocess.run(STAGE, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.DEVNULL)
    return folder


def test_at_least_half_of_the_planted_label_errors_are_listed(folder: Path):
    planted = json.loads((folder / "planted.json").read_text())
    listed = facts.table(str(folder / "metrics/label_issues.csv"))
    predicted = {row["name"]: row["predicted_label"] for row in listed}
    found = [name for name in planted if name in predicted]
    assert len(found) >= 0.5 * len(planted) == 25
    assert sum(predicted[name] == planted[name] for name in found) > 0.6 * len(found), "mostly the true label"


def test_the_list_is_ranked_worst_first_and_as_long_as_params_say(folder: Path):
    listed = facts.table(str(folder / "metrics/label_issues.csv"))
    assert len(listed) == LISTED
    qualities = [row["label_quality"] for row in listed]
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


def test_killed_in_the_last_fold_it_resumes_to_the_same_bytes(tiny: Path, tmp_path: Path):
    before = {name: (tiny / name).read_bytes() for name in OUTPUTS}
    for name in ("data", "emotion", "params", "params.yaml", "stages"):
        (shutil.copytree if (tiny / name).is_dir() else shutil.copy)(tiny / name, tmp_path / name)
    environment = dag.environment(tmp_path)
    with subprocess.Popen(STAGE, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as process:
        dag.wait(lambda: list((tmp_path / ".checkpoints").glob("label_audit-1-*.npz")), process)
        process.kill()
    assert not any((tmp_path / name).exists() for name in OUTPUTS)
    printed = subprocess.run(STAGE, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    _, first, second = re.split(r"^fold ", printed, flags=re.MULTILINE)
    assert "epoch   1 " not in first and "epoch   1 " in second
    assert [name for name in OUTPUTS if (tmp_path / name).read_bytes() != before[name]] == []
    assert not (tmp_path / ".checkpoints").exists(), "nothing is left to resume from"
