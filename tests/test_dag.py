"""The pipeline really run, once, on few drawn faces: what it makes, and what reruns after a change."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.metrics import f1_score

from emotion.evaluation import calibration, predictions
from emotion.labels import EMOTIONS
from tests import tiny as dag
from tests.source import ROOT

PARAMS = dag.params()
MODELS, EXPORTED = list(PARAMS["models"]), PARAMS["export"]["models"]
DATA = ["download", "clean", "audit", "split", "class_weights"]
TESTED = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["robustness"]["foreach"]
LEAVES = ["explore", "label_audit"]  # nothing follows from them


def _all(*stages: str, models: Iterable[str] = MODELS) -> set[str]:
    """Return the names of these stages for each model."""
    return {f"{stage}@{model}" for stage in stages for model in models}


def _taught(targets: str) -> list[str]:
    return [name for name, model in PARAMS["models"].items() if model["targets"] == targets]


def _after_training(*models: str) -> set[str]:
    """Return a training's stage and all that follow from it, also by way of the models that it teaches."""
    if teaching := {"teach"} if set(models) & set(PARAMS["teach"]["teachers"]) else set():
        models = (*models, *_taught("data/soft_labels.csv"))
    fitted = _all("train", "describe", models=models)
    fitted |= _all("robustness", models=[model for model in models if model in TESTED])
    explained = {"explain"} if PARAMS["explain"]["model"] in models else set()
    return teaching | fitted | explained | _after_prediction(*models)


def _after_prediction(*models: str) -> set[str]:
    """Return the stage that makes predictions and all that follow from it."""
    each = _all("predict", "calibrate", "evaluate", models=models)
    rest = {"choose", "ensemble_choice", "ensemble", "compare", "report"}
    return each | rest | _after_export(*(model for model in models if model in EXPORTED))


def _after_export(*models: str) -> set[str]:
    """Return the stages that export these and what follows from them alone: an exported model may teach others."""
    taught = _taught("data/soft_labels_again.csv") if set(models) & set(PARAMS["teach_again"]["teachers"]) else []
    return _all("export", models=models) | ({"teach_again"} | _after_training(*taught) if taught else set())


