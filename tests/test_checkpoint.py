"""A training that is killed at any moment resumes from its checkpoint and ends with the same result to the bit."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from benchmarks import small_training
from benchmarks.killing import Training
from benchmarks.kills import CHECKPOINT, SAVE
from emotion.training import checkpoint, loop
from tests import fitting
from tests import tiny as dag

EPOCHS = 4
STEPS = 4  # 70 faces in batches of 16
FIT: dict[str, Any] = small_training.FIT | {"epochs": 3}
ONE_CYCLE = fitting.SCHEDULE | {"kind": "one_cycle", "warmup_fraction": 0.2}
NO_EMA = {"decay": 0.0, "recalibration_batches": 1}


@pytest.fixture(scope="module")
def training(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The stage `train cnn` with all its data."""
    folder = tmp_path_factory.mktemp("resume") / "project"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns("cache", "*.keras", "*.tflite"))
    small_training.write_params(folder, EPOCHS)
    return Training(folder, EPOCHS)


@pytest.fixture(scope="module")
def uncut(training: Training) -> dict[str, bytes]:
    """The outputs of the stage when nobody kills it."""
    training.run()
    return training.outputs()


def test_killed_three_times_a_training_ends_with_the_same_bytes(training: Training, uncut: dict[str, bytes]):
    first = training.kill(0, CHECKPOINT)
    assert first and first.moment == "in a checkpoint" and first.position is None, "none was complete yet"
    second = training.kill(0, ".checkpoints/*.npz")
    assert second and second.position and (0, 0) < second.position < (EPOCHS, 0)

    loop_file = training.folder / "emotion/training/loop.py"
    before = training.outputs()
    with dag.edited(loop_file, f"{loop_file.read_text()}# a remark\n"), training.started() as process:
        training.stop_when(process, "plots/history/cnn.csv")
        assert process.poll() is None
    note = "is not used: it belongs to other params, code, data or versions; delete it if you will not return to them"
    assert training.printed().count(note) == 1 and "resumes" not in training.printed()
    name = next(name for name in before if name.startswith(".checkpoints/"))
    assert training.outputs()[name] == before[name]

    # A moment so short is sometimes missed; then the training has ended and starts again.
    third = next(filter(None, (training.kill(0, SAVE[1]) for _ in range(5))), None)
    assert third and third.moment == "in the final save" and third.position == (EPOCHS, 0)
    assert list((training.folder / "models").glob(".tmp-*")) and not (training.folder / "models/cnn.keras").exists()
    training.run()
    assert training.differences(uncut) == []


def test_dvc_repro_resumes_after_all_its_processes_were_killed(training: Training, uncut: dict[str, bytes]):
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", "train@cnn"]
    environment = dag.environment(training.folder)
    dvc = subprocess.Popen(command, cwd=training.folder, env=environment, start_new_session=True)
    try:
        while not list((training.folder / ".checkpoints").glob("*.npz")):
            assert dvc.poll() is None
            time.sleep(0.01)
    finally:
        os.killpg(dvc.pid, signal.SIGKILL)
        dvc.wait()
    assert not (training.folder / "models/cnn.keras").exists()
    assert "resumes after epoch" in dag.dvc(training.folder, "repro", "--single-item", "train@cnn")
    assert training.differences(uncut) == []


class Cut(Exception):
    """Stands for a kill."""


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that fits a small network and returns its weights, its history and its number of steps."""
    compile_step = loop.compile_step
    monkeypatch.setattr(checkpoint, "SAVE_INTERVAL", 0.0)

    def run(name: str, cut: int | None = None, precision: str = "float32", **changes: Any) -> Any:
        steps = 0

        def compile_counted(*arguments: Any, **keywords: Any) -> Any:
            original = compile_step(*arguments, **keywords)

            def step(faces: np.ndarray, targets: np.ndarray) -> Any:
                nonlocal steps
                scores = original(faces, targets)
                if steps == cut:  # the weights are ahead of the checkpoint
                    raise Cut
                steps += 1
                return scores

            return step

        monkeypatch.setattr(loop, "compile_step", compile_counted)
        model = fitting.network()
        settings = {**FIT, "schedule": ONE_CYCLE, **changes}
        history = fitting.fit(model, tmp_path / name, machine=fitting.hardware(precision), **settings)
        return model.get_weights(), history, (tmp_path / name / "history.csv").read_bytes(), steps

    tf.config.experimental.enable_op_determinism()
    yield run
    disable_op_determinism()


def _require_same(one: Any, other: Any) -> None:
    assert one[1:3] == other[1:3]
    for weights, others in zip(one[0], other[0], strict=True):
        assert np.array_equal(weights, others)


@pytest.mark.parametrize(
    ("precision", "changes"),
    [("float32", {"optimizer": "sgd"}), ("float16", {})],
    ids=["sgd, EMA", "adam, EMA, loss scaling"],
)
def test_killed_within_an_epoch_a_training_ends_the_same(fit: Any, precision: str, changes: dict[str, Any]):
    whole = fit("whole", precision=precision, **changes)
    with pytest.raises(Cut):
        fit("cut", STEPS + 2, precision, **changes)
    resumed = fit("cut", precision=precision, **changes)
    assert (whole[3], resumed[3]) == (3 * STEPS, 2 * STEPS - 2)
    _require_same(resumed, whole)


def test_plateaus_and_patience_count_the_epochs_before_a_kill(fit: Any):
    changes: dict[str, Any] = {"epochs": 12, "early_stopping_patience": 3, "ema": NO_EMA}
    changes["augmentation"] = fitting.NO_AUGMENTATION
    changes["schedule"] = fitting.SCHEDULE | {"kind": "plateau", "peak_learning_rate": 0.05}
    whole = fit("whole", **changes)
    history = whole[1]
    last_best = [row["epoch"] for row in history if row["best"]][-1]
    assert len(history) == last_best + 3 < 12, "it stopped early"
    assert history[-1]["learning_rate"] < history[-2]["learning_rate"] < history[0]["learning_rate"]
    for epochs in (last_best + 1, last_best + 2):
        with pytest.raises(Cut):
            fit(f"cut{epochs}", epochs * STEPS, **changes)
        resumed = fit(f"cut{epochs}", **changes)
        assert resumed[3] == (len(history) - epochs) * STEPS
        _require_same(resumed, whole)
