"""Before a network is exported its last layer is adjusted; the stage writes no file beyond a limit of params."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.export import formats, parity
from emotion.export.settings import ExportSettings
from emotion.training import forward, hardware, keras_file
from stages import export
from tests import tiny as dag
from tests.exporting import OFFSETS, PRIORS, TEMPERATURE, coarse_faces, logits_of, network

SETTINGS = ExportSettings(models=["cnn"], max_mb=8, int8_calibration_faces=10, seed=1, max_difference=0.001,
                          max_difference_float16=0.01, max_accuracy_loss_int8=2.0)  # fmt: skip


def test_offsets_are_subtracted_from_logits_before_the_temperature_divides_them():
    faces = coarse_faces(60)
    model = network(48)
    logits = logits_of(model, faces)
    formats.adjust(model, TEMPERATURE, OFFSETS)
    np.testing.assert_allclose(logits_of(model, faces), (logits - OFFSETS) / TEMPERATURE, rtol=1e-5, atol=1e-5)


def test_a_temperature_alone_changes_no_predicted_label():
    faces = coarse_faces(60)
    model = network(48)
    logits = logits_of(model, faces)
    formats.adjust(model, TEMPERATURE, np.zeros(7))
    assert np.array_equal(forward.predictor(model)(faces).argmax(axis=1), logits.argmax(axis=1))


def test_a_network_that_does_not_end_with_a_dense_softmax_is_named():
    model = network(48)
    longer = keras.Model(model.input, keras.layers.Activation("linear", name="extra")(model.output), name="longer")
    with pytest.raises(InputError, match="^longer: the last layer, extra, must be dense with softmax"):
        formats.adjust(longer, TEMPERATURE, OFFSETS)


GOOD = {"bytes": 1, "max_difference": 0.0001, "same_predictions": 1.0, "accuracy_loss": 0.0}


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        (
            "onnx_float32",
            {"max_difference": 0.002},
            "differ from Keras by 0.002 .*max_difference is 0.001",
        ),
        (
            "litert_float32",
            {"max_difference": float("nan")},
            "differ from Keras by nan .*max_difference is 0.001",
        ),
        (
            "litert_float16",
            {"max_difference": 0.02},
            "differ from Keras by 0.02 .*max_difference_float16 is 0.01",
        ),
        ("onnx_int8", {"accuracy_loss": 2.5}, "accuracy drops by 2.5 points .*max_accuracy_loss_int8 is 2:"),
    ],
)
def test_a_file_beyond_a_limit_of_params_is_named_with_the_limit(key: str, change: dict, message: str):
    good = dict.fromkeys(formats.SUFFIXES, GOOD) | {"onnx_int8": GOOD | {"max_difference": 0.3, "accuracy_loss": 1.9}}
    parity.require("cnn", good, SETTINGS)
    with pytest.raises(InputError, match=f"^cnn: {key}: .*{message}") as error:
        parity.require("cnn", good | {key: GOOD | change}, SETTINGS)
    assert "\n" not in str(error.value) and "no file was written" in str(error.value)


def test_the_stage_writes_all_files_or_none_if_one_exceeds_a_limit(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hardware, "prepare", lambda *_, **__: None)  # only before the first operation
    monkeypatch.setattr(export.tf.config, "set_visible_devices", lambda *_: None)
    keras_file.save(network(48), tmp_path / "models/cnn.keras")
    columns = {
        "name": [f"{n}" for n in range(70)],
        "pixels": pa.array([face.tobytes() for face in coarse_faces(70)], pa.binary(48 * 48)),
        "label": [EMOTIONS[n % 7] for n in range(70)],
        "subset": ["train", "validation"] * 35,
        "leakage": ["no"] * 70,
    }
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "data/learn.parquet")
    (tmp_path / "metrics/calibration").mkdir(parents=True)
    adjusted = {"prior_exponent": 0.5, "priors": dict(zip(EMOTIONS, PRIORS.tolist(), strict=True))}
    fitted = {"without_tta": {"temperature": TEMPERATURE, **adjusted}, "with_tta": {"temperature": 9.0, **adjusted}}
    (tmp_path / "metrics/calibration/cnn.json").write_text(json.dumps(fitted))

    def run(**changes: float) -> None:
        values = dag.params()
        values["export"] |= changes
        dag.write_params(tmp_path, values)
        export.main("cnn")

    with pytest.raises(InputError, match="^cnn: onnx_float16: .*litert_float16: ") as error:
        run(max_difference_float16=0.0000001)
    assert "int8" not in str(error.value)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["cnn.keras"]
    assert not list((tmp_path / "metrics/export").glob("*")), "not even a temporary file"

    run()
    summary = json.loads((tmp_path / "metrics/export/cnn.json").read_text())
    sizes = {key: (tmp_path / f"models/cnn.{suffix}").stat().st_size for key, suffix in formats.SUFFIXES.items()}
    assert {key: row["bytes"] for key, row in summary["files"].items()} == sizes
    assert summary["temperature"] == TEMPERATURE
    assert summary["files"]["onnx_float32"]["same_predictions"] == 1
    assert summary["files"]["onnx_float32"]["accuracy"] == summary["validation_accuracy"]
    with zipfile.ZipFile(tmp_path / "models/cnn.int8.tflite") as archive:
        facts = json.loads(archive.read("metadata.json"))
    assert facts == {"labels": list(EMOTIONS), "input_size": [48, 48]} | {
        k: v for k, v in summary.items() if k != "files"
    }
