"""`make study`: runs that differ in one param each, on a share of the faces, apart from the pipeline."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from dvc.repo import Repo
from PIL import Image

from emotion.errors import InputError
from emotion.labels import EMOTIONS
from tests import tiny
from tests.searching import noisy_faces
from tests.source import ROOT
from tools import study, study_figure, study_grid
from tools.fewer_faces import share_of
from tools.study_grid import StudySettings

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
STUDY: dict[str, Any] = {"model": "cnn", "share": 0.5, "seed": 1, "epochs": 1, "factors": {"build.dropout": [0.1, 0]}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a tiny cnn, noisy faces and a study of two runs, as it stands after the stage class_weights."""
    monkeypatch.chdir(tmp_path)
    params = tiny.params()
    params["models"] = {"cnn": params["models"]["cnn"]}
    tiny.write_params(tmp_path, params | {"study": STUDY})
    for folder in ("params", "data"):
        Path(folder).mkdir()
    Path("params/none.csv").write_text((ROOT / "params/none.csv").read_text("utf-8"), encoding="utf-8")
    pq.write_table(noisy_faces(98, 77), "data/learn.parquet")
    Path("data/class_weights.json").write_text(json.dumps(dict.fromkeys(EMOTIONS, 1.0)), encoding="utf-8")
    return tmp_path


def _start() -> subprocess.Popen[str]:
    command, environment = [sys.executable, "-m", "tools.study"], os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _results() -> list[Path]:
    return sorted(Path(".study/results").glob("[!.]*.json"))


def test_a_killed_study_goes_on_and_gives_the_same_table(project: Path):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    with _start() as process:
        while not _results() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and not Path("docs").exists()
    (first,) = _results()
    written = first.stat().st_mtime_ns

    with _start() as process:
        told = process.communicate()[0]
    assert process.returncode == 0
    assert f"run 1 of 2: cnn as it is: {first} is there\nrun 2 of 2: build.dropout 0\n" in told
    assert first.stat().st_mtime_ns == written
    table = Path("docs/study.csv").read_bytes()
    assert Image.open("docs/study.png").size == (1430, 792)
    assert {path: path.read_bytes() for path in before} == before
    made = {path.relative_to(project).parts[0] for path in project.rglob("*") if path.is_file() and path not in before}
    assert made == {".study", "docs"} and not list(Path(".study/models").iterdir())

    first.unlink()
    with _start() as process:
        process.communicate()
    assert Path("docs/study.csv").read_bytes() == table, "as one that was never killed"


def test_runs_differ_from_the_committed_one_in_one_value_each():
    settings = StudySettings.model_validate(PARAMS["study"])
    committed, *others = study_grid.runs(settings, PARAMS["models"])
    assert committed.settings["fit"].pop("epochs") == settings.epochs
    own = {**PARAMS["models"]["cnn"], "fit": dict(PARAMS["models"]["cnn"]["fit"])}
    del own["fit"]["epochs"]
    assert committed.settings == own
    committed.settings["fit"]["epochs"] = settings.epochs
    assert len(others) == sum(map(len, settings.factors.values())), "no value is the committed one"
    for run in others:
        (key,) = [key for key in run.values if run.values[key] != committed.values[key]]
        flat, base = (_flat(settings) for settings in (run.settings, committed.settings))
        assert [name for name in base if flat[name] != base[name]] == [key]
        assert study_grid.text(flat[key]) == run.values[key]


