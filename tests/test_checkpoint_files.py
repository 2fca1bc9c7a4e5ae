"""The file of a checkpoint: a full disk, damage and other trainings leave it intact, and what identifies it."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from emotion.core import errors
from emotion.core.errors import InputError
from emotion.training import checkpoint
from emotion.training.checkpoint import Checkpoint, Progress
from emotion.training.settings import FitSettings
from tests import fitting


def _saved(folder: Path, identity: str = "a" * 64, size: int = 10) -> tuple[Checkpoint, tf.Variable]:
    """Return a checkpoint that holds one batch and a variable of ones."""
    variable = tf.Variable(np.ones(size, np.float32))
    saved = Checkpoint(folder, "cnn", identity)
    saved.save(Progress([], 1, 0.5, 0.25), [variable], [np.zeros(size)])
    return saved, variable


@pytest.mark.parametrize("size", [10, 1_000_000], ids=["at the end", "in the middle"])
def test_a_full_disk_leaves_the_previous_checkpoint_intact(tmp_path: Path, size: int):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full, the disk that is always full")
    saved, variable = _saved(tmp_path, size=size)
    before = saved.path.read_bytes()
    saved.path.with_suffix(".part").symlink_to("/dev/full")
    variable.assign(np.zeros(size))
    with pytest.raises(OSError) as error:
        saved.save(Progress([], 2), [variable], [])
    assert error.value.errno == errno.ENOSPC and str(saved.path.with_suffix(".part")) == error.value.filename
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before], "and no part of another one"
    progress, best = saved.load([variable])
    assert progress == Progress([], 1, 0.5, 0.25) and np.array_equal(best, [np.zeros(size)])
    assert np.array_equal(variable, np.ones(size))

    def stage() -> None:
        raise error.value

    with pytest.raises(SystemExit, match=r"\.part: the disk is full: free some space and run the same command again$"):
        errors.run(stage)


@pytest.mark.parametrize(
    "what", ["empty", "garbage", "its end is missing", "half of it", "another byte", "another zip"]
)
def test_a_damaged_checkpoint_is_named_in_one_line_and_stays(tmp_path: Path, what: str):
    saved, variable = _saved(tmp_path)
    whole = saved.path.read_bytes()
    with (tmp_path / "other.npz").open("wb") as file:
        np.savez(file, other=np.zeros(3))
    content = {
        "empty": b"",
        "garbage": bytes(range(256)) * 9,
        "its end is missing": whole[:-1],
        "half of it": whole[: len(whole) // 2],
        "another byte": whole.replace(np.ones(10, np.float32).tobytes(), np.zeros(10, np.float32).tobytes()),
        "another zip": (tmp_path / "other.npz").read_bytes(),
    }[what]
    assert content != whole
    saved.path.write_bytes(content)
    variable.assign(np.full(10, 7.0))
    with pytest.raises(InputError) as error:
        saved.load([variable])
    assert str(error.value).startswith(f"{saved.path} is damaged (") and "\n" not in str(error.value)
    assert str(error.value).endswith("): delete it to start the training over")
    assert saved.path.read_bytes() == content
    assert np.array_equal(variable, np.full(10, 7.0)), "nothing is loaded in part"


def test_a_checkpoint_of_another_training_is_mentioned_and_left_alone(tmp_path: Path, capsys: Any):
    old, variable = _saved(tmp_path)
    before = old.path.read_bytes()
    assert capsys.readouterr().err == ""
    new = Checkpoint(tmp_path, "cnn", "b" * 64)
    assert capsys.readouterr().err.count("\n") == 1
    assert new.load([variable]) is None
    new.save(Progress(), [variable], [])
    new.remove()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
    Checkpoint(tmp_path, "cnn_aug", "b" * 64)
    assert capsys.readouterr().err == "", "those of other models are not mentioned"
    old.remove()
    assert not tmp_path.exists()


def test_identity_covers_params_hardware_versions_data_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = fitting.hardware()
    settings = FitSettings(**fitting.FIT)
    data = np.zeros((2, 3), np.uint8)
    pixel = data.copy()
    pixel[1, 1] = 1
    parts = [
        (settings, machine, {"keras": "1"}, data),
        (settings.model_copy(update={"epochs": 5}), machine, {"keras": "1"}, data),
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
