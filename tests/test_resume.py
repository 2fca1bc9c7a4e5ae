"""A training that is cut off anywhere goes on from its checkpoint and ends as if nothing had been."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from benchmarks import small_training
from benchmarks.killing import Training
from benchmarks.kills import CHECKPOINT, SAVE
from emotion import errors
from emotion.errors import InputError
from emotion.models import registry
from emotion.training import checkpoint, engine
from emotion.training.batches import Examples
from emotion.training.checkpoint import Checkpoint, Progress
from emotion.training.engine import FitSettings
from emotion.training.machine import MachineSettings
from tests import tiny as dag

EPOCHS = 4
BUILD = {"widths": [4, 4], "dense": 8, "dropout": 0.25, "dense_dropout": 0.25, "activation": "relu"}
BUILD |= {"initializer": "he_normal"}
FIT: dict[str, Any] = small_training.FIT | {
    "epochs": 3,
    "optimizer": "sgd",
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "select_by": "val_loss",
    "patience": 0,
    "schedule": {"kind": "one_cycle", "peak": 0.01, "warmup": 0.2, "plateau_patience": 1, "plateau_factor": 0.5},
}
STEPS = 4  # 70 faces in batches of 16


@pytest.fixture(scope="module")
def training(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The stage `train cnn` with all its data."""
    folder = tmp_path_factory.mktemp("resume") / "project"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns("cache", "*.keras", "*.onnx", "*.tflite"))
    small_training.write_params(folder, "cnn", EPOCHS)
    return Training(folder, "cnn", EPOCHS)


@pytest.fixture(scope="module")
def uncut(training: Training) -> dict[str, bytes]:
    """What it writes if nobody kills it."""
    training.run()
    return training.outputs()


def test_killed_in_a_checkpoint_in_an_epoch_and_in_the_final_save_it_ends_with_the_same_bytes(
    training: Training, uncut: dict[str, bytes]
):
    first = training.kill(0, CHECKPOINT)
    assert first and first.moment == "in a checkpoint" and first.position is None, "none was whole yet"
    second = training.kill(0, ".checkpoints/*.npz")
    assert second and second.position and (0, 0) < second.position < (EPOCHS, 0)

    engine_file, kept = training.folder / "emotion/training/engine.py", training.outputs()
    with dag.edited(engine_file, f"{engine_file.read_text()}# a remark\n"), training.started() as process:
        training.stop_when(process, "plots/history/cnn.csv")
        assert process.poll() is None
    note = "is of other params, code, data or versions: not used; delete it if you do not go back to them"
    assert training.printed().count(note) == 1 and "goes on" not in training.printed()
    name = next(name for name in kept if name.startswith(".checkpoints/"))
    assert training.outputs()[name] == kept[name]

    # A moment so short is sometimes missed; then the training has ended and begins again.
    third = next(filter(None, (training.kill(0, SAVE[1]) for _ in range(5))), None)
    assert third and third.moment == "in the final save" and third.position == (EPOCHS, 0)
    assert list((training.folder / "models").glob(".tmp-*")) and not (training.folder / "models/cnn.keras").exists()
    training.run()
    assert training.differences(uncut) == []


def test_dvc_repro_killed_with_all_its_processes_goes_on(training: Training, uncut: dict[str, bytes]):
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", "train@cnn"]
    environment, kept = dag.environment(training.folder), training.folder / ".checkpoints"
    dvc = subprocess.Popen(command, cwd=training.folder, env=environment, start_new_session=True)
    try:
        while not list(kept.glob("*.npz")):
            assert dvc.poll() is None
            time.sleep(0.01)
    finally:
        os.killpg(dvc.pid, signal.SIGKILL)
        dvc.wait()
    assert not (training.folder / "models/cnn.keras").exists()
    printed = dag.dvc(training.folder, "repro", "--single-item", "train@cnn")
    assert "goes on after epoch" in printed
    assert training.differences(uncut) == []


