"""Which model is chosen to be shipped, and that the shipped file is the one in dvc.lock."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.evaluation import adjustments
from stages import choose
from tests import predicted
from tests.source import ROOT
from tools import ship

LABELS = np.arange(70) % 7
CALIBRATE = {"balanced_weight": 0.5, "folds": 5, "seed": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project after the export of `big`, 9 MB and always correct, `good`, 3 MB, and `same`, 4 MB and as good."""
    monkeypatch.chdir(tmp_path)
    Path("metrics/export").mkdir(parents=True)
    Path("metrics/calibration").mkdir()
    predicted.write_votes()
    neutral = adjustments.Adjustment(temperature=1.0, prior_exponent=0.0, priors=np.full(7, 1 / 7))
    for name, megabytes, correct in (("big", 9, 70), ("same", 4, 63), ("good", 3, 63), ("bad", 1, 40)):
        probabilities = predicted.right_for_first(LABELS, correct)
        predicted.write(f"plots/predictions/validation/{name}.csv", probabilities, LABELS)
        files = {"onnx_float32": {"bytes": 1}, "onnx_int8": {"bytes": megabytes * 10**6}}
        Path(f"metrics/export/{name}.json").write_text(json.dumps({"files": files}))
        Path(f"metrics/calibration/{name}.json").write_text(json.dumps({"without_tta": neutral.as_json()}))
    return tmp_path


def _choose(max_mb: float) -> str:
    predicted.write_params(export={"models": ["bad", "same", "good", "big"], "max_mb": max_mb}, calibrate=CALIBRATE)
    choose.main()
    return json.loads(Path("metrics/best.json").read_text())["model"]


@pytest.mark.parametrize(("max_mb", "best"), [(9, "big"), (8.9, "good"), (2, "bad")])
def test_the_best_model_that_fits_is_chosen_of_ties_the_smaller(folder: Path, max_mb: float, best: str):
    assert _choose(max_mb) == best


def test_where_annotators_voted_their_votes_decide(folder: Path):
    """`bad` predicts the emotion after the label for the last 30 of 70 faces."""
    counts = {str(face): {EMOTIONS[(label + (face >= 40)) % 7]: 10} for face, label in enumerate(LABELS)}
    predicted.write_votes(counts)
    assert _choose(9) == "bad"


def test_if_no_file_fits_the_smallest_is_named(folder: Path):
    with pytest.raises(InputError, match=r"^no int8 ONNX file fits into export\.max_mb 0\.5: .* bad, has 1\.0 MB"):
        _choose(0.5)
    assert not Path("metrics/best.json").exists()


def _write_lock(stage: str, md5: str) -> None:
    outs = [{"path": "models/good.onnx", "md5": "0"}, {"path": "models/good.int8.onnx", "md5": md5}]
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {stage: {"outs": outs}}}))


def test_ship_copies_only_the_chosen_file_that_dvc_lock_names(folder: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match=r"^metrics/best\.json "):
        ship.main()
    _choose(8)
    _write_lock("export@bad", "0")
    with pytest.raises(InputError, match=r"^dvc\.lock .*models/good\.int8\.onnx.*`dvc repro choose`"):
        ship.main()
    file = Path("models/good.int8.onnx")
    _write_lock("export@good", hashlib.md5(b"a network").hexdigest())
    with pytest.raises(InputError, match=r"^models/good\.int8\.onnx .*`dvc checkout models/good"):
        ship.main()
    file.parent.mkdir()
    file.write_bytes(b"another network")
    with pytest.raises(InputError, match=r"^models/good\.int8\.onnx .*dvc\.lock.*`dvc repro choose`"):
        ship.main()
    assert not Path("models/emotion.onnx").exists()
    file.write_bytes(b"a network")
    ship.main()
    assert Path("models/emotion.onnx").read_bytes() == b"a network"
    assert "git add models/emotion.onnx" in capsys.readouterr().out


def test_the_shipped_model_is_the_chosen_one_in_dvc_lock():
    source, md5 = ship.chosen(ROOT)
    assert hashlib.md5((ROOT / ship.SHIPPED).read_bytes()).hexdigest() == md5, f"`make ship`: it is not {source}"
