"""The same params give the same bytes of every output, in any folder and on any number of cores."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny as dag

STAGES = ["download", "clean", "audit", "split", "class_weights"]
STAGES += [f"{stage}@cnn" for stage in dag.OF_EACH_MODEL]
STAGES += ["distill@distilled", "ensemble_choice", "ensemble", "compare", "choose", "explain", "explore"]

# All in one process, which loads TensorFlow once.
RUN = """
import runpy, sys
for stage in sys.argv[1:]:
    script, *sys.argv[1:] = stage.split("@")
    runpy.run_module(f"stages.{script}", run_name="__main__", alter_sys=True)
"""


def test_one_core_in_another_folder_writes_the_same_bytes(tiny: Path, tmp_path: Path):
    """The pipeline had two threads."""
    if not shutil.which("taskset"):
        pytest.skip("no taskset (util-linux), which pins a process to a core")
    before = dag.outputs(tiny)
    folder = shutil.copytree(tiny, tmp_path / "a longer name", symlinks=True)
    for stage in STAGES:
        for output in dag.lock(folder)[stage]["outs"]:
            (folder / output["path"]).unlink()
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "-c", RUN, *STAGES]
    environment = dag.environment(folder) | {"PYTHONHASHSEED": "2"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    after = dag.outputs(folder)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
