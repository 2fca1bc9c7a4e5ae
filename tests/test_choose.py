"""Which model is chosen to be shipped, and that what is shipped is what dvc.lock tells of."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotion.errors import InputError
from emotion.evaluation import predictions
from emotion.evaluation.predictions import Predictions
from stages import choose
from tests.source import ROOT
from tools import ship


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project after the export of `big`, 9 MB and always right, `good`, 3 MB, and `same`, 4 MB and as good."""
    monkeypatch.chdir(tmp_path)
    labels = np.arange(70) % 7
    Path("metrics/export").mkdir(parents=True)
    for name, megabytes, wrong in (("big", 9, 0), ("same", 4, 7), ("good", 3, 7), ("bad", 1, 30)):
        answers = np.where(np.arange(70) < wrong, (labels + 1) % 7, labels)
        told = Predictions([str(n) for n in range(70)], labels, np.full(70, "no"), np.eye(7)[answers])
        predictions.write(told, f"plots/predictions/validation/{name}.csv")
        files = {"onnx_float32": {"bytes": 1}, "onnx_float16": {"bytes": megabytes * 10**6}}
        Path(f"metrics/export/{name}.json").write_text(json.dumps({"files": files}))
    return tmp_path


def _choose(max_mb: float) -> str:
    section = {"models": ["bad", "same", "good", "big"], "max_mb": max_mb}
    Path("params.yaml").write_text(yaml.safe_dump({"export": section}))
    choose.main()
    return json.loads(Path("metrics/best.json").read_text())["model"]


@pytest.mark.parametrize(("max_mb", "best"), [(9, "big"), (8.9, "good"), (2, "bad")])
def test_the_best_model_whose_float16_file_fits_is_chosen_of_equals_the_smaller(folder: Path, max_mb: float, best: str):
    assert _choose(max_mb) == best


def test_if_no_file_fits_the_smallest_is_named(folder: Path):
    with pytest.raises(
        InputError, match=r"^no float16 ONNX file fits export\.max_mb 0\.5: the smallest, bad, has 1\.0"
    ):
        _choose(0.5)
    assert not Path("metrics/best.json").exists()


def _exported(content: bytes, md5: str) -> None:
    Path("models").mkdir()
    Path("models/good.float16.onnx").write_bytes(content)
    outs = [{"path": "models/good.onnx", "md5": "0"}, {"path": "models/good.float16.onnx", "md5": md5}]
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {"export@good": {"outs": outs}}}))


def test_ship_copies_the_chosen_file(folder: Path, capsys):
    _choose(8)
    _exported(b"a network", hashlib.md5(b"a network").hexdigest())
    ship.main()
    assert Path("models/emotion.onnx").read_bytes() == b"a network"
    assert "git add models/emotion.onnx" in capsys.readouterr().out


def test_ship_refuses_a_file_that_dvc_lock_does_not_tell_of(folder: Path):
    _choose(8)
    _exported(b"another network", hashlib.md5(b"a network").hexdigest())
    with pytest.raises(InputError, match=r"^models/good\.float16\.onnx is not the file that dvc\.lock tells of: `dvc"):
        ship.main()
    Path("models/good.float16.onnx").unlink()
    with pytest.raises(InputError, match=r"^models/good\.float16\.onnx is not here: `dvc checkout models/good"):
        ship.main()
    assert not Path("models/emotion.onnx").exists()


def test_ship_tells_what_is_missing(folder: Path):
    with pytest.raises(InputError, match=r"^metrics/best\.json is not here"):
        ship.main()
    _choose(8)
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {"export@bad": {"outs": []}}}))
    with pytest.raises(InputError, match=r"^dvc\.lock knows no models/good\.float16\.onnx"):
        ship.main()


def test_the_shipped_file_is_the_one_that_dvc_lock_tells_of():
    shipped = ROOT / ship.SHIPPED
    if shipped.exists():  # there is none before the first `make ship`
        assert hashlib.md5(shipped.read_bytes()).hexdigest() == ship.chosen(ROOT)[1], "`make ship` after `dvc repro`"


def test_the_shipped_model_is_the_chosen_one_and_the_file_that_dvc_lock_tells_of():
    source, md5 = ship.chosen(ROOT)
    assert hashlib.md5((ROOT / ship.SHIPPED).read_bytes()).hexdigest() == md5, f"`make ship`: it is not {source}"