def _lock(tiny: Path) -> dict[str, Any]:
    return yaml.safe_load((tiny / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def test_every_stage_ran_and_wrote_all_of_its_outputs(tiny: Path):
    stages = _lock(tiny)
    assert set(stages) == {*DATA, *LEAVES} | _after_training(*MODELS)
    for name, stage in stages.items():
        for out in stage["outs"]:
            assert (tiny / out["path"]).stat().st_size, f"{name}: {out['path']}"


def test_git_holds_metrics_and_plots_and_no_data(tiny: Path):
    made = {out["path"] for stage in _lock(tiny).values() for out in stage["outs"]}
    faces = {path for path in made if path.startswith("plots/faces/")}
    tracked = made & set(dag.git(tiny, "ls-files").split())
    kept = {path for path in made - faces if path.startswith(("metrics/", "plots/"))}
    assert faces and tracked == kept | {"data/soft_labels_again.csv"}  # probabilities alone
    assert dag.git(tiny, "status", "--short") == ""


def test_with_nothing_changed_nothing_reruns(tiny: Path):
    assert dag.would_run(tiny) == set()
    assert dag.stale(tiny) == set()


def _longer(model: str) -> str:
    """Return params.yaml with one epoch more for a model."""
    values = dag.params()
    values["models"][model]["fit"]["epochs"] += 1
    return yaml.safe_dump(values)


def _changed(section: str, **values: Any) -> str:
    """Return params.yaml with other values in a section."""
    return yaml.safe_dump({**PARAMS, section: {**PARAMS[section], **values}})


SCORED = _all("evaluate") | _all("export", models=EXPORTED) | {"choose", "ensemble_choice", "ensemble", "compare"}
ENSEMBLE = {"ensemble_choice", "ensemble", "compare", "report"}


@pytest.mark.parametrize(
    ("file", "text", "changed", "follows"),
    [
        ("params.yaml", _longer("cnn_aug"), {"train@cnn_aug"}, _after_training("cnn_aug")),
        (
            "params.yaml",
            _changed("split", seed=14),
            {"split"},
            {"split", "class_weights", "label_audit"} | _after_training(*MODELS),
        ),
        ("params.yaml", _changed("predict", mirror=False), _all("predict"), _after_prediction(*MODELS)),
        ("params.yaml", _changed("ensemble", largest=1), {"ensemble_choice"}, ENSEMBLE),
        ("emotion/models/vgg16.py", None, {"train@vgg16"}, _after_training("vgg16")),
        (
            "emotion/training/engine.py",
            None,
            _all("train") | {"label_audit"},
            _after_training(*MODELS) | {"label_audit"},
        ),
        ("emotion/data/charts.py", None, {"explore"}, {"explore", "report"}),
        ("emotion/evaluation/scores.py", None, SCORED, SCORED | _after_export(*EXPORTED) | {"report"}),
        ("stages/evaluate.py", None, _all("evaluate"), _all("evaluate") | {"report"}),
        ("emotion/architecture/drawing.py", None, _all("describe"), _all("describe") | {"compare", "report"}),
        ("emotion/__init__.py", None, set(), set()),
    ],
    ids=[
        "a model's params",
        "split.seed",
        "predict.mirror",
        "ensemble.largest",
        "a network",
        "engine",
        "a chart",
        "scores",
        "evaluate",
        "a diagram",
        "a docstring of __init__",
    ],
)
def test_a_change_makes_stale_what_uses_it_and_what_follows_and_nothing_else(
    tiny: Path, file: str, text: str | None, changed: set[str], follows: set[str]
):
    code = (tiny / file).read_text(encoding="utf-8") + "# a remark\n"
    with dag.edited(tiny / file, text or code):
        assert dag.stale(tiny) == changed
        assert dag.would_run(tiny) == follows


def test_running_again_gives_the_same_bytes(tiny: Path):
    before = dag.outputs(tiny)
    models = [
        f"{stage}@cnn" for stage in ("train", "predict", "calibrate", "evaluate", "describe", "export", "robustness")
    ]
    stages = [*DATA, *models, "teach", "teach_again", "choose", "ensemble_choice", "ensemble", "compare", "explain"]
    dag.dvc(tiny, "repro", "--force", "--single-item", *stages)
    after = dag.outputs(tiny)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_a_killed_training_leaves_nothing_half_written_and_the_next_run_completes(tiny: Path):
    before, history = dag.outputs(tiny), tiny / "plots/history/cnn.csv"
    values = dag.params()
    values["models"]["cnn"]["fit"]["epochs"] = 100_000
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", "train@cnn"]
    with dag.edited(tiny / "params.yaml", yaml.safe_dump(values)):
        run = subprocess.Popen(command, cwd=tiny, env=dag.environment(tiny), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            _wait(lambda: history.exists() and len(history.read_text().splitlines()) > 3, run)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        assert not (tiny / "models/cnn.keras").exists()
        assert not list((tiny / "models").glob(".tmp-*"))
    shutil.rmtree(tiny / ".checkpoints")  # of a training that nobody will go on with
    dag.dvc(tiny, "repro")
    assert dag.outputs(tiny) == before


def _wait(condition: Any, run: subprocess.Popen, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert run.poll() is None, "it ended by itself"
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def test_the_model_chosen_is_the_best_on_validation_faces_of_those_that_are_small(tiny: Path):
    scores = {}
    sizes = {model: (tiny / f"models/{model}.float16.onnx").stat().st_size for model in PARAMS["export"]["models"]}
    for model in (model for model in sizes if sizes[model] <= PARAMS["export"]["max_mb"] * 1e6):
        answers = predictions.read(tiny / f"plots/predictions/validation/{model}.csv")
        predicted = answers.probabilities.argmax(axis=1)
        scores[model] = f1_score(answers.labels, predicted, labels=range(7), average="macro", zero_division=0)
    best = json.loads((tiny / "metrics/best.json").read_text(encoding="utf-8"))
    assert best["validation_macro_f1"] == pytest.approx(max(scores.values()), abs=1e-6)
    assert scores[best["model"]] == max(scores.values())


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_ensemble_is_the_mean_of_members_whose_mean_is_best_on_validation_faces(tiny: Path, part: str):
    chosen = json.loads((tiny / "metrics/ensemble_members.json").read_text(encoding="utf-8"))
    scores = json.loads((tiny / "metrics/ensemble.json").read_text(encoding="utf-8"))
    files = [tiny / f"plots/predictions/{part}_averaged/{member}.csv" for member in chosen["members"]]
    mean = np.mean([predictions.read(file).probabilities for file in files], axis=0)
    written = predictions.read(tiny / f"plots/ensemble/{part}.csv")
    np.testing.assert_allclose(written.probabilities, mean, rtol=1e-5)
    assert scores[part]["accuracy"] == pytest.approx(np.mean(mean.argmax(axis=1) == written.labels), abs=1e-6)
    for candidate in chosen["candidates"]:
        assert chosen["log_loss"] <= candidate["log_loss"]


def test_pupils_of_an_exported_network_learn_what_it_answers_for_a_face_and_its_mirror_image(tiny: Path):
    from emotion.data import dataset, soft_labels
    from emotion.export import parity

    faces, settings = dataset.load(tiny / "data/learn.parquet", "train"), PARAMS["teach_again"]
    files = [tiny / f"models/{name}.float16.onnx" for name in settings["teachers"]]
    looks = [faces.pixels, faces.pixels[:, :, ::-1]]
    answers = [parity.probabilities(file, look, threads=2) for file in files for look in looks]
    softened = [answer ** (1 / settings["temperature"]) for answer in answers]
    mean = np.mean([soft / soft.sum(axis=1, keepdims=True) for soft in softened], axis=0)
    expected = settings["given"] * np.eye(7)[faces.labels] + (1 - settings["given"]) * mean
    np.testing.assert_allclose(soft_labels.read(tiny / "data/soft_labels_again.csv", faces), expected, atol=1e-5)


def test_a_teacher_that_was_not_exported_is_named(tiny: Path):
    with dag.edited(tiny / "params.yaml", _changed("teach_again", teachers=["cnn", "vgg16"])):
        command = [sys.executable, "-m", "stages.teach_again"]
        run = subprocess.run(command, cwd=tiny, env=dag.environment(tiny), capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.startswith("error: teach_again.teachers: models/vgg16.float16.onnx is ")
    assert run.stderr.count("\n") == 1


def test_metrics_and_plots_of_every_model_can_be_shown(tiny: Path):
    difference = json.loads(dag.dvc(tiny, "metrics", "diff", "--json", "HEAD~1"))
    assert "errors" not in difference
    assert {f"metrics/{model}.json" for model in MODELS} <= set(difference)
    plots = json.loads(dag.dvc(tiny, "plots", "show", "--json"))
    assert "errors" not in plots
    assert {f"plots/history/{model}.csv" for model in MODELS} <= set(plots["data"])


@pytest.mark.parametrize("model", MODELS)
def test_saved_weights_are_a_stock_network_in_float32(tiny: Path, model: str):
    import keras

    network = keras.saving.load_model(tiny / f"models/{model}.keras", compile=False)
    for layer in network.layers:
        assert type(layer).__module__.startswith("keras.src.layers."), layer.name
        assert layer.dtype_policy.name == "float32"
    assert {weight.dtype for weight in network.weights} == {"float32"}


@pytest.mark.parametrize("model", PARAMS["export"]["models"])
def test_exported_files_tell_what_they_are_and_give_calibrated_answers(tiny: Path, model: str):
    import onnx
    import onnxruntime

    properties = onnx.load(tiny / f"models/{model}.onnx").metadata_props
    facts = {item.key: json.loads(item.value) for item in properties}
    lock, summary = _lock(tiny), json.loads((tiny / f"metrics/export/{model}.json").read_text(encoding="utf-8"))
    md5 = {out["path"]: out["md5"] for stage in ("split", f"train@{model}") for out in lock[stage]["outs"]}
    answers = predictions.read(tiny / f"plots/predictions/test/{model}.csv")
    scores = json.loads((tiny / f"metrics/{model}.json").read_text(encoding="utf-8"))["validation"]
    temperature = json.loads((tiny / f"metrics/calibration/{model}.json").read_text(encoding="utf-8"))["single"]
    assert facts["labels"] == list(EMOTIONS)
    assert facts["input_size"] == [48, 48]
    assert facts["temperature"] == summary["temperature"] == temperature["temperature"]
    assert facts["weights_md5"] == summary["weights_md5"] == md5[f"models/{model}.keras"]
    assert facts["data_md5"] == summary["data_md5"] == md5["data/learn.parquet"]
    assert facts["validation_accuracy"] == scores["accuracy"]
    assert facts["validation_macro_f1"] == pytest.approx(scores["macro_f1"], abs=1e-6)
    sizes = {out["path"]: out["size"] for out in lock[f"export@{model}"]["outs"] if out["path"].startswith("models/")}
    assert sorted(sizes.values()) == sorted(file["bytes"] for file in summary["files"].values())

    from emotion.data import dataset

    faces = dataset.load(tiny / "data/test.parquet", "test").pixels[..., None].astype(np.float32)
    session = onnxruntime.InferenceSession(tiny / f"models/{model}.onnx")
    (got,) = session.run(None, {"face": faces})
    expected = calibration.scaled(answers.probabilities, facts["temperature"])
    np.testing.assert_allclose(got, expected, atol=PARAMS["export"]["max_difference"])
