"""What the export refuses: a network with another last layer, and files beyond a limit of params."""

import shutil
from pathlib import Path

import keras
import pytest

from emotion.core.errors import InputError
from emotion.export import formats, parity
from emotion.export.settings import ExportSettings
from emotion.training import hardware
from stages import export
from tests import tiny as dag
from tests.exporting import OFFSETS, TEMPERATURE, network

SETTINGS = ExportSettings(models=["cnn"], max_mb=8, int8_calibration_faces=10, seed=1, max_difference=0.001,
                          max_difference_float16=0.01, max_accuracy_loss_int8=2.0)  # fmt: skip


def test_a_network_that_does_not_end_with_a_dense_softmax_is_named():
    model = network(48)
    longer = keras.Model(model.input, keras.layers.Activation("linear", name="extra")(model.output), name="longer")
    with pytest.raises(InputError, match="^longer: the last layer, extra, must be dense with softmax"):
        formats.adjust(longer, TEMPERATURE, OFFSETS)


GOOD = {"bytes": 1, "max_difference": 0.0001, "same_predictions": 1.0, "accuracy_loss": 0.0}


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("onnx_float32", {"max_difference": 0.002}, "differ from Keras by 0.002 .*max_difference is 0.001"),
        ("litert_float32", {"max_difference": float("nan")}, "differ from Keras by nan .*max_difference is 0.001"),
        ("litert_float16", {"max_difference": 0.02}, "differ from Keras by 0.02 .*max_difference_float16 is 0.01"),
        ("onnx_int8", {"accuracy_loss": 2.5}, "accuracy drops by 2.5 points .*max_accuracy_loss_int8 is 2:"),
    ],
)
def test_a_file_beyond_a_limit_of_params_is_named_with_the_limit(key: str, change: dict, message: str):
    good = dict.fromkeys(formats.SUFFIXES, GOOD) | {"onnx_int8": GOOD | {"max_difference": 0.3, "accuracy_loss": 1.9}}
    parity.require("cnn", good, SETTINGS)
    with pytest.raises(InputError, match=f"^cnn: {key}: .*{message}") as error:
        parity.require("cnn", good | {key: GOOD | change}, SETTINGS)
    assert "\n" not in str(error.value) and "no file was written" in str(error.value)


def test_the_stage_writes_no_file_if_one_exceeds_a_limit(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hardware, "prepare", lambda *_, **__: None)  # only before the first operation
    monkeypatch.setattr(export.tf.config, "set_visible_devices", lambda *_: None)
    for name in ("models/cnn.keras", "data/learn.parquet", "metrics/calibration/cnn.json"):
        Path(name).parent.mkdir(parents=True)
        shutil.copy(tiny / name, name)
    values = dag.params()
    values["export"]["max_difference_float16"] = 1e-9
    dag.write_params(tmp_path, values)
    with pytest.raises(InputError, match="^cnn: onnx_float16: .*litert_float16: ") as error:
        export.main("cnn")
    assert "int8" not in str(error.value)
    assert [path.name for path in Path("models").iterdir()] == ["cnn.keras"]
    assert not list(Path("metrics/export").glob("*")), "not even a temporary file"
