"""Predictors from Keras networks and from the files of teachers."""

from pathlib import Path

import numpy as np
import pytest

from emotion.core.errors import InputError
from emotion.export import onnx
from emotion.training import forward, keras_file, teachers
from tests.fitting import network, noise

FACES = noise(10, 3).faces


def test_a_network_predicts_every_face_in_order_whatever_the_batch():
    model = network()
    predict = forward.predictor(model)
    together = predict(FACES)
    assert together.shape == (10, 7) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([predict(FACES[:3]), predict(FACES[3:])]), together, atol=1e-5)
    np.testing.assert_allclose(model(FACES[..., None].astype(np.float32), training=False), together, atol=1e-5)


@pytest.mark.parametrize("suffix", ["keras", "onnx"])
def test_a_teacher_predicts_what_its_network_does(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forward, "BATCH_SIZE", 4)
    model = network()
    path = tmp_path / f"teacher.{suffix}"
    if suffix == "keras":
        keras_file.save(model, path)
    else:
        onnx.save(onnx.converted(model), path, {})
    found = teachers.predictor(str(path))(FACES)
    assert found.shape == (10, 7) and found.dtype == np.float32
    np.testing.assert_allclose(found, forward.predictor(model)(FACES), atol=1e-5)


def test_a_missing_teacher_or_another_format_is_an_error_of_one_line(tmp_path: Path):
    path = tmp_path / "cnn.float16.onnx"
    with pytest.raises(InputError, match=f"^teacher {path} is missing: `dvc repro` makes it if .*export.models$"):
        teachers.predictor(str(path))
    path = tmp_path / "cnn.tflite"
    path.touch()
    with pytest.raises(InputError, match=f"^teacher {path}: it must be a .keras or an .onnx file$"):
        teachers.predictor(str(path))
