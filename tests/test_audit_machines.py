"""The audit writes the same bytes whatever instructions the processor has, and with any number of threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from emotion.audit import alignment, descriptors
from tests.audits import OUTPUTS, SETTINGS, faces_table
from tests.copies import plant

NO_OPENCV = {"OPENCV_CPU_DISABLE": "AVX512_SKX,AVX512-SKX,AVX2,AVX,FP16,SSE4.2,SSE4.1", "OPENCV_IPP": "disabled"}
NO_NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX2 FMA3 AVX512F", "OPENBLAS_CORETYPE": "Nehalem"}
MACHINES = {
    "OpenBLAS for Sandy Bridge, one thread": {"OPENBLAS_CORETYPE": "Sandybridge", "OPENBLAS_NUM_THREADS": "1"},
    "OpenBLAS for Nehalem, two threads": {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"},
    "nothing but SSE": {**NO_OPENCV, **NO_NUMPY},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with synthetic faces, of which many are copies."""
    folder = tmp_path_factory.mktemp("machines")
    (folder / "data").mkdir()
    pixels, _ = plant(faces=150, copies=100, seed=24)
    table = faces_table((f"Training/sad/{number}", "sad", face.tobytes()) for number, face in enumerate(pixels))
    pq.write_table(table, folder / "data/faces.parquet")
    (folder / "params.yaml").write_text(yaml.safe_dump({"audit": SETTINGS}), encoding="utf-8")
    return folder


def _outputs(folder: Path, root: Path, variables: dict[str, str]) -> dict[str, bytes]:
    environment = os.environ | {"PYTHONPATH": str(root)} | variables
    command = [sys.executable, "-W", "ignore", "-m", "stages.audit"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: (folder / name).read_bytes() for name in OUTPUTS}


@pytest.fixture(scope="module")
def usual(folder: Path, root: Path) -> dict[str, bytes]:
    outputs = _outputs(folder, root, {})
    assert pq.read_table(folder / "data/near_duplicates.parquet").num_rows > 50
    return outputs


@pytest.mark.parametrize("machine", MACHINES)
def test_another_processor_writes_the_same_bytes(folder: Path, root: Path, usual: dict[str, bytes], machine: str):
    other = _outputs(folder, root, MACHINES[machine])
    assert [name for name in OUTPUTS if other[name] != usual[name]] == []


def test_details_of_any_picture_keep_the_sums_exact():
    checks = np.indices((48, 48)).sum(axis=0) % 2 * 255
    for face in (checks, 255 - checks, np.eye(48) * 255, np.arange(48 * 48).reshape(48, 48) % 256):
        details = alignment._details(face.astype(np.uint8))
        assert np.abs(details).max() * 1024 < 2**24 and (details == np.rint(details)).all()


@pytest.mark.parametrize("sigma", [alignment.FINE, alignment.COARSE])
def test_weights_of_a_blur_are_far_from_a_rounding_edge(sigma: float):
    offsets = np.arange(-round(4 * sigma), round(4 * sigma) + 1)
    exact = np.exp(-(offsets**2) / (2 * sigma**2))
    exact *= alignment.KERNEL_SUM / exact.sum()
    assert np.abs(exact % 1 - 0.5).min() > 1e-4


def test_weights_of_descriptors_are_far_from_a_rounding_edge(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(descriptors.np, "rint", lambda values: values)
    exact = descriptors._weights(descriptors.PLAIN)
    assert np.abs(exact % 1 - 0.5).min() > 1e-9
