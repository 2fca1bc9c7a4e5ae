"""A training that is killed at any moment resumes from its checkpoint and ends with the same result to the bit."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks import small_training
from benchmarks.killing import Training
from benchmarks.kills import CHECKPOINT, SAVE
from emotion.training import checkpoint, loop
from tests import fitting
from tests import tiny as dag

REPRO = ("repro", "--force", "--single-item", "train@cnn")  # else DVC would take the network from its cache
STEPS = 4  # 70 faces in batches of 16
FIT: dict[str, Any] = small_training.FIT | {"epochs": 3}
ONE_CYCLE = fitting.SCHEDULE | {"kind": "one_cycle", "warmup_fraction": 0.2}
NO_EMA = {"decay": 0.0, "recalibration_batches": 1}


def test_killed_three_times_a_training_ends_with_the_same_bytes(tiny: Path, tmp_path: Path):
    """As one that nobody killed: the stage `train cnn` of the pipeline."""
    before = dag.outputs(tiny)
    folder = shutil.copytree(tiny, tmp_path / "project")
    training = Training(folder, dag.EPOCHS)
    first = training.kill(0, CHECKPOINT)
    assert first and first.moment == "in a checkpoint" and first.position is None, "none was complete yet"
    _kill_dvc(folder)
    position = training.position()
    assert position and (0, 0) < position < (dag.EPOCHS, 0)
    _train_with_another_seed(training, before)

    # A moment so short is sometimes missed; then the training has ended and starts again.
    third = next(filter(None, (training.kill(0, SAVE[1]) for _ in range(5))), None)
    assert third and third.moment == "in the final save" and third.position == (dag.EPOCHS, 0)
    assert list((folder / "models").glob(".tmp-*")) and not (folder / "models/cnn.keras").exists()
    assert f"resumes after epoch {dag.EPOCHS} and 0 batches" in dag.dvc(folder, *REPRO)
    after = dag.outputs(folder)
    assert [name for name in before if before[name] != after.get(name)] == []
    assert not (folder / ".checkpoints").exists()


def _kill_dvc(folder: Path) -> None:
    """Start `dvc repro`, and kill all its processes as soon as there is a checkpoint."""
    command = [sys.executable, "-m", "dvc", *REPRO]
    dvc = subprocess.Popen(command, cwd=folder, env=dag.environment(folder), start_new_session=True)
    try:
        dag.wait(lambda: list((folder / ".checkpoints").glob("*.npz")), dvc)
    finally:
        os.killpg(dvc.pid, signal.SIGKILL)
        dvc.wait()
    assert not (folder / "models/cnn.keras").exists()


def _train_with_another_seed(training: Training, before: dict[str, bytes]) -> None:
    """Train from the start to the end, past a checkpoint of the first seed, which stays as it is."""
    values = dag.params()
    values["models"]["cnn"]["seed"] += 1
    (checkpoint_file,) = (training.folder / ".checkpoints").glob("*.npz")
    content = checkpoint_file.read_bytes()
    with dag.edited(training.folder / "params.yaml", yaml.safe_dump(values)), training.started() as process:
        assert process.wait() == 0
    note = "is not used: it belongs to other params, code, data or versions; delete it if you will not return to them"
    assert training.printed().count(note) == 1 and "resumes" not in training.printed()
    assert checkpoint_file.read_bytes() == content
    for name in ("models/cnn.keras", "plots/history/cnn.csv"):
        assert (training.folder / name).read_bytes() != before[name], "other weights and another history"


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

    with fitting.deterministic():
        yield run


@pytest.mark.parametrize(
    ("precision", "changes"),
    [("float32", {}), ("float16", {"optimizer": "adam"})],
    ids=["sgd, EMA", "adam, EMA, loss scaling"],
)
def test_killed_within_an_epoch_a_training_ends_the_same(fit: Any, precision: str, changes: dict[str, Any]):
    whole = fit("whole", precision=precision, **changes)
    with pytest.raises(Cut):
        fit("cut", STEPS + 2, precision, **changes)
    resumed = fit("cut", precision=precision, **changes)
    assert (whole[3], resumed[3]) == (3 * STEPS, 2 * STEPS - 2)
    assert resumed[1:3] == whole[1:3] and fitting.same(resumed[0], whole[0])


def test_plateaus_and_patience_count_the_epochs_before_a_kill(fit: Any):
    changes: dict[str, Any] = {"epochs": 12, "early_stopping_patience": 3, "ema": NO_EMA}
    changes["augmentation"] = fitting.NO_AUGMENTATION
    changes["schedule"] = fitting.SCHEDULE | {"kind": "plateau", "peak_learning_rate": 0.05}
    whole = fit("whole", **changes)
    history = whole[1]
    last_best = [row["epoch"] for row in history if row["best"]][-1]
    assert len(history) == last_best + 3 < 12, "it stopped early"
    assert history[-1]["learning_rate"] < history[-2]["learning_rate"] < history[0]["learning_rate"]
    with pytest.raises(Cut):
        fit("cut", (last_best + 2) * STEPS, **changes)
    resumed = fit("cut", **changes)
    assert resumed[3] == STEPS
    assert resumed[1:3] == whole[1:3] and fitting.same(resumed[0], whole[0])