def _flat(settings: dict[str, Any], place: str = "") -> dict[str, Any]:
    """Return nested settings with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{place}{key}.") if isinstance(value, dict) else {f"{place}{key}": value}
    return flat


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "cn"}, "params.yaml: study.model: there is no 'cn'; did you mean 'cnn'?"),
        (
            {"factors": {"build.dropuot": [1]}},
            "params.yaml: study.factors: models.cnn has no build.dropuot; did you mean 'dropout'?",
        ),
        ({"factors": {"seed.x": [1]}}, "params.yaml: study.factors: models.cnn has no seed.x"),
    ],
)
def test_a_misspelt_factor_or_model_is_named_with_the_right_one(change: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        study_grid.runs(StudySettings.model_validate(STUDY | change), PARAMS["models"])
    assert str(error.value) == message


def test_the_share_is_that_of_each_emotion_and_fixed_and_validation_faces_stay_whole():
    chosen = share_of(noisy_faces(98, 77), 0.4, 1).to_pylist()
    assert chosen == share_of(noisy_faces(98, 77), 0.4, 1).to_pylist()
    assert chosen != share_of(noisy_faces(98, 77), 0.4, 2).to_pylist()
    counts = Counter((row["part"], row["label"]) for row in chosen)
    assert counts == {("train", name): 4 for name in EMOTIONS} | {("validation", name): 3 for name in EMOTIONS}
    rows = noisy_faces(98, 77).to_pylist()
    assert all(row in rows for row in chosen) and len({row["name"] for row in chosen}) == len(chosen)
    assert share_of(noisy_faces(98, 77), 1.0, 1).to_pylist() == rows


def test_missing_data_are_named_with_what_makes_them(project: Path):
    Path("data/learn.parquet").unlink()
    with pytest.raises(
        InputError, match="^data/learn.parquet missing: run `make repro`, at least up to class_weights$"
    ):
        study.main()


def test_no_stage_depends_on_the_study():
    stages = Repo(str(ROOT)).index.stages
    assert stages
    for stage in stages:
        read = [key for dep in stage.deps if hasattr(dep, "params") for key in dep.params]
        assert not [key for key in read if key.startswith("study")], stage.addressing
        assert not [dep for dep in stage.deps if "study" in str(dep)], stage.addressing


def test_other_data_params_or_code_take_no_earlier_result():
    run = study_grid.Run({"seed": 1}, {})
    names = {
        study._name(run, {"code": "1"}),
        study._name(run, {"code": "2"}),
        study._name(study_grid.Run({"seed": 2}, {}), {"code": "1"}),
    }
    assert len(names) == 3


def _table() -> list[dict[str, str]]:
    settings = StudySettings.model_validate(PARAMS["study"])
    rows = []
    for number, run in enumerate(study_grid.runs(settings, PARAMS["models"])):
        scores = dict.fromkeys(study_figure.SCORES, "0.5") | {"val_accuracy": str(0.6 - 0.001 * number)}
        rows.append(run.values | scores)
    return rows


def test_the_figure_names_every_axis_value_and_run_and_cuts_nothing():
    rows = _table()
    drawing = study_figure.figure(rows)
    drawing.canvas.draw()
    (axes,) = drawing.axes
    texts = {text.get_text() for text in axes.texts}
    assert {
        "learning rate",
        "batch size",
        "0.03",
        "32-96-256",
        "60.0  as committed",
        "59.9  learning rate 0.003",
    } <= texts
    assert sum(text[:2].isdigit() and "  " in text for text in texts) == len(rows)
    whole = drawing.bbox
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in boxes)
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)], "texts overlap"


def test_draw_needs_the_table_alone_and_gives_the_same_bytes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="docs/study.csv is not here: run `make study`"):
        study.main("--draw")
    rows = _table()
    study.TABLE.parent.mkdir()
    with study.TABLE.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    study.main("--draw")
    before = study.PICTURE.read_bytes()
    study.main("--draw")
    assert study.PICTURE.read_bytes() == before
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["learning", "rate", "0.003", "59.9", "-0.1", "50.0", "0.500"] in told


def test_labels_stay_in_their_order_and_apart():
    places = study_figure.apart([0.0, 0.01, 1.0, 0.02], 0.3, 1.0)
    assert sorted(places)[-1] <= 1.0
    assert np.argsort(places).tolist() == [0, 1, 3, 2]
    assert np.diff(np.sort(places)).min() >= 0.3 - 1e-9