class Cut(Exception):
    """Stands for a kill."""


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that fits a small network and returns its weights, its history and how many batches it learnt."""
    compiled = engine.step.compiled
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)

    def run(name: str, cut: int | None = None, precision: str = "float32", **changes: Any) -> Any:
        learnt = 0

        def counted(*arguments: Any) -> Any:
            learn = compiled(*arguments)

            def step(faces: np.ndarray, targets: np.ndarray) -> Any:
                nonlocal learnt
                answer = learn(faces, targets)
                if learnt == cut:  # the network has learnt more than the checkpoint knows
                    raise Cut
                learnt += 1
                return answer

            return step

        monkeypatch.setattr(engine.step, "compiled", counted)
        keras.utils.set_random_seed(1)
        model, settings = registry.build("cnn", BUILD), FitSettings(**FIT | changes)
        machine = MachineSettings(precision=precision, xla=False, threads=2)
        kept = Checkpoint(tmp_path / name, "cnn", checkpoint.identity(settings, machine))
        log = tmp_path / name / "history.csv"
        history = engine.fit(model, _noise(70), _noise(35), settings, machine, 1, log, kept)
        return model.get_weights(), history, log.read_bytes(), learnt

    tf.config.experimental.enable_op_determinism()
    yield run
    disable_op_determinism()


def _noise(count: int) -> Examples:
    rng = np.random.default_rng(count)
    labels = np.eye(7, dtype=np.float32)[np.arange(count) % 7]
    return Examples(rng.integers(0, 256, (count, 48, 48), np.uint8), labels)


def _require_same(one: Any, other: Any) -> None:
    assert one[1:3] == other[1:3]
    for weights, others in zip(one[0], other[0], strict=True):
        assert np.array_equal(weights, others)


@pytest.mark.parametrize(
    ("precision", "changes"),
    [
        ("float32", {"optimizer": "sgd"}),
        ("bfloat16", {"optimizer": "adam", "average": {"decay": 0.0, "batches": 1}}),
        ("float16", {"optimizer": "adam"}),
    ],
    ids=["sgd, averaged", "adam, bfloat16", "adam, averaged, scaled loss"],
)
def test_cut_in_an_epoch_it_ends_with_the_same_weights_and_history(fit: Any, precision: str, changes: dict[str, Any]):
    whole = fit("whole", precision=precision, **changes)
    with pytest.raises(Cut):
        fit("cut", STEPS + 2, precision, **changes)
    resumed = fit("cut", precision=precision, **changes)
    assert (whole[3], resumed[3]) == (3 * STEPS, 2 * STEPS - 2)
    _require_same(resumed, whole)


def test_plateaus_and_patience_count_what_was_before_the_cut(fit: Any):
    schedule = FIT["schedule"] | {"kind": "plateau", "peak": 0.05, "warmup": 0.0}
    changes = {"epochs": 12, "patience": 3, "schedule": schedule, "optimizer": "adam"}
    changes |= {"average": {"decay": 0.0, "batches": 1}, "augment": dict.fromkeys(FIT["augment"], 0)}
    changes["augment"] |= {"flip": False, "erase_area": 0.2, "sizes": [48]}
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


def _kept(folder: Path, identity: str = "a" * 64, size: int = 10) -> tuple[Checkpoint, tf.Variable]:
    """Return a checkpoint that holds one batch and a variable of ones."""
    variable, kept = tf.Variable(np.ones(size, np.float32)), Checkpoint(folder, "cnn", identity)
    kept.save(Progress([], 1, 0.5, 0.25), [variable], [np.zeros(size)])
    return kept, variable


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["at the end", "in the middle"])
def test_a_full_disk_leaves_the_checkpoint_before_it_whole(tmp_path: Path, size: int):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full, the disk that is always full")
    kept, variable = _kept(tmp_path, size=size)
    before = kept.path.read_bytes()
    kept.path.with_suffix(".part").symlink_to("/dev/full")
    variable.assign(np.zeros(size))
    with pytest.raises(OSError) as error:
        kept.save(Progress([], 2), [variable], [])
    assert error.value.errno == errno.ENOSPC and str(kept.path.with_suffix(".part")) == error.value.filename
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before], "and no half of another one"
    progress, best = kept.load([variable])
    assert progress == Progress([], 1, 0.5, 0.25) and np.array_equal(best, [np.zeros(size)])
    assert np.array_equal(variable, np.ones(size))

    def stage() -> None:
        raise error.value

    with pytest.raises(SystemExit, match=r"\.part: the disk is full: free some space and run the same command again$"):
        errors.run(stage)


@pytest.mark.parametrize(
    "what", ["empty", "garbage", "its end is missing", "half of it", "another byte", "another zip"]
)
def test_a_damaged_checkpoint_is_one_error_that_names_it_and_stays(tmp_path: Path, what: str):
    kept, variable = _kept(tmp_path)
    whole = kept.path.read_bytes()
    middle = len(whole) // 2
    with (tmp_path / "other.npz").open("wb") as file:
        np.savez(file, other=np.zeros(3))
    content = {
        "empty": b"",
        "garbage": bytes(range(256)) * 9,
        "its end is missing": whole[:-1],
        "half of it": whole[:middle],
        "another byte": whole.replace(np.ones(10, np.float32).tobytes(), np.zeros(10, np.float32).tobytes()),
        "another zip": (tmp_path / "other.npz").read_bytes(),
    }[what]
    assert content != whole
    kept.path.write_bytes(content)
    variable.assign(np.full(10, 7.0))
    with pytest.raises(InputError) as error:
        kept.load([variable])
    assert str(error.value).startswith(f"{kept.path} is damaged (") and "\n" not in str(error.value)
    assert str(error.value).endswith("): delete it, then training begins anew")
    assert kept.path.read_bytes() == content
    assert np.array_equal(variable, np.full(10, 7.0)), "nothing is half loaded"


def test_a_checkpoint_of_another_training_is_told_of_once_and_left_alone(tmp_path: Path, capsys: Any):
    old, variable = _kept(tmp_path)
    before = old.path.read_bytes()
    assert capsys.readouterr().err == ""
    new = Checkpoint(tmp_path, "cnn", "b" * 64)
    assert capsys.readouterr().err.count("\n") == 1
    assert new.load([variable]) is None
    new.save(Progress(), [variable], [])
    new.remove()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
    Checkpoint(tmp_path, "cnn_aug", "b" * 64)
    assert capsys.readouterr().err == "", "another model's is none of its business"
    old.remove()
    assert not tmp_path.exists()


def test_what_a_training_follows_from_is_in_its_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = MachineSettings(precision="float32", xla=False, threads=2)
    settings, data = FitSettings(**FIT), np.zeros((2, 3), np.uint8)
    pixel = data.copy()
    pixel[1, 1] = 1
    parts = [
        (settings, machine, {"keras": "1"}, data),
        (settings.model_copy(update={"epochs": 4}), machine, {"keras": "1"}, data),
        (settings, machine.model_copy(update={"threads": 1}), {"keras": "1"}, data),
        (settings, machine, {"keras": "2"}, data),
        (settings, machine, {"keras": "1"}, pixel),
        (settings, machine, {"keras": "1"}, data.reshape(3, 2)),
        (settings, machine, {"keras": "1"}, data.astype(np.int8)),
    ]
    assert len({checkpoint.identity(*each) for each in parts}) == len(parts)
    assert checkpoint.identity(*parts[0]) == checkpoint.identity(*parts[0])

    code = tmp_path / "emotion/training/checkpoint.py"  # stands for all code that is imported
    code.parent.mkdir(parents=True)
    code.write_text("")
    monkeypatch.setattr(checkpoint, "__file__", str(code))
    before = checkpoint.identity(*parts[0])
    code.write_text("# a remark")
    assert checkpoint.identity(*parts[0]) != before
