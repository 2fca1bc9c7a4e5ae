"""The benchmark of training and that of hardware settings: fair comparisons, and that each one runs."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import hardware, training_speed
from benchmarks.sides import engine, keras_fit, process, work
from benchmarks.training_speed import OURS, ROWS, summarise
from emotion.core.errors import InputError
from emotion.training import registry
from emotion.training.settings import HardwareSettings
from tests.benchmarking import kept, task, toy

assert kept and task and toy  # fixtures


def test_plain_batches_hold_every_face_once_an_epoch(task: work.Work):
    examples = work.noise(10)
    stream = engine.endless(examples, 5, engine.PLAIN)
    faces = np.concatenate([next(stream)[0] for _ in range(4)])[..., 0]
    assert np.array_equal(np.sort(faces[:10], axis=0), np.sort(examples.faces, axis=0))
    assert np.array_equal(np.sort(faces[10:], axis=0), np.sort(examples.faces, axis=0))
    assert not np.array_equal(faces[:10], faces[10:])


def test_keras_fit_decays_kernels_alone_as_the_recipe_does(task: work.Work):
    model = keras_fit.network(task, "defaults")
    assert model.optimizer.weight_decay == task.fit.weight_decay and model.optimizer.nesterov
    for weight in model.trainable_weights:
        assert model.optimizer._use_weight_decay(weight) == (len(weight.shape) > 1)
    assert model.loss.label_smoothing == task.fit.label_smoothing
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def one(seconds: float, **more: float) -> dict[str, float]:
    """Return the measurements of a round of ten steps."""
    return {"seconds": seconds, "steps": 10, "peak_mib": 900} | more


def test_speed_up_is_the_median_ratio_within_rounds(task: work.Work):
    measured = {
        OURS: [one(1), one(2), one(4)],
        "Keras": [one(9), one(8, peak_mib=1000), one(16)],
    }
    summary = summarise(measured, task)
    size = task.fit.batch_size
    assert summary["rows"]["Keras"]["ratio"] == 4.0  # of 9, 4, 4; the ratio of the medians is 4.5
    assert summary["rows"]["Keras"]["images_s"] == round(10 * size / 9, 1)
    assert summary["rows"]["Keras"]["images_s_range"] == [round(10 * size / 16, 1), round(10 * size / 8, 1)]
    assert summary["rows"]["Keras"]["peak_mib"] == 1000


def test_sides_with_networks_of_different_sizes_are_refused():
    training_speed.require_one_size({"engine": 5, "keras": 5})
    with pytest.raises(ValueError, match="'keras': 6"):
        training_speed.require_one_size({"engine": 5, "keras": 6})


def test_training_speed_measures_its_sides(task: work.Work, kept: Path, monkeypatch, capsys):
    monkeypatch.delitem(ROWS, "Keras fit, defaults")  # it compiles for longer than the other one
    monkeypatch.setattr(training_speed.importlib.util, "find_spec", lambda name: None)
    training_speed.main("--steps", "2", "--rounds", "2")
    summary = json.loads(kept.read_text(encoding="utf-8"))["training_speed"]
    assert (summary["batch_size"], summary["widths"]) == (32, [4, 4])
    assert list(summary["rows"]) == list(ROWS)[:-1]
    assert all(row["images_s"] > 0 and row["steps"] == 2 and row["peak_mib"] > 100 for row in summary["rows"].values())
    assert summary["parameters"] == registry.build("cnn", task.build).count_params()
    assert {"tensorflow", "keras"} <= set(summary["versions"])
    printed = capsys.readouterr().out
    assert "PyTorch is not installed, so its row is missing." in printed and "this project, with augm" in printed


def test_choices_begin_with_the_present_values_and_have_no_duplicate():
    present = HardwareSettings(precision="bfloat16", xla=False, threads=2)
    tried = hardware.choices(present, 2, 4, gpu=False)
    assert tried[0] == present and len({one.model_dump_json() for one in tried}) == len(tried) == 12
    assert {one.threads for one in tried} == {1, 2, 4} and {one.precision for one in tried} == {"float32", "bfloat16"}
    assert {one.precision for one in hardware.choices(present, 1, 1, gpu=True)} == {"float32", "bfloat16", "float16"}
    odd = present.model_copy(update={"threads": 3})
    assert hardware.choices(odd, 1, 1, gpu=False)[0] == odd


def test_values_that_fail_are_a_row_with_the_reason(task: work.Work, toy: Path, monkeypatch: pytest.MonkeyPatch):
    def side(name: str, module: str, arguments: list[str]) -> process.Side:
        assert (module, arguments) == ("benchmarks.sides.engine", [task.model_dump_json(), "plain"])
        return process.Side(name, "toy", arguments, path=True)

    monkeypatch.setattr(hardware, "Side", side)
    worked = hardware.attempt(task, 0)
    assert worked["images_s"] == 2 * task.fit.batch_size and not worked["failure"]
    failed = hardware.attempt(task, 4.5)  # nine steps
    assert failed["threads"] == "2" and failed["failure"] == "it fails: SomeError: too many"


def test_hardware_tries_all_values_and_shows_the_fastest_first(root: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(root)
    tried: list[HardwareSettings] = []

    def attempt(task: work.Work, seconds: float) -> dict[str, object]:
        tried.append(task.hardware)
        return {"precision": task.hardware.precision, "images_s": len(tried)}

    monkeypatch.setattr(hardware, "attempt", attempt)
    hardware.main("--model", "cnn_aug")
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(tried) >= 4 and rows[0].split() == [tried[-1].precision, str(len(tried))]
    with pytest.raises(InputError, match="'models.cnm'; did you mean 'cnn'?"):
        hardware.main("--model", "cnm")
