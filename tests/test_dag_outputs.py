"""What the pipeline makes of few synthetic faces: the right numbers, and nothing is lost after a typo."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import recall_score

from emotion.core import predictions
from emotion.core.labels import EMOTIONS
from emotion.evaluation import adjustments
from tests import tiny as dag

PARAMS = dag.params()
MODELS = list(PARAMS["models"])


def test_a_typo_leaves_the_last_outputs_in_place(tiny: Path):
    before = dag.outputs(tiny)
    values = dag.params()
    values["models"]["cnn"]["fit"]["epoch"] = 20
    with dag.edited(tiny / "params.yaml", yaml.safe_dump(values)):
        command = [sys.executable, "-m", "dvc", "repro"]
        run = subprocess.run(command, cwd=tiny, env=dag.environment(tiny), capture_output=True, text=True)
    assert run.returncode != 0
    assert "unknown key models.cnn.fit.epoch; did you mean 'epochs'?" in run.stderr
    after = dag.outputs(tiny)
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed <= {"data/params_checked.txt"}
    (tiny / "data/params_checked.txt").write_bytes(before["data/params_checked.txt"])


def test_the_best_small_model_on_validation_faces_is_chosen(tiny: Path):
    scores = {}
    sizes = {model: (tiny / f"models/{model}.int8.onnx").stat().st_size for model in PARAMS["export"]["models"]}
    for model in (model for model in sizes if sizes[model] <= PARAMS["export"]["max_mb"] * 1e6):
        labels, predicted = _adjusted(tiny, model, "validation")
        balanced = recall_score(labels, predicted.argmax(axis=1), labels=np.unique(labels), average="macro")
        scores[model] = (np.mean(predicted.argmax(axis=1) == labels) + balanced) / 2
    best = json.loads((tiny / "metrics/best.json").read_text(encoding="utf-8"))
    assert best["validation_score"] == pytest.approx(max(scores.values()), abs=1e-6)
    assert scores[best["model"]] == max(scores.values())


def _adjusted(tiny: Path, model: str, subset: str) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n,) and a model's adjusted probabilities (n, 7)."""
    found = predictions.read(tiny / f"plots/predictions/{subset}/{model}.csv")
    adjustment = adjustments.read(tiny / f"metrics/calibration/{model}.json", "without_tta")
    return found.labels, adjustment.apply(found.probabilities)


def test_a_student_learns_its_teachers_predictions_with_the_mirror_image(tiny: Path):
    from emotion.core import dataset
    from emotion.training import soft_targets, teachers

    faces = dataset.load(tiny / "data/learn.parquet", "train")
    settings = PARAMS["distill"]["distilled"]
    both = [teachers.predictor(str(tiny / path)) for path in settings["teachers"].values()]
    predicted = [predict(pixels) for predict in both for pixels in (faces.pixels, faces.pixels[:, :, ::-1])]
    softened = [one ** (1 / settings["temperature"]) for one in predicted]
    mean = np.mean([soft / soft.sum(axis=1, keepdims=True) for soft in softened], axis=0)
    weight = settings["label_weight"]
    expected = weight * soft_targets.read(tiny / settings["labels"], faces) + (1 - weight) * mean
    written = soft_targets.read(tiny / "data/soft_targets/distilled.csv", faces)
    np.testing.assert_allclose(written, expected, atol=1e-5)


def test_metrics_of_every_model_can_be_compared(tiny: Path):
    difference = json.loads(dag.dvc(tiny, "metrics", "diff", "--json", "HEAD~1"))
    assert "errors" not in difference
    assert {f"metrics/{model}.json" for model in MODELS} <= set(difference)


@pytest.mark.parametrize("model", PARAMS["export"]["models"])
def test_exported_files_say_what_they_are_and_are_adjusted(tiny: Path, model: str):
    import onnx
    import onnxruntime

    from emotion.core import dataset
    from emotion.export import formats

    properties = onnx.load(tiny / f"models/{model}.onnx").metadata_props
    facts = {item.key: json.loads(item.value) for item in properties}
    lock, summary = dag.lock(tiny), json.loads((tiny / f"metrics/export/{model}.json").read_text(encoding="utf-8"))
    md5 = {out["path"]: out["md5"] for stage in ("split", f"train@{model}") for out in lock[stage]["outs"]}
    scores = json.loads((tiny / f"metrics/{model}.json").read_text(encoding="utf-8"))["validation"]
    fitted = json.loads((tiny / f"metrics/calibration/{model}.json").read_text(encoding="utf-8"))["without_tta"]
    assert facts["labels"] == list(EMOTIONS)
    assert facts["input_size"] == [48, 48]
    for key in ("temperature", "prior_exponent", "priors"):
        assert facts[key] == summary[key] == fitted[key]
    assert facts["weights_md5"] == summary["weights_md5"] == md5[f"models/{model}.keras"]
    assert facts["data_md5"] == summary["data_md5"] == md5["data/learn.parquet"]
    assert facts["validation_accuracy"] == scores["accuracy"]
    assert facts["validation_macro_f1"] == pytest.approx(scores["macro_f1"], abs=1e-6)
    sizes = {key: (tiny / f"models/{model}.{suffix}").stat().st_size for key, suffix in formats.SUFFIXES.items()}
    assert {key: row["bytes"] for key, row in summary["files"].items()} == sizes
    assert summary["files"]["onnx_float32"]["accuracy"] == summary["validation_accuracy"]
    with zipfile.ZipFile(tiny / f"models/{model}.int8.tflite") as archive:
        assert json.loads(archive.read("metadata.json")) == facts

    faces = dataset.load(tiny / "data/test.parquet", "test").pixels[..., None].astype(np.float32)
    session = onnxruntime.InferenceSession(tiny / f"models/{model}.onnx")
    (got,) = session.run(None, {"face": faces})
    _, expected = _adjusted(tiny, model, "test")
    np.testing.assert_allclose(got, expected, atol=PARAMS["export"]["max_difference"])
