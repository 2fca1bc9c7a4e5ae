"""The same params give the same bytes of weights, history, predictions and exports, on any number of cores."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from benchmarks import small_training
from tests import tiny as dag

FILES = (
    "models/cnn.keras",
    "plots/history/cnn.csv",
    "metrics/training/cnn.json",
    "plots/predictions/validation/cnn.csv",
    "plots/predictions/test/cnn.csv",
    "plots/predictions/validation_tta/cnn.csv",
    "plots/predictions/test_tta/cnn.csv",
    *(f"models/cnn.{suffix}" for suffix in ("onnx", "float16.onnx", "int8.onnx")),
    *(f"models/cnn.{suffix}" for suffix in ("float32.tflite", "float16.tflite", "int8.tflite")),
    "metrics/export/cnn.json",
)


def _run(
    tiny: Path, folder: Path, hash_seed: str, *, seed: int = 1, stages: Sequence[str], prefix: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return the outputs of stages of cnn in a folder of their own, each in a process of its own."""
    for name in ("data", "emotion", "params", "stages", "metrics/calibration"):
        shutil.copytree(tiny / name, folder / name)
    small_training.write_params(folder, epochs=3, seed=seed)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    dag.write_params(folder, params | {"export": dag.params()["export"]})  # tolerances of tiny networks
    environment = dag.environment(folder) | {"PYTHONHASHSEED": hash_seed}
    for stage in stages:
        command = [*prefix, sys.executable, "-m", f"stages.{stage}", "cnn"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


@pytest.fixture(scope="module")
def first(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The outputs of train, predict and export."""
    written = _run(tiny, tmp_path_factory.mktemp("first") / "a", "1", stages=("train", "predict", "export"))
    assert set(written) == set(FILES)
    return written


def test_one_core_in_another_folder_writes_the_same_bytes(tiny: Path, tmp_path: Path, first: dict[str, bytes]):
    if not shutil.which("taskset"):
        pytest.skip("no taskset (util-linux), which pins a process to a core")
    pinned = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
    alone = _run(tiny, tmp_path / "a longer name", "2", stages=("train", "predict", "export"), prefix=pinned)
    assert [name for name in FILES if alone[name] != first[name]] == []


def test_another_seed_gives_other_weights_and_another_history(tiny: Path, tmp_path: Path, first: dict[str, bytes]):
    other = _run(tiny, tmp_path / "seeded", "1", seed=2, stages=("train",))
    assert set(other) == set(FILES[:3])
    for name in ("models/cnn.keras", "plots/history/cnn.csv"):
        assert other[name] != first[name]
