"""The stage that sets models beside one another."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from emotion.errors import InputError
from emotion.evaluation import predictions
from emotion.evaluation.predictions import Predictions
from stages import compare

LABELS = np.arange(210) % 7


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the answers of two models, right about 100 and 150 of 210 faces, and of an ensemble, about 160."""
    monkeypatch.chdir(tmp_path)
    sections = {"compare": {"models": ["cnn", "vgg16"]}, "evaluate": {"resamples": 200, "seed": 1}}
    Path("params.yaml").write_text(yaml.safe_dump(sections), encoding="utf-8")
    Path("metrics/architecture").mkdir(parents=True)
    for name, right in {"cnn": 100, "vgg16": 150, "ensemble": 160}.items():
        _write(name, right)
        Path(f"metrics/architecture/{name}.json").write_text('{"parameters": 1000000, "macs": 2000000}')
    return tmp_path


def _write(name: str, right: int, count: int = 210) -> None:
    answers = np.where(np.arange(count) < right, LABELS[:count], (LABELS[:count] + 1) % 7)
    names = [f"test/{number}.png" for number in range(count)]
    found = Predictions(names, LABELS[:count], np.full(count, "no"), np.where(np.eye(7)[answers] == 1, 0.4, 0.1))
    predictions.write(found, "plots/ensemble/test.csv" if name == "ensemble" else f"plots/predictions/test/{name}.csv")


def test_every_pair_has_its_difference_and_p_values(project: Path):
    compare.main()
    with open("plots/compare/pairs.csv", newline="", encoding="utf-8") as file:
        rows = {(row["first"], row["second"]): row for row in csv.DictReader(file)}
    assert list(rows) == [("cnn", "vgg16"), ("cnn", "ensemble"), ("vgg16", "ensemble")]
    assert float(rows["cnn", "vgg16"]["difference"]) == pytest.approx(-50 / 210)
    assert float(rows["cnn", "vgg16"]["p_holm"]) < 1e-6 < float(rows["vgg16", "ensemble"]["p"])
    for figure in ("differences", "pareto"):
        assert Image.open(f"plots/compare/{figure}.png").width > 400


def test_the_same_answers_give_the_same_bytes(project: Path):
    def written() -> list[bytes]:
        compare.main()
        return [path.read_bytes() for path in sorted(Path("plots/compare").iterdir())]

    assert written() == written()


def test_answers_for_other_faces_are_an_error_that_names_the_model(project: Path):
    _write("vgg16", 150, count=209)
    with pytest.raises(InputError, match="^vgg16 and ensemble answered for different faces: run `dvc repro` for both$"):
        compare.main()
    assert not Path("plots/compare").exists()


def test_a_model_without_predictions_is_named(project: Path):
    Path("params.yaml").write_text(json.dumps({"compare": {"models": ["cn"]}, "evaluate": {"resamples": 9, "seed": 1}}))
    with pytest.raises(FileNotFoundError, match=r"plots/predictions/test/cn\.csv"):
        compare.main()
